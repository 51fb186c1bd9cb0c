"""Outline: all that is known of each judged link, as one row of figures for the boosted trees.

Stands between the rules, which judged the link, and the opinion, which hears the trees.
"""

from typing import Final

import numpy as np

from stream.cases.hot import in_one_place
from stream.cases.judged import Judged
from stream.evidence import LIKENESS, PIECES, Piece
from stream.evidence.piece import Floats
from stream.evidence.units import Units

OBSERVED: Final = ".observed"
_DAY_H: Final = 24.0
FEATURES: Final = (
    *PIECES,
    *(name + OBSERVED for name in PIECES),
    *LIKENESS,
    "units", "accounts", "rate", "rate_variance", "active_hours", "goes_on", "away", "share", "began_within",
    "began_ago", "began_sd", "beside", "together", "one_place", "extra_nats", "ties", "adherence", "network",
)  # fmt: skip
"""Every figure: nats of each piece of evidence and what was observed, rho of each attribute, and the rest."""


def outline(judged: Judged, likeness: dict[str, Piece]) -> dict[str, Floats]:
    """Feature -> figure of each link, nan where it is unknown; shape (links,) each.

    `units`, `accounts`, `rate` (events of a member in three days), `began_ago` (hours since they came to the
    link, in the mean) and `began_sd`, its spread, are logarithms; `began_within` is the largest share that
    came there within one day. What the rules came to is not among them.
    """
    units, pieces = judged.units, judged.pieces
    accounts = np.add.reduceat(units.size, units.start)
    rest = (
        np.log(units.votes),
        np.log(accounts),
        units.mean(units.log_rate),
        units.variance(units.log_rate),
        units.mean(units.active_hours),
        *(units.mean(of) for of in (units.goes_on, units.away, units.share)),
        *_began(units),
        units.beside,
        units.together / units.votes,
        in_one_place(units, pieces),
        units.by_kind(lambda kind: kind.extra_nats),
        units.by_kind(lambda kind: kind.ties),
        units.by_kind(lambda kind: kind.adherence),
        units.by_kind(lambda kind: kind.fields == ("network",)),
    )
    nats = [pieces[name].nats for name in PIECES]
    seen = [pieces[name].observed for name in PIECES]
    rho = [likeness[name].observed for name in LIKENESS]
    figures = (*nats, *seen, *rho, *rest)
    return {name: np.asarray(of, np.float64) for name, of in zip(FEATURES, figures, strict=True)}


def _began(units: Units) -> tuple[Floats, Floats, Floats]:
    """When the units came to each link: largest share within a day, how long ago, and how far apart."""
    since = units.began_h - units.began_h.min(initial=np.inf)
    # one axis for all links: they stand further apart than a day
    place = np.sort(units.of * (since.max(initial=0.0) + 2 * _DAY_H) + since)
    within = np.searchsorted(place, place + _DAY_H, "right") - np.arange(len(place))
    newest = np.maximum.reduceat(units.last_h, units.start)
    ago = np.maximum(newest - units.mean(units.began_h), 0.0)
    return (
        np.maximum.reduceat(within, units.start) / units.votes,
        np.log1p(ago),
        np.log1p(np.sqrt(units.variance(units.began_h))),
    )
