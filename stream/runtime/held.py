"""Held events: what has arrived and may not be decided yet, because some source is behind.

Every event gets the tick that will decide it from its own source alone: the tick of its event time or,
where it is late, of its source's watermark when it came. So batch sizes cannot change what a tick sees,
and other sources only decide when the tick runs.

Once the watermark is past an event nothing can come that stands before it, so events are given out from the
first on, whenever that is convenient: what was given out is all up to a mark, and what is left all after it.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from stream.blocks import Block
from stream.event.columns import ORDER
from stream.event.fields import SCHEMA
from stream.runtime.clock import Source
from stream.runtime.shedding import Keep

NAME: Final = "pipeline"
_GIVEN: Final = "given"
_SEEN: Final = "seen_ms"
_CANONICAL: Final = (*ORDER, *(name for name in SCHEMA if name not in ORDER))
"""By every column: of events without an id that agree in ORDER, none may depend on which came first."""
_FRAMES: Final = 100
"""Batches that are put together at a time: each costs some ten KB beside its rows, and a look of its own."""
_SLACK: Final = 100_000
"""Rows that a restore may have beyond what is left of them, before it looks what is left."""


class Mark(NamedTuple):
    """Up to where events were given out: by the time at which they count, their own, and their account."""

    seen_ms: int
    time_ms: int
    account: int

    def passed(self) -> pl.Expr:
        """Which rows stand after it."""
        later = (pl.col("time_ms") == self.time_ms) & (pl.col("account") > self.account)
        later |= pl.col("time_ms") > self.time_ms
        return (pl.col(_SEEN) > self.seen_ms) | ((pl.col(_SEEN) == self.seen_ms) & later)


_MARK: Final = {"seen_ms": pl.Int64, "time_ms": pl.Int64, "account": pl.UInt64}


class Held:
    """Events by the time at which they count, and the watermarks of their sources."""

    def __init__(self, disorder_ms: int) -> None:
        """`disorder_ms`: how far a source's watermark trails its newest event."""
        self._disorder_ms = disorder_ms
        self.sources: dict[str, Source] = {}
        self._ready = self._rows = pl.DataFrame(schema=SCHEMA | {_SEEN: pl.Int64})
        self._ready_ms = 0
        self._new: list[pl.DataFrame] = []
        self._unsaved: list[pl.DataFrame] = []
        self._rewrite = True
        self._given: Mark | None = None
        self._moved = False
        self._room = _SLACK
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
        given_ms = self._given.seen_ms + 1 if self._given else 0
        watermark = np.maximum(newest - self._disorder_ms, max(decided_ms, given_ms))
        self.ahead += ahead
        self.late += int((time_ms < watermark).sum())
        rows = events.select(list(SCHEMA)).with_columns(pl.Series(_SEEN, np.maximum(time_ms, watermark)))
        if keep is not None:
            rows = rows.filter(pl.Series(keep(rows["account"].to_numpy())))
        self._new.append(rows)
        if len(self._new) >= _FRAMES:
            self._rows, self._new = pl.concat([self._rows, *self._new], rechunk=True), []
            self._ready_ms = 0  # some of them may be of a time that is in order already
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
    def settled_ms(self) -> int | None:
        """The watermark, and short of the newest event by the disorder even where all sources are idle.

        For an idle source may speak again, and need not be late then.
        """
        watermark = self.watermark_ms
        newest = max((s.newest_ms for s in self.sources.values() if s.newest_ms is not None), default=None)
        return None if watermark is None or newest is None else min(watermark, newest - self._disorder_ms)

    @property
    def count(self) -> int:
        """Events that are held."""
        return sum(rows.height for rows in self._parts)

    def state_bytes(self) -> dict[str, int]:
        """Memory by part: of the events that are held."""
        return {"held": sum(int(rows.estimated_size()) for rows in self._parts)}

    @property
    def _parts(self) -> Sequence[pl.DataFrame]:
        return (self._ready, self._rows, *self._new)

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
        marks = [rows[_SEEN].min() for rows in self._parts if rows.height]
        return min((int(mark) for mark in marks if isinstance(mark, int)), default=None)

    def before(self, time_ms: int) -> int:
        """How many events count before a time."""
        return sum(int((rows[_SEEN].to_numpy() < time_ms).sum()) for rows in self._parts)

    def release(self, before_ms: int, most: int | None = None) -> pl.DataFrame:
        """Take out the events that count before a time, in canonical order, with `seen_ms`.

        With `most` only so many, by when they count, and those that have all of their mark in common with the
        last of them. No source may have to say anything of that time.
        """
        self._make_ready(max(before_ms, self.watermark_ms or 0))
        count = int(np.searchsorted(self._ready[_SEEN].to_numpy(), before_ms))
        if most is not None and count > most:
            count = most - 1 + _alike(self._ready[most - 1 : count])
        rows, self._ready = self._ready[:count], self._ready[count:]
        if not count:
            return rows
        self._given, self._moved = Mark(*rows.select(Mark._fields).row(-1)), True
        in_order = bool((rows[_SEEN] == rows["time_ms"]).all())
        return rows if in_order else rows.sort(_CANONICAL)

    def _make_ready(self, before_ms: int) -> None:
        """Put in order what counts before a time."""
        if not self._new and before_ms <= self._ready_ms:
            return
        rows = pl.concat([self._rows, *self._new])
        early = pl.col(_SEEN) < before_ms
        self._ready = pl.concat([self._ready, rows.filter(early)]).sort(_SEEN, *_CANONICAL)
        self._rows, self._new, self._ready_ms = rows.filter(~early), [], before_ms

    def changes(self) -> list[Block]:
        """Events held since the last call, and up to where events were given out since."""
        rows = pl.concat(self._parts if self._rewrite else [self._rows[:0], *self._unsaved])
        if self._given and not self._rewrite:
            rows = rows.filter(self._given.passed())
        blocks = [Block(NAME, "held", rows, self._rewrite)] if self._rewrite or rows.height else []
        if self._given and (self._rewrite or self._moved):
            blocks.append(Block(NAME, _GIVEN, pl.DataFrame([self._given], _MARK, orient="row"), True))
        self._rewrite, self._unsaved, self._moved = False, [], False
        return blocks

    def snapshot(self) -> list[Block]:
        """All events that are held."""
        self._rewrite = True
        return self.changes()

    def restore(self, block: Block) -> None:
        """Take over a block of `changes`; `restore_sources` has to follow."""
        if block.table == _GIVEN:
            self._given = Mark(*block.rows.row(0))
        else:
            self._rows = block.rows if block.whole else pl.concat([self._rows, block.rows])
        if self._rows.height > self._room:
            self._forget_given()
            self._room = 2 * self._rows.height + _SLACK

    def _forget_given(self) -> None:
        """Of what was stored as it came, what is left."""
        self._rows = self._rows.filter(self._given.passed()) if self._given else self._rows

    def plain(self) -> dict[str, Any]:
        """The sources, for storing as JSON."""
        return {name: list(astuple(of)) for name, of in self.sources.items()}

    def restore_sources(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`; the end of a restore."""
        self._forget_given()
        self._ready, self._ready_ms, self._new = self._rows[:0], 0, []
        self._unsaved, self._rewrite, self._moved = [], False, False
        self.sources = {name: Source(*values) for name, values in plain.items()}


def _alike(rows: pl.DataFrame) -> int:
    """How many of the first rows have one mark."""
    first, same = rows.row(0, named=True), np.ones(rows.height, np.bool_)
    for name in Mark._fields:
        same &= rows[name].to_numpy() == first[name]
    return rows.height if same.all() else int(same.argmin())
