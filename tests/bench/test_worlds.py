from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from stream.bench import worlds
from stream.bench.worlds import StoredWorld, cache_folder, discard, is_stored, stored, without
from stream.simulate import Truth, WorldSpec

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


def test_fields_are_missing_for_as_long_as_the_block_lasts(tmp_path: Path) -> None:
    world = stored(SPEC, tmp_path)
    with without(world, ("payment_hash", "account_created_at")) as thinned:
        first, *others = (orjson.loads(line) for line in thinned.events.open())
        assert not {"payment_hash", "account_created_at"} & set(first)
        assert first["account_id"] == orjson.loads(world.events.open().readline())["account_id"]
        assert len(others) + 1 == sum(1 for _ in world.events.open())
        columns = thinned.columns("payment_hash", "org_id")
        assert columns["payment_hash"].null_count() == columns["created_ms"].null_count() == columns.height
        assert columns["time_ms"].null_count() == 0
        assert thinned.truth == world.truth
    assert not thinned.events.exists()


def test_nothing_missing_is_the_world_itself(tmp_path: Path) -> None:
    world = StoredWorld(tmp_path / "events.ndjson", Truth({}, {}))
    with without(world, ()) as same:
        assert same is world


def test_a_discarded_world_is_gone(tmp_path: Path) -> None:
    small = replace(SPEC, accounts=60, lookalikes=(), days=5)
    assert not is_stored(small, tmp_path)
    stored(small, tmp_path)
    assert is_stored(small, tmp_path)
    discard(small, tmp_path)
    assert not is_stored(small, tmp_path)


def test_a_new_world_takes_the_place_of_those_unused_for_longest(tmp_path: Path) -> None:
    tiny = [replace(SPEC, seed=seed, accounts=60, lookalikes=(), campaigns=(), days=5) for seed in (1, 2, 3)]
    sizes = [stored(spec, tmp_path).events.stat().st_size for spec in tiny[:2]]
    stored(tiny[0], tmp_path)  # used again: the second is now the oldest
    stored(tiny[2], tmp_path, kept_bytes=int(sum(sizes) * 1.3))
    assert [is_stored(spec, tmp_path) for spec in tiny] == [True, False, True]


def test_the_newest_world_stays_however_large(tmp_path: Path) -> None:
    small = replace(SPEC, accounts=60, lookalikes=(), campaigns=(), days=5)
    assert stored(small, tmp_path, kept_bytes=1).events.exists()
