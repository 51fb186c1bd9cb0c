"""The topics of a comparison: one that all read, and what each contestant told, read back as results."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import uuid4
from zlib import crc32

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from stream.event.times import from_text
from tests.compare.work import PARTITIONS, SIZES_S, Figures, Results, Window, expected, read_result

DAY_MS: Final = 86_400_000


class Load(NamedTuple):
    """A topic, its number of records, and the windows to be told of them: those that begin before `end_s`."""

    topic: str
    records: int
    results: Results
    end_s: int


def load(bootstrap: str, records: Sequence[bytes]) -> Load:
    """Writes records by account over a topic's partitions, at the end one of each account, a day later.

    Those close all other windows, whether by account or by partition, and make some that are left open.
    """
    topic, timed = f"compare-{uuid4().hex[:8]}", [(_time_ms(record), record) for record in records]
    create(bootstrap, topic, PARTITIONS)
    end_ms = timed[-1][0] + DAY_MS
    last = {_account(record): record for _, record in timed}
    ends = [
        (end_ms, orjson.dumps(orjson.loads(record) | {"event_id": None, "time": end_ms}))
        for record in last.values()
    ]
    with KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=500_000) as producer:
        for time_ms, record in [*timed, *ends]:
            account = _account(record)
            partition = crc32(account) % PARTITIONS
            producer.send(topic, record, key=account, partition=partition, timestamp_ms=time_ms)
        producer.flush()
    return Load(topic, len(timed) + len(ends), expected(timed), timed[-1][0] // 1000 + 1)


def _account(record: bytes) -> bytes:
    account: str = orjson.loads(record)["account_id"]
    return account.encode()


def _time_ms(record: bytes) -> int:
    time_ms = from_text(orjson.loads(record)["time"])
    assert time_ms is not None
    return time_ms


def create(bootstrap: str, topic: str, partitions: int) -> None:
    """Events are of the past: retention by time would delete them."""
    new = {topic: {"num_partitions": partitions, "configs": {"retention.ms": "-1"}}}
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.create_topics(new, wait_for_metadata=True)


def forget(bootstrap: str, name: str) -> None:
    """Deletes every topic whose name holds this one."""
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.delete_topics([topic for topic in admin.list_topics() if name in topic])


def committed(admin: KafkaAdminClient, group: str, topic: str) -> int:
    """Records of a topic that a group has read for good."""
    try:
        found = admin.list_group_offsets({group: None})[group]
    except KafkaError:
        return 0  # no group yet
    return sum(max(0, at.offset) for tp, at in found.items() if tp.topic == topic)


def told(bootstrap: str, topic: str) -> Results:
    """The newest record of each window."""
    return dict(read_result(record.value) for record in _records(bootstrap, topic))


def changelogs(name: str) -> dict[int, str]:
    """The topic of each table, by the seconds of its windows."""
    return {size_s: f"{name}-windows-{size_s}-changelog" for size_s in SIZES_S}


def told_by_tables(bootstrap: str, name: str) -> Results:
    """The newest value of each window in the changelogs of two tables."""
    found: Results = {}
    for size_s, topic in changelogs(name).items():
        for record in _records(bootstrap, topic):
            account, (start_s, _) = orjson.loads(record.key)
            count, tokens, networks = orjson.loads(record.value)
            found[Window(account, size_s, round(start_s))] = Figures(count, tokens, len(networks))
    return found


def _records(bootstrap: str, topic: str) -> Iterator[Any]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
    )
    tps = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(tps)
    ends = consumer.end_offsets(tps)
    while any(consumer.position(tp) < end for tp, end in ends.items()):
        for records in consumer.poll(timeout_ms=200).values():
            yield from records
    consumer.close()
