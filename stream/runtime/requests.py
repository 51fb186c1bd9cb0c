"""The requests and the feedback that a worker reads: batches by partition, positions, lag and silence."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.runtime.waiting import RETRY_MS, START_S, goodbye, patiently

BATCH_RECORDS: Final = 20_000
"""Records of one read: enough for columns to pay, little enough to commit on time."""
POLL_MS: Final = 200
log = logging.getLogger(__name__)
Batches = Mapping[TopicPartition, list[Any]]


def source_of(partition: TopicPartition) -> str:
    """The pipeline's name of a partition."""
    return f"{partition.topic}-{partition.partition}"


class Requests:
    """The consumer of all partitions of the requests and feedback topics, assigned by hand."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before `start`."""
        self._names = settings.kafka
        self._consumer: AIOKafkaConsumer = None
        self._drained_since: dict[TopicPartition, float] = {}
        self._idle: set[TopicPartition] = set()
        self.lag: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect; raises BrokerError where a topic is missing."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._names.bootstrap_servers,
            group_id=self._names.application_id,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=POLL_MS,
            retry_backoff_ms=RETRY_MS,
        )
        await asyncio.wait_for(self._consumer.start(), START_S)
        there = await asyncio.wait_for(self._consumer.topics(), START_S)
        names = self._names
        wanted = (names.requests_topic, names.feedback_topic, names.findings_topic, names.verdicts_topic,
                  names.rejects_topic, names.changelog_topic)  # fmt: skip
        missing = [name for name in wanted if name not in there]
        if missing:
            raise BrokerError(f"no topic {', '.join(missing)}: `shoal topics` creates what is missing")

    @property
    def partitions(self) -> list[TopicPartition]:
        """The partitions that are read, sorted."""
        return sorted(self._consumer.assignment())

    async def assign(self, partitions: Iterable[TopicPartition], positions: Mapping[str, int]) -> None:
        """Read every partition on from its position, or from its beginning."""
        partitions = sorted(partitions)
        self._consumer.assign(partitions)
        first = await patiently(self._consumer.beginning_offsets(partitions), "offsets")
        end = await patiently(self._consumer.end_offsets(partitions), "offsets")
        for tp in partitions:
            self._consumer.seek(tp, self._start_at(tp, positions.get(source_of(tp)), first[tp], end[tp]))

    async def read(self) -> Batches:
        """The next records by partition; empty when nothing came within POLL_MS."""
        batches: Batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)
        for tp in batches:
            self._drained_since.pop(tp, None)
            self._idle.discard(tp)
        return batches

    async def look(self) -> list[TopicPartition]:
        """Measure the lag; the partitions that have just become idle: drained and silent for idle_after_s."""
        assigned = self.partitions
        ends = await patiently(self._consumer.end_offsets(assigned), "offsets")
        now, silent = time.monotonic(), []
        for tp in assigned:
            # position, not the last offset + 1: transaction markers take offsets too.
            self.lag[tp] = max(0, ends[tp] - await self._consumer.position(tp))
            if self.lag[tp]:
                self._drained_since.pop(tp, None)
            elif now - self._drained_since.setdefault(tp, now) >= self._names.idle_after_s:
                silent.append(tp)
        new = [tp for tp in silent if tp not in self._idle]
        self._idle.update(new)
        return new

    @property
    def finished(self) -> bool:
        """Whether every partition is idle."""
        return bool(self._idle == self._consumer.assignment())

    @property
    def idle(self) -> int:
        """Number of idle partitions."""
        return len(self._idle)

    async def stop(self) -> None:
        """Close the consumer."""
        if self._consumer is not None:
            await goodbye(self._consumer.stop())

    def _start_at(self, tp: TopicPartition, position: int | None, first: int, end: int) -> int:
        """Where to read on; a topic that is not the one that the state was made from is an error."""
        source = source_of(tp)
        if position is None:
            return first
        if position > end:
            raise StateError(
                f"{source} ends at {end}, but the state in {self._names.changelog_topic} is at {position}: "
                "the topic was made anew; use another kafka.application_id and changelog"
            )
        if position < first:
            log.warning("%s: %d records were deleted before they were read", source, first - position)
        return max(position, first)
