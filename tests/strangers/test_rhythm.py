import numpy as np

from tests.strangers import rhythm
from tests.strangers.shapes import DAY_MS, HOUR_MS, Shape, at_day


def test_a_person_of_the_office_works_by_day_and_in_the_week() -> None:
    rng = np.random.default_rng(1)
    hours = rhythm.week(rng, "office", 0, floor=0.001)
    times = rhythm.starts(rng, 40, 0, 28, hours)
    assert np.isin((times - at_day(0)) // HOUR_MS % 24, range(5, 22)).mean() > 0.95
    assert ((times - at_day(0)) // DAY_MS % 7 < 5).mean() > 0.8
    assert 28 * 30 < len(times) < 28 * 50


def test_a_session_runs_forward_and_ends_within_its_longest() -> None:
    rng = np.random.default_rng(2)
    plan = rhythm.converse(rng, np.arange(50) * DAY_MS, Shape(8, 0.8), Shape(60, 0.9), most=20)
    inside = plan.turn[1:] > 0
    assert (np.diff(plan.time_ms)[inside] >= 0).all()
    assert plan.turn.max() < 20
    assert (np.bincount(plan.session) >= 1).all()


def test_a_service_keeps_its_rate_and_its_days() -> None:
    rng = np.random.default_rng(3)
    times = rhythm.steady(rng, 200, 14.5, 20.25, rhythm.week(rng, "day", 0), shape=0.3)
    assert at_day(14.5) - 1 <= times.min() and times.max() < at_day(20.25) + 1  # noqa: PT018
    assert 0.8 < len(times) / (200 * 5.75) < 1.2


def test_clockwork_runs_at_one_minute_of_its_period() -> None:
    times = rhythm.clockwork(np.random.default_rng(4), 6, 0, 28, jitter_s=0.5, calls=1)
    assert len(times) in (112, 113)
    assert np.ptp(times % (6 * HOUR_MS)) < 60_000
