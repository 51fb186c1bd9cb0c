from dataclasses import replace
from pathlib import Path

import pytest

from stream.bench import worlds
from stream.bench.worlds import cache_folder, stored
from stream.simulate import WorldSpec

SPEC = WorldSpec(seed=3, days=10, accounts=150, campaigns=("sweep",), onset_day=4)


def test_a_world_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stored(SPEC, tmp_path)
    monkeypatch.setattr(worlds, "simulate", lambda spec: pytest.fail("simulated again"))
    again = stored(SPEC, tmp_path)
    assert again.events == first.events
    assert again.truth == first.truth


def test_another_spec_is_another_world(tmp_path: Path) -> None:
    assert stored(SPEC, tmp_path).events != stored(replace(SPEC, seed=4), tmp_path).events


def test_columns_bring_times_in_milliseconds(tmp_path: Path) -> None:
    world = stored(SPEC, tmp_path)
    events = world.columns("account_id")
    assert events.columns == ["account_id", "time_ms", "created_ms"]
    assert events["time_ms"].is_sorted()
    assert events["time_ms"].min() >= SPEC.start  # type: ignore[operator]
    assert set(events["account_id"]) == set(world.truth.accounts)


def test_the_cache_follows_the_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cache_folder() == Path("/cache/shoal/worlds")
