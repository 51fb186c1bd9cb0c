"""Conversation: do the members carry one another's conversations?

Sees conversations continued under another account, conversations whose earlier turns never passed here,
and bodies refused on one account and served on another within a minute. Formula: binomial evidence against
the lagged rate of the link kind. Source: replayed sessions and relays with failover. Fooled by sticky
sessions without failover, by handing on within fixed pairs (`stream.memory.partners`), and by stripping the
history. Needs: conversation_prev, conversation_next, prompt_hash, status.
"""

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Pieces `orphaned`, `handed_over`, `failed_over`."""
    return [lagged.trait(name, units) for name in ("orphaned", "handed_over", "failed_over")]
