"""Request bodies: the same body under several accounts, and refused on one, served on another.

A relay that fails over sends one body again within seconds under an unrelated account. Honest accounts share
bodies too (a benchmark, a quick start), but not within a minute of an unrelated account's refusal.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, Mask, SlotTable, evict_idle

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
                "last_ms": Column(np.int64),
                "refused_unit": Column(np.uint64),
                "refused_ms": Column(np.int64),
            },
        )

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
        refuser, refused_ms = self._last_refusal(slots, starts, which, unit, time_ms, refused)
        failed_over[rows] = (
            (refuser != 0) & (refuser != unit) & ~refused & (time_ms - refused_ms <= FAILOVER_MS)
        )
        self._remember(slots, starts, which, unit, time_ms, refused)
        return Repeats(repeated, failed_over)

    def _last_refusal(
        self,
        slots: NDArray[np.int32],
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
        refuser = np.where(within, unit[previous], self.table["refused_unit"][slots][which])
        when = np.where(within, time_ms[previous], self.table["refused_ms"][slots][which])
        return refuser, when

    def _remember(
        self,
        slots: NDArray[np.int32],
        starts: NDArray[np.int64],
        which: NDArray[np.int64],
        unit: NDArray[np.uint64],
        time_ms: NDArray[np.int64],
        refused: Mask,
    ) -> None:
        ends = np.append(starts[1:], len(which)) - 1
        self.table["last_ms"][slots] = time_ms[ends]
        self.table["refused_unit"][slots[which[refused]]] = unit[refused]
        self.table["refused_ms"][slots[which[refused]]] = time_ms[refused]

    def expire(self, now_ms: int) -> None:
        """Forget what is past the retention."""
        keep = self.table["last_ms"] >= now_ms - self._retention_ms
        if keep.sum() * 4 < len(keep) * 3:
            self.table.retain(keep)
        evict_idle(self.table, self._limit)
