"""Group-by in NumPy: order rows by key once, reduce any number of columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Groups:
    """Rows grouped by one or several key columns of shape (n,), groups in ascending key order.

    Within a group the rows keep their order, so sums of floats come out the same whenever the rows do.
    """

    def __init__(self, *keys: NDArray[Any]) -> None:
        """Sort by the first key, then the next."""
        self.order = (
            np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(tuple(reversed(keys)))
        )
        edges = np.zeros(len(self.order), np.bool_)
        if len(edges):
            edges[0] = True
        for key in keys:
            ordered = key[self.order]
            edges[1:] |= ordered[1:] != ordered[:-1]
        self.starts: NDArray[np.int64] = np.flatnonzero(edges)
        self._ids = np.cumsum(edges) - 1

    def __len__(self) -> int:
        """Number of groups."""
        return len(self.starts)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each group."""
        return np.diff(np.append(self.starts, len(self.order)))

    @property
    def ids(self) -> NDArray[np.int64]:
        """Group number of each row, in the rows' own order."""
        ids = np.empty(len(self.order), np.int64)
        ids[self.order] = self._ids
        return ids

    def first(self, values: NDArray[Any]) -> NDArray[Any]:
        """First value of each group."""
        return values[self.order[self.starts]]

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum of each group; booleans count."""
        if values.dtype == np.bool_:
            values = values.astype(np.int64)
        return _reduce(np.add, values[self.order], self.starts)

    def max(self, values: NDArray[Any]) -> NDArray[Any]:
        """Largest of each group."""
        return _reduce(np.maximum, values[self.order], self.starts)

    def min(self, values: NDArray[Any]) -> NDArray[Any]:
        """Smallest of each group."""
        return _reduce(np.minimum, values[self.order], self.starts)

    def median(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Median of each group (the lower of the two middle values where they are even)."""
        ordered = values[self.order]
        order = np.lexsort((ordered, self._ids))
        middle = self.starts + (self.counts - 1) // 2
        return np.asarray(ordered[order][middle], np.float64)


def _reduce(ufunc: np.ufunc, ordered: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    if not len(starts):
        return ordered[:0]
    result: NDArray[Any] = ufunc.reduceat(ordered, starts, axis=0)
    return result
