"""Evidence: one family a module, all with one signature: units of links -> pieces of evidence."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from stream.evidence import (
    breadth,
    content,
    conversation,
    exchangeability,
    identity,
    network,
    place,
    refusal,
    regime,
    rhythm,
)
from stream.evidence.exchangeability import LIKENESS
from stream.evidence.lagged import RANKED, Lagged
from stream.evidence.piece import Piece
from stream.evidence.units import Units
from stream.links.kinds import LinkKind

Score = Callable[[Units, Lagged], list[Piece]]

FAMILIES: Final[dict[str, Score]] = {
    "identity": identity.score,
    "network": network.score,
    "exchangeability": exchangeability.score,
    "rhythm": rhythm.score,
    "content": content.score,
    "conversation": conversation.score,
    "refusal": refusal.score,
    "regime": regime.score,
    "breadth": breadth.score,
    "place": place.score,
}
"""Family -> how it scores."""

_FIELDS_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "identity": ("account_created_at", "email_class"),
    "network": ("client_ip",),
    "exchangeability": ("asn", "user_agent", "ja4", "model", "input_tokens", "params_hash", "message_count"),
    "rhythm": ("time",),
    "content": ("prompt_simhash", "input_tokens", "output_tokens"),
    "conversation": ("conversation_prev", "conversation_next", "prompt_hash"),
    "refusal": ("safety_code",),
    "regime": ("params_hash", "client_ip", "user_agent"),
    "place": ("client_ip",),
}
"""Family -> fields of the record that it can use, whatever the link kinds are."""


def fields_needed(kinds: Sequence[LinkKind]) -> dict[str, tuple[str, ...]]:
    """Family -> fields of the record that it can use; it is blind where all of them are missing."""
    broad = dict.fromkeys(record for kind in kinds if kind.breadth for record in kind.records())
    needed = _FIELDS_NEEDED | ({"breadth": tuple(broad)} if broad else {})
    return {family: needed[family] for family in FAMILIES if family in needed}


PIECES: Final = (
    "young", "throwaway", "roaming", "alike", "uniform_tool", "even", "templated", "tokens_in", "tokens_out",
    "common", "orphaned", "handed_over", "failed_over", "refused", "changed", "breadth", "place", "copied",
)  # fmt: skip
"""Every piece of evidence, by name."""


class Scored(NamedTuple):
    """Evidence about links, by name: `pieces` that add up, and `likeness`, which only a table weighs."""

    pieces: dict[str, Piece]
    likeness: dict[str, Piece]


def score(units: Units, lagged: Lagged, reach: float = -np.inf) -> Scored:
    """All evidence about links; silent where a link's own value fixes it.

    `alike` and likeness are worked out only for links with `reach` nats against them without.
    """
    told = [piece for family in FAMILIES.values() for piece in family(units, lagged)]
    pieces = {piece.name: _silenced(piece, units) for piece in told}
    against = np.sum([np.maximum(piece.nats, 0.0) for piece in pieces.values()], axis=0)
    alike, likeness = exchangeability.alike(units, lagged, against >= reach)
    return Scored(pieces | {"alike": _silenced(alike, units)}, likeness)


def _silenced(piece: Piece, units: Units) -> Piece:
    blind = units.by_kind(lambda kind: piece.name in kind.blind_to)
    nats = np.where(blind, 0.0, piece.nats)
    return Piece(piece.name, nats, piece.observed, piece.expected, piece.threshold)


__all__ = [
    "FAMILIES", "LIKENESS", "PIECES", "RANKED", "Lagged", "Piece", "Score", "Scored", "Units",
    "fields_needed", "score",
]  # fmt: skip
