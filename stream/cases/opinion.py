"""Opinion: what the table of weights and the boosted trees make of a link, beside the rules that judged it.

The rules add up nats and know what else explains them; each was written for a world in which they erred. The
table knows no rules: it says how likely links with such evidence were a campaign's, and in what their members
were alike. The trees know what one figure means beside another. They err on different links, so all are
heard: what one finds wanting the others have to make up. Where fields are missing table and trees miss
evidence that they count on, and have so much less of a vote.
"""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from stream.cases.judged import Judged
from stream.cases.outline import outline
from stream.evidence.piece import Floats, Piece
from stream.learning.trees import Trees
from stream.learning.weights import Weights

NATS: Final = 6.0
"""Nats over the rules' need that say as much as one log odds of the others."""
VOTES: Final = 3.0
"""Those of the others, to the rules' one."""
SOME_NATS: Final = 6.0
"""Nats that speak against a link below which nobody is asked: nothing such was learned from."""


class Learned(NamedTuple):
    """What was learned from links whose truth is known."""

    table: Weights
    trees: Trees


def heard(judged: Judged, likeness: dict[str, Piece], remembered: Floats, learned: Learned) -> Judged:
    """The links with the others heard. `remembered`: nats of analysts' decisions, (links,)."""
    margin = judged.total - judged.need
    pieces = judged.pieces | likeness
    voice = learned.table.heard(pieces)
    # rounded, so that the last bit of a sum of floats cannot decide
    asked = np.round(against(judged.pieces), 6) >= SOME_NATS
    figures = {name: of[asked] for name, of in outline(judged, likeness).items()}
    odds = learned.table.log_odds(pieces, voice) + voice * learned.trees.bias
    odds[asked] += voice * (learned.trees.log_odds(figures) - learned.trees.bias)
    told = NATS * odds + remembered
    votes = VOTES * voice
    opinion = votes / (1 + votes) * (told - margin)
    total = judged.total + opinion
    able = judged.able & asked
    hot = able & (np.round(total - judged.need, 6) >= 0)
    return replace(judged, likeness=likeness, total=total, opinion=opinion, able=able, hot=hot)


def against(pieces: dict[str, Piece]) -> Floats:
    """Nats that speak against each link, shape (links,)."""
    return np.asarray(np.sum([np.maximum(piece.nats, 0.0) for piece in pieces.values()], axis=0))
