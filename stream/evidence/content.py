"""Content: do the members say the same things?

Sees units most of whose prompts fall on templates shared across accounts, and units whose mean request
and answer sizes are all alike. Formula: binomial evidence for templates, ranks among lagged links for
the spread of mean log tokens (at its upper confidence bound). A value that some accounts have shared for
a week is common ground (a quick start, a harness, a benchmark) and counts against. So do answers to the
very body that another unit sent within the day before: a course's learners, at its notebooks, do what a
harvest has no use for, which is to ask the same again. Source: Manku et al. 2007 for near-duplicates.
Fooled by paraphrase and by padding. Needs: prompt_simhash, prompt_hash, input_tokens, output_tokens.
"""

from typing import Final

import numpy as np

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece, fixed
from stream.evidence.units import Units
from stream.evidence.widen import upper_deviation

_SIZE_CAP: Final = 2.0
COMMON_ACCOUNTS: Final = 4  # half of what makes a case: fewer are no public
COMMON_NATS: Final = -4.0
_COPIED: Final = (0.15, 0.4)
"""Shares of answers, by the logarithm of their size, from which others' bodies count and at which in full: of
campaigns of three makes all but a relay's and one of stored prompts stay below the first, online courses and
quick starts come to .35 to .8. Who would pass for one pays for every second answer in vain, or sends several
bodies that are answered in a word for each one that he wants."""
_COPIED_NATS: Final = -4.0


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Pieces `templated`, `tokens_in`, `tokens_out`, `common`, `copied`."""
    return [
        lagged.trait("templated", units),
        lagged.ranked("tokens_in", upper_deviation(units, units.log_in), units, _SIZE_CAP),
        lagged.ranked("tokens_out", upper_deviation(units, units.log_out), units, _SIZE_CAP),
        _common(units, lagged),
        _copied(units),
    ]


def _copied(units: Units) -> Piece:
    share, (least, most) = units.mean(units.copied), _COPIED
    nats = _COPIED_NATS * np.clip((np.nan_to_num(share) - least) / (most - least), 0, 1)
    return fixed("copied", nats, share, 0.0, least)


def _common(units: Units, lagged: Lagged) -> Piece:
    known = units.by_kind(lambda kind: kind.common) & (lagged.veterans >= COMMON_ACCOUNTS)
    return fixed("common", np.where(known, COMMON_NATS, 0.0), lagged.veterans, 0.0, COMMON_ACCOUNTS)
