"""Partners: hand-overs between one's own two accounts are told once."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.memory import partners
from stream.windows.groups import distinct
from stream.windows.slots import SlotTable


def fresh() -> SlotTable:
    return SlotTable("accounts", "accounts", partners.COLUMNS)


def kept(table: SlotTable, handed: Sequence[tuple[int, int]]) -> list[bool]:
    """Which of some (account, giver) are left; giver 0: no hand-over."""
    accounts = np.array([account for account, _ in handed], np.uint64)
    table.claim(distinct(accounts))
    givers = np.array([giver for _, giver in handed], np.uint64)
    columns = {"giver": givers, "handed_over": givers != 0}
    partners.keep_strangers(table, columns, table.find(accounts))
    return [bool(flag) for flag in columns["handed_over"]]


def test_the_first_hand_over_counts_and_more_from_the_same_do_not() -> None:
    table = fresh()
    assert kept(table, [(1, 9), (1, 0), (1, 9)]) == [True, False, False]
    assert kept(table, [(1, 9)]) == [False]


def test_whoever_else_hands_over_counts() -> None:
    table = fresh()
    assert kept(table, [(1, 9), (1, 8), (1, 8), (1, 9)]) == [True, True, True, False]


def test_accounts_have_partners_of_their_own() -> None:
    table = fresh()
    assert kept(table, [(1, 9), (2, 9), (2, 7), (1, 7)]) == [True, True, True, True]
    assert kept(table, [(1, 9), (2, 9)]) == [False, False]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=1), st.integers(0, 20))
def test_slices_do_not_matter(handed: list[tuple[int, int]], cut: int) -> None:
    cut = min(cut, len(handed))
    table = fresh()
    parts = [kept(table, part) for part in (handed[:cut], handed[cut:]) if part]
    assert [flag for part in parts for flag in part] == kept(fresh(), handed)
