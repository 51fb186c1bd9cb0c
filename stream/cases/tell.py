"""Telling: pieces of evidence as an analyst reads them, with observed, expected and threshold."""

from typing import Final, NamedTuple

import numpy as np

from stream.cases.hot import Judged
from stream.evidence.traits import TRAITS
from stream.findings.finding import Evidence

_TELLING_NATS: Final = 0.3  # smaller pieces are noise to a reader


class Wording(NamedTuple):
    """Family, unit and sentence of a piece that is no trait."""

    family: str
    unit: str
    sentence: str


WORDINGS: Final[dict[str, Wording]] = {
    "even": Wording("rhythm", "log rate sd", "their request rates are too even"),
    "tokens_in": Wording("content", "log tokens sd", "their requests are all of one size"),
    "tokens_out": Wording("content", "log tokens sd", "their answers are all of one size"),
    "alike": Wording("exchangeability", "rho", "they are interchangeable: no habits of their own"),
    "uniform_tool": Wording("exchangeability", "tool diversity", "they use one and the same tool"),
    "breadth": Wording("breadth", "further links", "they share further things at once"),
    "place": Wording("place", "share", "a common place explains them in part"),
    "common": Wording("content", "accounts", "others have shared it for a week and more"),
}
"""Piece -> how it is told; traits bring their own."""


def tell(judged: Judged, position: int) -> tuple[Evidence, ...]:
    """Evidence on one link, strongest first."""
    told = []
    for name, piece in judged.pieces.items():
        nats = float(piece.nats[position])
        if abs(nats) >= _TELLING_NATS:
            family, unit, sentence = _wording(name)
            told.append(
                Evidence(
                    family,
                    name,
                    _plain(piece.observed[position]),
                    _plain(piece.expected[position]),
                    _plain(piece.threshold[position]),
                    unit,
                    round(nats, 3),
                    sentence,
                )
            )
    return tuple(sorted(told, key=lambda evidence: (-evidence.nats, evidence.name)))


def _plain(value: np.float64) -> float:
    """Rounded, so that the last bit of a sum cannot change a byte of a finding."""
    return round(float(value), 6) if np.isfinite(value) else 0.0


def _wording(name: str) -> Wording:
    if name in TRAITS:
        trait = TRAITS[name]
        return Wording(trait.family, "share", trait.sentence)
    return WORDINGS[name]
