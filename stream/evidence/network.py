"""Network: do the members come from nowhere in particular?

Sees units without a home network: no /24 or /48 carries half of their events. Formula: binomial
evidence against the lagged rate of the link kind; silent on network links, whose value fixes it. Source:
residential proxy pools rotate per request or session. Fooled by sticky exits. Needs: client_ip.
"""

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `roaming`."""
    return [lagged.trait("roaming", units)]
