"""What is due: the next piece of a tick, or its end.

A busy tick holds more events than memory has room for and than a loop may work on without a look around. So
it is absorbed in pieces, each as soon as the watermark is past it. Where a piece ends follows from the order
of the tick's events alone: batches, sources and restarts cannot change it, nor how often anybody asks.
"""

from typing import Final, NamedTuple

import polars as pl

from stream.runtime.held import Held
from stream.windows.tiles import DAY_MS

_GAP_MS: Final = 30 * DAY_MS  # silence longer than any window: ticks after it could decide nothing


class Due(NamedTuple):
    """Events of a tick in canonical order, and the event time at which it ends."""

    events: pl.DataFrame
    tick_ms: int
    ends: bool
    """Whether they are the last of the tick, which is now to be decided."""


class Agenda:
    """Which tick it is, and what of it is to be done next."""

    def __init__(self, held: Held, tick_ms: int, piece: int) -> None:
        """`held` is where the events come from; `piece`: how many of a tick are given out at once."""
        self._held, self._tick_ms, self.piece = held, tick_ms, piece
        self.decided_ms: int | None = None
        """Event time up to which all is decided; None before the first tick."""
        self.active_ms = 0
        """End of the last tick that had events."""

    def next(self) -> Due | None:
        """What is due now, if anything is; it is taken as done."""
        found = self._look()
        if found is None:
            return None
        until_ms, tick_ms, most = found
        events = self._held.release(until_ms, most)
        if events.height:
            self.active_ms = tick_ms
        self.decided_ms = tick_ms - self._tick_ms if most else tick_ms
        return Due(events, tick_ms, not most)

    @property
    def behind(self) -> bool:
        """Whether anything is due."""
        return self._look() is not None

    def _look(self) -> tuple[int, int, int | None] | None:
        """Until when events are due, when their tick ends, and how many at most; None for all of them."""
        watermark_ms, settled_ms, tick_ms = self._held.watermark_ms, self._held.settled_ms, self._ends_ms()
        if watermark_ms is None or settled_ms is None or tick_ms is None:
            return None
        over = tick_ms <= watermark_ms
        until_ms = tick_ms if over else min(tick_ms, settled_ms)
        if self._held.count >= self.piece and self._held.before(until_ms) >= self.piece:
            return until_ms, tick_ms, self.piece
        return (until_ms, tick_ms, None) if over else None

    def _ends_ms(self) -> int | None:
        """When the running tick ends; None where nothing says which it is."""
        first_ms = self._held.first_ms
        if self.decided_ms is None:
            return None if first_ms is None else self._after(first_ms)
        quiet = first_ms is None or first_ms >= self.decided_ms + self._tick_ms
        if quiet and self.decided_ms - self.active_ms > _GAP_MS:
            # by the silence so far alone: what follows it may not have arrived yet
            return None if first_ms is None else self._after(first_ms)
        return self.decided_ms + self._tick_ms

    def _after(self, time_ms: int) -> int:
        return (time_ms // self._tick_ms + 1) * self._tick_ms
