"""One piece of evidence about many links at once, and the three ways to weigh one.

Weights are nats: capped log-likelihood ratios in which only the suspicious side counts.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr
from scipy.stats import norm

Floats = NDArray[np.float64]

_EFFECTIVE: Final = 30
"""Votes that count at most: members of a link are not independent."""
_LEAST_RATE: Final = 0.02
"""Honest links differ from one another: a trait that one account in a thousand shows may well be shown by
a few members of one link, so rarer rates are not believed."""
BINOMIAL_CAP: Final = 5.0
DEEDS: Final = ("orphaned", "handed_over", "failed_over", "refused", "changed")
"""What members did, not what they are: what goes beyond the cap still counts, by its logarithm. Honest
links of two looked-at worlds reach the cap in none of these with a majority of their units."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one kind of evidence says of each link; arrays of shape (links,).

    `threshold` is the observed value at which it begins to count, in the unit of `name`.
    """

    name: str
    nats: Floats
    observed: Floats
    expected: Floats
    threshold: Floats


def absent(name: str, links: int) -> Piece:
    """Nothing to say: no nats, no figures."""
    nothing = np.full(links, np.nan)
    return Piece(name, np.zeros(links), nothing, nothing, nothing)


def binomial(name: str, hits: Floats, votes: Floats, rate: float | Floats) -> Piece:
    """More `hits` among `votes` than the population's `rate`.

    Log-likelihood ratio of the one-sigma lower bound of the share against the rate, votes capped, and
    nats too: softly for DEEDS.
    """
    rate = np.broadcast_to(np.clip(rate, _LEAST_RATE, 1 - 1e-4), hits.shape)
    share = (hits + 0.5 * rate) / (votes + 0.5)
    sigma = np.sqrt(share * (1 - share) / np.maximum(votes, 1) + 1e-9)
    low = np.clip(share - sigma, 1e-6, 1 - 1e-6)
    divergence = low * np.log(low / rate) + (1 - low) * np.log((1 - low) / (1 - rate))
    raw = np.where(low > rate, np.minimum(votes, _EFFECTIVE) * divergence, 0.0)
    nats = np.minimum(BINOMIAL_CAP, raw)
    if name in DEEDS:
        nats = nats + np.log1p(np.maximum(raw - BINOMIAL_CAP, 0.0) / BINOMIAL_CAP)
    observed = np.where(votes > 0, hits / np.maximum(votes, 1e-9), np.nan)
    return Piece(name, np.where(votes > 0, nats, 0.0), observed, rate, _wilson(rate, np.maximum(votes, 1)))


def _wilson(rate: Floats, votes: Floats) -> Floats:
    """Share whose one-sigma lower bound is the rate (Wilson 1927)."""
    half = 0.5 / votes
    return (rate + half + np.sqrt(rate * (1 - rate) / votes + half**2)) / (1 + 2 * half)


TAIL_OFFSET: Final = 1.5
"""Nats of tail that count for nothing: a fifth of the honest links is always below exp(-1.5)."""
_LEAST_SPREAD: Final = 0.05


class LowerHalf(NamedTuple):
    """Where the lower half of reference links stands: a normal fitted to it, in the unit of the values."""

    middle: float
    spread: float

    def nats(self, values: Floats, cap: float) -> Floats:
        """How far in the tail `values` stand; nan says nothing."""
        nats = np.clip(-log_ndtr((values - self.middle) / self.spread) - TAIL_OFFSET, 0, cap)
        return np.where(np.isfinite(values), nats, 0.0)

    @property
    def threshold(self) -> float:
        """The value from which nats count."""
        return self.middle - _OFFSET_SIGMA * self.spread


def lower_half(reference: Floats, least: int = 40) -> LowerHalf | None:
    """Median of `reference` (ascending), and how far below it one sigma is; None of fewer than `least`."""
    known = len(reference)
    if known < least:
        return None
    middle, low = float(reference[(known - 1) // 2]), float(reference[int(_ONE_SIGMA * (known - 1))])
    return LowerHalf(middle, max(middle - low, _LEAST_SPREAD))


def tail(name: str, values: Floats, reference: Floats, cap: float) -> Piece:
    """How far in the low tail `values` stand of lagged reference links, in ascending order; nan says nothing.

    A normal tail fitted to the lower half of the reference (median, and the quantile one sigma below):
    by magnitude, because the rank among some hundred links cannot tell unusual from impossible. Silent
    with too few reference links.
    """
    half = lower_half(reference)
    if half is None:
        return absent(name, len(values))
    middle, threshold = np.full(len(values), half.middle), np.full(len(values), half.threshold)
    return Piece(name, half.nats(values, cap), values, middle, threshold)


_ONE_SIGMA: Final = float(norm.cdf(-1))
_OFFSET_SIGMA: Final = float(norm.isf(np.exp(-TAIL_OFFSET)))


def fixed(name: str, nats: Floats, observed: Any, expected: float, threshold: float) -> Piece:
    """A weight that the family itself worked out."""
    shape = nats.shape
    return Piece(
        name,
        nats,
        np.broadcast_to(np.asarray(observed, np.float64), shape),
        np.full(shape, expected),
        np.full(shape, threshold),
    )
