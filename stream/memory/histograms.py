"""Ten small histograms of what an account's events look like, one byte a bin.

They answer one question: are the members of a group more alike to one another than two strangers, that
is, could they be draws from one dispatcher? Eight bins an attribute: categories fall into a bin by hash,
sizes by their logarithm.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.slots import mix
from stream.windows.tiles import HOUR_MS

ATTRIBUTES: Final = (
    "operator", "user_agent", "ja4", "model", "hour", "tokens_in", "tokens_out", "parameters", "shape",
    "prefix",
)  # fmt: skip
BINS: Final = 8
WIDTH: Final = len(ATTRIBUTES) * BINS
UNKNOWN: Final = -1


def _by_hash(values: NDArray[Any]) -> NDArray[np.int64]:
    bins = (mix(values.astype(np.uint64)) >> np.uint64(61)).astype(np.int64)
    return np.where(values != 0, bins, UNKNOWN)


def _by_size(values: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    logs = np.log2(np.maximum(values, 1)).astype(np.int64)
    return np.where(values >= 0, np.clip(logs - least, 0, BINS - 1), UNKNOWN)


def bins(events: Columns) -> NDArray[np.int64]:
    """Bin of each event in each attribute, -1 where unknown; shape (n, attributes)."""
    depth = np.clip(np.log2(np.maximum(events["message_count"], 1)).astype(np.int64), 0, 3)
    shape = np.maximum(events["stream"].astype(np.int64), 0) * 4 + depth
    parameters = np.where(
        (events["params"] | events["tools"]) != 0, mix(events["params"], events["tools"]), np.uint64(0)
    )
    prefix = np.where(events["prefix"] == 0, np.uint64(1), events["prefix"])
    return np.stack(
        [
            _by_hash(events["asn"]),
            _by_hash(events["user_agent"]),
            _by_hash(events["ja4"]),
            _by_hash(events["model"]),
            events["time_ms"] % (24 * HOUR_MS) // (3 * HOUR_MS),
            _by_size(events["input_tokens"], 6),
            _by_size(events["output_tokens"], 4),
            _by_hash(parameters),
            np.where(events["message_count"] >= 0, shape, UNKNOWN),
            _by_hash(prefix),
        ],
        axis=1,
    )


def count(bins_of: NDArray[np.int64], group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Histograms of groups of events, shape (groups, WIDTH)."""
    known = bins_of >= 0
    cell = group[:, None] * WIDTH + np.arange(len(ATTRIBUTES)) * BINS + bins_of
    counts = np.bincount(cell[known], minlength=groups * WIDTH)
    return counts.reshape(groups, WIDTH)


def add(table: NDArray[np.uint8], slots: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    """Add counts to the histograms of rows; a row that would overflow is halved until it fits.

    Halving keeps the shape, which is all that is read, and lets the past fade.
    """
    total = table.take(slots, axis=0) + counts
    while (over := total.max(axis=1, initial=0) > np.iinfo(np.uint8).max).any():
        total[over] >>= 1
    table[slots] = total
