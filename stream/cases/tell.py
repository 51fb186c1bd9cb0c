"""Telling: pieces of evidence as an analyst reads them, with observed, expected and threshold."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from stream.cases.judged import Judged
from stream.evidence.piece import Piece
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
    "copied": Wording("content", "share", "they ask what others ask too, word for word"),
    "common": Wording("content", "accounts", "others have shared it for a week and more"),
}
"""Piece -> how it is told; traits bring their own."""
_SAME: Final = {
    "same_operator": "they come through the same network operators",
    "same_user_agent": "they use the same clients",
    "same_ja4": "their clients show the same fingerprints",
    "same_model": "they ask the same models",
    "same_hour": "they are at work at the same hours",
    "same_tokens_in": "their requests spread over the same sizes",
    "same_tokens_out": "their answers spread over the same sizes",
    "same_parameters": "they use the same parameters and tools",
    "same_shape": "their conversations have the same depths",
    "same_prefix": "they use the same prompt heads",
}


def tell(judged: Judged, position: int) -> tuple[Evidence, ...]:
    """Evidence on one link, strongest first; likeness by attribute, which the rules do not count, last."""
    told = [_told(piece, position) for piece in judged.pieces.values()]
    for piece in judged.likeness.values():
        evidence = _told(piece, position)
        told.append(replace(evidence, nats=0.0, candidate=evidence.nats))
    swayed = judged.swayed.get(position, {})
    told = [replace(one, trees=round(swayed[one.name], 3)) if one.name in swayed else one for one in told]
    # what members do not show may move the trees too, but its sentence would say that they do
    telling = [evidence for evidence in told if abs(evidence.feature) >= _TELLING_NATS]
    return tuple(sorted(telling, key=lambda evidence: (-evidence.nats, -evidence.feature, evidence.name)))


def _told(piece: Piece, position: int) -> Evidence:
    family, unit, sentence = _wording(piece.name)
    observed, expected, threshold = (
        _plain(of[position]) for of in (piece.observed, piece.expected, piece.threshold)
    )
    nats = round(float(piece.nats[position]), 3)
    return Evidence(family, piece.name, observed, expected, threshold, unit, nats, sentence)


def _plain(value: np.float64) -> float:
    """Rounded, so that the last bit of a sum cannot change a byte of a finding."""
    return round(float(value), 6) if np.isfinite(value) else 0.0


def _wording(name: str) -> Wording:
    if name in TRAITS:
        trait = TRAITS[name]
        return Wording(trait.family, "share", trait.sentence)
    return Wording("exchangeability", "rho", _SAME[name]) if name in _SAME else WORDINGS[name]
