"""Regimes: whether an account came in a new way, and whether its owner goes on in the old one.

Stands between habits and the counts of an account. A stolen key is used in the old way and in the new one by
turns, until its owner notices. Whoever moves to a new client behind a new gateway shows all that is new at
once too, and in a week hundreds do; but he leaves the old way behind.

What the events of an account look like is told of the way in which it is used now. A thief who imitates the
owner's client and parameters comes from a network that is new to the account all the same; its owner's past
would hide that a hundred such accounts are used alike.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.memory.habits import NOVELTY_MS, Novelty
from stream.windows.groups import Groups, distinct
from stream.windows.slots import Column, Mask, SlotTable
from stream.windows.tiles import DAY_MS

COLUMNS: Final = {"past_ms": Column(np.int64, fill=-1)} | dict.fromkeys(
    ("own_s", "new_s", "away_s"), Column(np.uint32)
)
"""What the table of accounts keeps for it: when an account had a past, its last event in the old way, since
when it shows what was new at once last, and its last event elsewhere, to the second; 0 for never."""
_AWAY_S: Final = 2 * DAY_MS // 1000
"""An account is away for this long after an event elsewhere: thieves, too, have weekends."""
_SHIFT: Final = 32
"""Bits that hold a time in seconds, so that one running maximum over all accounts is one of each."""


class Ways(NamedTuple):
    """In which way each event of a slice uses its account; masks of shape (n,)."""

    foreign: Mask
    """New in several ways at once, on an account with a past."""
    telling: Mask
    """Shows how the account is used now: while it is away only what is elsewhere does."""


def ways(table: SlotTable, events: Columns, slots: NDArray[np.int32], novelty: Novelty) -> Ways:
    """In which way each event uses its account; the histograms of an account that goes away begin anew.

    `slots`: of each event's account; events ascend in time. Shape (n,).
    """
    groups, time_ms = Groups(slots), events["time_ms"]
    new_ms = 1000 * _latest(table, "new_s", groups, slots, np.where(novelty.at_once, novelty.since_ms, 0))
    old = novelty.settled_ms < np.where(new_ms > 0, new_ms, time_ms)
    _latest(table, "own_s", groups, slots, np.where(old, time_ms, 0))
    past_ms = table["past_ms"][slots]
    had_past = (past_ms >= 0) & (past_ms <= time_ms - NOVELTY_MS)
    telling = _telling(table, groups, slots, time_ms, had_past & novelty.elsewhere)
    return Ways(np.asarray(had_past & novelty.at_once), telling)


def _telling(
    table: SlotTable, groups: Groups, slots: NDArray[np.int32], time_ms: NDArray[np.int64], elsewhere: Mask
) -> Mask:
    before_s = table["away_s"][slots].astype(np.int64)
    away_s = _latest(table, "away_s", groups, slots, np.where(elsewhere, time_ms, 0))
    order, starts = groups.order, groups.starts
    earlier_s = np.empty_like(away_s)
    earlier_s[order[1:]] = away_s[order[:-1]]
    earlier_s[order[starts]] = before_s[order[starts]]
    time_s = time_ms // 1000
    leaves = elsewhere & (time_s - earlier_s > _AWAY_S)
    table["histograms"][distinct(slots[leaves])] = 0
    # what an account did before it left, within the slice too, is its past
    left = groups.max(np.where(leaves, np.arange(len(slots)), -1))[groups.ids]
    here = elsewhere | (time_s - away_s > _AWAY_S)
    return np.asarray(here & (np.arange(len(slots)) >= left))


def away(table: SlotTable, slots: NDArray[np.int32]) -> Mask:
    """Accounts that were used elsewhere within two days of their last event. Shape (slots,)."""
    away_s = table["away_s"][slots].astype(np.int64)
    return np.asarray((away_s > 0) & (table["last_ms"][slots] // 1000 - away_s <= _AWAY_S))


def goes_on(table: SlotTable, slots: NDArray[np.int32]) -> Mask:
    """Accounts that were used in their old way since they were in a new one. Shape (slots,)."""
    new_s = table["new_s"][slots]
    return np.asarray((new_s > 0) & (table["own_s"][slots] > new_s))


def _latest(
    table: SlotTable, name: str, groups: Groups, slots: NDArray[np.int32], time_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The latest time of each event's account up to the event, in seconds; the table keeps it."""
    order, base = groups.order, groups.ids[groups.order] << _SHIFT
    known = np.maximum(time_ms // 1000, table[name][slots])
    latest: NDArray[np.int64] = np.empty_like(known)
    latest[order] = np.maximum.accumulate(base + known[order]) - base
    unique = groups.first(slots)
    table[name][unique] = groups.max(latest)
    return latest
