"""Slices of events as columns, from the few that a test is about."""

from typing import Any

import numpy as np
import polars as pl

from stream.event.columns import Columns, to_columns
from stream.event.fields import SCHEMA

START_MS = 1_775_606_400_000  # 2026-04-08T00:00:00Z


def columns(**given: Any) -> Columns:
    """Columns of events; those not given are absent, times a second apart, one account each."""
    count = max((len(values) for values in given.values() if hasattr(values, "__len__")), default=1)
    known: dict[str, Any] = {
        "time_ms": START_MS + 1000 * np.arange(count),
        "account": np.arange(1, count + 1, dtype=np.uint64),
    }
    extra = {name: np.asarray(values) for name, values in given.items() if name not in SCHEMA}
    known |= {name: values for name, values in given.items() if name in SCHEMA}
    rows = {
        name: np.broadcast_to(known[name], count).tolist() if name in known else [None] * count
        for name in SCHEMA
    }
    table = pl.DataFrame([pl.Series(name, rows[name]).cast(SCHEMA[name]) for name in SCHEMA])
    made = to_columns(table) | extra
    made.setdefault("unit", made["account"])
    return made
