"""What each account has shown, where it is at home, and what is foreign to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.event.columns import Columns
from stream.memory.habits import NEWER, Habits
from tests.memory.columns import START_MS, columns

DAY_MS = 86_400_000
USUAL = {"network": 1, "params": 2, "prefix": 3, "client": 4}
ELSEWHERE = {"network": 91, "params": 92, "prefix": 93, "client": 94}


def shown(account: int, day: float, **values: int) -> Columns:
    """One event of an account."""
    client = np.array([values.pop("client", 0)], np.uint64)
    named = {name: [value] for name, value in values.items()}
    return columns(time_ms=[START_MS + int(day * DAY_MS)], account=[account + 100], **named) | {
        "client": client
    }


def observe(habits: Habits, account: int, day: float, **values: int) -> bool:
    slots = np.array([account], np.int32)
    return bool(habits.observe(shown(account, day, **values), slots).at_once[0])


@pytest.mark.parametrize(
    ("changed", "at_once"),
    [
        (("network", "params", "prefix", "client"), True),
        (("network", "params", "prefix"), True),
        (("network", "prefix", "client"), True),
        (("network", "client"), False),
        (("params", "prefix", "client"), False),  # a new laptop is used where one always was
        (("network",), False),
        ((), False),
    ],
)
def test_what_is_new_at_once(changed: tuple[str, ...], at_once: bool) -> None:
    habits = Habits("accounts")
    observe(habits, 0, 0, **USUAL)
    assert observe(habits, 0, 10, **{n: ELSEWHERE[n] if n in changed else USUAL[n] for n in USUAL}) is at_once


def test_a_value_is_new_for_some_days_and_then_a_habit() -> None:
    habits = Habits("accounts")
    observe(habits, 0, 0, **USUAL)
    assert observe(habits, 0, 10, **ELSEWHERE)
    assert observe(habits, 0, 12, **ELSEWHERE)
    assert not observe(habits, 0, 15, **ELSEWHERE)


def test_what_is_unknown_is_never_new() -> None:
    habits = Habits("accounts")
    observe(habits, 0, 0, **USUAL)
    assert not observe(habits, 0, 10)
    assert not observe(habits, 0, 10, params=92, prefix=93, client=94)


def test_news_is_told_with_when_it_began_and_what_is_known_with_when_it_was_complete() -> None:
    habits, slots = Habits("accounts"), np.array([0], np.int32)
    habits.observe(shown(0, 0, **USUAL), slots)
    habits.observe(shown(0, 10, **(USUAL | {"client": 94})), slots)
    later = habits.observe(shown(0, 11, **ELSEWHERE), slots)
    assert later.since_ms.tolist() == [START_MS + 10 * DAY_MS], "its client came a day before the rest"
    assert later.settled_ms.tolist() == [NEWER]
    usual = habits.observe(shown(0, 20, **(USUAL | {"client": 94})), slots)
    assert usual.since_ms.tolist() == [NEWER]
    assert usual.settled_ms.tolist() == [START_MS + 10 * DAY_MS]
    nothing = columns(time_ms=[START_MS + 20 * DAY_MS], account=[100]) | {"client": np.zeros(1, np.uint64)}
    nothing["prefix"] = np.zeros(1, np.uint64)
    assert habits.observe(nothing, slots).since_ms.tolist() == [START_MS + 20 * DAY_MS], (
        "no prefix is one too"
    )


def test_habits_are_each_accounts_own() -> None:
    habits = Habits("accounts")
    for account in (0, 1):
        observe(habits, account, 0, **(USUAL if account else ELSEWHERE))
    assert observe(habits, 1, 10, **ELSEWHERE)


visits = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(visits)
def test_the_favourite_is_the_most_shown_value(rows: list[tuple[int, int, int]]) -> None:
    """Rows: account, network (0 unknown), day."""
    rows = sorted(rows, key=lambda row: row[2])
    habits = Habits("accounts")
    account, network, day = (np.array(column) for column in zip(*rows, strict=True))
    events = columns(time_ms=START_MS + day * DAY_MS, account=account + 100, network=network)
    habits.observe(events | {"client": np.zeros(len(rows), np.uint64)}, account.astype(np.int32))
    home = habits.favourite("network", np.arange(3, dtype=np.int32), 3, START_MS + 4 * DAY_MS)
    for number in range(3):
        own = [n for a, n, _ in rows if a == number and n]
        if not own:
            assert np.isnan(home[number])
            continue
        most = max(own.count(n) for n in own)
        assert home[number] == pytest.approx(most / len(own))


def test_old_visits_do_not_count_for_home() -> None:
    habits = Habits("accounts")
    for _ in range(5):
        observe(habits, 0, 0, network=1)
    for network in (1, 2):
        observe(habits, 0, 10, network=network)
    home = habits.favourite("network", np.array([0], np.int32), 1, START_MS + 11 * DAY_MS)
    assert home.tolist() == [0.5]


def test_habits_follow_the_eviction_of_accounts() -> None:
    habits = Habits("accounts")
    for account in range(3):
        for network in range(account + 1):
            observe(habits, account, 0, network=network + 1)
    habits.moved(np.array([-1, 1, 0], np.int32))
    home = habits.favourite("network", np.array([0, 1], np.int32), 2, START_MS + DAY_MS)
    assert home.tolist() == pytest.approx([1 / 3, 1 / 2])


def test_values_not_shown_for_long_are_forgotten() -> None:
    habits = Habits("accounts")
    observe(habits, 0, 0, **USUAL)
    habits.expire(START_MS + 30 * DAY_MS, 28 * DAY_MS)
    assert len(habits.table) == 0
