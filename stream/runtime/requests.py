"""The requests and the feedback that a worker reads: batches by partition, positions, lag and silence."""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.runtime.origin import ANEW
from stream.runtime.reading import consumer
from stream.runtime.waiting import connect, goodbye, patiently
from stream.runtime.watch import Standing

BATCH_RECORDS: Final = 20_000
"""Records of one read: enough for columns to pay, little enough to commit on time."""
POLL_MS: Final = 200
DEAF_S: Final = 5.0
"""Without a look for this long Kafka was away, or the worker was."""

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
        self._looked = time.monotonic()
        self._standing = Standing()
        self.lag: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect."""
        self._consumer = await connect(self._made, self._names)

    @property
    def partitions(self) -> list[TopicPartition]:
        """The partitions that are read, sorted."""
        return sorted(self._consumer.assignment())

    async def assign(self, partitions: Iterable[TopicPartition], positions: Mapping[str, int]) -> None:
        """Read every partition on from its position, or from its beginning.

        Raises StateError where the partitions are not those that the positions were made from.
        """
        partitions = sorted(partitions)
        self._consumer.assign(partitions)
        first = await patiently(self._consumer.beginning_offsets(partitions), "offsets")
        end = await patiently(self._consumer.end_offsets(partitions), "offsets")
        self._check_none_is_gone(partitions, positions)
        for tp in partitions:
            self._consumer.seek(tp, self._start_at(tp, positions.get(source_of(tp)), first[tp], end[tp]))

    async def committed(self, partitions: Iterable[TopicPartition]) -> dict[str, int]:
        """How far the group has read, by source; nothing of what it has not read."""
        found = {tp: await patiently(self._consumer.committed(tp), "offsets") for tp in partitions}
        return {source_of(tp): offset for tp, offset in found.items() if offset is not None}

    async def read(self) -> Batches:
        """The next records by partition; empty when nothing came within POLL_MS."""
        try:
            batches: Batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)
        except OffsetOutOfRangeError as error:
            raise BrokerError(
                f"{self._names.requests_topic} was cut before it was read, for its retention is shorter "
                "than the lag: raise it and start again, which goes on with the oldest record that is left"
            ) from error
        for tp in batches:
            self._drained_since.pop(tp, None)
            self._idle.discard(tp)
        return batches

    async def look(self) -> list[TopicPartition]:
        """Measure the lag; the partitions that have just become idle: drained and silent for idle_after_s."""
        assigned = self.partitions
        ends = await patiently(self._consumer.end_offsets(assigned), "offsets")
        now, silent = time.monotonic(), []
        if now - self._looked > DEAF_S:
            # Nobody could write while Kafka was away, so that was no silence of theirs.
            self._drained_since.clear()
            self._standing.forget()
        self._looked = now
        for tp in assigned:
            # position, not the last offset + 1: transaction markers take offsets too.
            position = await self._consumer.position(tp)
            self.lag[tp] = max(0, ends[tp] - position)
            self._standing.see(source_of(tp), position, self.lag[tp], now)
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

    def _made(self) -> AIOKafkaConsumer:
        return consumer(
            self._names,
            group_id=self._names.application_id,
            auto_offset_reset="none",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=POLL_MS,
        )

    def _check_none_is_gone(self, partitions: Iterable[TopicPartition], positions: Mapping[str, int]) -> None:
        """A partition that is read no more would hold event time for good."""
        gone = sorted(set(positions) - {source_of(tp) for tp in partitions})
        if gone:
            raise StateError(
                f"the state in {self._names.changelog_topic} was made from {', '.join(gone)} too, which "
                f"{self._names.requests_topic} and {self._names.feedback_topic} do not have: "
                f"bring them back, or {ANEW}"
            )

    def _start_at(self, tp: TopicPartition, position: int | None, first: int, end: int) -> int:
        """Where to read on; a topic that is not the one that the state was made from is an error."""
        source = source_of(tp)
        if position is None:
            return first
        if position > end:
            raise StateError(
                f"{source} ends at {end}, but the state in {self._names.changelog_topic} is at {position}: "
                f"the topic was made anew; {ANEW}"
            )
        if position < first:
            log.warning("%s: %d records were deleted before they were read", source, first - position)
        return max(position, first)
