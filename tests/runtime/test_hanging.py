"""What Kafka forgot to end is never committed beside what was read again."""

import asyncio
from collections.abc import Iterator

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from stream.blocks import checksum
from stream.config import Settings
from stream.findings.render import finding_bytes
from stream.runtime import kafka
from stream.runtime.access import access
from stream.runtime.hanging import hanging
from stream.runtime.ledger import COMMIT
from stream.runtime.parcel import HEADER
from stream.runtime.stage import INTAKE
from stream.runtime.topics import ensure
from stream.runtime.writer import Sent, Writer
from tests.conftest import named_settings
from tests.runtime.broker import Broker
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import events, offset_of_group, values, write

pytestmark = pytest.mark.kafka

_UNVERIFIED = "transaction.partition.verification.enable=false\n"
"""Lets a producer write to a partition that its transaction does not know, which then nobody ends."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    data = tmp_path_factory.mktemp("hanging") / "kafka"
    data.mkdir()
    (data / "own.properties").write_text(_UNVERIFIED)
    mine = Broker(data)
    mine.start()
    yield mine
    mine.stop()


async def leave(settings: Settings, role: str, left: list[Sent]) -> None:
    """Write these as a worker would whose transaction Kafka then forgets, and end as if by a crash."""
    name = settings.kafka.application_id + role
    producer = AIOKafkaProducer(**access(settings.kafka), transactional_id=name)
    await producer.start()
    await producer.begin_transaction()
    for sent in left:
        producer._txn_manager._txn_partitions.add(TopicPartition(sent.topic, sent.partition))
        headers = [sent.header] if sent.header else None
        await producer.send_and_wait(sent.topic, sent.value, sent.key, sent.partition, headers=headers)
    await producer.stop()


def hangs(settings: Settings, *topics: str) -> set[str]:
    found = asyncio.run(hanging(settings.kafka, [TopicPartition(topic, 0) for topic in topics]))
    return {tp.topic for tp in found}


def expected(records: list[bytes]) -> list[bytes]:
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    return [finding_bytes(finding) for finding in pipeline.finish().findings]


def judge(settings: Settings, stage: str) -> None:
    kafka.serve(settings, FakePipeline(), stage, once=True)  # type: ignore[arg-type]


def half_judged(broker: Broker, name: str) -> tuple[Settings, list[bytes]]:
    """An application that has judged the first half of these records."""
    settings, records = named_settings(broker.bootstrap, name), events(2000)
    ensure(settings, 1)
    write(settings, settings.kafka.requests_topic, records[:1000])
    judge(settings, "all")
    return settings, records


def test_state_and_findings_that_hang_are_aborted(broker: Broker, fresh_name: str) -> None:
    settings, records = half_judged(broker, fresh_name)
    names = settings.kafka
    left = [
        Sent(names.findings_topic, b"c-1", b"never", 0),
        Sent(names.changelog_topic, b"d/99/0/fake/counts", b"never", 0),
    ]
    asyncio.run(leave(settings, "", left))
    assert hangs(settings, names.findings_topic, names.changelog_topic) == {
        names.findings_topic,
        names.changelog_topic,
    }
    write(settings, names.requests_topic, records[1000:])
    judge(settings, "all")
    assert hangs(settings, names.findings_topic, names.changelog_topic) == set()
    assert values(settings, names.findings_topic) == expected(records)
    assert b"never" not in values(settings, names.changelog_topic)


def test_a_parcel_that_hangs_and_is_read_again_is_aborted(broker: Broker, fresh_name: str) -> None:
    settings, records = named_settings(broker.bootstrap, fresh_name), events(2000)
    names = settings.kafka
    ensure(settings, 1, split=True)
    write(settings, names.requests_topic, records[:1000])
    kafka.run(settings, "intake", once=True)
    place = {"source": f"{names.requests_topic}-0", "first": 1000, "end": 1100, "schema": 0, "key": ""}
    place |= {"crc": checksum(b""), "idle": False, "present": {}}
    parcel = Sent(names.events_topic, None, b"", 0, (HEADER, orjson.dumps(place)))
    asyncio.run(leave(settings, f"{INTAKE}-0", [parcel]))
    assert hangs(settings, names.events_topic) == {names.events_topic}
    write(settings, names.requests_topic, records[1000:])
    kafka.run(settings, "intake", once=True)
    assert hangs(settings, names.events_topic) == set()
    judge(settings, "judge")
    assert values(settings, names.findings_topic) == expected(records)


def forgetting(monkeypatch: pytest.MonkeyPatch, *topics: str, group: bool = False) -> None:
    """Transactions of this process end on all partitions but those of these topics, and the group's."""
    begin = Writer.begin

    async def begun(self: Writer) -> None:
        await begin(self)
        manager = self._started._txn_manager  # type: ignore[attr-defined]
        manager._txn_partitions.update(TopicPartition(topic, 0) for topic in topics)
        if group:
            manager._txn_consumer_group = self._group

    monkeypatch.setattr(Writer, "begin", begun)


@pytest.mark.parametrize("forgotten", [["findings"], ["changelog"], ["findings", "changelog"]])
def test_what_was_committed_elsewhere_is_committed_where_it_hangs(
    broker: Broker, fresh_name: str, monkeypatch: pytest.MonkeyPatch, forgotten: list[str]
) -> None:
    """The changelog's head, or else the group's offsets, know it; an abort would lose it or say it twice."""
    settings, records = named_settings(broker.bootstrap, fresh_name), events(2000)
    names, topics = settings.kafka, [f"{fresh_name}.{topic}" for topic in forgotten]
    ensure(settings, 1)
    write(settings, names.requests_topic, records[:1000])
    with monkeypatch.context() as patched:
        forgetting(patched, *topics)
        judge(settings, "all")
    assert hangs(settings, *topics) == set(topics)
    write(settings, names.requests_topic, records[1000:])
    judge(settings, "all")
    assert hangs(settings, *topics) == set()
    assert values(settings, names.findings_topic) == expected(records)
    assert offset_of_group(settings, 0) == len(records)


def test_findings_alone_tell_that_state_and_offsets_were_committed(
    broker: Broker, fresh_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, records = named_settings(broker.bootstrap, fresh_name), events(2000)
    names = settings.kafka
    ensure(settings, 1)
    write(settings, names.requests_topic, records[:1000])
    with monkeypatch.context() as patched:
        forgetting(patched, names.changelog_topic, group=True)
        judge(settings, "all")
    assert hangs(settings, names.changelog_topic) == {names.changelog_topic}
    assert offset_of_group(settings, 0) is None
    told = values(settings, names.findings_topic)
    assert told
    write(settings, names.requests_topic, records[1000:])
    judge(settings, "all")
    assert hangs(settings, names.changelog_topic) == set()
    assert values(settings, names.findings_topic) == expected(records)
    assert offset_of_group(settings, 0) == len(records)


def test_parcels_alone_tell_how_far_their_intake_came(
    broker: Broker, fresh_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, records = named_settings(broker.bootstrap, fresh_name), events(2000)
    names = settings.kafka
    ensure(settings, 1, split=True)
    write(settings, names.requests_topic, records[:1000])
    with monkeypatch.context() as patched:
        forgetting(patched, group=True)
        kafka.run(settings, "intake", once=True)
    assert offset_of_group(settings, 0, INTAKE) is None
    write(settings, names.requests_topic, records[1000:])
    kafka.run(settings, "intake", once=True)
    assert offset_of_group(settings, 0, INTAKE) == len(records)
    judge(settings, "judge")
    assert values(settings, names.findings_topic) == expected(records)


def test_findings_that_hang_of_a_commit_that_was_none_are_aborted(broker: Broker, fresh_name: str) -> None:
    settings, records = half_judged(broker, fresh_name)
    names = settings.kafka
    asyncio.run(leave(settings, "", [Sent(names.findings_topic, b"c-1", b"never", 0, (COMMIT, b"99999"))]))
    assert hangs(settings, names.findings_topic) == {names.findings_topic}
    write(settings, names.requests_topic, records[1000:])
    judge(settings, "all")
    assert hangs(settings, names.findings_topic) == set()
    assert values(settings, names.findings_topic) == expected(records)
