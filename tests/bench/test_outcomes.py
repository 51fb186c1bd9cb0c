from dataclasses import replace
from pathlib import Path

from stream.bench.outcomes import ended, keep
from stream.bench.runs import Change, Run
from stream.bench.tuning import with_tick
from stream.config import Settings
from stream.simulate import WorldSpec
from tests.bench.outcomes import outcome, trial

RUN = Run("a", WorldSpec(seed=1), Settings(), Change(silent=("place",)))
TRIAL = trial(1, outcome("sweep-1", 10, 9))


def test_an_outcome_is_that_of_the_same_run_whatever_its_name(tmp_path: Path) -> None:
    assert ended(RUN, tmp_path) is None
    keep(RUN, TRIAL, tmp_path)
    assert ended(RUN, tmp_path) == TRIAL
    assert ended(replace(RUN, name="b"), tmp_path) == TRIAL


def test_another_world_setting_or_change_is_another_run(tmp_path: Path) -> None:
    keep(RUN, TRIAL, tmp_path)
    assert ended(replace(RUN, spec=WorldSpec(seed=2)), tmp_path) is None
    assert ended(replace(RUN, settings=with_tick(Settings(), 300)), tmp_path) is None
    assert ended(replace(RUN, change=Change()), tmp_path) is None
