"""Opinion: what the boosted trees make of a link, in the place of the rules that judged it.

The rules add up nats and know what else explains them; each was written for a world in which they erred. The
trees know what one figure means beside another. Where fields are missing trees miss evidence that they count
on, and have so much less of a say: the rest is the rules'.
"""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.cases.judged import Judged
from stream.cases.outline import OBSERVED, outline
from stream.evidence.piece import Floats, Piece
from stream.learning.trees import Trees
from stream.learning.weights import Weights

NATS: Final = 6.0
"""Nats over the rules' need that say as much as one log odds of the trees."""
SOME_NATS: Final = 2.0
"""Nats that speak against a link, likeness apart, below which nobody is asked: it is none to look at."""
_SAME_RHO: Final = 0.25
_SAME_LEAST: Final = 3
"""Attributes in which members are that much more alike than strangers make it a reason. On 47 looked-at
worlds, at four honest groups over the threshold, 83 % of the campaigns are found within half a day of their
first link with it, 79 % without; thieves who imitate their victims share nothing else."""


class Learned(NamedTuple):
    """What was learned from links whose truth is known: the table tells how much of it there is to hear."""

    table: Weights
    trees: Trees


def heard(judged: Judged, likeness: dict[str, Piece], remembered: Floats, learned: Learned) -> Judged:
    """The links with the trees heard. `remembered`: nats of analysts' decisions, (links,)."""
    # rounded, so that the last bit of a sum of floats cannot decide
    asked = np.round(against(judged.pieces), 6) >= SOME_NATS
    figures = {name: of[asked] for name, of in outline(judged, likeness).items()}
    odds = np.full(len(asked), learned.trees.bias)
    odds[asked] = learned.trees.log_odds(figures)
    told = NATS * odds + remembered
    voice = learned.table.heard(judged.pieces | likeness)
    opinion = voice * (told - (judged.total - judged.need))
    opined = replace(
        judged,
        likeness=likeness,
        total=judged.total + opinion,
        opinion=opinion,
        enough=judged.enough & asked,
        reasons=judged.reasons + _alike_in_some(likeness),
    )
    return replace(opined, swayed=_swayed(opined, learned.trees, voice))


def _swayed(judged: Judged, trees: Trees, voice: float) -> dict[int, dict[str, float]]:
    """What each piece of evidence of the hot links, by its nats and as observed, is worth to the trees.

    That something is unknown is worth something to them too, and is nothing to tell.
    """
    hot = np.flatnonzero(judged.hot)
    if not len(hot):
        return {}
    shares = trees.shares({name: of[hot] for name, of in outline(judged, judged.likeness).items()})
    pieces = judged.pieces | judged.likeness
    worth = {name: np.zeros(len(hot)) for name in pieces}
    for feature, share in shares.items():
        name = feature.removesuffix(OBSERVED)
        if name in worth:
            worth[name] += NATS * voice * share
    known = {name: np.isfinite(piece.observed[hot]) for name, piece in pieces.items()}
    return {
        i: {name: float(of[row]) for name, of in worth.items() if known[name][row]}
        for row, i in enumerate(hot.tolist())
    }


def against(pieces: dict[str, Piece]) -> Floats:
    """Nats that speak against each link, likeness apart, shape (links,)."""
    return np.asarray(np.sum([np.maximum(p.nats, 0.0) for p in pieces.values() if p.name != "alike"], axis=0))


def _alike_in_some(likeness: dict[str, Piece]) -> NDArray[np.bool_]:
    # what is unknown is nan, and no less than anything
    same = np.sum([piece.observed <= _SAME_RHO for piece in likeness.values()], axis=0)
    return np.asarray(same >= _SAME_LEAST)
