"""Turns of conversations: whose turn does an event continue?

A turn leaves the hash of the conversation after it; the next turn brings that hash as the conversation
before it. A turn whose past was left by an account of another payer is a hand-over; one whose past nobody left here
is an orphan: its earlier turns never passed this way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.slots import Column, Keys, Mask, Slots, SlotTable, evict_idle, mix


class Continuations(NamedTuple):
    """Per event, shape (n,)."""

    chained: Mask
    """The gateway told a conversation for it."""
    handed_over: Mask
    orphaned: Mask


class Turns:
    """Which conversation states were left, and by which accounts."""

    def __init__(self, stage: str, retention_ms: int, limit: int) -> None:
        """`retention_ms`: how long a conversation may rest; `limit`: turns held."""
        self._retention_ms, self._limit = retention_ms, limit
        last = {"last_ms": Column(np.int64)}
        self._left = SlotTable(stage, "turns", last | {"unit": Column(np.uint64)})
        self._own = SlotTable(stage, "own_turns", last)
        self.tables = (self._left, self._own)

    def resolve(self, events: Columns) -> Continuations:
        """Tell for each event whose turn it continues, then remember what it leaves."""
        before, after, account = events["previous_turn"], events["next_turn"], events["account"]
        leaves = after != 0
        first, made = self._remember(self._left, after[leaves], events["time_ms"][leaves])
        self._left["unit"][made] = events["unit"][leaves][first]
        self._remember(self._own, mix(after[leaves], account[leaves]), events["time_ms"][leaves])
        foreign = (before != 0) & (self._own.find(mix(before, account)) < 0)
        slots = self._left.find(before[foreign])
        handed_over, orphaned = np.zeros((2, len(before)), np.bool_)
        orphaned[foreign] = slots < 0
        if len(self._left):
            # one payer's accounts may share their work
            unrelated = self._left["unit"][slots] != events["unit"][foreign]
            handed_over[foreign] = (slots >= 0) & unrelated
        return Continuations((before != 0) | leaves, handed_over, orphaned)

    def _remember(
        self, table: SlotTable, keys: Keys, times: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Slots]:
        """Which of `keys` were new (position of their first), and their slots."""
        unique, first = np.unique(keys, return_index=True)
        slots, made = table.claim(unique)
        table["last_ms"][slots] = times[first]
        return first[made], slots[made]

    def expire(self, now_ms: int) -> None:
        """Forget conversations that rested longer than the retention."""
        for table in self.tables:
            keep = table["last_ms"] >= now_ms - self._retention_ms
            if keep.sum() * 4 < len(keep) * 3:
                table.retain(keep)
            evict_idle(table, self._limit)
