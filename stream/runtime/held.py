"""Held events: what has arrived and may not be decided yet, because some source is behind.

Every event gets the tick that will decide it from its own source alone: the tick of its event time or,
where it is late, of its source's watermark when it came. So batch sizes cannot change what a tick sees,
and other sources only decide when the tick runs.
"""

from dataclasses import astuple
from typing import Any, Final

import numpy as np
import polars as pl

from stream.blocks import Block
from stream.event.columns import ORDER
from stream.event.fields import SCHEMA
from stream.runtime.clock import Source
from stream.runtime.shedding import Keep

NAME: Final = "pipeline"
_SEEN: Final = "seen_ms"
_CANONICAL: Final = (*ORDER, *(name for name in SCHEMA if name not in ORDER))
"""By every column: of events without an id that agree in ORDER, none may depend on which came first."""


class Held:
    """Events by the time at which they count, and the watermarks of their sources."""

    def __init__(self, disorder_ms: int) -> None:
        """`disorder_ms`: how far a source's watermark trails its newest event."""
        self._disorder_ms = disorder_ms
        self.sources: dict[str, Source] = {}
        self._rows = pl.DataFrame(schema=SCHEMA | {_SEEN: pl.Int64})
        self._new: list[pl.DataFrame] = []
        self._unsaved: list[pl.DataFrame] = []
        self._rewrite = True
        self.late = 0
        self.ahead = 0

    def open(self, source: str) -> Source:
        """The source, which from now on holds time until it has an event or is idle."""
        return self.sources.setdefault(source, Source())

    def hold(self, source: str, events: pl.DataFrame, decided_ms: int, keep: Keep | None = None) -> None:
        """Take events of a source in the order in which it has them; `decided_ms`: ticks up to it ran.

        Those that `keep` leaves out move time, and that is all.
        """
        if not events.height:
            return
        of = self.open(source)
        of.idle = False
        time_ms = events["time_ms"].to_numpy()
        newest, ahead = of.read(time_ms)
        watermark = np.maximum(newest - self._disorder_ms, decided_ms)
        self.ahead += ahead
        self.late += int((time_ms < watermark).sum())
        rows = events.select(list(SCHEMA)).with_columns(pl.Series(_SEEN, np.maximum(time_ms, watermark)))
        if keep is not None:
            rows = rows.filter(pl.Series(keep(rows["account"].to_numpy())))
        self._new.append(rows)
        if not self._rewrite:  # else all are in the next `changes`, which a replay never asks for
            self._unsaved.append(rows)

    @property
    def watermark_ms(self) -> int | None:
        """Event time that no source will go behind; None while a source has yet to speak.

        When all are idle nothing is held back for disorder: the newest event is the end.
        """
        active = [source for source in self.sources.values() if not source.idle]
        if not active:
            known = [s.newest_ms for s in self.sources.values() if s.newest_ms is not None]
            return max(known, default=None)
        marks = [s.newest_ms - self._disorder_ms for s in active if s.newest_ms is not None]
        return min(marks) if len(marks) == len(active) else None

    @property
    def count(self) -> int:
        """Events that are held."""
        return sum(rows.height for rows in (self._rows, *self._new))

    def state_bytes(self) -> dict[str, int]:
        """Memory by part: of the events that are held."""
        return {"held": sum(int(rows.estimated_size()) for rows in (self._rows, *self._new))}

    def leading(self) -> set[str]:
        """Sources that hold time and whose newest event is after that of the slowest.

        Reading on in them makes more to be held and decides nothing: time waits for the slowest, which is
        never among them. Nor is an idle source: its events have to come before time passes them.
        """
        newest = {name: of.newest_ms for name, of in self.sources.items() if not of.idle}
        known = {name: mark for name, mark in newest.items() if mark is not None}
        slowest = min(known.values(), default=0)
        return {name for name, mark in known.items() if len(known) < len(newest) or mark > slowest}

    @property
    def first_ms(self) -> int | None:
        """When the oldest held event counts."""
        marks = [rows[_SEEN].min() for rows in (self._rows, *self._new) if rows.height]
        return min((int(mark) for mark in marks if isinstance(mark, int)), default=None)

    def release(self, before_ms: int) -> pl.DataFrame:
        """Take out the events that count before a time, in canonical order, with `seen_ms`."""
        self._rows, self._new = pl.concat([self._rows, *self._new]), []
        ready = self._rows.filter(pl.col(_SEEN) < before_ms)
        if ready.height:
            self._rows = self._rows.filter(pl.col(_SEEN) >= before_ms)
            self._rewrite, self._unsaved = True, []
        return ready.sort(_CANONICAL)

    def put_back(self, rows: pl.DataFrame) -> None:
        """Hold events on that `release` gave out and that were not decided."""
        self._new.append(rows)

    def changes(self) -> list[Block]:
        """Events held since the last call; all that are held where some were released since."""
        if self._rewrite:
            self._rows, self._new = pl.concat([self._rows, *self._new]), []
            blocks = [Block(NAME, "held", self._rows, True)]
        else:
            blocks = [Block(NAME, "held", pl.concat(self._unsaved))] if self._unsaved else []
        self._rewrite, self._unsaved = False, []
        return blocks

    def snapshot(self) -> list[Block]:
        """All events that are held."""
        self._rewrite = True
        return self.changes()

    def restore(self, block: Block) -> None:
        """Take over a block of `changes`: a whole one replaces, another adds."""
        self._rows = block.rows if block.whole else pl.concat([self._rows, block.rows])
        self._new, self._unsaved, self._rewrite = [], [], False

    def plain(self) -> dict[str, Any]:
        """The sources, for storing as JSON."""
        return {name: list(astuple(of)) for name, of in self.sources.items()}

    def restore_sources(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`."""
        self.sources = {name: Source(*values) for name, values in plain.items()}
