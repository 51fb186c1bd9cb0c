"""Conversations: turns of a habit's work, the account that each goes to, retries, failovers and gaps in the
log.
"""

from __future__ import annotations

import numpy as np

from stream.simulate.arrivals import starts
from stream.simulate.chance import Flags, Floats, Ints, Rng, lognormal, mix, pick, unit, words
from stream.simulate.cohorts import Accounts, Cohort
from stream.simulate.handovers import Dispatch, Redemption
from stream.simulate.rewriting import rewritten
from stream.simulate.turns import Turns, link
from stream.simulate.workloads import WorkloadTable

MOST_TURNS = 90
DAY_S = 86_400.0
RETRIED = (429, 500, 529)
_PLAIN = Dispatch()


def converse(
    rng: Rng, cohort: Cohort, table: WorkloadTable, days: int, weekday: int, incidents: Floats
) -> Turns:
    """Every request of a cohort; `incidents` is the share of requests that fail in each hour of the world."""
    turns = _turns(rng, cohort, table, days, weekday)
    turns = _dispatched(rng, cohort, turns) if cohort.dispatch else _switched(rng, cohort.accounts, turns)
    accounts, turns = cohort.accounts, rewritten(rng, table, turns)
    turns = turns.take((turns.day < days) & (turns.day >= accounts.opens[turns.account])
                       & (turns.day < accounts.closes[turns.account]))  # fmt: skip
    _fail(rng, accounts, turns, incidents)
    if cohort.redemption:
        _redeem(rng, cohort.redemption, turns)
    turns = turns.and_(_retries(rng, turns))
    turns = turns.take((turns.day < days) & (rng.random(len(turns)) >= _lost(accounts)[turns.account]))
    return turns.take(np.argsort(turns.day, kind="stable"))


def _turns(rng: Rng, cohort: Cohort, table: WorkloadTable, days: int, weekday: int) -> Turns:
    habits = cohort.habits
    requests = table.floats("turns", habits.work) * (1 + table.floats("reroll", habits.work))
    mean = (requests * habits.share).sum(axis=1) / habits.share.sum(axis=1)
    # shares are of conversations, so that a rate in requests is divided by the mean number of turns
    habit, start = starts(rng, habits, habits.rate / mean, days, weekday)
    work = habits.work[habit, pick(rng, habits.share[habit])]
    count = _counts(rng, table, work)
    gap = lognormal(rng, 1.0, 1.0, int(count.sum())) * np.repeat(table.floats("gap_s", work), count)
    first = np.cumsum(count) - count
    gap[first] = 0.0
    running = np.cumsum(gap)
    after = running - np.repeat(running[first], count)
    conversation = words(rng, len(habit))
    resumed = rng.random(len(habit)) < table.floats("resume", work) + habits.resume[habit]
    deep = np.ceil(lognormal(rng, 1.0, 0.9, len(habit)) * table.floats("resume_depth", work)).clip(1, 400)
    turn = np.arange(len(after)) - np.repeat(first, count)
    depth = np.repeat(np.where(resumed, deep, 0), count).astype(np.int64) + turn
    n = len(after)
    return Turns(np.repeat(conversation, count), depth, turn, np.repeat(habit, count), np.repeat(work, count),
                 np.repeat(habits.owner[habit], count), np.repeat(start, count) + after / DAY_S,
                 np.full(n, 200), np.zeros(n, np.int64), np.zeros(n, np.uint64))  # fmt: skip


def _counts(rng: Rng, table: WorkloadTable, work: Ints) -> Ints:
    mean, sigma = table.floats("turns", work), table.floats("turn_sigma", work)
    drawn = (mean * np.exp(sigma * rng.standard_normal(len(work)) - sigma**2 / 2)).round()
    return np.where(mean <= 1, 1, drawn.clip(1, MOST_TURNS)).astype(np.int64)


def _switched(rng: Rng, accounts: Accounts, turns: Turns) -> Turns:
    """Move some conversations to the partner account: a used-up allowance, a colleague."""
    begins = turns.turn == 0
    order, owner = np.cumsum(begins) - 1, turns.account[begins]
    moved = (accounts.partner[owner] >= 0) & (rng.random(len(owner)) < accounts.switch[owner])
    second, failed = np.where(moved, accounts.partner[owner], owner), moved & (rng.random(len(owner)) < 0.4)
    return _hopped(rng, turns, order, owner, second, moved, failed)


def _dispatched(rng: Rng, cohort: Cohort, turns: Turns) -> Turns:
    """Hand conversations out: one account holds one until a hop, a refusal there, or its end."""
    dispatch = cohort.dispatch or Dispatch()
    begins = turns.turn == 0
    order = np.cumsum(begins) - 1
    start = turns.day[begins]
    first, second = (available(rng, cohort.accounts, start) for _ in range(2))
    roll, served = rng.random(len(start)), first >= 0
    order, kept = (np.cumsum(served) - 1)[order], served[order]
    moved, failed = roll < dispatch.failover + dispatch.hop, roll < dispatch.failover
    return _hopped(rng, turns.take(kept), order[kept], first[served], second[served], moved[served],
                   failed[served], dispatch)  # fmt: skip


def _hopped(
    rng: Rng,
    turns: Turns,
    order: Ints,
    first: Ints,
    second: Ints,
    moved: Flags,
    failed: Flags,
    dispatch: Dispatch = _PLAIN,
) -> Turns:
    """Let conversations change from their first to their second account at some turn; where it `failed`, the
    first one refuses that turn up to 45 s before the second serves it (or nobody, where it is sticky).
    """
    length = np.bincount(order, minlength=len(first))
    hop = np.where(moved, (rng.random(len(first)) * length).astype(np.int64), MOST_TURNS + 1)
    turns.account = np.where(turns.turn >= hop[order], second[order], first[order])
    rows = np.flatnonzero((turns.turn == hop[order]) & (failed & (first != second))[order])
    refused = turns.take(rows)
    refused.account = first[order[rows]]
    refused.status = np.where(rng.random(len(rows)) < 0.75, 429, 403)
    refused.day = refused.day - rng.uniform(0.8, 45, len(rows)) / DAY_S
    refused.again = refused.again + 7
    if dispatch.sticky:
        turns = turns.take(~failed[order] | (turns.turn < hop[order]))
    if dispatch.reworded:
        refused.past = np.where(refused.depth > 0, link(refused.conversation, refused.depth), 0).astype(
            np.uint64
        )
        refused.conversation = mix(refused.conversation, 101)
    return turns.and_(refused)


def available(rng: Rng, accounts: Accounts, day: Floats) -> Ints:
    """One account per moment among those open and not yet banned, by weight; -1 where there is none."""
    chosen = np.full(len(day), -1, np.int64)
    until = np.minimum(accounts.closes, accounts.banned)
    block = np.floor(day * 24).astype(np.int64)
    order = np.argsort(block, kind="stable")
    edges = np.flatnonzero(np.diff(block[order], prepend=-1))
    for rows in np.split(order, edges[1:]):
        if not len(rows):
            continue
        live = np.flatnonzero((accounts.opens <= block[rows[0]] / 24) & (until > (block[rows[0]] + 1) / 24))
        if len(live):
            share = np.cumsum(accounts.weight[live])
            chosen[rows] = live[np.searchsorted(share, rng.random(len(rows)) * share[-1], side="right")]
    return chosen


def _fail(rng: Rng, accounts: Accounts, turns: Turns, incidents: Floats) -> None:
    """Statuses: bans, limits, the caller's own errors and the API's incidents."""
    n, account = len(turns), turns.account
    hour = np.minimum((turns.day * 24).astype(np.int64), len(incidents) - 1)
    ok, denied = turns.status == 200, np.where(unit(mix(accounts.key, 403)) < 0.25, 0.5 * accounts.error, 0)
    shares = {
        529: 0.4 * incidents[hour], 500: 0.6 * incidents[hour] + 4e-4, 429: accounts.limit[account],
        400: accounts.error[account], 403: denied[account], 401: np.full(n, 3e-4),
    }  # fmt: skip
    for status, share in shares.items():
        turns.status = np.where(ok & (rng.random(n) < share), status, turns.status)
    turns.status = np.where(turns.day >= accounts.banned[account], 403, turns.status)


def _retries(rng: Rng, turns: Turns) -> Turns:
    """The same requests again, seconds after the API failed them."""
    rows = np.flatnonzero(
        np.isin(turns.status, RETRIED) & (turns.again == 0) & (rng.random(len(turns)) < 0.8)
    )
    retried = turns.take(rows)
    retried.day = retried.day + lognormal(rng, 6.0, 0.8, len(rows)) / DAY_S
    retried.status, retried.again = np.full(len(rows), 200), np.ones(len(rows), np.int64)
    return retried


def _redeem(rng: Rng, redemption: Redemption, turns: Turns) -> None:
    """Let conversations of one work open with an answer that another account was given hours before."""
    given = np.flatnonzero((turns.work == redemption.given) & (turns.status == 200))
    given = given[np.argsort(turns.day[given], kind="stable")]
    first = np.flatnonzero((turns.work == redemption.shown) & (turns.turn == 0))
    first = first[rng.random(len(first)) < redemption.share]
    delay = lognormal(rng, redemption.delay_h, 1.0, len(first)) / 24
    latest = np.searchsorted(turns.day[given], turns.day[first] - delay) - 1
    first, latest = first[latest >= 0], latest[latest >= 0]
    # one answer in `reuse` is the one that is shown, each time
    source = given[latest - latest % redemption.reuse]
    turns.past[first] = link(turns.conversation[source], turns.depth[source] + 1)
    turns.depth += np.isin(turns.conversation, turns.conversation[first])


def _lost(accounts: Accounts) -> Floats:
    """Share of an account's requests that its gateway failed to log: large behind one kind of front."""
    heavy = 0.25 * unit(mix(accounts.key, 404)) ** 4
    return np.where(accounts.front == 3, heavy + 0.004, 0.001)
