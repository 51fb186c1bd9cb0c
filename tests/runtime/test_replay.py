"""The embedded runtime with the real detector: how the input is packed and split changes no byte."""

import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from stream.config import Alerts, Settings, Windows
from stream.runtime.local import Files, replay
from stream.simulate import WorldSpec, simulate, write_world

SETTINGS = Settings(windows=Windows(tick_s=21_600), alerts=Alerts(threshold_nats=6, warm_up_days=8))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = WorldSpec(seed=2, days=14, accounts=150, campaigns=("sweep", "judge"), onset_day=8)
    return write_world(simulate(spec), tmp_path_factory.mktemp("world")).events


@pytest.fixture(scope="module")
def whole(world: Path) -> tuple[bytes, ...]:
    return said([world])


def said(paths: Sequence[Path], chunk_bytes: int = 1 << 20) -> tuple[bytes, ...]:
    outputs = [io.BytesIO(), io.BytesIO(), io.BytesIO()]
    replay([str(path) for path in paths], SETTINGS, sinks=[Files(*outputs)], chunk_bytes=chunk_bytes)
    return tuple(output.getvalue() for output in outputs)


def test_there_is_something_to_say(whole: tuple[bytes, ...]) -> None:
    findings, verdicts, rejects = whole
    assert findings
    assert verdicts.count(b"\n") > 10
    assert rejects == b""


def test_compression_and_chunks_change_nothing(world: Path, whole: tuple[bytes, ...], tmp_path: Path) -> None:
    packed = tmp_path / "events.ndjson.zst"
    packed.write_bytes(zstandard.compress(world.read_bytes()))
    assert said([packed], chunk_bytes=300_000) == whole


def test_eight_files_side_by_side_change_nothing(
    world: Path, whole: tuple[bytes, ...], tmp_path: Path
) -> None:
    lines = world.read_bytes().splitlines(keepends=True)
    for part in range(8):
        (tmp_path / f"{part}.ndjson.gz").write_bytes(gzip.compress(b"".join(lines[part::8])))
    assert said([tmp_path], chunk_bytes=100_000) == whole


def test_files_of_a_day_each_change_nothing(world: Path, whole: tuple[bytes, ...], tmp_path: Path) -> None:
    days: dict[bytes, list[bytes]] = {}
    for line in world.read_bytes().splitlines(keepends=True):
        days.setdefault(line[9:19], []).append(line)
    for number, day in enumerate(sorted(days, reverse=True)):
        (tmp_path / f"{number:02}.ndjson").write_bytes(b"".join(days[day]))
    assert said([tmp_path]) == whole
