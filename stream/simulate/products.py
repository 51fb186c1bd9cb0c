"""Hosted products: customers bring their own key, and the maker's servers use it.

Requests come from the maker's networks, with his client, prompt head and parameters. A product is taken up
in a bunch after its launch or slowly, by new accounts and by old ones, which go on with their own work beside
it; some drop it after days.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Flags, Floats, Rng, lognormal
from stream.simulate.cohorts import MODELS, NEVER, Accounts, Cohort, Habits, Market, habits, people
from stream.simulate.lives import mixed, steady, together
from stream.simulate.networks import Routes
from stream.simulate.workloads import SHARED, Workload

FORMER = [work.CHAT, work.TINKER, work.SCRIPT, work.BACKEND]
"""What customers do on their own, before the product and beside it."""


@dataclass(frozen=True)
class Uptake:
    """When each customer takes a product up and drops it (days), who is new, and its share of his traffic."""

    taken: Floats
    dropped: Floats
    fresh: Flags
    share: Floats

    @classmethod
    def drawn(cls, rng: Rng, market: Market, n: int) -> Uptake:
        """A launch with an exponential tail, or a product that has been there and grows."""
        fresh = rng.random(n) < rng.uniform(0.1, 0.8)
        if rng.random() < 0.6:
            tail = rng.exponential(float(rng.uniform(1, 6)), n)
            first_day = rng.random(n) < rng.uniform(0.1, 0.4)
            taken = market.moment(rng, 1, 4) + np.where(first_day, rng.uniform(0, 0.6, n), tail)
        else:
            taken = rng.uniform(-float(rng.uniform(10, 200)), market.days, n)
        drops = rng.random(n) < rng.uniform(0.1, 0.5)
        dropped = np.where(drops, taken + 0.1 + rng.exponential(4, n), NEVER)
        alone = fresh & (rng.random(n) < 0.6)  # came for the product and does nothing else
        return cls(taken, dropped, fresh, np.where(alone, 1.0, rng.uniform(0.1, 0.9, n)))


def own_key(rng: Rng, market: Market, n: int) -> Cohort:
    """An application that answers with its customer's key: people write and ask in it."""
    client = market.clients.build(f"own-key-{market.seed}", "Sandbar/{} (server)", "node", 6)
    task = Workload(
        "own-key-product", market.seed, client=client, prefix=SHARED, prefixes=int(rng.choice([1, 1, 3, 6])),
        params=SHARED, tools=SHARED, topics=10, turns=3.5, log_in=7.3, stream=0.95, edit=0.03, reroll=0.05,
    )  # fmt: skip
    return _product(rng, market, people(rng, market, n, "honest/own-key"), task, 7.0)


def agent(rng: Rng, market: Market, n: int) -> Cohort:
    """An agent that works on the maker's machines through the night: long runs with tools."""
    client = market.clients.build(f"agent-{market.seed}", "trawl-agent/{}", "go", 4)
    task = Workload(
        "agent-product", market.seed, client=client, prefix=SHARED, params=SHARED, tools=SHARED,
        versioned=True, topics=14, turns=float(rng.uniform(8, 25)), turn_sigma=1.1, gap_s=8, log_in=8.7,
        log_out=5.0, growth=0.45, stream=0.8, edit=0.03,
    )  # fmt: skip
    return _product(rng, market, people(rng, market, n, "honest/agent-product"), task, 14.0, 1.5)


def review(rng: Rng, market: Market, n: int) -> Cohort:
    """A reviewer of changes in firms' repositories: one request for each, by its own templates."""
    accounts = people(rng, market, n, "honest/ci-product")
    together(rng, market, accounts, np.sort(rng.integers(0, max(2, round(0.8 * n)), n)))
    client = market.clients.build(f"review-{market.seed}", "mergelamp/{} (runner)", "node", 9)
    task = Workload(
        "review-product", market.seed, client=client, prefix=SHARED, params=SHARED, template=0.6, templates=8,
        template_of=SHARED, loose=True, topics=20, log_in=8.2, sd_in=1.0, log_out=5.2, stream=0.0,
    )  # fmt: skip
    cohort = _product(rng, market, accounts, task, 12.0)
    steady(rng, cohort.beside[0].habits, rng.random(n) < 0.2)  # those that look through everything at night
    return cohort


def notes(rng: Rng, market: Market, n: int) -> Cohort:
    """A note-taker that sums up meetings: a long transcript in, a page out, in working hours."""
    client = market.clients.build(f"notes-{market.seed}", "minutely-backend/{}", "openssl", 14)
    task = Workload(
        "notes-product", market.seed, client=client, prefix=SHARED, prefixes=int(rng.choice([1, 2, 4])),
        params=SHARED, topics=8, turns=float(rng.choice([1.0, 1.6])), log_in=9.0, sd_in=0.7, log_out=6.3,
        sd_out=0.4, stream=float(rng.choice([0.0, 0.9])),
    )  # fmt: skip
    cohort = _product(rng, market, people(rng, market, n, "honest/notes-product"), task, 5.0)
    own = cohort.beside[0].habits
    own.depth[:], own.weekend[:] = rng.beta(4, 1.5, n), rng.choice([0.05, 0.3], n)
    return cohort


def _product(
    rng: Rng, market: Market, accounts: Accounts, task: Workload, rate: float, spread: float = 1.1
) -> Cohort:
    """Customers with their own work and, beside it, what the maker's servers send under their keys."""
    n = len(accounts)
    uptake = Uptake.drawn(rng, market, n)
    _signed_up(rng, accounts, uptake)
    # what an account makes in all, once the product has its share of it
    whole = habits(rng, accounts, np.zeros(n, np.int64), rate, spread)
    mixed(rng, whole, range(len(FORMER)), range(len(FORMER)), 0.4)
    served, reached = whole.twin(), _served(rng, market, accounts, uptake)
    served.rate *= uptake.share * np.where(uptake.fresh, 1.0, lognormal(rng, 1.2, 0.3, n))
    served.work[:], served.share[:, 1] = 0, 0.0
    served.opens, served.closes = np.maximum(served.opens, uptake.taken), uptake.dropped.copy()
    name = accounts.label[0].removeprefix("honest/")
    beside = Cohort(f"{name}-served", reached, served, [task])
    return Cohort(name, accounts, _former(whole, uptake), FORMER, beside=[beside])


def _signed_up(rng: Rng, accounts: Accounts, uptake: Uptake) -> None:
    """New customers sign up for the product, old ones were there before it."""
    n = len(accounts)
    before = np.where(uptake.fresh, lognormal(rng, 0.02, 1.5, n).clip(0.003, 2), lognormal(rng, 40, 1.2, n))
    signed_up = uptake.taken - before
    accounts.created[:] = np.where(uptake.fresh, signed_up, np.minimum(accounts.created, signed_up))
    used = accounts.created + (uptake.taken - accounts.created) * rng.beta(0.6, 3, n)
    accounts.opens[:] = np.maximum(accounts.created + 0.002, np.minimum(accounts.opens, used))


def _former(whole: Habits, uptake: Uptake) -> Habits:
    """Own work: all of it before the product, the rest beside it, all again after; who came for it goes."""
    before, during, after = whole, whole.twin(), whole.twin()
    during.rate *= 1 - uptake.share
    after.rate *= uptake.share < 1
    before.rate[uptake.share == 1] = 0.0
    during.opens = np.maximum(whole.opens, uptake.taken)
    during.closes = np.minimum(whole.closes, uptake.dropped)
    after.opens = np.maximum(whole.opens, uptake.dropped)
    before.closes = np.minimum(whole.closes, uptake.taken)
    return before.and_(during).and_(after)


def _served(rng: Rng, market: Market, accounts: Accounts, uptake: Uptake) -> Accounts:
    """The same accounts as they are seen when the maker's servers use their keys."""
    n, reached = len(accounts), copy(accounts)
    reached.opens = np.maximum(accounts.opens, uptake.taken)
    reached.leaves, reached.returns = np.full(n, NEVER), np.full(n, NEVER)  # servers do not travel
    reached.lag = np.full(n, 0.2)
    reached.model = np.full(n, int(rng.integers(0, 3)))
    reached.second_model = np.where(rng.random(n) < 0.7, reached.model, rng.integers(0, len(MODELS) - 1, n))
    reached.routes = _makers(rng, market, n)
    return reached


def _makers(rng: Rng, market: Market, n: int) -> Routes:
    """The maker's networks: one exit, a region's, or servers at several hosters; few addresses each."""
    routes, every, style = Routes.empty(n), np.arange(n), int(rng.choice(3, p=[0.4, 0.35, 0.25]))
    if style == 0:
        routes.put(every, 0, market.networks.hosting(rng, 1)[0], 1, NEVER, 1.0, hosts=1)
    elif style == 1:
        run = int(rng.integers(2, 13))
        first, dwell = market.networks.hosting(rng, 1, run)[0], float(rng.choice([0.2, 4.0]))
        routes.put(every, 0, first, run, dwell, 1.0, hosts=4)
    else:
        for slot in range(int(rng.integers(2, 4))):
            routes.put(every, slot, market.networks.hosting(rng, 1)[0], 1, NEVER, 1.0, hosts=2)
    return routes
