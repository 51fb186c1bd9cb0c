"""Change of regime: are the members accounts with a past that somebody else uses now?

Sees accounts known for four days or more whose events on the link are foreign to them, a new network and
two of parameters, prefix and client new at once. Formula: binomial evidence against the lagged rate of the
link kind, where some of them go on in their old way too: in a migration nobody does. Source: stolen and
resold keys. Fooled by imitating the victim, by novelty one at a time, or by keys whose owners have stopped;
a migration whose accounts work in both ways for days looks alike. Needs: params_hash, prompt_prefix_hash,
client_ip, user_agent or ja4.
"""

from typing import Final

import numpy as np

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units

_GOES_ON: Final = 0.1
"""Share of them that tells a theft: within half a day a fifth to a third of the robbed owners showed."""


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `changed`."""
    piece = lagged.trait("changed", units)
    with np.errstate(invalid="ignore"):
        goes_on = units.total(units.traits["changed"] * units.goes_on) / units.total(units.traits["changed"])
    nats = np.where(goes_on >= _GOES_ON, piece.nats, 0.0)
    return [Piece(piece.name, nats, piece.observed, piece.expected, piece.threshold)]
