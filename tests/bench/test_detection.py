from pathlib import Path

import orjson
import pytest

from stream.bench import detection, report
from stream.bench.compare import CampaignOutcome, Comparison, Named
from stream.bench.detection import Trial, summary
from stream.config import Settings, Windows
from stream.simulate import WorldSpec

SPEC = WorldSpec(seed=1, days=10, accounts=150, campaigns=("sweep",), onset_day=5)


def outcome(
    uid: str, accounts: int, named: int, hours: float | None, harvest: float, staggered_days: float = 0
) -> CampaignOutcome:
    case_ms = None if hours is None else round(hours * 3_600_000)
    cases = () if hours is None else (f"case-{uid}",)
    archetype = uid.split("-")[0]
    return CampaignOutcome(
        uid, archetype, accounts, named, cases, 0, case_ms, 10, harvest, staggered_days, seen_ms=3_600_000
    )


def trial(seed: int, *outcomes: CampaignOutcome, honest: int = 0, false_cases: tuple[str, ...] = ()) -> Trial:
    found = Comparison(outcomes, {"hobby": Named(100, honest)}, false_cases, len(outcomes))
    naive = {"rule": (Named(10, 5), Named(100, 20))}
    return Trial(WorldSpec(seed=seed, days=14), 1000, found, naive)


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


def test_the_report_is_written_as_markdown_and_json(tmp_path: Path) -> None:
    report.write(tmp_path, DONE)
    text = (tmp_path / "detection.md").read_text()
    assert "| all | 70.0 % (35 of 50) | 1.0 % (2 of 200) | 2 | 5 (8) |" in text
    assert "| 1, relay-1 | 10 | 0 | 0 | 0 | not found | - | 10 | 100.0 % |" in text
    assert "| at full strength within half a day | 2 | 1 | 1 | 2 | 2 | 1 (1) |" in text
    assert "| ramped, or accounts that trickled in | 1 | 1 | 1 | 8 | 8 | 7 (7) |" in text
    content = orjson.loads((tmp_path / "detection.json").read_bytes())
    assert content["summary"]["recall"] == {"accounts": 50, "named": 35}
    assert [one["spec"]["seed"] for one in content["trials"]] == [1, 2]


def test_small_shares_keep_their_figures() -> None:
    assert [report.percent(share) for share in (0.984, 0.0012, 0.0)] == ["98.4 %", "0.12 %", "0 %"]


def test_a_trial_runs_the_whole_way(tmp_path: Path) -> None:
    few_ticks = Settings(windows=Windows(tick_s=43_200))
    (done,) = detection.trials([SPEC], few_ticks, tmp_path, jobs=2)
    assert done.events > 1000
    assert [campaign.uid for campaign in done.found.campaigns] == ["sweep-1"]
    assert "vpn" in done.found.populations
    assert done.found.guilty.accounts + done.found.honest.accounts > 150
