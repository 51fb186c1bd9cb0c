"""Intake workers against a real broker: their parcels give the findings of replay, byte for byte."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import environ

import pytest
from kafka import KafkaConsumer, TopicPartition

from stream.config import Settings
from stream.findings.render import finding_bytes, verdict_bytes
from stream.runtime.access import access
from stream.runtime.intake import ROLE
from stream.runtime.parcel import HEADER, Packed, Parcel, unpack
from stream.runtime.pipeline import Pipeline
from tests.conftest import KafkaSettings, Replayed, coarse
from tests.runtime.wire import environment, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4


@contextmanager
def running(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.intake_worker"], env=environ | environment(settings)
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def committed(settings: Settings) -> int:
    """Records that the intake has handed on, over all partitions."""
    group = settings.kafka.application_id + ROLE
    with_group = KafkaConsumer(**access(settings.kafka), group_id=group)
    topic = settings.kafka.requests_topic
    offsets = [with_group.committed(TopicPartition(topic, n)) for n in range(PARTITIONS)]
    with_group.close()
    return sum(offset or 0 for offset in offsets)


def parcels(settings: Settings) -> list[Parcel]:
    reader = KafkaConsumer(
        **access(settings.kafka), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    partitions = [TopicPartition(settings.kafka.events_topic, n) for n in range(PARTITIONS)]
    reader.assign(partitions)
    ends, found = reader.end_offsets(partitions), []
    while any(reader.position(tp) < end for tp, end in ends.items()):
        for records in reader.poll(timeout_ms=200).values():
            found += [unpack(Packed(dict(record.headers)[HEADER], record.value)) for record in records]
    reader.close()
    return found


def check(settings: Settings, replayed: Replayed) -> None:
    """Receiving refuses a gap and a repeat; what is judged is what replay says."""
    pipeline, found = Pipeline(settings), parcels(settings)
    for source in sorted({parcel.source for parcel in found}):
        pipeline.open(source)
    for parcel in found:
        pipeline.receive(parcel)
    outputs = pipeline.finish()
    assert replayed.findings
    assert list(map(finding_bytes, outputs.findings)) == replayed.findings
    assert list(map(verdict_bytes, outputs.verdicts)) == replayed.verdicts


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_hand_on_what_replay_reads(
    kafka_settings: KafkaSettings, replayed: Replayed, workers: int
) -> None:
    settings = coarse(kafka_settings(PARTITIONS))
    records = [*replayed.records, b"broken"]
    write(settings, settings.kafka.requests_topic, records, PARTITIONS)
    with ExitStack() as stack:
        crew = [stack.enter_context(running(settings)) for _ in range(workers)]
        until(lambda: committed(settings) == len(records), "all handed on")
        for process in crew:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in crew] == [0] * workers
    assert len(values(settings, settings.kafka.rejects_topic)) == 1
    check(settings, replayed)


def test_a_worker_that_joins_and_one_that_is_killed_lose_and_repeat_nothing(
    kafka_settings: KafkaSettings, replayed: Replayed
) -> None:
    settings, records = coarse(kafka_settings(PARTITIONS)), replayed.records
    third = len(records) // 3 // PARTITIONS * PARTITIONS
    topic = settings.kafka.requests_topic
    write(settings, topic, records[:third], PARTITIONS)
    with running(settings) as first:
        until(lambda: committed(settings) > 0, "a first parcel")
        with running(settings):
            write(settings, topic, records[third : 2 * third], PARTITIONS)
            until(lambda: committed(settings) > third, "parcels of the second part")
            first.kill()
            write(settings, topic, records[2 * third :], PARTITIONS)
            until(lambda: committed(settings) == len(records), "all handed on")
    check(settings, replayed)
