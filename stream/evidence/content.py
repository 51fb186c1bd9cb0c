"""Content: do the members say the same things?

Sees units most of whose prompts fall on templates shared across accounts, and units whose mean request
and answer sizes are all alike. Formula: binomial evidence for templates, ranks among lagged links for
the spread of mean log tokens (at its upper confidence bound). A value that some accounts have shared for
a week is common ground (a quick start, a harness, a benchmark) and counts against. Source: Manku et al.
2007 for near-duplicates. Fooled by paraphrase and by padding. Needs: prompt_simhash, input_tokens,
output_tokens.
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


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Pieces `templated`, `tokens_in`, `tokens_out`, `common`."""
    return [
        lagged.trait("templated", units),
        lagged.ranked("tokens_in", upper_deviation(units, units.log_in), units, _SIZE_CAP),
        lagged.ranked("tokens_out", upper_deviation(units, units.log_out), units, _SIZE_CAP),
        _common(units, lagged),
    ]


def _common(units: Units, lagged: Lagged) -> Piece:
    known = units.by_kind(lambda kind: kind.common) & (lagged.veterans >= COMMON_ACCOUNTS)
    return fixed("common", np.where(known, COMMON_NATS, 0.0), lagged.veterans, 0.0, COMMON_ACCOUNTS)
