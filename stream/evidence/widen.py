"""Spread of few units at its upper confidence bound: eight units may be alike by luck."""

from typing import Final

import numpy as np
from scipy.stats import chi2

from stream.evidence.piece import Floats
from stream.evidence.units import Units

_QUANTILE: Final = 0.2  # one-sided: four in five small groups spread less than this bound says


def widening(votes: Floats) -> Floats:
    """Factor from a sample standard deviation to its upper bound (chi-square)."""
    # links have few different numbers of units, and a quantile costs more than to find these
    freedom, which = np.unique(np.maximum(votes - 1, 1), return_inverse=True)
    factor: Floats = np.sqrt(freedom / chi2.ppf(_QUANTILE, freedom))[which]
    return factor


def upper_deviation(units: Units, values: Floats) -> Floats:
    """Upper bound of the standard deviation between the units of each link; nan where unknown."""
    return np.asarray(np.sqrt(units.variance(values)) * widening(units.votes.astype(np.float64)))
