"""The real pipeline on a real broker: the alert topic holds what `shoal replay` writes, byte for byte."""

import io
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from stream.config import Settings
from stream.runtime.local import Files, replay
from stream.simulate import WorldSpec, simulate, write_world
from tests.conftest import KafkaSettings
from tests.runtime.wire import Process, offset_of_group, read, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4
SPEC = WorldSpec(
    seed=3, days=14, accounts=250, onset_day=6.0, campaigns=("sweep", "prefix", "judge"), mean_requests_per_day=8.0
)
TICK_S = 3600.0
"""Coarser than usual: a tick costs the same on a small world as on a large one."""


class World(NamedTuple):
    records: list[bytes]
    findings: list[bytes]
    verdicts: list[bytes]


def ticking(settings: Settings) -> Settings:
    return settings.model_copy(update={"windows": settings.windows.model_copy(update={"tick_s": TICK_S})})


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Events of a week with campaigns, and what the embedded runtime says of them."""
    path = write_world(simulate(SPEC), tmp_path_factory.mktemp("world")).events
    findings, verdicts = io.BytesIO(), io.BytesIO()
    replay([str(path)], ticking(Settings()), sinks=[Files(findings, verdicts)])
    world = World(lines(path), findings.getvalue().splitlines(), verdicts.getvalue().splitlines())
    assert len(world.findings) > 3
    return world


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def check(settings: Settings, world: World) -> None:
    assert values(settings, settings.kafka.findings_topic) == world.findings
    verdicts = read(settings, settings.kafka.verdicts_topic)
    assert [message.value for message in verdicts] == world.verdicts
    assert [message.key for message in verdicts] == [
        orjson.loads(value)["account_id"].encode() for value in world.verdicts
    ]


def loaded(kafka_settings: KafkaSettings, world: World) -> Settings:
    settings = ticking(kafka_settings(PARTITIONS))
    write(settings, settings.kafka.requests_topic, world.records, PARTITIONS)
    return settings


def until_committed(settings: Settings, records: int) -> None:
    """Until a transaction holds about this many records."""
    until(lambda: (offset_of_group(settings, 0) or 0) * PARTITIONS > records, f"{records} records committed")


def finish(settings: Settings) -> None:
    code, said = Process(settings, "real", "once").wait(120)
    assert code == 0, said


def test_findings_equal_those_of_a_replay(kafka_settings: KafkaSettings, world: World) -> None:
    settings = loaded(kafka_settings, world)
    finish(settings)
    check(settings, world)


def test_findings_are_the_same_after_a_stop_midway(kafka_settings: KafkaSettings, world: World) -> None:
    settings = loaded(kafka_settings, world)
    worker = Process(settings, "real")
    until_committed(settings, 0)
    code, said = worker.stop()
    assert code == 0, said
    finish(settings)
    check(settings, world)


def test_findings_are_the_same_after_kills_midway(kafka_settings: KafkaSettings, world: World) -> None:
    settings = loaded(kafka_settings, world)
    for records in (0, len(world.records) // 2):
        worker = Process(settings, "real")
        until_committed(settings, records)
        worker.kill()
    finish(settings)
    check(settings, world)
