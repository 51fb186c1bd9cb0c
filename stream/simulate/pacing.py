"""Evasions of pace: when accounts work, how much, and for how long."""

from __future__ import annotations

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief
from stream.simulate.chance import Floats, Ints, Rng, lognormal
from stream.simulate.cohorts import Accounts, Cohort, Market
from stream.simulate.networks import UTC_OFFSET
from stream.simulate.workloads import WorkloadTable


def volume(cohort: Cohort, days: int) -> float:
    """Requests that habits ask for until the world's end; a dispatcher's whatever accounts it has."""
    own = cohort.habits
    opens = np.maximum(own.opens, 0)
    span = (np.minimum(own.closes, days) - opens).clip(0)
    grown = np.where(span < own.ramp, span**2 / (2 * own.ramp), span - own.ramp / 2)
    return float((own.rate * grown * (5 + 2 * own.weekend) / 7).sum())


def jitter(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Let accounts work in bursts, on good and bad days, by the clock and week of where they seem to be."""
    own, n, before = cohort.habits, len(cohort.habits), volume(cohort, market.days)
    offset = UTC_OFFSET[_seen_in(market, cohort.accounts)]
    own.shape[:] = lognormal(rng, 0.84, 0.7, n)
    own.day_sigma[:] = lognormal(rng, 0.55, 0.6, n).clip(0.02, 2.0)
    own.depth[:] = rng.beta(2.5, 1.5, n)
    own.peak[:] = (14.0 + 3.0 * rng.standard_normal(n) - offset[own.owner % len(offset)]) % 24
    own.weekend[:] = rng.choice([0.2, 0.5, 1.0], n)
    return f"{volume(cohort, market.days) / before:.0%} of the throughput; work waits for the day"


def budgets(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Give accounts budgets of which few are large, as ordinary customers' are."""
    own, sigma, before = cohort.habits, float(rng.uniform(1.0, 1.6)), volume(cohort, market.days)
    factor = (np.exp(sigma * rng.standard_normal(len(cohort.accounts)) - sigma**2 / 2)).clip(0.02, 5.0)
    if cohort.dispatch is None:
        own.rate *= factor[own.owner]
    else:
        cohort.accounts.weight = factor
        own.rate *= factor.mean()
    least = float(np.sort(factor)[: len(factor) // 2].sum() / factor.sum())
    kept = volume(cohort, market.days) / before
    return f"{kept:.0%} of the throughput; half of the accounts make {least:.0%} of the requests"


def filler(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Spend most of every account's requests on what ordinary people ask."""
    own, share, n = cohort.habits, float(rng.uniform(0.5, 0.9)), len(cohort.habits)
    first = len(cohort.workloads)
    cohort.workloads += [work.CHAT, work.TINKER, work.BACKEND, work.SCRIPT, work.harness(market, 0)]
    own.work[:, 1:] = first + rng.permuted(np.tile(np.arange(5), (n, 1)), axis=1)[:, :2]
    turns = WorkloadTable(cohort.workloads).floats("turns", own.work)
    split = rng.uniform(0.5, 1.0, n)
    mine = np.clip(share + 0.05 * rng.standard_normal(n), 0.4, 0.95)
    # shares are of conversations, the aim is one of requests
    own.share[:] = np.stack([1 - mine, mine * split, mine * (1 - split)], axis=1) / turns
    return f"{1 / (1 - share):.1f} requests for a useful one ({share:.0%} filler)"


def retire(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Use an account for a day or two, then another; as many accounts as before, a few of them at a time."""
    accounts, life = cohort.accounts, float(rng.uniform(0.8, 2.2))
    end = np.minimum(np.minimum(accounts.closes, accounts.banned), market.days)
    turns, first = np.zeros(len(accounts), np.int64), accounts.opens.copy()
    for rows in np.split(np.arange(len(accounts)), [cohort.first_pool]):
        if len(rows):
            times = max(1, int((end[rows] - accounts.opens[rows]).max() / life))
            turns[rows] = np.arange(len(rows)) * times // len(rows)
            first[rows] = accounts.opens[rows].min() + 0.2 * life * rng.random(len(rows))
    at_once = len(accounts) / (1 + int(turns.max()))
    _join(accounts, first + turns * life)
    lives = life * rng.uniform(0.85, 1.15, len(accounts))
    accounts.closes[:] = np.minimum(accounts.closes, accounts.opens + lives)
    if cohort.dispatch is not None:
        cohort.habits.rate *= at_once / len(accounts)
    _follow(cohort)
    cohort.habits.ramp[:] = 0.01
    cohort.facts |= {"days of an account's life": round(life, 2), "accounts at a time": round(at_once, 1)}
    return f"{len(accounts) / at_once:.1f} times the accounts for the same throughput"


def ramp(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Grow over a month or what is left of the world: account by account, and each from little to all."""
    accounts, own, means = cohort.accounts, cohort.habits, brief.means
    slow, first = np.arange(cohort.first_pool or len(accounts)), means.first
    wanted = accounts.opens.copy()
    wanted[slow] = first + 0.7 * means.ramp_days * np.sort(rng.random(len(slow)))
    _join(accounts, np.maximum(wanted, accounts.opens))
    _follow(cohort)
    full = first + means.ramp_days
    own.ramp[:] = np.maximum(full - own.opens, 0.01)
    if cohort.dispatch is None:  # a pool that replaces another does not start small
        own.ramp[~np.isin(own.owner, slow)] = 0.01
    kept, own_ramp = volume(cohort, market.days), own.ramp.copy()
    opens = own.opens.copy()
    own.ramp[:], own.opens[:] = 0.01, np.minimum(opens, first)
    at_once, own.ramp[:], own.opens[:] = volume(cohort, market.days), own_ramp, opens
    return f"{kept / at_once:.0%} of the throughput within the world"


def _seen_in(market: Market, accounts: Accounts) -> Ints:
    """The country that most of an account's traffic seems to come from."""
    routes, rows = accounts.routes, np.arange(len(accounts))
    country: Ints = market.networks.country[routes.first[rows, routes.weight.argmax(axis=1)]]
    return country


def _join(accounts: Accounts, opens: Floats) -> None:
    """Move first days of use; who was young then still is."""
    later = opens - accounts.opens
    accounts.created[:] += np.where(accounts.opens - accounts.created < 30, later, 0.0)
    accounts.opens[:] = opens


def _follow(cohort: Cohort) -> None:
    """Keep habits of single accounts within their accounts' lives."""
    own, accounts = cohort.habits, cohort.accounts
    if cohort.dispatch is None:
        own.opens[:] = np.maximum(own.opens, accounts.opens[own.owner])
        own.closes[:] = np.minimum(own.closes, accounts.closes[own.owner])
