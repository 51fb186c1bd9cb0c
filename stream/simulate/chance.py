"""Seeded chance: named random streams, 64-bit mixing, and hexadecimal columns.

Two devices keep a world reproducible and paired. Every part of it draws from a generator of its own, named
by a path, so that leaving one campaign out leaves every honest event as it was. Whatever must be the same
each time it is met (an account's exit in an hour, a template's centre, a link of a conversation) is mixed
from its coordinates, never stored.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Words: TypeAlias = npt.NDArray[np.uint64]
"""64-bit words; 0 stands for "absent" wherever a word ends up in a record."""
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Rng: TypeAlias = np.random.Generator

_HEX4 = pl.Series([f"{i:04x}" for i in range(65536)])


def word(*path: str | int) -> int:
    """The 64-bit word of a path, never 0."""
    return int.from_bytes(blake2b(repr(path).encode(), digest_size=8).digest(), "little") or 1


def generator(*path: str | int) -> Rng:
    """The random stream of a path; the first part is the seed of the world."""
    return np.random.Generator(
        np.random.PCG64(int.from_bytes(blake2b(repr(path).encode()).digest()[:16], "little"))
    )


def mix(*parts: Words | Ints | int) -> Words:
    """Fold words into one by splitmix64 (Steele, Lea, Flood 2014); arrays broadcast."""
    state = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            value = np.uint64(part) if isinstance(part, int) else part.astype(np.uint64)
            state = _splitmix(state ^ value)
    return state


def _splitmix(x: Words) -> Words:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def unit(words: Words) -> Floats:
    """Words as numbers in [0, 1)."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def words(rng: Rng, n: int) -> Words:
    """n random words, none of them 0."""
    return rng.integers(1, 2**64 - 1, n, dtype=np.uint64)


def below(words_: Words, n: Ints | int) -> Ints:
    """Words as whole numbers in [0, n)."""
    return (unit(words_) * n).astype(np.int64)


def pick(rng: Rng, weights: Floats) -> Ints:
    """One column index per row of weights (n, k), by weight."""
    cumulative = np.cumsum(weights, axis=1)
    roll = rng.random(len(weights)) * cumulative[:, -1]
    column: Ints = (roll[:, None] >= cumulative).sum(axis=1)
    return column.clip(0, weights.shape[1] - 1)


def lognormal(rng: Rng, median: float, sigma: float, n: int) -> Floats:
    """n log-normal draws by their median."""
    return median * np.exp(sigma * rng.standard_normal(n))


def hexadecimal(values: Words, present: Flags | None = None) -> pl.Series:
    """Words as 16 lower-case hexadecimal digits; 0, or where `present` is false, is null."""
    parts = [
        _HEX4.gather(((values >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.uint32))
        for shift in (48, 32, 16, 0)
    ]
    frame = pl.DataFrame({str(i): part for i, part in enumerate(parts)})
    keep = values != 0 if present is None else present & (values != 0)
    return frame.select(pl.when(pl.Series(keep)).then(pl.concat_str(pl.all())).alias("hex"))["hex"]
