from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from stream.bench import report
from stream.bench.compare import Held, Named
from stream.bench.detection import summary
from tests.bench.outcomes import outcome, trial

DONE = [
    trial(1, outcome("sweep-1", 30, 30, 2.0, 0.1), outcome("relay-1", 10, 0, None, 1.0)),
    trial(2, outcome("sweep-1", 10, 5, 8.0, 0.5, staggered_days=7), honest=2, false_cases=("c",)),
]


def test_the_summary_adds_accounts_and_keeps_the_worst() -> None:
    whole = summary(DONE)
    assert whole.recall == Named(50, 35)
    assert whole.recall_by_archetype == {"relay": Named(10, 0), "sweep": Named(40, 35)}
    assert whole.honest == Named(200, 2)
    assert whole.false_cases_in_28_days == [0.0, 2.0]
    assert whole.hours_to_case == [2.0, 8.0]
    assert whole.hours_after_seen == [1.0, 7.0]
    assert whole.harvest == pytest.approx((30 * 0.1 + 10 * 1.0 + 10 * 0.5) / 50)
    assert whole.cases_per_campaign == 1.0
    assert whole.naive["rule"] == (Named(20, 10), Named(200, 40))


def test_contamination_is_of_cases_about_campaigns_and_mixed_ones_hold_several() -> None:
    held = (Held("a", "sweep-1", 10, 1, 2), Held("b", "relay-1", 30, 2, 1), Held("c", None, 9, 8, 1))
    whole = summary([replace(one, found=replace(one.found, held=held)) for one in DONE])
    assert whole.honest_in_cases == Named(80, 6)
    assert whole.mixed_cases == 2


def test_the_report_is_written_as_markdown_and_json(tmp_path: Path) -> None:
    drawn = [report.Picture("a.png", "What is drawn.")]
    report.write(tmp_path, report.grids(DONE), {"seeds": [1, 2]}, "shoal bench detection", drawn)
    text = (tmp_path / "detection.md").read_text()
    assert "$ shoal bench detection\n" in text
    assert "![What is drawn.](a.png)" in text
    assert "| all | 70.0 % (35 of 50) | 1.0 % (2 of 200) | 2 | 5 (8) |" in text
    assert "| 1, relay-1 | 10 | 0 | 0 | 0 | 0 | 0 | not found | - | 10 | 100.0 % |" in text
    assert "| at full strength within half a day | 2 | 1 | 1 | 2 | 2 | 1 (1) |" in text
    assert "| ramped, or accounts that trickled in | 1 | 1 | 1 | 8 | 8 | 7 (7) |" in text
    content = orjson.loads((tmp_path / "detection.json").read_bytes())
    assert content["seeds"] == [1, 2]
    assert content["command"] == "shoal bench detection"
    assert content["tables"][0]["title"] == "Detection"
    assert content["tables"][0]["rows"][-1][0] == "all"


def test_small_shares_keep_their_figures() -> None:
    assert [report.percent(share) for share in (0.984, 0.0012, 0.0)] == ["98.4 %", "0.12 %", "0 %"]
