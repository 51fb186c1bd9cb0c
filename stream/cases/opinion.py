"""Opinion: what the table of weights makes of a link, beside the rules that judged it.

The rules add up nats and know what else explains them; each was written for a world in which they erred. The
table knows no rules: it says how likely links with such evidence were a campaign's, and it alone knows in
what members are alike. They err on different links, so both are heard: what one finds wanting the other has
to make up. Where fields are missing the table misses evidence that it counts on, and has so much less of a
vote.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from stream.cases.hot import BUSY, busier, in_one_place
from stream.cases.judged import Judged
from stream.evidence.piece import Floats, Piece
from stream.learning.weights import Weights

NATS: Final = 6.0
"""Nats over the rules' need that say as much as one of the table's log odds."""
VOTES: Final = 3.0
"""The table's, to the rules' one."""
_ROOM: Final = 1.2
"""Log odds that speak for who is together in one place and not busy, besides what `place` takes back: a
class is new, on one network and model, with the machines of one room. Of 214 campaigns two more are missed
for it."""
_WHOLE_ROOM: Final = 3.0
"""Where the link is that place: whole classes were named. On 31 looked-at worlds one campaign is missed for
it, for what ties a quiet pool are its prompts, cards and hand-overs too."""
_OUTRIGHT: Final = 8.0
"""Nats over the need, of both together, at which no product explains a link: customers of a review product
came to 5.2. New accounts with a tool and templates of their own, even but hardly alike, were sure for the
table and nothing to the rules: 37 of a judge's made 21,000 exchanges unseen."""


def heard(judged: Judged, likeness: dict[str, Piece], remembered: Floats, table: Weights) -> Judged:
    """The links with the table heard. `remembered`: nats of analysts' decisions, (links,)."""
    margin = judged.total - judged.need
    pieces = judged.pieces | likeness
    voice = table.heard(pieces)
    told = NATS * (table.log_odds(pieces, voice) - room(judged)) + remembered
    votes = VOTES * voice
    opinion = votes / (1 + votes) * (told - margin)
    total = judged.total + opinion
    # rounded, so that the last bit of a sum of floats cannot decide
    over = np.round(total - judged.need, 6)
    apart = ~in_one_place(judged.units, judged.pieces)
    hot = (judged.able & (over >= 0)) | (judged.product & apart & (over >= _OUTRIGHT))
    return replace(judged, likeness=likeness, total=total, opinion=opinion, hot=hot)


def room(judged: Judged) -> Floats:
    """Log odds that speak for members who are together in one place, shape (links,)."""
    units = judged.units
    whole = units.by_kind(lambda kind: kind.fields == ("network",))
    together = in_one_place(units, judged.pieces)
    return np.where(busier(units, BUSY), 0.0, np.where(whole, _WHOLE_ROOM, _ROOM * together))
