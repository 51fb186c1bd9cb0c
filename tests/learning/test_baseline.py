"""The baseline of single accounts."""

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from stream.learning.baseline import FIGURES, SAMPLE, Baseline, figures
from tests.evidence.population import NOW_MS, Population

HOUR_MS = 3_600_000


def hours(baseline: Baseline, count: int, seed: int = 0) -> list[float]:
    """Mean scores of hours of random accounts."""
    rng, scores = np.random.default_rng(seed), []
    for _ in range(count):
        baseline.hour(rng.integers(0, 2**64, 60, np.uint64), rng.random((60, len(FIGURES))) * 5)
        scores.append(baseline.mean_score)
    return scores


@pytest.mark.parametrize("before", [0, 3, 31, 40, 70])
def test_a_restart_scores_the_same(before: int) -> None:
    """Within the first generation of the trees, at its end, and after."""
    one, other = Baseline(), Baseline()
    hours(one, before)
    other.restore(orjson.loads(orjson.dumps(one.plain())))
    assert (other.learned, other.mean_score) == (one.learned, one.mean_score)
    assert hours(other, 40, 1) == hours(one, 40, 1)
    assert other.plain() == one.plain()


def test_what_is_kept_is_bounded() -> None:
    baseline = Baseline()
    hours(baseline, 100)
    assert baseline.learned == 100 * SAMPLE
    assert len(baseline.plain()["recent"]) <= 2000


def _accounts(seed: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return rng.permutation(np.arange(1, 101, dtype=np.uint64)), rng.random((100, len(FIGURES)))


def test_which_accounts_are_sampled_does_not_depend_on_their_order() -> None:
    one, other = Baseline(), Baseline()
    keys, of = _accounts(1)
    order = np.random.default_rng(2).permutation(100)
    one.hour(keys, of)
    other.hour(keys[order], of[order])
    assert one.plain() == other.plain()
    assert one.learned == SAMPLE


def test_an_hour_without_accounts_changes_nothing() -> None:
    baseline = Baseline()
    baseline.hour(np.zeros(0, np.uint64), np.zeros((0, len(FIGURES))))
    assert baseline.learned == 0


def test_an_unusual_account_scores_higher_once_taught() -> None:
    baseline, usual = Baseline(), np.full((60, len(FIGURES)), 0.4)
    rng = np.random.default_rng(3)
    for _ in range(80):
        baseline.hour(rng.integers(0, 2**64, 60, np.uint64), usual + rng.normal(0, 0.02, usual.shape))
    baseline.hour(np.arange(3, dtype=np.uint64), usual[:3])
    plain = baseline.mean_score
    baseline.hour(np.arange(3, dtype=np.uint64), np.full((3, len(FIGURES)), 20.0))
    assert baseline.mean_score > plain


def test_figures_are_of_accounts_seen_lately_and_finite() -> None:
    made = Population()
    made.accounts([1, 2], events=[5, 0], last_ms=NOW_MS - 1, home_share=[0.5, np.nan])
    made.accounts([3], events=7, last_ms=NOW_MS - 5 * HOUR_MS)
    keys, of = figures(made.links.state.profiles, NOW_MS - HOUR_MS)
    assert len(keys) == 2
    assert of.shape == (2, len(FIGURES))
    assert np.isfinite(of).all()
