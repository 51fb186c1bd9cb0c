"""An operator who ramps for thirty days, so that what is normal comes to include him.

He has a fifth of all links, and makes them a thirtieth more alike each day. The defence is the lag: what
is normal was taken down a week ago, so he is always seven days ahead of his own excuse.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from stream.cases.mixture import HABITS
from stream.evidence.lagged import RANKED
from stream.evidence.piece import Piece, tail
from stream.evidence.traits import TRAITS
from stream.learning import history, reference
from stream.learning.history import History
from stream.learning.reference import Record, Reference
from stream.memory.histograms import ATTRIBUTES, WIDTH
from stream.windows.tiles import DAY_MS

START_MS = 1_775_606_400_000
RAMP_DAYS, BEFORE = 30, 28
HONEST, HIS = 100, 25
USUAL, SPREAD, END = 0.8, 0.12, 0.2
CAP = 5.0


def record(day: int, values: NDArray[np.float64]) -> Record:
    return Record(
        time_ms=START_MS + day * DAY_MS,
        rates={name: 0.1 for name in TRAITS if name != "changed"},
        by_kind={},
        habits=dict.fromkeys(HABITS, (0.0, 1.0)),
        contrast=[0.5] * len(ATTRIBUTES),
        look=[0.0] * WIDTH,
        ranked={name: sorted(values.tolist()) for name in RANKED},
        of_newcomers={name: [] for name in RANKED},
    )


def ramp(day: int, days: int) -> float:
    """How alike his links are that day: from the usual down to END."""
    return USUAL + (END - USUAL) * float(np.clip(day / days, 0, 1))


def nats_by_day(days: int, share: int = HIS, seed: int = 5) -> list[float]:
    """Nats of one of his links against the reference, on each day of a ramp and a fortnight after it."""
    random = np.random.default_rng(seed)
    kept, told = Reference(), []
    for day in range(-BEFORE, RAMP_DAYS + 14):
        his = np.full(share, ramp(day, days))
        kept.add(record(day, np.append(random.normal(USUAL, SPREAD, HONEST), his)))
        if day >= 0:
            normality = kept.at(START_MS + day * DAY_MS)
            assert normality is not None
            told.append(float(tail("alike", his[:1], normality.ranked["alike"], CAP).nats[0]))
    return told


def without_lag(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reference, "LAG_MS", 0)
    patch.setattr(history, "_LAG_DAYS", 0)


def news_by_day(days: int) -> list[float]:
    """Nats that are news about a link of his whose evidence ramps to CAP."""
    name, key, none = "alike", np.array([7], np.uint64), np.zeros(1)
    kept, told = History("links", (name,)), []
    for day in range(RAMP_DAYS):
        now_ms = START_MS + day * DAY_MS
        nats = CAP * np.clip(np.full(1, day / days), 0, 1)
        pieces = {name: Piece(name, nats, none, none, none)}
        told.append(float(kept.news(key, pieces, now_ms)[name].nats[0]))
        kept.keep(key, pieces, np.ones(1, np.bool_), now_ms)
    return told


def first(nats: list[float], least: float = 3.0) -> int:
    """The first day on which they reach so much."""
    return next(day for day, value in enumerate(nats) if value >= least)


@pytest.mark.parametrize("seed", range(5))
def test_the_lag_sees_a_ramp_days_before_it_would_be_seen_without(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lagged = nats_by_day(RAMP_DAYS, seed=seed)
    without_lag(monkeypatch)
    unlagged = nats_by_day(RAMP_DAYS, seed=seed)
    # before, chance among the honest links is larger than what he has moved
    moved = slice(10, RAMP_DAYS)
    assert all(a >= b for a, b in zip(lagged[moved], unlagged[moved], strict=True))
    assert first(lagged) + 2 <= first(unlagged)


@pytest.mark.parametrize("seed", range(5))
def test_who_has_few_of_the_links_never_becomes_normal(seed: int) -> None:
    told = nats_by_day(RAMP_DAYS, share=5, seed=seed)
    assert min(told[RAMP_DAYS:]) >= 3.0


def test_a_sudden_start_is_news_in_full_for_as_long_as_the_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    assert news_by_day(1)[1:8] == [CAP] * 7
    without_lag(monkeypatch)
    assert max(news_by_day(1)[3:8]) < CAP


def test_of_a_link_that_ramps_the_lag_leaves_more_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    lagged = news_by_day(RAMP_DAYS)
    without_lag(monkeypatch)
    unlagged = news_by_day(RAMP_DAYS)
    assert all(a >= b for a, b in zip(lagged, unlagged, strict=True))
    # a week is little against a ramp of four: it leaves 35 % of the nats, without a lag 25 %
    assert lagged[-1] >= 1.3 * unlagged[-1]
