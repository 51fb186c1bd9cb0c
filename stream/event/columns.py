"""A slice of events as NumPy columns, with one convention for what is absent."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.event.fields import EVENT

Columns = dict[str, NDArray[Any]]
"""Column name -> values, shape (events,), in canonical order."""

ABSENT: Final[dict[type[pl.DataType], int]] = {pl.UInt64: 0, pl.UInt32: 0, pl.UInt8: 255}
"""What stands for null, by type; -1 for the signed ones. Hashes are never 0."""

ORDER: Final = ("time_ms", "account", "event", "body", "simhash", "input_tokens", "output_tokens")
"""The canonical order of events: sorted by these, whatever order they arrived in."""


_NUMBERS: Final = [
    (pl.col(field.name).cast(pl.Int8) if field.dtype is pl.Boolean else pl.col(field.name)).fill_null(
        ABSENT.get(field.dtype, -1)
    )
    for field in EVENT
    if field.dtype is not pl.String
]


def to_columns(table: pl.DataFrame) -> Columns:
    """Columns of an event table; booleans become -1 (unknown), 0 and 1."""
    # all at once: asked for one by one, each costs a query of its own
    return {series.name: series.to_numpy() for series in table.select(_NUMBERS)}


def take(columns: Columns, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Columns:
    """Some rows of every column."""
    return {name: values[rows] for name, values in columns.items()}
