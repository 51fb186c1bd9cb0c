"""Look-alikes: honest groups that resemble a campaign in one or more ways."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Rng, generator, lognormal, words
from stream.simulate.cohorts import (
    DISPOSABLE,
    EDUCATION,
    ENTERPRISE,
    FREE,
    NEVER,
    Cohort,
    Market,
    habits,
    people,
    served,
)
from stream.simulate.handovers import Dispatch
from stream.simulate.lives import live, mixed, settled, steady, together
from stream.simulate.migration import mass_migration
from stream.simulate.workloads import NONE, OWN, SHARED, Workload


def _classroom(rng: Rng, market: Market, n: int) -> Cohort:
    """A course: one campus, one assignment, accounts signed up in one week."""
    begins = market.moment(rng, 0.5, 5)
    accounts = people(rng, market, n, "honest/classroom")
    accounts.country[:] = rng.integers(0, 5)
    campus = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.created[:] = begins + rng.beta(1.2, 3, n) * 7
    accounts.opens[:] = accounts.created + rng.exponential(0.5, n)
    accounts.closes[:] = begins + rng.uniform(7, 16, n)
    accounts.email[:] = np.where(rng.random(n) < 0.9, EDUCATION, 1)
    accounts.plan[:] = np.where(rng.random(n) < 0.8, FREE, 1)
    accounts.payer[accounts.plan == FREE] = 0
    accounts.org[:] = 0
    accounts.routes.put(np.arange(n), 1, campus, 1, NEVER, rng.gamma(3, 1.0, n))
    accounts.client[rng.random(n) < 0.85] = 0
    task = Workload(
        "assignment", market.seed, prefix=SHARED, params=SHARED, template=0.75, templates=6,
        template_of=SHARED, loose=True, topics=3, turns=1.7, log_in=5.8, log_out=5.2,
    )  # fmt: skip
    own = habits(rng, accounts, np.zeros(n, np.int64), 9.0, 0.8)
    mixed(rng, own, [0], [1], 0.4)
    return Cohort("classroom", accounts, own, [task, work.TINKER])


def _wave(rng: Rng, market: Market, n: int) -> Cohort:
    """An enterprise that gives seats to all its people in one week."""
    begins = market.moment(rng, 0.5, 5)
    accounts = people(rng, market, n, "honest/enterprise-wave")
    together(rng, market, accounts, np.zeros(n, np.int64))
    accounts.plan[:] = ENTERPRISE
    accounts.routes.weight[:, 1] = np.where(rng.random(n) < 0.9, 5.0, accounts.routes.weight[:, 1])
    accounts.created[:] = begins + rng.beta(1.5, 2, n) * 6
    accounts.opens[:] = accounts.created + rng.exponential(1.0, n)
    own = habits(rng, accounts, np.zeros(n, np.int64), 7.0, 1.1)
    mixed(rng, own, [0, 0, 1], [1, 2], 0.4)
    house = Workload(
        "house-assistant", market.seed, prefix=SHARED, params=SHARED, topics=25, turns=3.2, log_in=7.0,
        stream=0.9,
    )  # fmt: skip
    return Cohort("enterprise-wave", accounts, own, [house, work.harness(market, 2), work.CHAT])


def _fleet(rng: Rng, market: Market, n: int) -> Cohort:
    """Continuous integration: even load around the clock from hosting, one organisation or many.

    Many are the customers of one review product: there from the start or, in half of the worlds, taking it
    up after its release, some of them with accounts made for it.
    """
    accounts = people(rng, market, n, "honest/ci-fleet")
    firm = rng.integers(0, int(rng.choice([1, 3, 8, 20, 60])), n)
    together(rng, market, accounts, firm)
    if rng.random() < 0.5:
        taken_up = market.moment(rng, 1, 4) + rng.gamma(1.5, 2.0, n)
        made_for_it = rng.random(n) < rng.uniform(0.1, 0.6)
        accounts.created[made_for_it] = taken_up[made_for_it]
        accounts.opens[:] = np.maximum(accounts.opens, taken_up + 0.01)
    served(rng, market, accounts, np.arange(n), 12)
    accounts.client[:] = int(rng.integers(0, 3))
    own = habits(rng, accounts, np.zeros(n, np.int64), 25.0, float(rng.uniform(0.1, 0.6)))
    # firms differ in size: rates of ServeGen's clients span orders of magnitude
    own.rate *= lognormal(rng, 1.0, float(rng.uniform(0.7, 1.5)), int(firm.max()) + 1)[firm]
    steady(rng, own, np.ones(n, bool))
    review = Workload(
        "review", market.seed, prefix=SHARED, params=SHARED, template=0.6, templates=8, template_of=SHARED,
        loose=True, log_in=8.0, log_out=5.0, stream=0.0,
    )  # fmt: skip
    return Cohort("ci-fleet", accounts, own, [review])


def _aggregator(rng: Rng, market: Market, n: int) -> Cohort:
    """A contracted aggregator: its customers' conversations over many keys of one organisation and card."""
    accounts = people(rng, market, n, "honest/aggregator")
    together(rng, market, accounts, np.zeros(n, np.int64))
    served(rng, market, accounts, np.arange(n), 6)
    accounts.plan[:], accounts.client[:] = ENTERPRISE, int(rng.integers(0, 5))
    users = people(rng, market, 5 * n, "")
    own = habits(rng, users, np.zeros(5 * n, np.int64), 3.0, 1.1)
    mixed(rng, own, [0, 1, 2], [0, 1, 2], 0.4)
    accounts.weight = lognormal(rng, 1.0, float(rng.uniform(0.05, 0.6)), n)
    dispatch = Dispatch(failover=float(rng.uniform(0.02, 0.1)), hop=float(rng.uniform(0.05, 0.5)))
    return Cohort("aggregator", accounts, own, [work.CHAT, work.TINKER, work.BACKEND], dispatch)


def _agency(rng: Rng, market: Market, n: int) -> Cohort:
    """An agency that runs its clients' accounts on its own card."""
    accounts = people(rng, market, n, "honest/agency")
    accounts.org[:], accounts.payer[:] = words(rng, n), words(rng, 1)[0]
    accounts.plan[:] = 2
    office = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.routes.put(np.arange(n), 1, office, 1, NEVER, rng.gamma(1.0, 1.0, n))
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.4))
    accounts.params[:] = words(rng, 1)[0]
    own = habits(rng, accounts, np.zeros(n, np.int64), 9.0, 1.2)
    kit = Workload("agency-kit", market.seed, prefix=SHARED, topics=6, turns=2.5, log_in=6.9, stream=0.7)
    mixed(rng, own, [0, 0, 1, 2], [1, 2, 3], 0.4)
    return Cohort("agency", accounts, own, [kit, work.BACKEND, work.EXTRACT, work.SCRIPT])


def _hackathon(rng: Rng, market: Market, n: int) -> Cohort:
    """48 hours in one hall: the same starter kit, accounts minutes old."""
    begins = market.moment(rng, 0.5, 3)
    accounts = people(rng, market, n, "honest/hackathon")
    accounts.country[:] = rng.integers(0, 6)
    hall = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.created[:] = np.where(rng.random(n) < 0.75, begins + rng.exponential(0.25, n), accounts.created)
    accounts.opens[:] = np.maximum(accounts.created + 0.01, begins)
    accounts.closes[:] = begins + np.where(rng.random(n) < 0.85, 2.0, rng.uniform(3, 12, n))
    accounts.email[rng.random(n) < 0.25] = DISPOSABLE
    accounts.routes.put(np.arange(n), 1, hall, 1, NEVER, 6.0)
    accounts.lag[:] = rng.exponential(1.0, n)
    own = habits(rng, accounts, np.zeros(n, np.int64), 40.0, 0.9)
    own.depth[:] = rng.beta(1, 3, n)
    kit = Workload(
        "starter-kit", market.seed, prefix=SHARED, params=SHARED, tools=SHARED, template=0.35, templates=5,
        template_of=SHARED, topics=4, turns=2.4, log_in=6.8, stream=0.6,
    )  # fmt: skip
    mixed(rng, own, [0], [1, 2], 0.5)
    return Cohort("hackathon", accounts, own, [kit, work.TINKER, work.harness(market, 0)])


def _benchmark(rng: Rng, market: Market, n: int) -> Cohort:
    """Unrelated teams that run one public benchmark: the same prompts, word for word."""
    accounts = people(rng, market, n, "honest/benchmark")
    own = habits(rng, accounts, np.zeros(n, np.int64), 18.0, 1.0)
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.4))
    own.day_sigma[:] = 1.6
    runs = Workload(
        "benchmark", market.seed, prefix=SHARED, fixed=0.97, stock=1500, stock_of=SHARED, log_in=5.8,
        sd_in=0.5, log_out=5.4, stream=0.0,
    )  # fmt: skip
    bare = Workload(
        "benchmark-bare", market.seed, prefix=NONE, fixed=0.97, stock=600, stock_of=SHARED, log_in=5.5,
        stream=0.0,
    )  # fmt: skip
    mixed(rng, own, [0, 1], [2], 0.6)
    return Cohort("benchmark", accounts, own, [runs, bare, work.TINKER])


def _own_key(rng: Rng, market: Market, n: int) -> Cohort:
    """A product to which unrelated people bring their own keys: its servers, client, parameters and head."""
    accounts = people(rng, market, n, "honest/own-key")
    late = rng.random(n) < 0.5
    accounts.opens[late] = np.maximum(accounts.opens[late], rng.uniform(0, market.days, int(late.sum())))
    first = market.networks.hosting(rng, 1, 3)[0]
    accounts.routes.put(np.arange(n), 0, first, 3, 4.0, 3.0)
    client = market.clients.build(f"own-key-{market.seed}", "Sandbar/{} (server)", "node", 6)
    accounts.lag[:] = 0.2
    own = habits(rng, accounts, np.zeros(n, np.int64), 7.0, 1.1)
    product = Workload(
        "own-key-product", market.seed, client=client, prefix=SHARED, params=SHARED, tools=SHARED,
        topics=10, turns=3.5, log_in=7.3, stream=0.95,
    )  # fmt: skip
    mixed(rng, own, [0], [1, 2], 0.25)
    return Cohort("own-key", accounts, own, [product, work.TINKER, work.CHAT])


def _vpn(rng: Rng, market: Market, n: int) -> Cohort:
    """Users of one VPN operator, on the same few exits."""
    accounts = people(rng, market, n, "honest/vpn")
    exits = market.networks.vpns(rng, 1)[0] + int(rng.integers(0, 20))
    accounts.routes.put(np.arange(n), 3, exits, 8, rng.choice([2.0, 12.0], n), rng.gamma(2.0, 4.0, n))
    own = habits(rng, accounts, np.zeros(n, np.int64), 6.0, 1.3)
    mixed(rng, own, [0, 1, 2], [0, 1, 3], 0.5)
    return Cohort("vpn", accounts, own, [work.CHAT, work.TINKER, work.harness(market, 0), work.SCRIPT])


def _launch(rng: Rng, market: Market, n: int) -> Cohort:
    """A new harness that hundreds of unrelated accounts, old and new, take up within days."""
    begins = market.moment(rng, 1, 4)
    accounts = people(rng, market, n, "honest/harness-launch")
    fresh = rng.random(n) < 0.35
    accounts.created[fresh] = begins + rng.exponential(2.5, int(fresh.sum()))
    accounts.opens[:] = np.where(fresh, accounts.created + 0.02, accounts.opens)
    client = market.clients.build(f"launch-{market.seed}", "kelp/{} (cli)", "go", 1.5)
    accounts.lag[:] = rng.exponential(1.5, n)
    new = Workload(
        "launched-harness", market.seed, client=client, prefix=SHARED, params=SHARED, tools=SHARED,
        versioned=True, topics=15, turns=8.0, turn_sigma=1.0, gap_s=12, log_in=8.5, log_out=4.9,
        growth=0.45, stream=0.97, resume=0.08, resume_depth=10,
    )  # fmt: skip
    return _turned(
        rng,
        Cohort(
            "harness-launch",
            accounts,
            habits(rng, accounts, np.zeros(n, np.int64), 9.0, 1.2),
            [new, work.CHAT, work.TINKER, work.harness(market, 0), work.SCRIPT],
        ),
        begins,
        2.5,
        0.7,
    )


def _migration(rng: Rng, market: Market, n: int) -> Cohort:
    """Many honest accounts that move to a new client, model and set of parameters within a week."""
    begins = market.moment(rng, 2, 5)
    accounts = people(rng, market, n, "honest/migration")
    accounts.created[:] = np.minimum(accounts.created, begins - rng.uniform(5, 40, n))
    accounts.opens[:] = np.minimum(accounts.opens, begins - rng.uniform(0, 6, n))
    client = market.clients.build(f"migration-{market.seed}", "ModelSDK/Python {} gateway", "openssl", 12)
    accounts.model[:] = int(rng.integers(0, 3))
    gateway = Workload(
        "migrated", market.seed, client=client, prefix=OWN, params=SHARED, topics=8, turns=2.4, log_in=6.9,
        stream=0.6,
    )  # fmt: skip
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 1.3)
    tasks = [gateway, work.CHAT, work.BACKEND, work.TOOLED, work.BATCH]
    return _turned(rng, Cohort("migration", accounts, own, tasks), begins, 2.0, 1.0)


def _turned(rng: Rng, cohort: Cohort, begins: float, spread_days: float, share: float) -> Cohort:
    """Let every account do its old work until it takes up workload 0, some days after `begins`."""
    old, n = cohort.habits, len(cohort.habits)
    old.work[:, 0] = rng.integers(1, len(cohort.workloads), n)
    new = old.twin()
    new.work[:, 0] = 0
    turn = begins + rng.gamma(1.5, spread_days / 1.5, n)
    new.opens = np.maximum(turn, old.opens)
    old.closes = np.where(rng.random(n) < share, turn, NEVER)
    cohort.habits = old.and_(new)
    return cohort


Lookalike = Callable[[Rng, Market, int], Cohort]
LOOKALIKE_TABLE: dict[str, tuple[Lookalike, int]] = {
    "classroom": (_classroom, 45),
    "enterprise-wave": (_wave, 140),
    "ci-fleet": (_fleet, 30),
    "aggregator": (_aggregator, 40),
    "agency": (_agency, 26),
    "hackathon": (_hackathon, 45),
    "benchmark": (_benchmark, 24),
    "own-key": (_own_key, 60),
    "vpn": (_vpn, 50),
    "harness-launch": (_launch, 200),
    "migration": (_migration, 120),
    "mass-migration": (mass_migration, 250),
}
"""Every look-alike and its number of accounts in a world of 2,500."""
MORE_LOOKALIKES: tuple[str, ...] = ("mass-migration",)
"""Look-alikes that a world has only when it asks for them."""
LOOKALIKES: tuple[str, ...] = tuple(name for name in LOOKALIKE_TABLE if name not in MORE_LOOKALIKES)


def resembling(market: Market, names: tuple[str, ...], accounts: int) -> list[Cohort]:
    """The look-alikes of a market, sized to a world of `accounts`."""
    cohorts = []
    for name in names:
        draw, size = LOOKALIKE_TABLE[name]
        rng = generator(market.seed, "lookalike", name)
        scale = min(1.5, accounts / 2500) ** 0.8 * rng.uniform(0.75, 1.3)
        n = max(3, min(16, accounts // 25), round(size * scale))
        cohort = draw(rng, market, n)
        live(rng, market, cohort.accounts)
        cohort.beside = [settled(other) for other in cohort.beside]
        cohorts.append(settled(cohort))
    return cohorts
