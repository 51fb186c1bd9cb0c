from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from stream.bench import runs
from stream.bench.detection import Trial
from stream.bench.runs import Change, Run, executed
from stream.bench.worlds import is_stored, stored
from stream.config import Settings, Windows
from stream.errors import InputError
from stream.simulate import WorldSpec
from tests.bench.outcomes import outcome, trial

SPEC = WorldSpec(seed=1, days=6, accounts=100, campaigns=("sweep",), onset_day=2, lookalikes=("vpn",))
FEW_TICKS = Settings(windows=Windows(tick_s=43_200))


def test_runs_go_the_whole_way_in_processes_of_their_own(tmp_path: Path) -> None:
    listed = [Run("plain", SPEC, FEW_TICKS), Run("bare", SPEC, FEW_TICKS, Change(fields=("payment_hash",)))]
    done = {run.name: one for run, one in executed(listed, tmp_path, jobs=2)}
    plain, bare = done["plain"], done["bare"]
    assert plain.events == bare.events > 1000
    assert [campaign.uid for campaign in plain.found.campaigns] == ["sweep-1"]
    assert plain.found.campaigns[0].seen_ms is not None
    assert "vpn" in plain.found.populations
    assert plain.found.guilty.accounts + plain.found.honest.accounts > 100


@pytest.fixture
def _without_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        runs, "carried_out", lambda run, cache: trial(run.spec.seed, outcome("sweep-1", 1, 1))
    )


@pytest.mark.usefixtures("_without_replays")
def test_runs_that_are_the_same_are_carried_out_once_and_worlds_in_turn() -> None:
    other = replace(SPEC, seed=2)
    listed = [Run("a", SPEC, FEW_TICKS), Run("b", other, FEW_TICKS), Run("c", SPEC, FEW_TICKS),
              Run("d", SPEC, Settings())]  # fmt: skip
    assert [run.name for run, _ in executed(listed, Path(), jobs=1)] == ["a", "d", "b"]
    assert list(executed([], Path(), jobs=2)) == []


def test_worlds_made_here_are_discarded_after_their_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        runs, "carried_out", lambda run, cache: (stored(run.spec, cache), trial(run.spec.seed))[1]
    )
    older, fresh = SPEC, replace(SPEC, seed=2)
    stored(older, tmp_path)
    listed = [Run("a", older, FEW_TICKS), Run("b", fresh, FEW_TICKS), Run("c", fresh, Settings())]
    held = [is_stored(fresh, tmp_path) for _ in executed(listed, tmp_path, jobs=1, keep=False)]
    assert held == [False, True, False]
    assert is_stored(older, tmp_path)


def test_a_run_is_named_for_reading_alone() -> None:
    assert Run("a", SPEC, FEW_TICKS) == Run("b", SPEC, FEW_TICKS)
    assert Run("a", SPEC, FEW_TICKS) != Run("a", SPEC, FEW_TICKS, Change(silent=("place",)))


class Threads(ThreadPoolExecutor):
    def __init__(self, jobs: int, mp_context: object) -> None:
        super().__init__(jobs)


def test_where_one_run_fails_the_others_do_not_begin_and_no_world_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def fail(run: Run, cache: Path) -> Trial:
        begun.append(run.name)
        stored(run.spec, cache)
        raise InputError("broken")

    monkeypatch.setattr(runs, "ProcessPoolExecutor", Threads)
    monkeypatch.setattr(runs, "carried_out", fail)
    small = replace(SPEC, seed=9)
    many = [Run(f"{n}", small, Settings(windows=Windows(tick_s=n))) for n in range(1, 400)]
    with pytest.raises(InputError, match="broken"):
        list(executed(many, tmp_path, jobs=2, keep=False))
    assert 1 <= len(begun) < len(many)
    assert not is_stored(small, tmp_path)
