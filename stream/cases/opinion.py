"""Opinion: what the table of weights makes of a link, beside the rules that judged it.

The rules add up nats and know what else explains them; each was written for a world in which they erred. The
table knows no rules: it says how likely links with such evidence were a campaign's. They err on different
links, so both are heard, with one vote each: what one finds wanting the other has to make up.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from stream.cases.hot import Judged
from stream.evidence import Piece
from stream.evidence.piece import Floats
from stream.learning.weights import Weights

_NATS: Final = 6.0
"""Nats over the rules' need that say as much as one of the table's log odds."""


def heard(judged: Judged, news: Mapping[str, Piece], remembered: Floats, table: Weights) -> Judged:
    """The links with the table heard. `news`, `remembered`: what the rules were told, (links,) each."""
    margin = judged.total - judged.need
    opinion = (_NATS * table.log_odds(news) + remembered - margin) / 2
    total = judged.total + opinion
    # rounded, so that the last bit of a sum of floats cannot decide
    hot = judged.able & (np.round(total, 6) >= np.round(judged.need, 6))
    return replace(judged, total=total, opinion=opinion, hot=hot)
