"""Sightings: which account was seen with which link, how often, in one slice of events."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.links.kinds import LinkKind
from stream.links.tokens import token_values
from stream.windows.groups import lengths, order_by, runs
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
    if kind.within_s is not None:
        value = token_values(mix(value), events["time_ms"], kind.within_s)
    return np.where(present, value, np.uint64(0))


def sight(kinds: Sequence[LinkKind], events: Columns) -> pl.DataFrame:
    """Rows (kind, value, account, tile) with what the account did there, sorted by these four."""
    kind, value, rows = _seen(kinds, events)
    account, tile = events["account"][rows], (events["time_ms"] // TILE_MS)[rows]
    starts = runs(kind, value, account, tile)
    count = lengths(starts, len(rows))
    minute = (events["time_ms"] // _MINUTES_MS)[rows]

    def total(column: NDArray[Any]) -> NDArray[Any]:
        sums: NDArray[Any] = np.add.reduceat(column.astype(np.int64)[rows], starts)
        return sums.astype(np.int32)

    time_ms = events["time_ms"][rows]
    newest = np.maximum.reduceat(time_ms, starts)
    latest = minute == (newest // _MINUTES_MS).repeat(count)
    return pl.DataFrame(
        {
            "kind": kind[starts],
            "value": value[starts],
            "account": account[starts],
            "tile": tile[starts].astype(np.int32),
            "events": count.astype(np.int32),
            "foreign": total(events["foreign"]),
            "log_in": total(events["log_in"]),
            "log_out": total(events["log_out"]),
            "streamed": total(events["streamed"]),
            "first_ms": np.minimum.reduceat(time_ms, starts),
            "last_ms": newest,
            # how many of the events are of the ten minutes of the newest one
            "latest": np.add.reduceat(latest, starts, dtype=np.int32),
        }
    )


def _seen(kinds: Sequence[LinkKind], events: Columns) -> tuple[NDArray[np.uint8], Keys, NDArray[np.int64]]:
    """Kind, value and event of everything seen, sorted by kind, value, account and tile.

    An event shows values of several kinds: it is put in its place by account once, not once for each.
    """
    by_account = order_by(events["account"], events["time_ms"] // TILE_MS)
    values: list[Keys] = []
    rows: list[NDArray[np.int64]] = []
    for kind in kinds:
        value = link_values(kind, events)[by_account]
        known = np.flatnonzero(value)
        order = known[order_by(value[known])]
        values.append(value[order])
        rows.append(by_account[order])
    kind_of = np.repeat(np.arange(len(kinds), dtype=np.uint8), [len(each) for each in rows])
    return kind_of, np.concatenate(values), np.concatenate(rows)


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
