"""What was normal a week ago: nothing younger is read."""

import orjson
import pytest

from stream.cases.mixture import HABITS
from stream.evidence.lagged import RANKED
from stream.evidence.traits import TRAITS
from stream.learning.reference import LAG_MS, Record, Reference
from stream.memory.histograms import ATTRIBUTES, WIDTH

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START_MS = 1_775_606_400_000


def record(day: float, value: float) -> Record:
    """A record all of whose figures are one value."""
    return Record(
        time_ms=START_MS + int(day * DAY_MS),
        rates={name: value for name in TRAITS if name != "changed"},
        by_kind={"changed": {"client": value, "payment": value / 2}},
        habits=dict.fromkeys(HABITS, (value, 1.0)),
        contrast=[value] * len(ATTRIBUTES),
        look=[value] * WIDTH,
        ranked={name: [value, value + 1] for name in RANKED},
        of_newcomers={name: [value] for name in RANKED},
    )


def reference(days: int, value: float = 0.1) -> Reference:
    made = Reference()
    for quarter in range(4 * days + 1):
        made.add(record(quarter / 4, value))
    return made


def at(day: float) -> int:
    return START_MS + int(day * DAY_MS)


def test_an_empty_reference_knows_nothing() -> None:
    made = Reference()
    assert made.at(START_MS) is None
    assert not made.warm(START_MS)
    assert made.age_ms(START_MS) == 0


def test_it_is_warm_once_a_lag_and_a_day_have_passed() -> None:
    made = reference(12)
    assert not made.warm(at(7.9))
    assert made.warm(at(8))
    assert made.age_ms(at(8)) == 8 * DAY_MS


def test_nothing_younger_than_the_lag_is_read() -> None:
    """A reference whose last week is another world tells the same as one without that week."""
    made, clean = reference(10), reference(10)
    for quarter in range(1, 29):
        made.add(record(10 + quarter / 4, 0.9))
        clean.add(record(10 + quarter / 4, 0.1))
    for now_ms in (at(17), at(17) - HOUR_MS):
        poisoned, honest = made.at(now_ms), clean.at(now_ms)
        assert poisoned is not None
        assert honest is not None
        assert poisoned.rates == honest.rates
        assert {n: v.tolist() for n, v in poisoned.ranked.items()} == {
            n: v.tolist() for n, v in honest.ranked.items()
        }
    later, unchanged = made.at(at(17.5)), clean.at(at(17.5))
    assert later is not None
    assert unchanged is not None
    assert later.rates["young"] > unchanged.rates["young"]


def test_what_is_read_moves_with_time_and_not_with_what_is_added() -> None:
    made = reference(10)
    before = made.at(at(10))
    made.add(record(10.25, 0.9))
    after = made.at(at(10))
    assert before is not None
    assert after is not None
    assert before.rates == after.rates


def test_old_records_are_dropped() -> None:
    made = reference(60)
    assert made.age_ms(at(60)) <= 28 * DAY_MS
    assert made.warm(at(60))
    assert len(made.records) <= 4 * 28 + 1


def test_rates_are_never_zero_and_a_kinds_own_where_it_has_some() -> None:
    made = reference(10, value=0.0)
    normality = made.at(at(10))
    assert normality is not None
    for kind in ("client", "payment", "a kind never seen"):
        rates = normality.rates_of(kind)
        assert rates.keys() == TRAITS.keys()
        assert all(rate > 0 for rate in rates.values())
    own = reference(10, value=0.4).at(at(10))
    assert own is not None
    assert own.rates_of("client")["changed"] == pytest.approx(0.4)
    assert own.rates_of("payment")["changed"] == pytest.approx(0.2)


def test_a_trait_of_which_nothing_was_known_is_nobodys_news() -> None:
    made = reference(20)
    for row in made.records:
        del row.rates["throwaway"]
    normality = made.at(at(20))
    assert normality is not None
    assert normality.rates["throwaway"] == 1.0
    assert normality.rates["young"] == pytest.approx(0.1)


def test_a_trait_counts_from_when_something_was_known_of_it() -> None:
    made = reference(20)
    for row in made.records[:8]:
        del row.rates["young"]
    normality = made.at(at(20))
    assert normality is not None
    assert normality.rates["young"] == pytest.approx(0.1)


def test_a_stored_reference_tells_the_same() -> None:
    made, other = reference(12, 0.3), Reference()
    other.restore(orjson.loads(orjson.dumps(made.plain())))
    assert other.records == made.records
    one, two = made.at(at(12)), other.at(at(12))
    assert one is not None
    assert two is not None
    assert one.rates == two.rates
    assert (one.look == two.look).all()
    assert one.normal == two.normal


def test_the_lag_is_a_week() -> None:
    assert LAG_MS == 7 * DAY_MS
