"""Breadth: do the same unrelated units share several rare things at once?

Sees how many other links of the kind have half of the members in common. Honest strangers share one tool
or one exit; a pool shares ten templates. Formula: 2 ln(1 + number), at most 5. Fooled by a task shard of
its own for each account. Needs: the fields of the kind.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, fixed
from stream.evidence.units import Units
from stream.windows.groups import Groups
from stream.windows.slots import Keys, mix

_CAP: Final = 5.0
_WEIGHT: Final = 2.0
_OF_SMALLER: Final = 0.5
_OF_OWN: Final = 0.4
_LEAST_UNITS: Final = 8


def companions(units: Units) -> Floats:
    """Number of other links of the kind that share half of the smaller one's units; shape (links,).

    0 for links of kinds that do not count.
    """
    counts = np.zeros(len(units.start))
    counted = np.flatnonzero(units.by_kind(lambda kind: kind.breadth))
    if len(counted):
        wanted = np.repeat(units.by_kind(lambda kind: kind.breadth), units.votes)
        kind = np.repeat(units.kind[counted], units.votes[counted])
        # a unit of another kind is another unit: only links of one kind are compared
        of_kind = mix(units.unit[wanted], kind.astype(np.uint64))
        counts[counted] = _near(of_kind, units.votes[counted])
    return counts


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


def nats(others: Floats) -> Floats:
    """Weight of the further links that each link's units share; shape (links,)."""
    return np.asarray(np.minimum(_CAP, _WEIGHT * np.log1p(others)))


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `breadth`."""
    others = companions(units)
    return [fixed("breadth", nats(others), others, 0.0, 1.0)]
