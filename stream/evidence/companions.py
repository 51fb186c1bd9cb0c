"""Companions of a link: other links of its kind that join the same unrelated units."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from stream.evidence.piece import Floats
from stream.windows.groups import Groups
from stream.windows.slots import Keys, mix

_OF_SMALLER: Final = 0.5
_OF_OWN: Final = 0.4
_LEAST_UNITS: Final = 8


def companions(kind: NDArray[np.uint8], votes: NDArray[np.int64], unit: Keys) -> Floats:
    """Number of other links of the kind that share half of the smaller one's units; shape (links,).

    `kind` and `votes` are of each link, `unit` the units of one link after the other.
    """
    # a unit of another kind is another unit: only links of one kind are compared
    return _near(mix(unit, kind.astype(np.uint64).repeat(votes)), votes)


def _near(unit: Keys, votes: NDArray[np.int64]) -> Floats:
    """Other links near each link; `unit`: the units of one link after the other, `votes` of each."""
    column = Groups(unit).ids
    cells = (np.ones(len(unit)), column, np.append(0, np.cumsum(votes)))
    incidence = csr_array(cells, shape=(len(votes), int(column.max(initial=0)) + 1))
    shared = (incidence @ incidence.T).tocoo()
    one, other, common = shared.row, shared.col, shared.data
    near = (
        (one != other)
        & (votes[other] >= _LEAST_UNITS)
        & (common >= _OF_SMALLER * np.minimum(votes[one], votes[other]))
        & (common >= _OF_OWN * votes[one])
    )
    return np.bincount(one[near], minlength=len(votes)).astype(np.float64)
