"""Rhythm: is the load of the members too even?

Sees the spread of log request rates between units beyond what Poisson counts bring, at its upper
confidence bound, ranked among lagged links. Honest groups span decades of activity; a dispatcher
shares work out. Source: load balancing across account pools. Fooled by heavy-tailed budgets. Needs: time.
"""

from typing import Final

import numpy as np

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, tail
from stream.evidence.units import Units
from stream.evidence.widen import widening

_CAP: Final = 4.0
_TEMPLATE_RATE: Final = 20.0  # events in three days below which rates on a template are mostly noise


def excess_spread(units: Units) -> Floats:
    """Between-unit standard deviation of log rate beyond Poisson noise, upper bound; shape (links,)."""
    upper = units.variance(units.log_rate) * widening(units.votes.astype(np.float64)) ** 2
    return np.asarray(np.sqrt(np.maximum(upper - units.mean(1 / units.events), 0)))


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `even`."""
    piece = tail("even", excess_spread(units), lagged.ranks["even"], _CAP)
    typical = np.exp(units.mean(units.log_rate))
    damped = np.clip(typical / _TEMPLATE_RATE, 0, 1) ** 2
    nats = piece.nats * np.where(units.by_kind(lambda kind: "template" in kind.fields), damped, 1.0)
    return [Piece(piece.name, nats, piece.observed, piece.expected, piece.threshold)]
