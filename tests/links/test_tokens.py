"""Synchrony tokens: what they are made of, and which of them say nothing."""

import numpy as np

from stream.links.kinds import LinkKind
from stream.links.state import LinkState
from stream.links.tokens import Tokens, token_values
from tests.evidence.population import DAY_MS, NOW_MS, Population

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


POOLED = (LinkKind(name="token", fields=("object",), within_s=900, pooled=True, min_events=3),)


def met(days_ago: list[int]) -> LinkState:
    """Six accounts that met on one token on each of some days, two events each."""
    made = Population(POOLED)
    made.accounts(range(6), events=40, first_ms=NOW_MS - 28 * DAY_MS)
    for number, ago in enumerate(days_ago):
        made.link("token", number << 24, range(6), events=2)
        rows = made.links.state.members["first_ms"][-6:]
        rows -= ago * DAY_MS
    return made.links.state


def test_what_is_usual_is_what_accounts_did_a_week_ago_and_before_by_window() -> None:
    state = met([1, 6, 8, 15, 20, 35])
    usual = Tokens(POOLED).usual(state.links, state.members, 6, state.began_ms, NOW_MS)
    assert usual.shape == (1, 6)
    assert np.allclose(usual, 3 * 2 / 7)  # three meetings of two events in the seven windows of 21 days


def test_twice_what_is_usual_is_no_news() -> None:
    kind, account, events = np.zeros(4, np.uint8), np.array([0, 0, 1, 1], np.int32), np.array([2, 3, 2, 3])
    told = Tokens(POOLED).news(kind, account, events, np.array([[0.5, 4.0]]))
    assert told.tolist() == [4, 4, 0, 0]


def test_without_pooled_kinds_each_link_counts_for_itself() -> None:
    tokens, events = Tokens(KINDS), np.array([2, 3])
    assert tokens.news(np.zeros(2, np.uint8), np.zeros(2, np.int32), events, np.zeros((0, 0))) is events
