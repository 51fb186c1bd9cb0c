"""Populations: the honest callers of an API, each account with habits of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Rng, generator, lognormal
from stream.simulate.cohorts import Cohort, Market, habits, people, served
from stream.simulate.handovers import Dispatch
from stream.simulate.lives import live, mixed, paired, settled, steady, together
from stream.simulate.networks import COUNTRIES, COUNTRY_SHARE
from stream.simulate.workloads import NONE, SHARED, Workload


def _hobby(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/hobby")
    own = habits(rng, accounts, np.zeros(n, np.int64), 3.0, 1.4)
    mixed(rng, own, [0, 0, 1, 1, 5], [0, 2, 3, 4, 6], 0.35)
    brief = rng.random(n) < 0.2
    accounts.closes[brief] = accounts.opens[brief] + rng.exponential(2.0, int(brief.sum()))
    return Cohort(
        "hobby",
        accounts,
        own,
        [
            work.CHAT,
            work.TINKER,
            work.BARE_SCRIPT,
            work.harness(market, 0),
            work.harness(market, 1),
            work.WRITE,
            work.COMPLETE,
        ],
    )


def _scripts(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/scripts")
    own = habits(rng, accounts, np.zeros(n, np.int64), 10.0, 1.3)
    mixed(rng, own, [0, 0, 1, 2], [0, 1, 2, 3], 0.3)
    steady(rng, own, rng.random(n) < 0.6)
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.4))
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.12), 40)
    return Cohort("scripts", accounts, own, [work.SCRIPT, work.BARE_SCRIPT, work.CRON, work.EMBED])


def _newcomers(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/newcomers")
    accounts.created[:] = rng.uniform(-4, market.days, n)
    accounts.opens[:] = accounts.created + lognormal(rng, 0.01, 1.5, n).clip(0, 3)
    accounts.closes[:] = accounts.opens + lognormal(rng, 4.0, 1.3, n)
    accounts.client[rng.random(n) < 0.7] = 0
    accounts.lag[:] = rng.exponential(3, n)
    own = habits(rng, accounts, np.zeros(n, np.int64), 6.0, 1.0)
    mixed(rng, own, [0], [1, 2], 0.8)
    return Cohort("newcomers", accounts, own, [work.QUICKSTART, work.TINKER, work.CHAT])


def _backends(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/backend")
    own = habits(rng, accounts, np.zeros(n, np.int64), 16.0, 1.7)
    mixed(rng, own, [0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6], [0, 1, 2, 3], 0.35)
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.6))
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.2), 44)
    own.shape[:] = lognormal(rng, 0.95, 0.25, n)
    alone = rng.random(n) < 0.25
    accounts.client[alone] = rng.choice(market.clients.private, int(alone.sum()))
    return Cohort(
        "backend", accounts, own,
        [work.BACKEND, work.TOOLED, work.EXTRACT, work.MODERATE, work.LABEL, work.WRITE, work.COMPLETE],
    )  # fmt: skip


def _harness(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/harness")
    own = habits(rng, accounts, np.zeros(n, np.int64), 18.0, 1.2)
    own.work[:, 0] = rng.choice(5, n, p=market.clients.harness_popularity)
    own.work[:, 1] = 5 + rng.integers(0, 2, n)
    own.share[:, 1] = np.where(rng.random(n) < 0.3, rng.beta(0.8, 2.0, n), 0.0)
    accounts.lag[:] = np.where(rng.random(n) < 0.8, rng.exponential(2, n), rng.exponential(60, n))
    resumes = rng.random(n) < 0.12
    own.resume[resumes] = rng.beta(0.8, 1.2, int(resumes.sum()))
    return Cohort(
        "harness", accounts, own, [*(work.harness(market, i) for i in range(5)), work.CHAT, work.TINKER]
    )


def _batch(rng: Rng, market: Market, n: int) -> Cohort:
    accounts = people(rng, market, n, "honest/batch")
    own = habits(rng, accounts, np.zeros(n, np.int64), 40.0, 1.3)
    mixed(rng, own, [0, 1, 3], [0, 1, 2], 0.3)
    steady(rng, own, rng.random(n) < 0.9)
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.9))
    return Cohort("batch", accounts, own, [work.BATCH, work.EXTRACT, work.EMBED, work.LABEL])


def _companies(rng: Rng, market: Market, n: int) -> Cohort:
    """Several accounts per organisation and card."""
    accounts = people(rng, market, n, "honest/company")
    firm = np.sort(rng.integers(0, max(1, n // 5), n))
    together(rng, market, accounts, firm)
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 1.4)
    mixed(rng, own, [0, 1, 2, 4], [2, 3, 4], 0.5)
    own.resume[:] = np.where(rng.random(n) < 0.05, rng.random(n), 0.0)
    return Cohort(
        "company", accounts, own,
        [work.BACKEND, work.TOOLED, work.CHAT, work.EXTRACT, work.harness(market, 0)],
    )  # fmt: skip


def _balanced(rng: Rng, market: Market, n: int) -> Cohort:
    """Products that balance their users' conversations over several keys of one organisation."""
    accounts = people(rng, market, n, "honest/balanced")
    together(rng, market, accounts, np.zeros(n, np.int64))
    served(rng, market, accounts, np.arange(n))
    users = people(rng, market, 6 * n, "")
    own = habits(rng, users, np.zeros(6 * n, np.int64), 4.0, 1.0)
    own.key[:] = accounts.org[0]
    accounts.weight = lognormal(rng, 1.0, 0.5, n)
    return Cohort(
        "balanced", accounts, own, [work.CHAT], Dispatch(failover=0.04, hop=float(rng.uniform(0.1, 0.9)))
    )


def _apps(rng: Rng, market: Market, n: int) -> Cohort:
    """Small apps and extensions with the key inside: each request comes from a user's own network."""
    accounts = people(rng, market, n, "honest/app")
    own = habits(rng, accounts, np.zeros(n, np.int64), 25.0, 1.3)
    accounts.routes.clear(np.arange(n))
    for slot in range(3):
        country = rng.choice(len(COUNTRIES), n, p=COUNTRY_SHARE)
        runs = np.array([market.networks.home_run(int(c)) for c in country])
        dwell = rng.choice([0.01, 0.1, 1.0, 6.0], n)
        accounts.routes.put(np.arange(n), slot, runs[:, 0], runs[:, 1], dwell, rng.gamma(0.6, 1.0, n))
    world = np.flatnonzero(rng.random(n) < 0.5)
    accounts.routes.put(
        world,
        3,
        *market.networks.all_homes,
        rng.choice([0.01, 0.5], len(world)),
        rng.gamma(1.0, 2.0, len(world)),
    )
    mixed(rng, own, [0, 1], [0, 1], 0.5)
    return Cohort("app", accounts, own, [work.CHAT, work.BACKEND])


def _routers(rng: Rng, market: Market, n: int) -> Cohort:
    """People and products behind a router over several vendors: conversations arrive here deep, begun
    elsewhere.
    """
    accounts = people(rng, market, n, "honest/router")
    own = habits(rng, accounts, np.zeros(n, np.int64), 10.0, 1.2)
    mixed(rng, own, [0, 1, 2, 2, 3], [0, 1, 2, 4], 0.3)
    own.resume[:] = rng.beta(1.0, 1.0, n)
    works = [
        work.FORWARD,
        work.FALLBACK,
        work.routed(work.harness(market, 0)),
        work.routed(work.harness(market, 1)),
        work.CHAT,
    ]
    return Cohort("router", accounts, own, works)


def _probers(rng: Rng, market: Market, n: int) -> Cohort:
    """Safety teams, moderators and security researchers: honest, and often refused."""
    accounts = people(rng, market, n, "honest/safety")
    own = habits(rng, accounts, np.zeros(n, np.int64), 10.0, 1.0)
    mixed(rng, own, [0, 1], [0, 1, 2], 0.5)
    own.refuse[:] = rng.beta(0.8, 1.6, n)
    return Cohort("safety", accounts, own, [work.MODERATE, work.PROBE, work.CHAT])


def _switchers(rng: Rng, market: Market, n: int) -> Cohort:
    """People with two accounts, their own and their employer's, who carry sessions from one to the other."""
    accounts = people(rng, market, n, "honest/two-accounts")
    own = habits(rng, accounts, np.zeros(n, np.int64), 12.0, 1.1)
    paired(accounts, own, n // 2, rng.beta(0.7, 1.5, n // 2))
    mixed(rng, own, [0, 0, 1, 2], [0, 1, 2], 0.4)
    return Cohort(
        "two-accounts", accounts, own, [work.harness(market, 0), work.harness(market, 1), work.CHAT]
    )


def _open_tools(rng: Rng, market: Market, n: int) -> Cohort:
    """Users of free software with the prompts inside: shared heads and templates, each on a machine of its
    own.
    """
    accounts = people(rng, market, n, "honest/open-tools")
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.3))
    tools = []
    for i in range(9):
        client = market.clients.build(
            f"open-tool-{i}", f"opentool-{i}/{{}}", ("openssl", "node", "go")[i % 3], 11
        )
        tools.append(
            Workload(
                f"open-tool-{i}",
                market.seed,
                client=client,
                prefix=int(rng.choice([NONE, SHARED])),
                versioned=True,
                params=SHARED,
                template=float(rng.uniform(0.2, 0.95)),
                templates=int(rng.integers(2, 40)),
                template_of=SHARED,
                loose=True,
                topics=12,
                turns=float(rng.choice([1.0, 1.3, 3.0])),
                log_in=float(rng.uniform(5.5, 8.2)),
                log_out=float(rng.uniform(3, 6)),
                stream=float(rng.uniform(0, 0.8)),
            )
        )
    own = habits(rng, accounts, np.zeros(n, np.int64), 9.0, 1.4)
    own.work[:, 0] = np.minimum(rng.zipf(1.5, n) - 1, 8)
    own.work[:, 1] = 9 + rng.integers(0, 3, n)
    own.share[:, 1] = np.where(rng.random(n) < 0.5, rng.beta(0.8, 2.0, n), 0.0)
    steady(rng, own, rng.random(n) < 0.25)
    return Cohort("open-tools", accounts, own, [*tools, work.CHAT, work.TINKER, work.SCRIPT])


Population = Callable[[Rng, Market, int], Cohort]
POPULATIONS: dict[str, tuple[Population, float]] = {
    "hobby": (_hobby, 0.29),
    "scripts": (_scripts, 0.13),
    "newcomers": (_newcomers, 0.08),
    "backend": (_backends, 0.11),
    "harness": (_harness, 0.19),
    "batch": (_batch, 0.03),
    "company": (_companies, 0.07),
    "balanced": (_balanced, 0.007),
    "app": (_apps, 0.025),
    "router": (_routers, 0.035),
    "safety": (_probers, 0.02),
    "two-accounts": (_switchers, 0.02),
    "open-tools": (_open_tools, 0.06),
}
"""Every honest population and its share of the accounts that are in no look-alike."""


def honest(market: Market, accounts: int) -> list[Cohort]:
    """The honest populations of a market, `accounts` in all, with ordinary lives laid over them."""
    total = sum(share for _, share in POPULATIONS.values())
    sizes = {name: max(3, round(accounts * share / total)) for name, (_, share) in POPULATIONS.items()}
    sizes["hobby"] = max(3, sizes["hobby"] + accounts - sum(sizes.values()))
    cohorts = []
    for name, (draw, _) in POPULATIONS.items():
        rng = generator(market.seed, "population", name)
        cohort = draw(rng, market, sizes[name])
        live(rng, market, cohort.accounts)
        cohorts.append(settled(cohort))
    return cohorts
