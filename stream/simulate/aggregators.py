"""Aggregators: firms with a contract that serve other products' users over accounts of their own.

What they send is what anybody sends: the chats, tools and scripts of unrelated people, each conversation on
whichever of the organisation's accounts is free.
"""

from __future__ import annotations

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Rng, lognormal
from stream.simulate.cohorts import ENTERPRISE, Cohort, Market, habits, people, served
from stream.simulate.handovers import Dispatch
from stream.simulate.lives import live, mixed, together

LEAST, MOST = 5, 30
"""Accounts of one organisation."""


def aggregator(rng: Rng, market: Market, n: int) -> Cohort:
    """About n accounts of one organisation or of several, each with LEAST to MOST of them."""
    first, *others = (_firm(rng, market, part, i) for i, part in enumerate(parts(rng, n)))
    for other in others:
        live(rng, market, other.accounts)
    first.beside = others
    return first


def parts(rng: Rng, n: int) -> list[int]:
    """n accounts over organisations of unlike size."""
    wanted = max(int(rng.choice([1, 1, 2, 3])), -(-n // MOST))
    firms = min(wanted, n // LEAST)
    if firms <= 1:
        return [n]
    more = rng.multinomial(n - LEAST * firms, rng.dirichlet(np.full(firms, 3.0)))
    return [min(MOST, LEAST + int(part)) for part in more]


def _firm(rng: Rng, market: Market, n: int, number: int) -> Cohort:
    """One organisation, its servers and client, and the users of the products that it serves."""
    accounts = people(rng, market, n, "honest/aggregator")
    together(rng, market, accounts, np.zeros(n, np.int64))
    served(rng, market, accounts, np.arange(n), int(rng.choice([1, 6])))
    accounts.plan[:], accounts.client[:] = ENTERPRISE, int(rng.integers(0, 5))
    users = max(60, int(n * rng.uniform(4, 9)))
    own = habits(rng, people(rng, market, users, ""), np.zeros(users, np.int64), 3.0, 1.1)
    mixed(rng, own, range(6), range(6), 0.4)
    accounts.weight = lognormal(rng, 1.0, float(rng.uniform(0.05, 0.6)), n)
    dispatch = Dispatch(failover=float(rng.uniform(0.02, 0.1)), hop=float(rng.uniform(0.05, 0.5)))
    works = [work.CHAT, work.TINKER, work.BACKEND, work.SCRIPT, work.WRITE, work.harness(market, 0)]
    return Cohort(f"aggregator-{number}" if number else "aggregator", accounts, own, works, dispatch)
