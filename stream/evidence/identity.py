"""Identity: do the members look made for the purpose?

Sees accounts that are young or have only just woken up, and disposable mail, among the units of a link.
Formula: binomial evidence against the lagged rate of the link kind. Source: disclosures of fraudulent
account pools (2024-2026) name young and bought old accounts. Fooled by accounts that are kept busy for
months on clean mail; classrooms and launches are young too, so identity alone never makes a case. Needs:
account_created_at, email_class. Without both it counts as blind, though the first exchange still tells
who is new.
"""

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Pieces `young`, `throwaway`."""
    return [lagged.trait("young", units), lagged.trait("throwaway", units)]
