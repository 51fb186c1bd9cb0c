"""Sightings: which account was seen with which link, how often, in one slice of events."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.links.kinds import LinkKind
from stream.windows.groups import Groups
from stream.windows.slots import Keys, mix
from stream.windows.tiles import HORIZONS, HOUR_MS

TILE_MS = 6 * HOUR_MS
"""Tile of a membership: three days are twelve of them."""
_MINUTES_MS = HORIZONS["10m"][0].tile_ms


def link_values(kind: LinkKind, events: Columns) -> Keys:
    """Value of each event for a kind, 0 where it says nothing; shape (n,)."""
    parts = []
    present = np.ones(len(events["account"]), np.bool_)
    for field in kind.fields:
        part = np.zeros(len(present), np.uint64)
        for name in field.split("|"):
            part = np.where(part == 0, events[name].astype(np.uint64), part)
        present &= part != 0
        parts.append(part)
    if kind.when is not None:
        present &= events[kind.when]
    value = parts[0] if len(parts) == 1 else mix(*parts)
    return np.where(present, value, np.uint64(0))


def sight(kinds: Sequence[LinkKind], events: Columns) -> pl.DataFrame:
    """Rows (kind, value, account, tile) with what the account did there, sorted by these four."""
    values = [link_values(kind, events) for kind in kinds]
    rows = np.concatenate([np.flatnonzero(value) for value in values])
    kind = np.repeat(np.arange(len(kinds)), [np.count_nonzero(value) for value in values]).astype(np.uint8)
    value = np.concatenate([value[value != 0] for value in values])
    account, tile = events["account"][rows], events["time_ms"][rows] // TILE_MS
    groups = Groups(kind, value, account, tile)

    minutes_ms = _MINUTES_MS * (events["time_ms"][rows] // _MINUTES_MS)
    newest = groups.max(events["time_ms"][rows])

    def total(column: NDArray[Any]) -> NDArray[Any]:
        return groups.sum(column[rows]).astype(np.int32)

    return pl.DataFrame(
        {
            "kind": groups.first(kind),
            "value": groups.first(value),
            "account": groups.first(account),
            "tile": groups.first(tile).astype(np.int32),
            "events": groups.counts.astype(np.int32),
            "foreign": total(events["foreign"]),
            "log_in": total(events["log_in"]),
            "log_out": total(events["log_out"]),
            "streamed": total(events["streamed"]),
            "first_ms": groups.min(events["time_ms"][rows]),
            "last_ms": newest,
            # how many of the events are of the ten minutes of the newest one
            "latest": groups.sum(newest[groups.ids] - minutes_ms < _MINUTES_MS).astype(np.int32),
        }
    )


def merged(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Sightings of several slices as those of one."""
    if len(parts) == 1:
        return parts[0]
    key = ("kind", "value", "account", "tile")
    sums = pl.col("events", "foreign", "log_in", "log_out", "streamed").sum()
    tile, newest = pl.col("last_ms") // _MINUTES_MS, pl.col("last_ms").max()
    latest = pl.col("latest").filter(tile == newest // _MINUTES_MS).sum()
    rows = pl.concat(parts).group_by(key).agg(sums, pl.col("first_ms").min(), newest, latest)
    return rows.sort(key).select(parts[0].columns)
