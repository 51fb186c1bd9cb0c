"""The baseline of single accounts."""

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from stream.learning.baseline import FIGURES, SAMPLE, Baseline, figures, panel
from stream.windows.tiles import DAY_MS, HORIZONS
from tests.evidence.population import NOW_MS, Population, key

HOUR_MS = 3_600_000


def hours(baseline: Baseline, count: int, seed: int = 0) -> list[float]:
    """Mean scores of hours of random accounts."""
    rng, scores = np.random.default_rng(seed), []
    for i in range(count):
        now_ms = NOW_MS + (seed * 1000 + i) * HOUR_MS
        baseline.hour(rng.integers(0, 2**64, 60, np.uint64), rng.random((60, len(FIGURES))) * 5, now_ms)
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
    one.hour(keys, of, NOW_MS)
    other.hour(keys[order], of[order], NOW_MS)
    assert one.plain() == other.plain()
    assert one.learned == SAMPLE


def test_an_hour_without_accounts_changes_nothing() -> None:
    baseline = Baseline()
    baseline.hour(np.zeros(0, np.uint64), np.zeros((0, len(FIGURES))), NOW_MS)
    assert baseline.learned == 0


def taught(hours: int, first_ms: int = NOW_MS) -> Baseline:
    """By hours of accounts that are all much the same."""
    baseline, rng = Baseline(), np.random.default_rng(3)
    for i in range(hours):
        baseline.hour(rng.integers(0, 2**64, 60, np.uint64), near(rng, 60), first_ms + i * HOUR_MS)
    return baseline


def near(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    return 0.4 + rng.normal(0, 0.02, (count, len(FIGURES)))


def test_an_unusual_account_scores_higher_once_taught() -> None:
    baseline = taught(80)
    usual, unusual = np.full((3, len(FIGURES)), 0.4), np.full((3, len(FIGURES)), 20.0)
    assert baseline.scores(unusual).min() > baseline.scores(usual).max()


def test_asking_for_scores_teaches_nothing() -> None:
    baseline = taught(40)
    before = orjson.dumps(baseline.plain())
    baseline.scores(np.full((3, len(FIGURES)), 20.0))
    assert orjson.dumps(baseline.plain()) == before
    assert baseline.scores(np.zeros((0, len(FIGURES)))).shape == (0,)


def test_what_is_usual_is_what_was_a_week_ago() -> None:
    baseline, rng = taught(100), np.random.default_rng(4)
    last_ms = NOW_MS + 99 * HOUR_MS
    assert baseline.usual(last_ms) is None, "nothing is old enough"
    then = baseline.usual(last_ms + 7 * DAY_MS)
    assert then is not None
    assert 0 <= then.mean <= 1
    for i in range(1, 50):
        baseline.hour(rng.integers(0, 2**64, 60, np.uint64), near(rng, 60) + 9, last_ms + i * HOUR_MS)
    assert baseline.usual(last_ms + 7 * DAY_MS) == then, "what comes today cannot excuse today"
    assert baseline.usual(last_ms + 30 * DAY_MS) is None
    other = Baseline()
    other.restore(orjson.loads(orjson.dumps(baseline.plain())))
    assert other.usual(last_ms + 7 * DAY_MS) == then


def test_before_the_first_generation_nothing_is_usual() -> None:
    assert taught(20).usual(NOW_MS + 7 * DAY_MS + 10 * HOUR_MS) is None


def test_the_panel_is_of_accounts_seen_lately_and_named_nowhere() -> None:
    made = Population()
    made.accounts([1, 2], events=[5, 0], last_ms=NOW_MS - 1, home_share=[0.5, np.nan])
    made.accounts([3], events=7, last_ms=NOW_MS - 5 * HOUR_MS)
    made.accounts([4], events=7, last_ms=NOW_MS - 1)
    made.links.roll.name([key(4)], 1)
    keys, of = panel(made.links.state.profiles, NOW_MS - HOUR_MS)
    assert set(keys.tolist()) == {key(1), key(2)}
    assert of.shape == (2, len(FIGURES))
    assert np.isfinite(of).all()


def test_figures_tell_the_volume_of_every_horizon() -> None:
    made = Population()
    made.accounts([1], events=5, volumes=[[0, 1, 10, 100, 1000]])
    row = dict(zip(FIGURES, figures(made.links.state.profiles, np.array([0]))[0], strict=True))
    assert [round(float(np.expm1(row[f"volume_{horizon}"]))) for horizon in HORIZONS] == [0, 1, 10, 100, 1000]
