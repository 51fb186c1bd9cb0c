"""Request bodies: the same body under several accounts, and refused on one, served on another.

A relay that fails over sends one body again within seconds under an unrelated account. Honest accounts share
bodies too (a benchmark, a quick start), but not within a minute of an unrelated account's refusal.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, Keys, Mask, SlotTable, evict_idle

FAILOVER_MS: Final = 60_000  # a client waits about this long before its own user gives up
_REFUSALS: Final = (401, 403, 429)  # of the unit, not of the request


class Repeats(NamedTuple):
    """Per event, shape (n,)."""

    repeated: Mask
    """Another unit sent this body before."""
    failed_over: Mask
    """Another unit was refused with this body within the last minute."""


class Bodies:
    """Bodies of the last day: who sent each first, and who was refused with it last."""

    def __init__(self, stage: str, retention_ms: int, limit: int) -> None:
        """`retention_ms`: how long a body is remembered; `limit`: bodies held."""
        self._retention_ms, self._limit = retention_ms, limit
        self.table = SlotTable(
            stage,
            "bodies",
            {
                "first_unit": Column(np.uint64),
                "last_s": Column(np.uint32),
            },
        )
        # few bodies are ever refused
        self._refused = SlotTable(
            stage, "refused_bodies", {"unit": Column(np.uint64), "last_ms": Column(np.int64)}
        )
        self.tables = (self.table, self._refused)

    def resolve(self, events: Columns) -> Repeats:
        """Flag repeats, then remember the bodies."""
        n = len(events["body"])
        repeated, failed_over = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        rows = np.flatnonzero(events["body"] != 0)
        if not len(rows):
            return Repeats(repeated, failed_over)
        groups = Groups(events["body"][rows], events["time_ms"][rows], rows)
        rows = rows[groups.order]
        body, unit = events["body"][rows], events["unit"][rows]
        time_ms, refused = events["time_ms"][rows], np.isin(events["status"][rows], _REFUSALS)
        first_of_body = np.append(True, body[1:] != body[:-1])
        starts = np.flatnonzero(first_of_body)
        which = np.cumsum(first_of_body) - 1
        slots, made = self.table.claim(body[starts])
        self.table["first_unit"][slots[made]] = unit[starts][made]
        repeated[rows] = self.table["first_unit"][slots][which] != unit
        refuser, refused_ms = self._last_refusal(body, starts, which, unit, time_ms, refused)
        failed_over[rows] = (
            (refuser != 0) & (refuser != unit) & ~refused & (time_ms - refused_ms <= FAILOVER_MS)
        )
        self.table["last_s"][slots] = time_ms[np.append(starts[1:], len(body)) - 1] // 1000
        self._refuse(body[refused], unit[refused], time_ms[refused])
        return Repeats(repeated, failed_over)

    def _last_refusal(
        self,
        body: Keys,
        starts: NDArray[np.int64],
        which: NDArray[np.int64],
        unit: NDArray[np.uint64],
        time_ms: NDArray[np.int64],
        refused: Mask,
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Before each event: the last unit refused with its body, and when; from here or from before."""
        position = np.where(refused, np.arange(len(unit)), -1)
        latest = np.maximum.accumulate(position)
        previous = np.append(-1, latest[:-1])
        within = previous >= starts[which]
        slots = self._refused.find(body[starts])
        earlier = np.flatnonzero(slots >= 0)
        before, before_ms = np.zeros(len(starts), np.uint64), np.zeros(len(starts), np.int64)
        before[earlier] = self._refused["unit"][slots[earlier]]
        before_ms[earlier] = self._refused["last_ms"][slots[earlier]]
        refuser = np.where(within, unit[previous], before[which])
        when = np.where(within, time_ms[previous], before_ms[which])
        return refuser, when

    def _refuse(self, body: Keys, unit: Keys, time_ms: NDArray[np.int64]) -> None:
        """Remember the last refusal of each body; rows by body and time."""
        last = np.flatnonzero(np.append(body[1:] != body[:-1], True)[: len(body)])
        slots, _ = self._refused.claim(body[last])
        self._refused["unit"][slots] = unit[last]
        self._refused["last_ms"][slots] = time_ms[last]

    def expire(self, now_ms: int) -> None:
        """Forget what is past the retention."""
        since_ms = now_ms - self._retention_ms
        keep = self.table["last_s"] >= since_ms // 1000
        if keep.sum() * 4 < len(keep) * 3:
            self.table.retain(keep)
        evict_idle(self.table, self._limit, "last_s")
        self._refused.retain(self._refused["last_ms"] >= since_ms)
