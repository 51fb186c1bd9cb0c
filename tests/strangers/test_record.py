from pathlib import Path

import polars as pl
import pytest

from stream.event.fields import RECORD
from tests.strangers.record import GROUPS, names, write
from tests.strangers.world import World

HASHES = ("params_hash", "tools_hash", "prompt_prefix_hash", "prompt_hash", "prompt_simhash")


def frame(world: World, path: Path, without: frozenset[str] = frozenset()) -> pl.DataFrame:
    columns = world.columns()
    write(world, columns, names(world, columns), path, without)
    return pl.read_ndjson(path, infer_schema_length=None)


def test_fields_are_those_of_the_record(village: World, tmp_path: Path) -> None:
    found = frame(village, tmp_path / "events.ndjson.zst")
    assert set(found.columns) <= {field.name for field in RECORD}
    assert found["event_id"].n_unique() == len(found)
    for name in HASHES:
        assert found[name].drop_nulls().str.contains("^[0-9a-f]{16}$").all()
    assert found["time"].is_sorted()
    assert found["client_ip"].str.contains(r"^(\d+\.\d+\.\d+\.\d+|2a[0-9a-f:]+)$").all()


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_gateway_may_not_log_a_group_of_fields(village: World, tmp_path: Path, group: str) -> None:
    found = frame(village, tmp_path / "events.ndjson.zst", frozenset({group}))
    assert not set(found.columns) & set(GROUPS[group])
    assert {"time", "account_id", "model", "client_ip"} <= set(found.columns)
