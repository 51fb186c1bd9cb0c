"""Breadth: do the same unrelated units share several rare things at once?

Sees how many other links of the kind have half of the members in common. Honest strangers share one tool
or one exit; a pool shares ten templates. Formula: 2 ln(1 + number), at most 5. Fooled by a task shard of
its own for each account. Needs: the fields of the kind.
"""

from typing import Final

import numpy as np
from scipy.sparse import csr_array

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, fixed
from stream.evidence.units import Units
from stream.windows.slots import mix

_CAP: Final = 5.0
_WEIGHT: Final = 2.0
_OF_SMALLER: Final = 0.5
_OF_OWN: Final = 0.4
_LEAST_UNITS: Final = 8


def companions(units: Units) -> Floats:
    """Number of other links of the kind that share half of the smaller one's units; shape (links,)."""
    links = len(units.start)
    # a unit of another kind is another unit: only links of one kind are compared
    _, unit = np.unique(mix(units.unit, units.kind[units.of].astype(np.uint64)), return_inverse=True)
    cells = (np.ones(len(unit)), (units.of, unit))
    incidence = csr_array(cells, shape=(links, int(unit.max(initial=0)) + 1))
    shared = (incidence @ incidence.T).tocoo()
    row, column, common = shared.row, shared.col, shared.data
    votes = units.votes
    near = (
        (row != column)
        & (votes[column] >= _LEAST_UNITS)
        & (common >= _OF_SMALLER * np.minimum(votes[row], votes[column]))
        & (common >= _OF_OWN * votes[row])
    )
    return np.bincount(row[near], minlength=links).astype(np.float64)


def nats(units: Units) -> Floats:
    """Weight of the further links that each link's units share, for kinds that count; shape (links,)."""
    return np.asarray(np.minimum(_CAP, _WEIGHT * np.log1p(_others(units))))


def _others(units: Units) -> Floats:
    return np.where(units.by_kind(lambda kind: kind.breadth), companions(units), 0.0)


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `breadth`."""
    return [fixed("breadth", nats(units), _others(units), 0.0, 1.0)]
