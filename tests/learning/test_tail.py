"""What the tail of honest links says."""

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.learning.tail import FLOOR, LEAST_PEAKS, LEAST_WEEKS, MOST_NATS, Peak, Tail, fit

WEEKS = 4


def drawn(seed: int, count: int, scale: float, able: float = 1.0) -> list[Peak]:
    """Peaks whose nats over FLOOR fall off exponentially; a share of the links could make a case."""
    rng = np.random.default_rng(seed)
    nats = FLOOR + rng.exponential(scale, count)
    could = rng.random(count) < able
    return [Peak(float(of), float(of) if can else -inf) for of, can in zip(nats, could, strict=True)]


def left(peaks: list[Peak]) -> list[Peak]:
    """Without what could have made a case."""
    return [peak for peak in peaks if peak.able < 0]


@pytest.mark.parametrize("scale", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("able", [1.0, 0.2])
def test_what_is_left_out_is_told_from_what_is_below(scale: float, able: float) -> None:
    told, there = [], []
    for seed in range(40):
        peaks = drawn(seed, 600, scale, able)
        told.append(fit(left(peaks), WEEKS).at_need)
        there.append(sum(peak.able >= 0 for peak in peaks) / WEEKS)
    # the prior of a nat and the cut at the need take some of it, no more
    assert 0.5 < np.mean(told) / (600 * able * exp(FLOOR / scale) / WEEKS) < 1.5
    assert 0.5 < np.mean(told) / np.mean(there) < 2.0


@pytest.mark.parametrize("budget", [0.1, 0.3, 1.0])
def test_a_budget_is_kept_by_the_weeks_that_follow(budget: float) -> None:
    """Promised against realised: on fifty months of honest links, each followed by one more."""
    over = []
    for seed in range(50):
        margin = fit(left(drawn(seed, 2000, 1.5)), WEEKS).margin(budget)
        over.append(sum(peak.able >= margin for peak in drawn(1000 + seed, 2000, 1.5)) / WEEKS)
    assert fit(left(drawn(0, 2000, 1.5)), WEEKS).margin(budget) > 0
    # sixty links do not know the scale better than that, and the rarest are the hardest to tell
    assert budget / 3 < np.mean(over) < budget * 3


def test_links_that_analysts_judged_honest_count_as_they_are() -> None:
    peaks = [Peak(-5.0 - i / 100, -5.0 - i / 100) for i in range(LEAST_PEAKS)]
    honest = [Peak(float(nats), float(nats)) for nats in range(8)]
    assert fit(peaks, WEEKS).at_need < 0.2
    assert fit([*peaks, *honest], WEEKS).at_need == len(honest) / WEEKS


def test_of_links_that_could_make_no_case_the_level_is_not_that_of_all() -> None:
    peaks = drawn(1, 400, 2.0)
    idle = [Peak(peak.nats) for peak in peaks]
    assert fit(idle, WEEKS).scale == fit(peaks, WEEKS).scale
    assert fit(idle, WEEKS).at_need < fit(left(peaks), WEEKS).at_need / 4


@pytest.mark.parametrize(
    ("weeks", "peaks"), [(LEAST_WEEKS - 1, 500), (LEAST_WEEKS, LEAST_PEAKS - 1), (0, 0), (WEEKS, 0)]
)
def test_too_few_weeks_or_links_ask_for_nothing(weeks: int, peaks: int) -> None:
    tail = fit(drawn(1, peaks, 5.0, 0.5), weeks)
    assert tail.stage == "warming up"
    assert (tail.margin(1e-6), tail.expected(0.0)) == (0.0, None)


def test_traffic_within_the_budget_is_asked_for_nothing() -> None:
    tail = Tail(at_need=0.9, scale=2.0, peaks=100, weeks=4)
    assert tail.margin(1.0) == 0.0
    assert tail.expected(0.0) == 0.9


def test_the_margin_is_what_the_tail_takes_to_thin_out() -> None:
    tail = Tail(at_need=8.0, scale=1.5, peaks=100, weeks=4)
    assert tail.margin(1.0) == pytest.approx(1.5 * log(8), abs=1e-4)
    assert tail.expected(tail.margin(1.0)) == pytest.approx(1.0, abs=1e-3)


def test_each_further_case_of_a_tick_may_be_as_likely_honest_again() -> None:
    tail = Tail(at_need=8.0, scale=1.5, peaks=100, weeks=4)
    assert tail.margin(1.0, before=1) == tail.margin(2.0)
    assert tail.margin(1.0, before=7) == 0.0


@given(
    st.lists(st.tuples(st.floats(FLOOR, 20), st.booleans()), max_size=300),
    st.integers(0, 4),
    st.floats(1e-3, 1e3),
    st.floats(1.0, 100.0),
    st.integers(0, 10),
)
def test_no_traffic_lowers_a_need_or_raises_it_out_of_reach(
    links: list[tuple[float, bool]], weeks: int, budget: float, more: float, before: int
) -> None:
    tail = fit([Peak(nats, nats if able else -inf) for nats, able in links], weeks)
    assert 0 <= tail.margin(budget, before + 1) <= tail.margin(budget, before) <= MOST_NATS
    assert tail.margin(budget * more) <= tail.margin(budget)


@given(st.lists(st.tuples(st.floats(FLOOR, 5), st.booleans()), max_size=100), st.randoms())
def test_the_order_of_links_does_not_matter(links: list[tuple[float, bool]], random: object) -> None:
    peaks = [Peak(nats, nats if able else -inf) for nats, able in links]
    told = fit(peaks, WEEKS)
    random.shuffle(peaks)  # type: ignore[attr-defined]
    assert fit(peaks, WEEKS) == told
