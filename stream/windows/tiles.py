"""Rolling windows as rings of tiles: one partial aggregate per row and span of event time.

A ring of `length` tiles of `tile_ms` each serves every horizon up to `length` tiles, read by summing.
Nothing is cleared when time moves on: each row remembers the newest tile that it wrote, and tiles that
have fallen out of the ring are masked at read and zeroed at the next write. So an idle row costs nothing
and a stored row is valid at any later time.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


def begins(span_ms: int, now_ms: int, tick_ms: int) -> bool:
    """Whether the tick at `now_ms` is the first at or after a multiple of a span, however long ticks are."""
    return now_ms // span_ms > (now_ms - tick_ms) // span_ms


NEVER: Final = -(2**31) + 1
"""Newest tile of a row that was never written."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring of tiles over the columns of a table.

    Arrays it works on: `tiles` of shape (rows, metrics * length) and `newest` of shape (rows,), the
    number of the newest tile written (event time // tile_ms).
    """

    tile_ms: int
    length: int

    def tile(self, time_ms: int) -> int:
        """Number of the tile that holds a time."""
        return time_ms // self.tile_ms

    def add(
        self,
        tiles: NDArray[Any],
        newest: NDArray[np.int32],
        slots: NDArray[np.int32],
        tile: int,
        amounts: NDArray[Any],
    ) -> None:
        """Add `amounts` (slots, metrics) to one tile of rows `slots`, which differ from one another.

        A tile that has already left the ring of its row is left alone. Counts saturate at the type's limit.
        """
        behind = tile - newest.take(slots).astype(np.int64)
        kept = behind > -self.length
        if not kept.all():
            slots, behind, amounts = slots[kept], behind[kept], amounts[kept]
        # whole rows out and in again: NumPy moves a row in one piece, its cells one by one
        rows = tiles.take(slots, axis=0)
        fresh = np.tile(self._fresh(tile, self.length), tiles.shape[1] // self.length)
        rows *= fresh.take(np.clip(behind, 0, self.length), axis=0)
        column = rows.reshape(len(rows), amounts.shape[1], self.length)[:, :, tile % self.length]
        column[:] = np.minimum(column + amounts, np.iinfo(tiles.dtype).max)
        tiles[slots] = rows
        newest[slots] = tile + np.maximum(-behind, 0)

    def _fresh(self, tile: int, span: int) -> NDArray[np.bool_]:
        """Which columns hold the `span` tiles up to `tile`, in rows written 0, 1, ... `length` tiles ago."""
        age = (tile - np.arange(self.length)) % self.length
        fresh: NDArray[np.bool_] = (age >= np.arange(self.length + 1)[:, None]) & (age < span)
        return fresh

    def total(
        self, tiles: NDArray[Any], newest: NDArray[np.int32], tile: int, span: int | None = None
    ) -> NDArray[np.int64]:
        """Sum of the `span` tiles up to and with `tile`: shape (rows, metrics). Rows as given."""
        behind = np.clip(tile - newest.astype(np.int64), 0, self.length)
        # a ring of two-byte counts adds up within four bytes, in half the time
        wide = np.dtype(np.int32 if tiles.dtype.itemsize <= 2 else np.int64)
        view = tiles.reshape(len(tiles), tiles.shape[1] // self.length, self.length).astype(wide)
        fresh = self._fresh(tile, self.length if span is None else span).astype(wide)
        sums: NDArray[Any] = np.einsum("rmt,rt->rm", view, fresh.take(behind, axis=0))
        return sums.astype(np.int64)


HORIZONS: Final[dict[str, tuple[Ring, int]]] = {
    "10m": (Ring(10 * MINUTE_MS, 6), 1),
    "1h": (Ring(10 * MINUTE_MS, 6), 6),
    "1d": (Ring(HOUR_MS, 24), 24),
    "7d": (Ring(DAY_MS, 28), 7),
    "28d": (Ring(DAY_MS, 28), 28),
}
"""Horizon -> the ring that serves it and how many of its tiles: three rings serve five horizons."""
