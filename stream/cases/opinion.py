"""Opinion: what the table of weights makes of a link, beside the rules that judged it.

The rules add up nats and know what else explains them; each was written for a world in which they erred. The
table knows no rules: it says how likely links with such evidence were a campaign's. They err on different
links, so both are heard, with one vote each: what one finds wanting the other has to make up. Where fields
are missing the table misses evidence that it counts on, and has so much less of a vote. It knows no rooms: of
who is together in one place the rules judge alone.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from stream.cases.hot import Judged, in_one_place
from stream.evidence.piece import Floats
from stream.learning.weights import Weights

_NATS: Final = 6.0
"""Nats over the rules' need that say as much as one of the table's log odds."""
_OUTRIGHT: Final = 5.0
"""Nats over the need, of both together, at which no product explains a link: on 32 looked-at worlds links
that one might explain came to 2.7. New accounts with a tool and templates of their own, even but hardly
alike, were sure for the table and nothing to the rules: 37 of a judge's made 21,000 exchanges unseen."""


def heard(judged: Judged, remembered: Floats, table: Weights) -> Judged:
    """The links with the table heard. `remembered`: nats of analysts' decisions, (links,)."""
    margin = judged.total - judged.need
    together = in_one_place(judged.units, judged.pieces)
    voice = np.where(together, 0.0, table.heard(judged.pieces))
    told = _NATS * table.log_odds(judged.pieces, voice) + remembered
    opinion = voice / (1 + voice) * (told - margin)
    total = judged.total + opinion
    # rounded, so that the last bit of a sum of floats cannot decide
    over = np.round(total - judged.need, 6)
    hot = (judged.able & (over >= 0)) | (judged.product & ~together & (over >= _OUTRIGHT))
    return replace(judged, total=total, opinion=opinion, hot=hot)
