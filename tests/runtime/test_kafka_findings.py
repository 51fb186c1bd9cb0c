"""The real pipeline on a real broker: the alert topic holds what `shoal replay` writes, byte for byte."""

import orjson
import pytest

from stream.config import Settings
from tests.conftest import KafkaSettings, Replayed, coarse
from tests.runtime.wire import Process, offset_of_group, read, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4


def check(settings: Settings, replayed: Replayed) -> None:
    assert len(replayed.findings) > 3
    assert values(settings, settings.kafka.findings_topic) == replayed.findings
    verdicts = read(settings, settings.kafka.verdicts_topic)
    assert [message.value for message in verdicts] == replayed.verdicts
    assert [message.key for message in verdicts] == [
        orjson.loads(value)["account_id"].encode() for value in replayed.verdicts
    ]


def loaded(kafka_settings: KafkaSettings, replayed: Replayed, partitions: int) -> Settings:
    settings = coarse(kafka_settings(partitions))
    write(settings, settings.kafka.requests_topic, replayed.records, partitions)
    return settings


def committed(settings: Settings) -> int:
    return sum(offset_of_group(settings, number) or 0 for number in range(PARTITIONS))


def until_more_committed(settings: Settings, replayed: Replayed) -> None:
    """Until another transaction holds records, or there are no more."""
    before, last = committed(settings), len(replayed.records)
    until(lambda: committed(settings) > before or before == last, "a commit")


def finish(settings: Settings) -> None:
    code, said = Process(settings, "real", "once").wait(180)
    assert code == 0, said


def test_findings_equal_those_of_a_replay(kafka_settings: KafkaSettings, replayed: Replayed) -> None:
    settings = loaded(kafka_settings, replayed, 1)
    finish(settings)
    check(settings, replayed)


def test_findings_are_the_same_after_a_stop_and_a_kill(
    kafka_settings: KafkaSettings, replayed: Replayed
) -> None:
    settings = loaded(kafka_settings, replayed, PARTITIONS)
    worker = Process(settings, "real")
    until_more_committed(settings, replayed)
    code, said = worker.stop()
    assert code == 0, said
    worker = Process(settings, "real")
    until_more_committed(settings, replayed)
    worker.kill()
    finish(settings)
    check(settings, replayed)
