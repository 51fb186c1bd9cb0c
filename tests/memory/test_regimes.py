"""Whose hand is on an account: a thief's beside its owner's, or the owner's own in a new way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.memory import regimes
from stream.memory.habits import NOVELTY_MS, Habits
from stream.windows.slots import SlotTable
from stream.windows.tiles import DAY_MS
from tests.memory.columns import START_MS, columns

OLD, NEW, LAPTOP = "old", "new", "laptop"
WAYS = {OLD: (1, 1, 1, 1), NEW: (2, 2, 2, 2), LAPTOP: (1, 1, 1, 3)}
"""Network, parameters, prefix and client of each way of working."""


class Accounts:
    """Accounts that have worked in the old way for long."""

    def __init__(self, count: int = 1, past: bool = True) -> None:
        self.table = SlotTable("accounts", "accounts", regimes.COLUMNS)
        self.slots, _ = self.table.claim(np.arange(1, count + 1, dtype=np.uint64))
        self.habits = Habits("accounts")
        for number in range(count):
            self.show((-30, OLD, number))
        self.table["past_ms"][self.slots] = START_MS - 20 * DAY_MS if past else -1

    def show(self, *events: tuple[float, str, int]) -> list[bool]:
        """Events, (day, way, account) in order of time: whether each is foreign."""
        days, ways, numbers = zip(*events, strict=True)
        values = np.array([WAYS[way] for way in ways], np.uint64).T
        shown = columns(
            time_ms=[START_MS + int(day * DAY_MS) for day in days],
            account=[number + 1 for number in numbers],
            **dict(zip(("network", "params", "prefix"), values.tolist(), strict=False)),
        ) | {"client": values[3]}
        slots = self.slots[list(numbers)]
        return [
            bool(one) for one in regimes.foreign(self.table, shown, slots, self.habits.observe(shown, slots))
        ]

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


histories = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from([OLD, NEW, LAPTOP]), st.integers(0, 1)),
    min_size=1,
    max_size=30,
)


@given(histories, st.integers(1, 30))
def test_how_events_fall_into_slices_changes_nothing(history: list[tuple[int, str, int]], size: int) -> None:
    events = sorted(((hour / 24, way, number) for hour, way, number in history), key=lambda event: event[0])
    whole, sliced = Accounts(2), Accounts(2)
    told = [one for at in range(0, len(events), size) for one in sliced.show(*events[at : at + size])]
    assert told == whole.show(*events)
    for name in regimes.COLUMNS:
        assert sliced.table[name].tolist() == whole.table[name].tolist()


@pytest.mark.parametrize("days", [3.9, 4.1])
def test_a_past_is_one_of_days(days: float) -> None:
    accounts = Accounts()
    accounts.table["past_ms"][:] = START_MS
    assert accounts.show((days, NEW, 0)) == [days * DAY_MS >= NOVELTY_MS]
