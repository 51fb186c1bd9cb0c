"""Outline: all that is known of each judged link, as one row of figures for the boosted trees.

Stands between the rules, which judged the link, and the opinion, which hears the trees.
"""

from typing import Final

import numpy as np

from stream.cases.hot import in_one_place
from stream.cases.judged import Judged
from stream.evidence import LIKENESS, PIECES, Piece
from stream.evidence.piece import Floats

_OBSERVED: Final = ".observed"
FEATURES: Final = (
    *PIECES,
    *(name + _OBSERVED for name in PIECES),
    *LIKENESS,
    "units", "accounts", "rate", "rate_variance", "active_hours", "goes_on", "companions", "together",
    "one_place", "extra_nats", "ties", "network",
)  # fmt: skip
"""Every figure: nats of each piece of evidence and what was observed, rho of each attribute, and the rest."""


def outline(judged: Judged, likeness: dict[str, Piece]) -> dict[str, Floats]:
    """Feature -> figure of each link, nan where it is unknown; shape (links,) each.

    `units`, `accounts` and `rate` (events of a member in three days) are logarithms. What the rules came to
    is not among them: they have a vote of their own.
    """
    units, pieces = judged.units, judged.pieces
    accounts = np.add.reduceat(units.size, units.start)
    rest = (
        np.log(units.votes),
        np.log(accounts),
        units.mean(units.log_rate),
        units.variance(units.log_rate),
        units.mean(units.active_hours),
        units.mean(units.goes_on),
        units.companions,
        units.together / units.votes,
        in_one_place(units, pieces),
        units.by_kind(lambda kind: kind.extra_nats),
        units.by_kind(lambda kind: kind.ties),
        units.by_kind(lambda kind: kind.fields == ("network",)),
    )
    nats = [pieces[name].nats for name in PIECES]
    seen = [pieces[name].observed for name in PIECES]
    rho = [likeness[name].observed for name in LIKENESS]
    figures = (*nats, *seen, *rho, *rest)
    return {name: np.asarray(of, np.float64) for name, of in zip(FEATURES, figures, strict=True)}
