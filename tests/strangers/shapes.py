"""Distributions that everything draws from: sizes, choices, and the units of time."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
"""64-bit hashes; 0 stands for absence."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rng = np.random.Generator

SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
START_MS: Final = 1_772_409_600_000
"""2026-03-02T00:00:00Z, a Monday: the first day of every world."""
DAYS: Final = 28


class Shape(NamedTuple):
    """Log-normal by its median and the deviation of its logarithm."""

    median: float
    sigma: float

    def draw(self, rng: Rng, count: int) -> Floats:
        """`count` values."""
        return np.exp(rng.normal(np.log(self.median), self.sigma, count))

    def one(self, rng: Rng) -> float:
        """One value."""
        return float(self.draw(rng, 1)[0])


class Mix(NamedTuple):
    """Values with weights that sum to one."""

    values: Words
    weights: Floats

    def pick(self, rng: Rng, count: int) -> Words:
        """`count` values with replacement."""
        if len(self.values) == 1:
            return np.repeat(self.values, count)
        return rng.choice(self.values, count, p=self.weights)


NOTHING: Final = Mix(np.zeros(1, np.uint64), np.ones(1))
"""Always absent."""


def mix(values: Any, weights: Any = None) -> Mix:
    """Values with weights in any scale; equal where none are given."""
    array = np.asarray(values, dtype=np.uint64)
    share = np.ones(len(array)) if weights is None else np.asarray(weights, dtype=float)
    return Mix(array, share / share.sum())


def zipf(rng: Rng, values: Any, power: float = 1.1) -> Mix:
    """The values in a drawn order of popularity, the k-th as often as k**-power."""
    array = rng.permutation(np.asarray(values, dtype=np.uint64))
    return mix(array, np.arange(1, len(array) + 1) ** -power)


def fresh(rng: Rng, count: int) -> Words:
    """Hashes that were never seen, none of them 0."""
    return rng.integers(1, 2**64, count, dtype=np.uint64)


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """One value, every factor between the bounds as likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def blend(*parts: Words) -> Words:
    """One hash of several, place by place (finalizer of SplitMix64); 0 only by chance."""
    total = np.zeros(1, np.uint64)
    for place, part in enumerate(parts, 1):
        total = total * np.uint64(0x9E3779B97F4A7C15) + part + np.uint64(place)
        total = (total ^ (total >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        total = total ^ (total >> np.uint64(27))
    return total


def at_day(day: float) -> int:
    """Epoch in ms of a day of the world, counted from 0."""
    return START_MS + int(day * DAY_MS)
