"""Synchrony tokens: what they are made of, and which of them say nothing."""

import numpy as np

from stream.links.kinds import LinkKind
from stream.links.tokens import Tokens, token_values

KINDS = (
    LinkKind(name="token", fields=("object",), within_s=900, most_stretches=2),
    LinkKind(name="object", fields=("object",)),
    LinkKind(name="hour", fields=("object",), within_s=3600),
)
OBJECTS = np.array([0xABCDEF0123456789, 0x123456789ABCDEF0], np.uint64)


def values(which: list[int], stretches: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Tokens of objects, by the number of the stretch."""
    return token_values(OBJECTS[which], np.array(stretches, np.int64) * 900_000, 900)


def test_who_meets_has_one_value_and_every_stretch_another() -> None:
    tokens = values([0, 0, 0, 1], [2_000_000, 2_000_000, 2_000_001, 2_000_000])
    assert tokens[0] == tokens[1]
    assert len(set(tokens.tolist())) == 3


def test_what_is_shared_in_more_stretches_than_the_kind_allows_is_popular() -> None:
    shared = values([0, 1, 0, 1, 0], [1, 1, 2, 2, 3])
    popular = Tokens(KINDS).popular(np.zeros(5, np.uint8), shared)
    assert popular.tolist() == [True, False, True, False, True]


def test_other_kinds_are_never_popular() -> None:
    shared = values([0] * 6, list(range(6)))
    assert not Tokens(KINDS).popular(np.array([1, 2] * 3, np.uint8), shared).any()
    assert not Tokens(KINDS[1:]).popular(np.zeros(0, np.uint8), shared[:0]).any()
