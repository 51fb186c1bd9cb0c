"""Ablation: detection as if some families of evidence did not exist."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from stream.cases.tell import WORDINGS
from stream.evidence import PIECES, Lagged, Piece, Scored, Units, score
from stream.evidence import breadth as breadth_family
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS

_ALIKE = "exchangeability"


def family_of(piece: str) -> str:
    """The family that a piece of evidence belongs to."""
    return TRAITS[piece].family if piece in TRAITS else WORDINGS[piece].family


@contextmanager
def silenced(families: Collection[str]) -> Iterator[None]:
    """In the block the pieces of `families` weigh nothing, for or against; what they saw stays to be read.

    Place takes back what shared templates and breadth gave; it has nothing to take back from the silent.
    """
    silent = frozenset(name for name in PIECES if family_of(name) in families)
    trait, nats = Lagged.trait, breadth_family.nats

    def scored(units: Units, lagged: Lagged, reach: float = -np.inf) -> Scored:
        told = score(units, lagged, reach)
        pieces = {name: _weightless(piece, silent) for name, piece in told.pieces.items()}
        return Scored(pieces, {} if _ALIKE in families else told.likeness)

    def trait_of(lagged: Lagged, name: str, units: Units) -> Piece:
        return _weightless(trait(lagged, name, units), silent)

    def nats_of(others: Floats) -> Floats:
        return nats(others) * ("breadth" not in silent)

    if not silent:
        yield
        return
    with (
        patch("stream.cases.judging.score", scored),
        patch.object(Lagged, "trait", trait_of),
        patch.object(breadth_family, "nats", nats_of),
    ):
        yield


def _weightless(piece: Piece, silent: frozenset[str]) -> Piece:
    return replace(piece, nats=np.zeros_like(piece.nats)) if piece.name in silent else piece
