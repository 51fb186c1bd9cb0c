"""Exchanges seen: an id that comes again within the retention is dropped and counted."""

import numpy as np

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, Mask, SlotTable, evict_idle, mix


class Exchanges:
    """Ids of recent exchanges, with the time of each."""

    def __init__(self, stage: str, retention_ms: int, limit: int) -> None:
        """`retention_ms`: how long an id is remembered; `limit`: ids held, the oldest go first."""
        self._retention_ms, self._limit = retention_ms, limit
        self.table = SlotTable(stage, "exchanges", {"last_s": Column(np.uint32)})

    def fresh(self, events: Columns) -> Mask:
        """Which events are no repeats, shape (n,); events without an id always are."""
        fresh = np.ones(len(events["event"]), np.bool_)
        known = np.flatnonzero(events["event"] != 0)
        # two accounts may use the same id: an id is unique within its account
        keys = mix(events["event"][known], events["account"][known])
        first = Groups(keys).rows
        fresh[known] = False
        slots, made = self.table.claim(keys[first])
        fresh[known[first[made]]] = True
        self.table["last_s"][slots[made]] = events["time_ms"][known[first[made]]] // 1000
        return fresh

    def expire(self, now_ms: int) -> None:
        """Forget what is past the retention."""
        keep = self.table["last_s"] >= (now_ms - self._retention_ms) // 1000
        # rewriting the table costs a pass: only when it frees a quarter of it
        if keep.sum() * 4 < len(keep) * 3:
            self.table.retain(keep)
        evict_idle(self.table, self._limit, "last_s")
