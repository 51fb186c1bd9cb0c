"""Whose hand is on an account: a thief's beside its owner's, or the owner's own in a new way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.memory import regimes
from stream.memory.habits import NOVELTY_MS, Habits
from stream.windows.slots import Column, SlotTable
from stream.windows.tiles import DAY_MS
from tests.memory.columns import START_MS, columns

OLD, NEW, LAPTOP, IMITATED = "old", "new", "laptop", "imitated"
WAYS = {OLD: (1, 1, 1, 1), NEW: (2, 2, 2, 2), LAPTOP: (1, 1, 1, 3), IMITATED: (4, 1, 1, 1)}
"""Network, parameters, prefix and client of each way of working."""


class Accounts:
    """Accounts that have worked in the old way for long."""

    def __init__(self, count: int = 1, past: bool = True) -> None:
        others = {"last_ms": Column(np.int64), "histograms": Column(np.uint8)}
        self.table = SlotTable("accounts", "accounts", regimes.COLUMNS | others)
        self.slots, _ = self.table.claim(np.arange(1, count + 1, dtype=np.uint64))
        self.habits = Habits("accounts")
        for number in range(count):
            self.show((-30, OLD, number))
        self.table["past_ms"][self.slots] = START_MS - 20 * DAY_MS if past else -1

    def show(self, *events: tuple[float, str, int]) -> list[bool]:
        """Events, (day, way, account) in order of time: whether each is foreign.

        Telling ones are counted in the account's histogram.
        """
        days, ways, numbers = zip(*events, strict=True)
        values = np.array([WAYS[way] for way in ways], np.uint64).T
        shown = columns(
            time_ms=[START_MS + int(day * DAY_MS) for day in days],
            account=[number + 1 for number in numbers],
            **dict(zip(("network", "params", "prefix"), values.tolist(), strict=False)),
        ) | {"client": values[3]}
        slots = self.slots[list(numbers)]
        ways = regimes.ways(self.table, shown, slots, self.habits.observe(shown, slots))
        np.add.at(self.table["histograms"], slots[ways.telling], 1)
        np.maximum.at(self.table["last_ms"], slots, shown["time_ms"])
        return [bool(one) for one in ways.foreign]

    def told(self) -> list[int]:
        """Events in each account's histogram."""
        counts: list[int] = self.table["histograms"][self.slots].tolist()
        return counts

    def away(self) -> list[bool]:
        return [bool(one) for one in regimes.away(self.table, self.slots)]

    def go_on(self) -> list[bool]:
        return [bool(one) for one in regimes.goes_on(self.table, self.slots)]


def after(*events: tuple[float, str]) -> bool:
    """Whether the one account goes on after these events."""
    accounts = Accounts()
    accounts.show(*((day, way, 0) for day, way in events))
    return accounts.go_on() == [True]


def test_what_is_new_at_once_is_foreign_to_an_account_with_a_past() -> None:
    assert Accounts().show((0, OLD, 0), (1, NEW, 0), (1.1, LAPTOP, 0)) == [False, True, False]
    assert not any(Accounts(past=False).show((0, OLD, 0), (1, NEW, 0)))


def test_a_thief_works_beside_the_owner() -> None:
    assert after((1, NEW), (1.2, OLD))
    assert after((1, NEW), (1.2, OLD), (3, NEW))


def test_who_moves_leaves_the_old_way_behind() -> None:
    assert not after((0, OLD), (1, NEW), (2, NEW))
    weeks = [(1 + hours / 6, NEW) for hours in range(100)]
    assert not after((0, OLD), *weeks), "also when the new way is none of days any more"


def test_a_new_laptop_is_no_sign_of_the_owner() -> None:
    assert not after((1, NEW), (1.2, LAPTOP))


def test_who_moved_once_is_an_owner_again_to_the_next_thief() -> None:
    accounts = Accounts()
    accounts.show((1, LAPTOP, 0), (40, LAPTOP, 0), (41, NEW, 0))
    assert not any(accounts.go_on())
    accounts.show((42, LAPTOP, 0))
    assert all(accounts.go_on())


def test_each_account_has_its_own_past() -> None:
    accounts = Accounts(3)
    accounts.show((1, NEW, 0), (1, NEW, 1), (2, OLD, 1), (2, OLD, 2))
    assert accounts.go_on() == [False, True, False]


@pytest.mark.parametrize("way", [NEW, IMITATED])
def test_an_account_that_is_used_elsewhere_is_told_by_that_alone(way: str) -> None:
    accounts = Accounts(2)
    accounts.show(*((hour / 24, OLD, number) for hour in range(9) for number in range(2)))
    assert accounts.told() == [10, 10]
    assert accounts.away() == [False, False]
    accounts.show((1, OLD, 0), (1.1, way, 0), (1.2, OLD, 0), (1.3, way, 0), (1.4, OLD, 1))
    assert accounts.told() == [2, 11]
    assert accounts.away() == [True, False]


def test_who_is_back_for_days_is_told_by_all_again() -> None:
    accounts = Accounts()
    accounts.show((1, IMITATED, 0), (2.9, OLD, 0), (3.1, OLD, 0))
    assert accounts.told() == [2]
    assert accounts.away() == [False]
    accounts.show((4, IMITATED, 0))
    assert accounts.told() == [1], "and away anew"


def test_who_has_no_past_is_never_away() -> None:
    accounts = Accounts(past=False)
    accounts.show((0, OLD, 0), (1, NEW, 0), (1.1, OLD, 0))
    assert accounts.told() == [4]
    assert accounts.away() == [False]


histories = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from(sorted(WAYS)), st.integers(0, 1)),
    min_size=1,
    max_size=30,
)


@given(histories, st.integers(1, 30))
def test_how_events_fall_into_slices_changes_nothing(history: list[tuple[int, str, int]], size: int) -> None:
    events = sorted(((hour / 24, way, number) for hour, way, number in history), key=lambda event: event[0])
    whole, sliced = Accounts(2), Accounts(2)
    told = [one for at in range(0, len(events), size) for one in sliced.show(*events[at : at + size])]
    assert told == whole.show(*events)
    for name in (*regimes.COLUMNS, "histograms"):
        assert sliced.table[name].tolist() == whole.table[name].tolist()


@pytest.mark.parametrize("days", [3.9, 4.1])
def test_a_past_is_one_of_days(days: float) -> None:
    accounts = Accounts()
    accounts.table["past_ms"][:] = START_MS
    assert accounts.show((days, NEW, 0)) == [days * DAY_MS >= NOVELTY_MS]
