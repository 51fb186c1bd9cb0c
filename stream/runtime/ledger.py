"""The ledger: outputs, state and source offsets of a worker, in one Kafka transaction per commit."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from stream.blocks import Block
from stream.config import Settings
from stream.errors import BrokerError
from stream.findings.render import finding_bytes, reject_bytes, verdict_bytes
from stream.metrics import Meters
from stream.runtime.changelog import HEADER, Changelog, Record
from stream.runtime.pipeline import Outputs
from stream.runtime.waiting import PATIENCE_S, RETRY_MS, START_S, goodbye, patiently

TRANSACTION_MS: Final = 120_000
"""The broker aborts an older transaction; it has to outlast a broker that restarts within PATIENCE_S."""
METADATA_MS: Final = 30_000
"""Added partitions are found within this time."""
BATCH_BYTES: Final = 1_000_000
"""Just below the broker's default for a batch (1 MiB): a larger one would fail whole."""

log = logging.getLogger(__name__)
Offsets = Mapping[TopicPartition, int]


class Sent(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    place: bytes = b""


class Ledger:
    """The transactional producer and the changelog that it writes."""

    def __init__(self, settings: Settings, meters: Meters) -> None:
        """Nothing is connected before `start`."""
        self._names = settings.kafka
        self._meters = meters
        self._changelog = Changelog()
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Fence any other worker of this application and wait until its last transaction is closed."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._names.bootstrap_servers,
            transactional_id=self._names.application_id,
            transaction_timeout_ms=TRANSACTION_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=BATCH_BYTES,
            request_timeout_ms=int(PATIENCE_S * 1000),
            retry_backoff_ms=RETRY_MS,
            metadata_max_age_ms=METADATA_MS,
        )
        await asyncio.wait_for(self._producer.start(), START_S)

    async def partitions(self, topics: Iterable[str]) -> set[TopicPartition]:
        """The partitions that the broker has now (as of METADATA_MS ago)."""
        found = {topic: await patiently(self._started.partitions_for(topic), "metadata") for topic in topics}
        return {TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers}

    async def restore(self) -> tuple[Iterator[Block], dict[str, int]]:
        """The committed state, and the marks of the last commit; call it after `start`."""
        began, size, count = time.monotonic(), 0, 0
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._names.bootstrap_servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 << 20,
            retry_backoff_ms=RETRY_MS,
        )
        await asyncio.wait_for(reader.start(), START_S)
        try:
            async for records in _to_the_end(reader, TopicPartition(self._names.changelog_topic, 0)):
                self._changelog.load(records)
                size += sum(len(record.value or b"") for record in records)
                count += len(records)
        finally:
            await reader.stop()
        blocks, marks = self._changelog.replay()
        took_s = time.monotonic() - began
        log.info("read %d changelog records (%.1f MB) in %.1f s", count, size / 1e6, took_s)
        return blocks, marks

    async def commit(
        self, outputs: Iterable[Outputs], deltas: Iterable[Block], marks: Mapping[str, int], offsets: Offsets
    ) -> None:
        """One transaction; whatever fails in it fails the whole."""
        began = time.monotonic()
        changes = self._changelog.commit(deltas, marks)
        records = [record for output in outputs for record in self._said(output)]
        records += [Sent(self._names.changelog_topic, *change) for change in changes]
        await patiently(self._write(records, offsets), "a commit")
        self._meters.add("shoal_commits_total")
        self._meters.add("shoal_changelog_bytes_total", sum(len(change.value or b"") for change in changes))
        self._meters.observe("shoal_commit_duration_seconds", time.monotonic() - began)

    @property
    def base_due(self) -> bool:
        """Whether `rebase` should be called with the state as it was just committed."""
        return self._changelog.due

    def rebase(self, snapshot: Iterable[Block]) -> None:
        """Write the whole state over the next commits, so that older deltas can be dropped."""
        self._changelog.rebase(snapshot)

    async def stop(self) -> None:
        """Close the producer; an open transaction is left to the broker to abort."""
        if self._producer is not None:
            await goodbye(self._producer.stop())

    @property
    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("start the ledger before it is used")
        return self._producer

    async def _write(self, records: Sequence[Sent], offsets: Offsets) -> None:
        producer = self._started
        await producer.begin_transaction()
        futures = [
            await producer.send(
                record.topic,
                key=record.key,
                value=record.value,
                partition=0 if record.topic == self._names.changelog_topic else None,
                headers=[(HEADER, record.place)] if record.place else None,
            )
            for record in records
        ]
        if offsets:
            committed = {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
            await producer.send_offsets_to_transaction(committed, self._names.application_id)
        # commit_transaction does not notice a record that failed: only its future tells.
        await asyncio.gather(*futures)
        await producer.commit_transaction()

    def _said(self, outputs: Outputs) -> Iterator[Sent]:
        for finding in outputs.findings:
            self._meters.add("shoal_findings_total", label=finding.activity)
            yield Sent(self._names.findings_topic, finding.uid.encode(), finding_bytes(finding))
        for verdict in outputs.verdicts:
            self._meters.add("shoal_verdicts_total")
            yield Sent(self._names.verdicts_topic, verdict.account_id.encode(), verdict_bytes(verdict))
        for reject in outputs.rejects:
            yield Sent(self._names.rejects_topic, reject.source.encode(), reject_bytes(reject))


async def _to_the_end(reader: AIOKafkaConsumer, tp: TopicPartition) -> AsyncIterator[list[Record]]:
    """Every committed record of a partition up to what is its end now."""
    reader.assign([tp])
    await reader.seek_to_beginning(tp)
    end = (await patiently(reader.end_offsets([tp]), "the changelog"))[tp]
    heard = time.monotonic()
    while await reader.position(tp) < end:
        records = (await reader.getmany(tp, timeout_ms=500)).get(tp, [])
        if records:
            heard = time.monotonic()
            yield [Record(r.key, r.value, dict(r.headers).get(HEADER, b"")) for r in records]
        elif time.monotonic() - heard > PATIENCE_S:
            raise BrokerError(f"Kafka was silent on the changelog for {PATIENCE_S:.0f} s")
