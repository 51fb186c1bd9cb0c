"""Breadth: do the same unrelated units share several rare things at once?

Sees how many other links of the kind have half of the members in common. Honest strangers share one tool
or one exit; a pool shares ten templates. Formula: 2 ln(1 + number), at most 5. Fooled by a task shard of
its own for each account. Needs: the fields of the kind.
"""

from typing import Final

import numpy as np

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, fixed
from stream.evidence.units import Units

_CAP: Final = 5.0
_WEIGHT: Final = 2.0


def nats(others: Floats) -> Floats:
    """Weight of the further links that each link's units share; shape (links,)."""
    return np.asarray(np.minimum(_CAP, _WEIGHT * np.log1p(others)))


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `breadth`."""
    return [fixed("breadth", nats(units.companions), units.companions, 0.0, 1.0)]
