"""Lives: circumstances that honest cohorts of every kind are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream.simulate.chance import Flags, Floats, Ints, Rng, lognormal, words
from stream.simulate.cohorts import NEVER, TEAM, Accounts, Cohort, Habits, Market
from stream.simulate.networks import COUNTRIES, COUNTRY_SHARE


def mixed(rng: Rng, own: Habits, first: Sequence[int], rest: Sequence[int], second: float) -> None:
    """Let each caller do one of `first` and, with chance `second`, one of `rest` beside it."""
    n = len(own)
    own.work[:, 0] = rng.choice(first, n)
    own.work[:, 1] = rng.choice(rest, n)
    own.share[:, 1] = np.where(rng.random(n) < second, rng.beta(0.8, 2.0, n), 0.0)


def steady(rng: Rng, own: Habits, rows: Flags) -> None:
    """Make some callers machines: timers or queues, alike by day and night, weekday and weekend."""
    n = int(rows.sum())
    own.shape[rows] = lognormal(rng, 2.0, 1.6, n).clip(0.3, 200)
    own.day_sigma[rows] = rng.choice([0.03, 0.1, 0.3], n)
    own.depth[rows], own.weekend[rows] = rng.beta(0.5, 3, n), 1.0


def eager(rng: Rng, own: Habits, share: float) -> Habits:
    """Let some callers make hundreds of requests in their first days, beside what they do from then on."""
    n, first = len(own), own.twin()
    busy = rng.random(n) < share
    first.rate = np.where(busy, lognormal(rng, 130, 0.6, n), 0.0)
    first.closes = np.minimum(own.closes, own.opens + rng.uniform(1, 4, n))
    first.ramp[:], first.depth[:] = 0.01, rng.beta(1.5, 1.5, n)
    return own.and_(first)


def together(rng: Rng, market: Market, accounts: Accounts, firm: Ints) -> None:
    """Give the accounts of each firm one organisation, card, country, office and plan."""
    firms = int(firm.max()) + 1
    country = rng.choice(len(COUNTRIES), firms, p=COUNTRY_SHARE)
    office = market.networks.offices(rng, country)
    accounts.org[:], accounts.payer[:] = words(rng, firms)[firm], words(rng, firms)[firm]
    accounts.country[:], accounts.plan[:], accounts.email[:] = country[firm], TEAM, 0
    rows = np.flatnonzero(rng.random(len(accounts)) < 0.8)
    accounts.routes.put(rows, 1, office[firm[rows]], 1, NEVER, rng.gamma(2.0, 2.0, len(rows)))


def paired(accounts: Accounts, own: Habits, pairs: int, switch: Floats) -> None:
    """Make the first 2 x `pairs` accounts two of one person each: one home, and conversations that move."""
    first, second = 2 * np.arange(pairs), 2 * np.arange(pairs) + 1
    accounts.partner[first], accounts.partner[second] = second, first
    accounts.switch[first] = accounts.switch[second] = switch
    for column in (accounts.country, own.peak, own.weekend, *vars(accounts.routes).values()):
        column[second] = column[first]


def settled(cohort: Cohort) -> Cohort:
    """Let habits begin with their accounts; a dispatcher's customers were there before."""
    own = cohort.habits
    if cohort.dispatch is not None:
        own.opens[:], own.closes[:] = -NEVER, NEVER
    else:
        own.opens = np.maximum(own.opens, cohort.accounts.opens[own.owner])
        own.closes = np.minimum(own.closes, cohort.accounts.closes[own.owner])
    return cohort


def live(rng: Rng, market: Market, accounts: Accounts) -> None:
    """Journeys, departures and blocked keys."""
    n, nets = len(accounts), market.networks
    travels = np.flatnonzero((rng.random(n) < 0.12) & (accounts.routes.weight[:, 3] == 0))
    abroad = rng.choice(len(COUNTRIES), len(travels), p=COUNTRY_SHARE)
    accounts.routes.put(travels, 3, nets.offices(rng, abroad), 1, NEVER, 0.0)
    accounts.leaves[travels] = rng.uniform(-5, market.days, len(travels))
    accounts.returns[travels] = accounts.leaves[travels] + lognormal(rng, 6, 0.6, len(travels))
    quits = rng.random(n) < 0.12
    accounts.closes[quits] = np.minimum(accounts.closes[quits], rng.uniform(1, market.days, int(quits.sum())))
    blocked = np.flatnonzero(rng.random(n) < 0.02)
    accounts.banned[blocked] = rng.uniform(0.5, market.days, len(blocked))
    accounts.closes[blocked] = np.minimum(
        accounts.closes[blocked], accounts.banned[blocked] + rng.exponential(0.3, len(blocked))
    )
