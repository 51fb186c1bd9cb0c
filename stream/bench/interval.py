"""How sure a figure is: intervals of 95 %."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stream.bench.compare import Named

T = TypeVar("T")

_RESAMPLES: Final = 1000  # the ends of an interval move by a hundredth of its width
_SIGMAS: Final = 1.96


class Interval(NamedTuple):
    """Both ends."""

    low: float
    high: float


def wilson(part: Named) -> Interval:
    """Of the share of accounts that were named, each counting for itself (Wilson 1927).

    >>> wilson(Named(1000, 0)).high < 0.004
    True
    """
    n = max(part.accounts, 1)
    square = _SIGMAS**2 / n
    half = sqrt(part.share * (1 - part.share) / n + square / (4 * n)) * _SIGMAS
    middle = part.share + square / 2
    low = (middle - half) / (1 + square) if part.named else 0.0  # to the last bit: nobody is nobody
    return Interval(low, min(1.0, (middle + half) / (1 + square)))


def bootstrap(worlds: Sequence[T], figure: Callable[[Sequence[T]], float | None]) -> Interval | None:
    """Of a figure over worlds, which are drawn again as wholes (Efron 1979); None for a single one.

    Accounts of one campaign are found together, so that they are no independent trials. Draws that have no
    such figure are left out.
    """
    if len(worlds) < 2:
        return None
    draws = np.random.default_rng(0).integers(0, len(worlds), (_RESAMPLES, len(worlds)))
    figures = [figure([worlds[i] for i in draw]) for draw in draws]
    known = [value for value in figures if value is not None]
    return Interval(*map(float, np.quantile(known, [0.025, 0.975]))) if known else None


class Trend(NamedTuple):
    """A slope, y by x, and its interval."""

    slope: float
    interval: Interval


def trend(x: NDArray[np.float64], y: NDArray[np.float64], block: int) -> Trend:
    """The least-squares slope of `y` over `x`, shape (n,) each.

    What follows each other is alike, so residuals are drawn again in runs of `block` (Kuensch 1989): as
    many as what recurs takes, and no more than a quarter of all.
    """
    n, centred = len(x), x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - slope * centred
    block = max(1, min(block, n // 4))
    starts = np.random.default_rng(0).integers(0, n - block + 1, (_RESAMPLES, -(-n // block)))
    drawn = rest[starts[..., None] + np.arange(block)].reshape(_RESAMPLES, -1)[:, :n]
    slopes = slope + drawn @ centred / (centred @ centred)
    return Trend(slope, Interval(*map(float, np.quantile(slopes, [0.025, 0.975]))))
