"""Regimes: whether an account came in a new way, and whether its owner goes on in the old one.

Stands between habits and the counts of an account. A stolen key is used in the old way and in the new one by
turns, until its owner notices. Whoever moves to a new client behind a new gateway shows all that is new at
once too, and in a week hundreds do; but he leaves the old way behind.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.memory.habits import NOVELTY_MS, Novelty
from stream.windows.groups import Groups
from stream.windows.slots import Column, Mask, SlotTable

COLUMNS: Final = {"past_ms": Column(np.int64, fill=-1)} | dict.fromkeys(("own_s", "new_s"), Column(np.uint32))
"""What the table of accounts keeps for it: when an account had a past, its last event in the old way, and
since when it shows what was new at once last, to the second; 0 for never."""
_SHIFT: Final = 32
"""Bits that hold a time in seconds, so that one running maximum over all accounts is one of each."""


def foreign(table: SlotTable, events: Columns, slots: NDArray[np.int32], novelty: Novelty) -> Mask:
    """Events that are new in several ways at once on an account with a past.

    `slots`: of each event's account; events ascend in time. Shape (n,).
    """
    groups, time_ms = Groups(slots), events["time_ms"]
    new_ms = 1000 * _latest(table, "new_s", groups, slots, np.where(novelty.at_once, novelty.since_ms, 0))
    old = novelty.settled_ms < np.where(new_ms > 0, new_ms, time_ms)
    _latest(table, "own_s", groups, slots, np.where(old, time_ms, 0))
    past_ms = table["past_ms"][slots]
    had_past = (past_ms >= 0) & (past_ms <= time_ms - NOVELTY_MS)
    return np.asarray(had_past & novelty.at_once)


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
