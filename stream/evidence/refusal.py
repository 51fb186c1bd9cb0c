"""Refusal: do safety refusals bunch among the members?

Sees units a fifth of whose exchanges a safety system refused. Formula: binomial evidence against the
lagged rate of the link kind. Source: searches for a technique that works. Fooled by slow probing under
many clients. Needs: safety_code.
"""

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `refused`."""
    return [lagged.trait("refused", units)]
