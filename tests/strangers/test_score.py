from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.strangers.record import names, write
from tests.strangers.score import campaigns, false_cases, judgement, populations, replay, report
from tests.strangers.truth import tell
from tests.strangers.world import World

TRUTH: dict[str, Any] = {
    "accounts": {
        "a": {"population": "campaign", "campaign": "c1"},
        "b": {"population": "campaign", "campaign": "c1"},
        "h": {"population": "office", "campaign": None},
        "i": {"population": "office", "campaign": None},
    },
    "campaigns": {"c1": {"archetype": "T1", "evasions": ["aged"], "first_event_ms": 0}},
}
HARVEST = pl.DataFrame(
    {"account_id": ["a", "a", "a", "b"], "campaign": ["c1"] * 4, "time_ms": [0, 1_000, 7_200_000, 5_000]}
)


def verdict(account: str, case: str, hour: int, cleared: bool = False) -> dict[str, Any]:
    time = f"1970-01-01T{hour:02}:00:00Z"
    return {"account_id": account, "campaign_uid": case, "time": time, "cleared": cleared}


def test_harvest_ends_for_each_account_when_it_is_named() -> None:
    (row,) = campaigns(TRUTH, HARVEST, judgement([verdict("a", "x", 1)]))
    assert (row.kind, row.size, row.named, row.hours, row.cases) == ("T1+aged", 2, 1, 1.0, 1)
    assert row.harvest == pytest.approx(3 / 4)


def test_a_campaign_that_nobody_names_is_harvested_whole() -> None:
    (row,) = campaigns(TRUTH, HARVEST, judgement([]))
    assert (row.named, row.hours, row.harvest, row.cases) == (0, None, 1.0, 0)


def test_a_cleared_account_was_named_once_and_is_not_at_the_end() -> None:
    said = judgement([verdict("h", "y", 1), verdict("h", "y", 2, cleared=True), verdict("i", "y", 3)])
    (row,) = populations(TRUTH, said)
    assert (row.members, row.at_end, row.ever) == (2, 1, 2)


def test_a_case_is_false_where_most_of_it_is_honest() -> None:
    said = judgement([verdict("a", "x", 1), verdict("b", "x", 1), verdict("h", "x", 2), verdict("i", "y", 2)])
    assert false_cases(TRUTH, said) == ["y"]


def test_a_world_is_replayed_and_reported(tmp_path: Path, village: World) -> None:
    """Its first exchanges only: the run is what is tested here, not what it finds."""
    columns = {name: values[:200] for name, values in village.columns().items()}
    ids = names(village, columns)
    write(village, columns, ids, tmp_path / "events.ndjson.zst")
    tell(village, columns, ids, tmp_path, seed=4)
    replay(tmp_path)
    text = report(tmp_path)
    assert "seed 4, 200 exchanges" in text
    assert "honest named at end 0/" in text
