"""The work in Shoal's columns: open windows are rows of a table, each batch is reduced before it is added.

It keeps the contract of `stream.runtime.pipeline.Pipeline`, so that the real worker drives it: real intake,
changelog and transactions, with windows in the place of the detector.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from stream.blocks import Block, as_json
from stream.config import Settings
from stream.runtime.pipeline import Outputs
from stream.runtime.stats import Stats
from stream.stages.intake import Intake
from stream.windows.groups import Groups
from stream.windows.slots import TEXT, Column, SlotTable, mix
from tests.compare.work import SIZES_S, Figures, Window

NAME: Final = "windows"
_CELLS: Final = {
    "window": Column(np.uint64),
    "account_id": Column(TEXT, fill=""),
    "size_s": Column(np.int32),
    "start_s": Column(np.int64),
    "network": Column(np.uint64),
    "count": Column(np.int64),
    "tokens": Column(np.int64),
}
"""A row is one network of one window of one account."""


class Windows:
    """Counts, tokens and distinct networks of open windows; told once every source has passed their end."""

    def __init__(self, settings: Settings) -> None:
        self._intake = Intake(settings)
        self._cells = SlotTable(NAME, "cells", _CELLS)
        self._sources: dict[str, list[int | None]] = {}
        self._idle: set[str] = set()
        self._closed_s = 0
        self.progress = 0
        self.behind = False

    def open(self, source: str) -> None:
        self._sources.setdefault(source, [0, None])

    def idle(self, source: str) -> None:
        self._idle.add(source)

    def feedback(self, records: Sequence[bytes]) -> None:
        """There is none in this work."""

    @property
    def idle_sources(self) -> int:
        return len(self._idle)

    @property
    def held_events(self) -> int:
        """Each is counted when it comes."""
        return 0

    def waiting(self, most_held: int) -> set[str]:
        """Nothing is held, so that none has to wait."""
        return set()

    def absorb(self, source: str, records: Sequence[bytes], offsets: Sequence[int], _: object = None) -> None:
        events = self._intake.decode(source, records, offsets).events
        self._idle.discard(source)
        newest = self._sources.get(source, [0, None])[1]
        if events.height:
            newest = max(newest or 0, int(events["time_ms"].to_numpy().max()))
            for size_s in SIZES_S:
                self._add(events, size_s)
        self._sources[source] = [offsets[-1] + 1, newest]

    def _add(self, events: pl.DataFrame, size_s: int) -> None:
        start_s = events["time_ms"].to_numpy() // 1000 // size_s * size_s
        account, network = events["account"].to_numpy(), events["network"].fill_null(0).to_numpy()
        window = mix(account, start_s.astype(np.uint64), np.full(1, size_s, np.uint64))
        cells = Groups(mix(window, network))
        rows, cell = cells.rows, mix(window, network)[cells.rows]
        slots, new = self._cells.claim(cell)
        self._cells["count"][slots] += cells.counts
        self._cells["tokens"][slots] += cells.sum(events["output_tokens"].fill_null(0).to_numpy())
        first, made = rows[new], slots[new]
        self._cells["window"][made] = window[first]
        self._cells["network"][made] = network[first]
        self._cells["start_s"][made] = start_s[first]
        self._cells["size_s"][made] = size_s
        self._cells["account_id"][made] = events["account_id"].gather(first).to_list()

    def advance(self, most: int | None = None) -> Outputs:
        watermark_ms = self.watermark_ms
        if watermark_ms is None or watermark_ms // 60_000 <= self._closed_s // 60:
            return Outputs([], [], [])
        self._closed_s = watermark_ms // 60_000 * 60
        self.progress += 1
        over = self._cells["start_s"] + self._cells["size_s"] <= self._closed_s
        told = self._told(np.flatnonzero(over))
        self._cells.retain(~over)
        return Outputs(told, [], [])  # type: ignore[arg-type]

    def _told(self, rows: NDArray[np.int64]) -> list[tuple[Window, Figures]]:
        cells = {name: self._cells[name][rows] for name in _CELLS}
        groups = Groups(cells["size_s"], cells["start_s"], cells["window"])
        names = [groups.first(cells[name]).tolist() for name in ("account_id", "size_s", "start_s")]
        counts = (cells["count"], cells["tokens"], cells["network"] != 0)
        figures = [groups.sum(column).tolist() for column in counts]
        return list(zip(map(Window, *names), map(Figures, *figures), strict=True))

    @property
    def watermark_ms(self) -> int | None:
        """All sources have come as far; those that are idle hold nothing back."""
        live = [newest for source, (_, newest) in self._sources.items() if source not in self._idle]
        known = [newest for newest in live if newest is not None]
        return min(known) if known and len(known) == len(live) else None

    def positions(self) -> dict[str, int]:
        return {source: position or 0 for source, (position, _) in self._sources.items()}

    def changes(self) -> list[Block]:
        return [*self._cells.changes(), self._meta()]

    def snapshot(self) -> list[Block]:
        return [*self._cells.snapshot(), self._meta()]

    def _meta(self) -> Block:
        return as_json(NAME, "meta", {"sources": self._sources, "closed_s": self._closed_s})

    def restore(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if block.table == "meta":
                content: dict[str, Any] = orjson.loads(block.rows["json"][0])
                self._sources, self._closed_s = content["sources"], content["closed_s"]
            else:
                self._cells.restore(block)

    def stats(self) -> Stats:
        return Stats(events=self._intake.events, ticks=self.progress, watermark_ms=self.watermark_ms)
