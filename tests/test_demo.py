from dataclasses import replace
from io import StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from stream import demo
from stream.demo import cases, show_cases, world_spec
from stream.findings.finding import Evidence, Finding
from stream.runtime import local
from stream.simulate import LOOKALIKES
from tests.runtime.fake import FakePipeline

PIECES = tuple(
    Evidence("family", name, 0.7081, 0.1413, 0.2, "share", nats, f"sentence {name}")
    for name, nats in (("a", 1.0), ("b", 4.0), ("c", 3.0), ("d", 2.0))
)
OPENED = Finding(
    "c-0123456789abcdef", "open", 46_800_000, "title", "high", 0.9, 9, (),
    43_200_000, 46_000_000, 70, (), PIECES, (), "d",
)  # fmt: skip
GROWN = replace(OPENED, activity="update", time_ms=90_000_000, member_count=1077, exchanges=9000)


def printed(findings: list[Finding]) -> str:
    text = StringIO()
    show_cases(cases(findings), Console(file=text, width=100))
    return text.getvalue()


def test_a_case_shows_how_it_stands_and_how_it_began() -> None:
    text = printed([OPENED, GROWN])
    assert "c-0123456789     1,077  1970-01-01 12:00  1970-01-01 13:00                   70" in text


def test_the_three_strongest_pieces_are_shown_with_observed_and_expected() -> None:
    lines = printed([OPENED]).splitlines()
    assert lines[-3:] == [f"    sentence {name} (70.8%, expected 14.1%)" for name in "bcd"]


def test_a_closed_case_is_left_out() -> None:
    assert printed([OPENED, replace(GROWN, activity="close")]).splitlines()[-1] == "none"


def test_the_demonstration_leaves_its_files_and_tells_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "Pipeline", lambda settings: FakePipeline())
    monkeypatch.setattr(
        demo, "world_spec", lambda seed: replace(world_spec(seed), accounts=150, days=10, onset_day=5)
    )
    text = StringIO()
    monkeypatch.chdir(tmp_path)
    demo.demo(Path("out"), 1, Console(file=text, width=100))
    for name in (
        "events.ndjson",
        "truth.json",
        "findings.ndjson",
        "verdicts.ndjson",
        "rejects.ndjson",
        "report.md",
    ):
        assert (tmp_path / "out" / name).exists()
        assert name in text.getvalue()
    assert max(len(line.rstrip()) for line in text.getvalue().splitlines()) <= 100
    truth = orjson.loads((tmp_path / "out" / "truth.json").read_bytes())
    there = [name for name in LOOKALIKES if f"honest/{name}" in truth["accounts"].values()]
    assert len(there) >= 10
    assert [name for name in there if name not in text.getvalue()] == []
    report = (tmp_path / "out" / "report.md").read_text()
    assert all(f"| {uid} |" in report for uid in truth["campaigns"])
