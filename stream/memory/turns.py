"""Turns of conversations: whose turn does an event continue?

A turn leaves the hash of the conversation after it; the next turn brings that hash as the conversation
before it. A turn whose past was left by an account of another payer is a hand-over; one whose past nobody
left here is an orphan: its earlier turns never passed this way. A past that is brought again and again is a
preamble, examples that a notebook or a benchmark puts before every question, so only its first turn is one.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, Keys, Mask, SlotTable, evict_idle

_NOBODY: Final = np.uint64(0)
"""Who left a state that several accounts left."""


class Continuations(NamedTuple):
    """Per event, shape (n,)."""

    handed_over: Mask
    orphaned: Mask
    giver: Keys
    """Who pays for the account that handed it over; 0 where nobody did."""


Units = Callable[[Keys], Keys]
"""Accounts -> who pays for each, as known now."""


class Turns:
    """Which conversation states were left, and by which account."""

    def __init__(self, stage: str, retention_ms: int, limit: int, units: Units) -> None:
        """`retention_ms`: how long a conversation may rest; `limit`: turns held."""
        self._retention_ms, self._limit, self._units = retention_ms, limit, units
        self.table = SlotTable(
            stage,
            "turns",
            {"last_s": Column(np.uint32), "account": Column(np.uint64)},
        )

    def resolve(self, events: Columns) -> Continuations:
        """Remember what the events leave, then tell for each whose turn it continues."""
        before, account = events["previous_turn"], events["account"]
        leaves = np.flatnonzero(events["next_turn"])
        self._remember(events["next_turn"][leaves], account[leaves], events["time_ms"][leaves])
        handed_over, orphaned = np.zeros((2, len(before)), np.bool_)
        continues = np.flatnonzero(before)
        slots = self.table.find(before[continues])
        lost = continues[slots < 0]
        orphaned[lost] = self._first(before[lost], events["time_ms"][lost])
        continues, slots = continues[slots >= 0], slots[slots >= 0]
        left_by = self.table["account"][slots]
        # a state that several accounts left (a canned greeting, a benchmark) is nobody's
        other = (left_by != account[continues]) & (left_by != _NOBODY)
        rows, units = continues[other], self._units(left_by[other])
        unrelated = units != events["unit"][rows]
        handed_over[rows[unrelated]] = True
        giver = np.zeros(len(before), np.uint64)
        giver[rows[unrelated]] = units[unrelated]
        return Continuations(handed_over, orphaned, giver)

    def _remember(self, states: Keys, account: Keys, time_ms: NDArray[np.int64]) -> None:
        groups = Groups(states)
        first = groups.rows
        slots, made = self.table.claim(states[first])
        self.table["account"][slots[made]] = account[first[made]]
        self.table["last_s"][slots] = time_ms[first] // 1000
        another = self.table["account"][slots][groups.ids] != account
        self.table["account"][slots[groups.ids[another]]] = _NOBODY

    def _first(self, pasts: Keys, time_ms: NDArray[np.int64]) -> Mask:
        """Which of these pasts, that nobody left, are brought for the first time; they are canned by then."""
        first = np.zeros(len(pasts), np.bool_)
        first[Groups(pasts).rows] = True
        slots, _ = self.table.claim(pasts[first])
        self.table["account"][slots] = _NOBODY
        self.table["last_s"][slots] = time_ms[first] // 1000
        return first

    def expire(self, now_ms: int) -> None:
        """Forget conversations that rested longer than the retention."""
        keep = self.table["last_s"] >= (now_ms - self._retention_ms) // 1000
        if keep.sum() * 4 < len(keep) * 3:
            self.table.retain(keep)
        evict_idle(self.table, self._limit, "last_s")
