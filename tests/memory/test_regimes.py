"""Whose hand is on an account: a thief's beside its owner's, or the owner's own in a new way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.memory import regimes
from stream.memory.habits import NEWER, NOVELTY_MS, Novelty
from stream.windows.slots import SlotTable
from stream.windows.tiles import DAY_MS
from tests.memory.columns import START_MS

OWN, NEW, OTHER = "own", "new", "other"


class Account:
    """One account with a past, fed events that are of its own way, wholly new, or neither."""

    def __init__(self, past_ms: int = START_MS - NOVELTY_MS) -> None:
        self.table = SlotTable("accounts", "accounts", regimes.COLUMNS)
        self.slots, _ = self.table.claim(np.array([7], np.uint64))
        self.table["past_ms"][self.slots] = past_ms
        self.since_ms: int | None = None

    def shows(self, *events: tuple[float, str]) -> list[bool]:
        """Events at days of the start: whether each is foreign."""
        time_ms = np.array([START_MS + int(day * DAY_MS) for day, _ in events])
        kinds = np.array([kind for _, kind in events])
        since_ms = []
        for time, kind in zip(time_ms.tolist(), kinds, strict=True):
            if kind == NEW and self.since_ms is None:
                self.since_ms = time
            since_ms.append(self.since_ms if kind == NEW else NEWER)
        novelty = Novelty(kinds == NEW, np.array(since_ms), kinds == OWN)
        told = regimes.foreign(self.table, {"time_ms": time_ms}, np.repeat(self.slots, len(events)), novelty)
        return [bool(one) for one in told]


def test_who_moves_leaves_the_old_way_behind() -> None:
    assert not any(Account().shows((0, OWN), (1, NEW), (1.5, NEW), (2, NEW)))


def test_a_thief_works_beside_the_owner() -> None:
    assert Account().shows((0, OWN), (1, NEW), (1.2, OWN), (1.3, NEW), (2, NEW)) == [
        False, False, False, True, True,
    ]  # fmt: skip


def test_what_is_neither_new_nor_known_tells_nothing() -> None:
    assert not any(Account().shows((0, OWN), (1, NEW), (1.2, OTHER), (1.3, NEW)))


def test_an_account_without_a_past_has_no_owner() -> None:
    assert not any(Account(past_ms=-1).shows((1, NEW), (1.2, OWN), (1.3, NEW)))
    assert not any(Account(past_ms=START_MS).shows((1, NEW), (1.2, OWN), (1.3, NEW)))


histories = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from([OWN, NEW, OTHER])), min_size=1, max_size=30
)


@given(histories, st.integers(1, 30))
def test_how_events_fall_into_slices_changes_nothing(history: list[tuple[int, str]], size: int) -> None:
    events = [(hour / 24, kind) for hour, kind in sorted(history, key=lambda event: event[0])]
    whole, sliced = Account(), Account()
    told = [one for at in range(0, len(events), size) for one in sliced.shows(*events[at : at + size])]
    assert told == whole.shows(*events)


@pytest.mark.parametrize("accounts", [1, 3])
def test_each_account_has_its_own_past(accounts: int) -> None:
    table = SlotTable("accounts", "accounts", regimes.COLUMNS)
    slots, _ = table.claim(np.arange(1, accounts + 1, dtype=np.uint64))
    table["past_ms"][slots] = START_MS - NOVELTY_MS
    time_ms = START_MS + np.arange(3 * accounts) * 1000
    kinds = np.repeat([NEW, OWN, NEW], accounts)
    since_ms = np.where(kinds == NEW, START_MS + np.tile(np.arange(accounts), 3) * 1000, NEWER)
    novelty = Novelty(kinds == NEW, since_ms, (kinds == OWN) & (np.tile(np.arange(accounts), 3) == 0))
    told = regimes.foreign(table, {"time_ms": time_ms}, np.tile(slots, 3), novelty)
    assert np.flatnonzero(told).tolist() == [2 * accounts], "only the first has an owner who goes on"
