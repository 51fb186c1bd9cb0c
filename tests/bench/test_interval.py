import numpy as np
import pytest

from stream.bench.compare import Named
from stream.bench.interval import bootstrap, trend, wilson


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def test_nobody_of_many_is_still_uncertain() -> None:
    low, high = wilson(Named(1000, 0))
    assert low == wilson(Named(14, 0)).low == 0
    assert high == pytest.approx(0.00382, abs=1e-4)
    assert wilson(Named(0, 0)).low == 0


def test_wilson_holds_the_share() -> None:
    low, high = wilson(Named(100, 50))
    assert (low, high) == pytest.approx((0.404, 0.596), abs=1e-3)


def test_worlds_that_differ_widen_the_interval_and_alike_ones_close_it() -> None:
    assert bootstrap([0.9, 0.9, 0.9], lambda drawn: mean(list(drawn))) == pytest.approx((0.9, 0.9))
    found = bootstrap([0.5, 0.9, 1.0], lambda drawn: mean(list(drawn)))
    assert found is not None
    assert 0.5 <= found.low < 0.8 < found.high <= 1.0
    assert found == bootstrap([0.5, 0.9, 1.0], lambda drawn: mean(list(drawn)))


def test_one_world_says_nothing_of_others_and_what_is_unknown_everywhere_stays_so() -> None:
    assert bootstrap([0.5], lambda drawn: mean(list(drawn))) is None
    assert bootstrap([0.5, 0.6], lambda drawn: None) is None


def test_a_line_has_its_slope_and_noise_of_a_round_leaves_it_open() -> None:
    x = np.linspace(0, 1, 200)
    assert trend(x, 3 * x + 1, 10).slope == pytest.approx(3)
    noisy = trend(x, np.repeat(np.random.default_rng(5).normal(size=20), 10), 10)
    assert noisy.interval.low < 0 < noisy.interval.high
