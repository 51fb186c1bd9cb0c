"""Regimes: whether somebody else works with an account while its owner goes on with it.

Stands between habits and the counts of an account. Whoever moves to a new client behind a new gateway shows
all that is new at once too, and in a week hundreds do; but he leaves the old behind. A stolen key is used in
the old way and in the new way by turns, until its owner notices.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.memory.habits import NOVELTY_MS, Novelty
from stream.windows.groups import Groups
from stream.windows.slots import Column, Mask, SlotTable

COLUMNS: Final = {"past_ms": Column(np.int64, fill=-1), "own_ms": Column(np.int64, fill=-1)}
"""What the table of accounts keeps for it: when an account had a past, and its last event in the old way."""
_SHIFT: Final = 42
"""Bits that hold a time in ms, so that one running maximum over all accounts is one of each."""


def foreign(table: SlotTable, events: Columns, slots: NDArray[np.int32], novelty: Novelty) -> Mask:
    """Events of a second regime: new in several ways at once, on an account with a past that still goes on.

    `slots`: of each event's account; events ascend in time. Shape (n,).
    """
    past_ms = table["past_ms"][slots]
    had_past = (past_ms >= 0) & (past_ms <= events["time_ms"] - NOVELTY_MS)
    last_ms = _last_own(table, events["time_ms"], slots, novelty.own)
    return np.asarray(had_past & novelty.at_once & (last_ms > novelty.since_ms))


def _last_own(
    table: SlotTable, time_ms: NDArray[np.int64], slots: NDArray[np.int32], own: Mask
) -> NDArray[np.int64]:
    """Time of the last event in the old way of each event's account, up to it; 0 where there was none."""
    groups = Groups(slots)
    order, base = groups.order, groups.ids[groups.order] << _SHIFT
    before = np.maximum(table["own_ms"][slots], 0)
    running = np.maximum.accumulate(base + np.where(own, time_ms, before)[order])
    last_ms = np.empty(len(slots), np.int64)
    last_ms[order] = running - base
    unique = groups.first(slots)
    table["own_ms"][unique] = np.maximum(table["own_ms"][unique], groups.max(last_ms))
    return last_ms
