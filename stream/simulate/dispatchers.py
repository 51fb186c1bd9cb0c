"""Archetypes whose conversations a dispatcher hands out to a pool of accounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief, paced
from stream.simulate.chance import Rng, lognormal, words
from stream.simulate.cohorts import NEVER, Accounts, Cohort, Facts, Market, habits, people
from stream.simulate.handovers import Dispatch
from stream.simulate.lives import mixed
from stream.simulate.supply import supplied
from stream.simulate.workloads import NONE, SHARED, Workload


def relay(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Another product's users, relayed live: sticky conversations that fail over to other accounts."""
    means = brief.means
    accounts = supplied(rng, market, means, brief.size, brief.label)
    accounts.weight = lognormal(rng, 1.0, means.evenness, brief.size)
    rate, users = float(rng.uniform(14, 50)), brief.size * int(rng.integers(3, 7))
    own = habits(rng, people(rng, market, users, ""), np.zeros(users, np.int64), 1.0, 1.0)
    own.rate *= rate * brief.size / own.rate.sum()
    own.peak[:] = (means.peak + 2 * rng.standard_normal(users)) % 24
    own.depth[:] = rng.beta(4, 2, users)
    own.opens[:], own.closes[:], own.ramp[:] = means.first, NEVER, means.ramp_days
    product = Workload(
        brief.name, market.seed, prefix=int(rng.choice([NONE, SHARED, SHARED])), topics=12,
        picked=float(rng.choice([0.0, 0.0, 0.3, 0.8])),
        turns=float(rng.uniform(3, 6)), log_in=6.9, log_out=5.3, stream=float(rng.choice([0.2, 0.95])),
    )  # fmt: skip
    dispatch = Dispatch(failover=float(rng.uniform(0.04, 0.15)), hop=float(rng.uniform(0.03, 0.2)))
    facts = _told(dispatch) | {"users": users, "requests a day": round(rate, 1)}
    return Cohort(brief.name, accounts, own, [product], dispatch, facts=facts)


def _told(dispatch: Dispatch) -> Facts:
    return {"failover share": round(dispatch.failover, 3), "hop share": round(dispatch.hop, 3)}


def reseller(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A pool that sells access and mines on the side; most of its traffic is of honest people."""
    means, n = brief.means, brief.size
    accounts = supplied(rng, market, means, n, brief.label)
    honest, rate = float(rng.uniform(0.5, 0.9)), float(rng.uniform(15, 50))
    users = 4 * n
    own = habits(rng, people(rng, market, users, ""), np.zeros(users, np.int64), 1.0, 1.1)
    mixed(rng, own, [1, 2, 3], [1, 2, 3], 0.3)
    own.rate *= honest * rate * n / own.rate.sum()
    job = paced(rng, brief, accounts, (1 - honest) * rate)
    job.key[:] = words(rng, 1)[0]
    task = Workload(
        brief.name, market.seed, prefix=int(rng.choice([NONE, SHARED])), template=0.9,
        templates=int(rng.integers(12, 40)), template_of=SHARED, loose=True, log_in=6.4, log_out=6.0,
        stream=0.1,
    )  # fmt: skip
    both = own.and_(job)
    both.opens[:], both.closes[:], both.ramp[:] = means.first, NEVER, means.ramp_days
    accounts.weight = lognormal(rng, 1.0, means.evenness, n)
    dispatch = Dispatch(failover=float(rng.uniform(0.01, 0.06)), hop=float(rng.uniform(0.0, 0.06)))
    customers = _customers(rng, market, brief, accounts, int(rng.uniform(0, 0.6) * n))
    sold: Facts = {
        "resold share of traffic": round(honest, 2),
        "customers with accounts": len(customers.accounts),
    }
    chat = replace(work.CHAT, picked=float(rng.choice([0.0, 0.5, 1.0])))  # of a front for all models
    tasks = [task, chat, work.TINKER, work.harness(market, 0)]
    beside = [customers] if len(customers.accounts) else []
    return Cohort(brief.name, accounts, both, tasks, dispatch, facts=_told(dispatch) | sold, beside=beside)


def _customers(rng: Rng, market: Market, brief: Brief, pool: Accounts, count: int) -> Cohort:
    """Customers to whom the reseller sold an account of their own, paid by its cards."""
    theirs = people(rng, market, count, "honest/resold")
    theirs.created[:] = brief.means.first - rng.uniform(-6, 4, count)
    theirs.opens[:] = np.maximum(theirs.created + 0.1, brief.means.first)
    theirs.payer[:] = pool.payer[rng.integers(0, len(pool), count)]
    own = habits(rng, theirs, rng.integers(0, 3, count), 6.0, 1.1)
    return Cohort(f"{brief.name}-customers", theirs, own, [work.CHAT, work.TINKER, work.harness(market, 0)])
