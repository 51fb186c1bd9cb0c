import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest
import zstandard

from stream.config import Settings, Windows
from stream.errors import InputError
from stream.runtime import local
from stream.runtime.local import Collected, Files, Reading, replay
from stream.runtime.pipeline import Outputs
from stream.runtime.progress import PlainLines
from tests.runtime.fake import FakePipeline

DAY_MS = 86_400_000
START_MS = 1_775_606_400_000
SETTINGS = Settings(windows=Windows(tick_s=60))


@pytest.fixture(autouse=True)
def _without_a_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings of the fake depend on every event, its account and its time, so that none can go missing."""
    monkeypatch.setattr(local, "Pipeline", lambda settings: FakePipeline())


def lines(count: int = 3000, step_ms: int = 1_000) -> list[bytes]:
    """Events of seven accounts, one every `step_ms`, every 500th line a reject."""
    return [
        b"not json\n"
        if n % 500 == 499
        else b'{"time": %d, "account_id": "a%d"}\n' % (START_MS + n * step_ms, n % 7)
        for n in range(count)
    ]


def said(*paths: Path, chunk_bytes: int = 4096, until_ms: int | None = None) -> tuple[bytes, bytes]:
    """Findings and verdicts as they are written."""
    files = Files(io.BytesIO(), io.BytesIO(), io.BytesIO())
    replay([str(p) for p in paths], SETTINGS, sinks=[files], chunk_bytes=chunk_bytes, until_ms=until_ms)
    assert isinstance(files.findings, io.BytesIO)
    assert isinstance(files.verdicts, io.BytesIO)
    return files.findings.getvalue(), files.verdicts.getvalue()


def batches(records: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [records[at : at + size] for at in range(0, len(records), size)]


def written(path: Path, records: Sequence[bytes], pack: Callable[[bytes], bytes] = bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pack(b"".join(records)))
    return path


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return written(tmp_path / "whole.ndjson", lines())


def test_there_is_something_to_say(whole: Path) -> None:
    findings, _ = said(whole)
    assert findings.count(b"\n") > 100
    assert findings.endswith(b"}\n")


@pytest.mark.parametrize("chunk_bytes", [1, 1000, 10_000, 1 << 20])
def test_the_size_of_chunks_changes_nothing(whole: Path, chunk_bytes: int) -> None:
    assert said(whole, chunk_bytes=chunk_bytes) == said(whole)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_compression_changes_nothing(
    whole: Path, tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    assert said(written(tmp_path / f"packed.ndjson{suffix}", lines(), pack)) == said(whole)


@pytest.mark.parametrize("parts", [2, 8])
def test_files_side_by_side_are_merged_by_event_time(whole: Path, tmp_path: Path, parts: int) -> None:
    for part in range(parts):
        written(tmp_path / "split" / f"{part}.ndjson", lines()[part::parts])
    assert said(tmp_path / "split") == said(whole)


def test_files_one_after_the_other_are_merged_whatever_their_names(whole: Path, tmp_path: Path) -> None:
    for name, batch in zip("zyxwv", batches(lines(), 600), strict=True):
        written(tmp_path / "rotated" / f"{name}.ndjson.gz", batch, gzip.compress)
    assert said(tmp_path / "rotated") == said(whole)


def test_a_file_that_begins_with_rejects_holds_time_until_its_first_event(
    whole: Path, tmp_path: Path
) -> None:
    first, second = lines()[0::2], lines()[1::2]
    written(tmp_path / "split" / "a.ndjson", first)
    written(tmp_path / "split" / "b.ndjson", [b"garbage\n"] * 100 + second)
    assert said(tmp_path / "split", chunk_bytes=300) == said(whole)


def test_little_is_read_ahead_of_the_slowest_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With rotated files the pipeline never holds much more than a chunk and a record of each file."""
    held: list[int] = []

    class Watched(FakePipeline):
        def advance(self, most: int | None = None) -> Outputs:
            held.append(len(self.held))
            return super().advance(most)

    monkeypatch.setattr(local, "Pipeline", lambda settings: Watched())
    for day, batch in enumerate(batches(lines(5000), 250)):
        written(tmp_path / "rotated" / f"{day:02}.ndjson", batch)
    said(tmp_path / "rotated", chunk_bytes=2048)
    assert max(held) < 500


def test_until_says_what_was_decided_by_then_and_no_more(whole: Path) -> None:
    until_ms = START_MS + 1_800_000
    findings, _ = said(whole, until_ms=until_ms)
    all_findings, _ = said(whole)
    decided = [
        line
        for line in all_findings.splitlines(keepends=True)
        if orjson.loads(line)["time"] <= "2026-04-08T00:30:00.000Z"
    ]
    assert findings == b"".join(decided)
    assert 0 < len(decided) < all_findings.count(b"\n")


def test_until_reads_no_further_than_it_has_to(whole: Path) -> None:
    seen: list[Reading] = []
    replay([str(whole)], SETTINGS, until_ms=START_MS + 60_000, progress=seen.append, chunk_bytes=1024)
    assert seen[-1].records < 1000


def test_rejects_name_file_and_line(whole: Path) -> None:
    collected = Collected()
    replay([str(whole)], SETTINGS, sinks=[collected])
    assert [(r.source, r.offset) for r in collected.outputs.rejects] == [
        (str(whole), n) for n in range(499, 3000, 500)
    ]


def test_sinks_are_written_as_ticks_are_decided(whole: Path) -> None:
    """A reader that follows the file sees the first findings long before the end."""
    out = io.BytesIO()
    sizes: list[int] = []
    progress = lambda reading: sizes.append(len(out.getvalue()))  # noqa: E731
    replay([str(whole)], SETTINGS, sinks=[Files(out)], progress=progress, chunk_bytes=4096)
    assert len(set(sizes)) > 10


def test_a_file_that_breaks_off_is_an_error_after_what_was_found(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(lines(30_000)))
    path = written(tmp_path / "broken.ndjson.gz", [packed[: len(packed) // 2]])
    collected = Collected()
    with pytest.raises(InputError, match=r"broken\.ndjson\.gz: unreadable after line"):
        replay([str(path)], SETTINGS, sinks=[collected], chunk_bytes=4096)
    assert collected.outputs.findings


def test_plain_progress_is_a_line_every_tenth(whole: Path) -> None:
    out = io.StringIO()
    replay([str(whole)], SETTINGS, progress=PlainLines("replay", out), chunk_bytes=2048)
    told = out.getvalue().splitlines()
    assert len(told) == 10
    assert told[0].startswith("replay:  1")
    assert told[-1].startswith("replay: 100 %, 3,000 records to 2026-04-08 00:4")
