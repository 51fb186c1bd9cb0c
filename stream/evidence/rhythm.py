"""Rhythm: is the load of the members too even?

Sees the spread of log request rates between units beyond what Poisson counts bring, at its upper
confidence bound, ranked among lagged links. Honest groups span decades of activity; a dispatcher
shares work out. Who has just come has made a few requests, and is even for that: of a handful each the
evidence counts in part. Source: load balancing across account pools. Fooled by heavy-tailed budgets.
Needs: time.
"""

from typing import Final

import numpy as np

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece
from stream.evidence.units import Units
from stream.evidence.widen import widening

_CAP: Final = 4.0
_FULL_RATE: Final = 10.0  # events in three days from which rates are told from those of who has just come
_TEMPLATE_RATE: Final = 20.0  # below, rates on a template are mostly noise


def excess_spread(units: Units) -> Floats:
    """Between-unit standard deviation of log rate beyond Poisson noise, upper bound; shape (links,)."""
    upper = units.variance(units.log_rate) * widening(units.votes.astype(np.float64)) ** 2
    return np.asarray(np.sqrt(np.maximum(upper - units.mean(1 / units.events), 0)))


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `even`."""
    piece = lagged.ranked("even", excess_spread(units), units, _CAP)
    typical = np.exp(units.mean(units.log_rate))
    on_template = units.by_kind(lambda kind: "template" in kind.fields)
    counts = np.where(
        on_template, np.clip(typical / _TEMPLATE_RATE, 0, 1) ** 2, np.clip(typical / _FULL_RATE, 0, 1)
    )
    return [Piece(piece.name, piece.nats * counts, piece.observed, piece.expected, piece.threshold)]
