"""Volumes: how many events the rows of a table had in each horizon."""

from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stream.windows.slots import Column, SlotTable
from stream.windows.tiles import HORIZONS, NEVER, Ring

RINGS: Final[dict[str, Ring]] = {
    "minutes": HORIZONS["1h"][0],
    "hours": HORIZONS["1d"][0],
    "days": HORIZONS["28d"][0],
}
"""Column of a table -> the ring that it is; `<column>_newest` has the newest tile of each row."""
_COLUMN: Final = {
    horizon: next(name for name, ring in RINGS.items() if ring == HORIZONS[horizon][0])
    for horizon in HORIZONS
}


def ring_columns(days: DTypeLike) -> dict[str, Column]:
    """Columns of a table that has volumes; `days`: what a day's count has to fit."""
    fits: dict[str, DTypeLike] = {"minutes": np.uint16, "hours": np.uint16, "days": days}
    columns: dict[str, Column] = {}
    for name, ring in RINGS.items():
        columns |= {name: Column(fits[name], ring.length), f"{name}_newest": Column(np.int32, fill=NEVER)}
    return columns


def volumes(table: SlotTable, slots: NDArray[np.integer[Any]], now_ms: int) -> NDArray[np.int64]:
    """Events of rows in each of the HORIZONS before `now_ms`; shape (slots, horizons).

    A horizon is whole tiles: the one that `now_ms` ends or is in, and those before it.
    """
    return np.stack(
        [
            ring.total(
                table[_COLUMN[horizon]].take(slots, axis=0),
                table[f"{_COLUMN[horizon]}_newest"][slots],
                ring.tile(now_ms - 1),
                span,
            )[:, 0]
            for horizon, (ring, span) in HORIZONS.items()
        ],
        axis=1,
    )
