"""Change of regime: are the members accounts with a past that somebody else uses now?

Sees accounts known for four days or more whose events on the link are foreign to them, a new network and
two of parameters, prefix and client new at once, while their old way of working goes on. Formula: binomial
evidence against the lagged rate of the link kind. Source: stolen and resold keys. Fooled by imitating the
victim, by novelty one at a time, or by keys whose owners have stopped; honest accounts that work in a new
and an old way for days while they move look alike. Needs: params_hash, prompt_prefix_hash, client_ip,
user_agent or ja4.
"""

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `changed`."""
    return [lagged.trait("changed", units)]
