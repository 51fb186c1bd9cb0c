"""Rewriting: what people do to a conversation that they hold on their own side.

Chat front-ends send the whole conversation with every turn, so that it can be changed: an earlier message is
edited, an answer is rolled again, a harness puts a summary in place of what no longer fits.
"""

from __future__ import annotations

import numpy as np

from stream.simulate.chance import Floats, Rng, mix, unit
from stream.simulate.turns import REROLLED, REVISED, Turns, link
from stream.simulate.workloads import WorkloadTable

PAUSE_DAYS = 40 / 86_400  # before a first turn is sent again
MOST_AGAIN = REVISED - REROLLED - 1


def rewritten(rng: Rng, table: WorkloadTable, turns: Turns) -> Turns:
    """The turns, some of them behind a changed conversation, and those that were sent again before them."""
    before = link(turns.conversation, turns.depth)
    # by the turn, not by the request: what another account refused was edited before it was sent
    edited = (turns.depth > 0) & (unit(mix(before, 97)) < table.floats("edit", turns.work))
    turns.past = np.where(edited & (turns.past == 0), mix(before, 95), turns.past)
    return turns.and_(_again(rng, table, turns))


def _again(rng: Rng, table: WorkloadTable, turns: Turns) -> Turns:
    """Requests once more, word for word or behind a changed conversation, before the one that is kept."""
    times = (rng.geometric(1 / (1 + table.floats("reroll", turns.work))) - 1).clip(0, MOST_AGAIN)
    times *= turns.again == 0
    rows = np.repeat(np.arange(len(turns)), times)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    sent = turns.take(rows)
    sent.day = sent.day - _pause(turns)[rows] * (1 - (number + 1) / (times[rows] + 1))
    revised = (sent.depth > 0) & (rng.random(len(rows)) < table.floats("revise", sent.work))
    sent.again = np.where(revised, REVISED, REROLLED) + number
    changed = mix(link(sent.conversation, sent.depth), 96, number)
    sent.past = np.where(revised, changed, sent.past)
    return sent


def _pause(turns: Turns) -> Floats:
    """Days since the turn before it in the same conversation."""
    same = turns.conversation == np.roll(turns.conversation, 1)
    since = turns.day - np.roll(turns.day, 1)
    return np.where(same & (turns.turn > 0) & (since > 0), since, PAUSE_DAYS)
