"""What the budget takes down of links, and when it reads it."""

from math import log

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.learning.budget import PEAKS_KEPT, WEEK_MS, WEEKS, Budget
from stream.learning.reference import LAG_MS
from stream.learning.tail import FLOOR, LEAST_PEAKS
from tests.evidence.population import DAY_MS

START_MS = 1_775_606_400_000
HOUR_MS = 3_600_000
NOISY = [FLOOR - 2.0 * log((i + 0.5) / 100) for i in range(2, 100)]
"""Nats of a hundred links without the two that get over the need: e times fewer with every two nats."""


def note(budget: Budget, nats: dict[int, float], now_ms: int, *, able: bool = True) -> None:
    keys, values = np.array(list(nats), np.uint64), np.array(list(nats.values()))
    budget.note(keys, values, np.full(len(nats), able), now_ms)


def weeks(budget: Budget, count: int, nats: list[float] = NOISY, start_ms: int = START_MS) -> int:
    """Weeks of other links each, with a tick a day; when they can be read."""
    for day in range(count * 7):
        first = day // 7 * len(nats)
        note(budget, {first + i: of for i, of in enumerate(nats)}, start_ms + day * DAY_MS)
    return start_ms + count * WEEK_MS + LAG_MS


def taught(cases_per_week: float = 0.5) -> Budget:
    budget = Budget(cases_per_week)
    budget.read(weeks(budget, 2))
    return budget


def test_a_link_that_is_judged_every_day_counts_once_a_week() -> None:
    assert taught().tail.peaks == 2 * len(NOISY)


def test_the_peak_of_a_week_counts() -> None:
    budget = Budget(1.0)
    for hour, nats in enumerate((-7.0, -3.0, -5.0)):
        note(budget, dict.fromkeys(range(50), nats), START_MS + hour * HOUR_MS)
    other = Budget(1.0)
    note(other, dict.fromkeys(range(50), -3.0), START_MS)
    for each in (budget, other):
        each.read(START_MS + WEEK_MS + LAG_MS)
    assert budget.tail == other.tail
    assert budget.tail.peaks == 50


def test_nothing_is_asked_before_two_weeks_are_a_lag_old() -> None:
    budget = Budget(0.001)
    ready_ms = weeks(budget, 2)
    budget.read(ready_ms - 1)
    assert (budget.bar.stage, budget.bar.margin, budget.bar.weeks) == ("warming up", 0.0, 1)
    budget.read(ready_ms)
    assert (budget.bar.stage, budget.bar.weeks) == ("in use", 2)
    assert budget.bar.margin > 0


def test_noise_of_the_last_week_raises_no_bar_yet() -> None:
    budget = Budget(0.5)
    ready_ms = weeks(budget, 3)
    budget.read(ready_ms)
    before = budget.margin()
    note(budget, {10_000 + i: of for i, of in enumerate(NOISY * 3)}, ready_ms)
    budget.read(ready_ms + HOUR_MS)
    assert budget.margin() == before
    budget.read(ready_ms + WEEK_MS + LAG_MS)
    assert budget.margin() > before


def test_what_could_have_made_a_case_is_left_out_of_every_week() -> None:
    budget = Budget(0.5)
    ready_ms = weeks(budget, 2)
    budget.read(ready_ms)
    before = budget.tail.peaks
    note(budget, {3: 0.5}, ready_ms)
    note(budget, {4: 0.5}, ready_ms, able=False)
    budget.read(ready_ms)
    assert budget.tail.peaks == before - 1


def test_links_of_a_case_are_left_out_though_they_never_came_near() -> None:
    budget = Budget(0.5)
    ready_ms = weeks(budget, 2)
    budget.accuse([1, 2, 102, 999_999], ready_ms)
    budget.read(ready_ms)
    assert budget.tail.peaks == 2 * len(NOISY) - 3


def test_links_judged_honest_count_until_that_is_taken_back() -> None:
    budget, honest = Budget(0.5), range(5000, 5008)
    note(budget, dict.fromkeys(honest, 3.0), START_MS)
    ready_ms = weeks(budget, 2)
    budget.read(ready_ms)
    before = budget.tail
    for key in honest:
        budget.acquit(key, ready_ms)
    budget.read(ready_ms)
    assert budget.tail.peaks == before.peaks + len(honest)
    assert budget.tail.at_need == len(honest) / 2 > before.at_need
    for key in honest:
        budget.convict(key)
    budget.read(ready_ms)
    assert budget.tail == before


def test_more_noise_asks_for_more_and_more_cases_for_less() -> None:
    loud = Budget(0.5)
    loud.read(weeks(loud, 2, [of + 0.5 for of in NOISY]))
    assert loud.margin() > taught().margin() > taught(2.0).margin() >= 0
    assert taught(1000.0).margin() == 0


def test_what_is_held_is_bounded() -> None:
    budget = Budget(1.0)
    for week in range(20):
        nats = {week * 10_000 + i: -i / 1000 for i in range(4 * PEAKS_KEPT)}
        note(budget, nats, START_MS + week * WEEK_MS)
        budget.accuse(nats, START_MS + week * WEEK_MS)
        budget.read(START_MS + week * WEEK_MS)
    held = budget.plain()
    # the weeks that are read, those of the lag, and the present one
    assert len(held["weeks"]) <= WEEKS + 2
    assert max(len(peaks) for _, peaks in held["weeks"]) == PEAKS_KEPT
    assert len(held["accused"]) <= (WEEKS + 2) * PEAKS_KEPT
    highest = sorted(nats for _, nats, _ in held["weeks"][-1][1])
    assert highest[0] == pytest.approx(-(PEAKS_KEPT - 1) / 1000), "the lowest go"


rows = st.lists(
    st.tuples(st.integers(0, 60), st.floats(-12, 3), st.booleans(), st.integers(0, 30)),
    min_size=1,
    max_size=200,
)


@given(rows, st.randoms())
def test_the_order_and_the_cut_of_what_is_noted_do_not_matter(
    seen: list[tuple[int, float, bool, int]], random: object
) -> None:
    """Links in any order, of one day at once or one by one; days in any order within the state."""

    def told(rows: list[tuple[int, float, bool, int]]) -> object:
        budget = Budget(0.1)
        budget.note(np.array([999], np.uint64), np.array([-9.0]), np.array([True]), START_MS)
        for key, nats, able, day in rows:
            now_ms = START_MS + day * DAY_MS
            budget.note(np.array([key], np.uint64), np.array([nats]), np.array([able]), now_ms)
        budget.read(START_MS + 6 * WEEK_MS)
        return budget.tail

    mixed = list(seen)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    # the week of an accusation is its last: noted in order of time, as ticks are
    assert told(sorted(mixed, key=lambda row: row[3])) == told(sorted(seen, key=lambda row: row[3]))


@given(rows)
def test_a_restart_changes_nothing(seen: list[tuple[int, float, bool, int]]) -> None:
    budget = Budget(0.1)
    note(budget, dict.fromkeys(range(100, 100 + LEAST_PEAKS), -2.5), START_MS)
    for key, nats, able, day in sorted(seen, key=lambda row: row[3]):
        note(budget, {key: nats}, START_MS + day * DAY_MS, able=able)
    budget.read(START_MS + 31 * DAY_MS)
    budget.acquit(5, START_MS + 31 * DAY_MS)
    copy = Budget(0.1)
    copy.restore(orjson.loads(orjson.dumps(budget.plain())))
    assert not copy.changed
    assert copy.bar == budget.bar, "before it is read again"
    for each in (budget, copy):
        note(each, {1: -1.0}, START_MS + 32 * DAY_MS)
        each.read(START_MS + 35 * DAY_MS)
    assert copy.bar == budget.bar
    assert copy.plain() == budget.plain()
