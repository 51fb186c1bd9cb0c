"""The requests (or parcels) and the feedback that a worker reads: batches by partition, and positions."""

import logging
from collections.abc import Iterable, Mapping, Set
from typing import Final

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.runtime.client import Consumer, CutError, Partition, Record, consumer, member, source_of
from stream.runtime.origin import ANEW
from stream.runtime.silence import Silence
from stream.runtime.waiting import connect, goodbye, patiently

BATCH_RECORDS: Final = 20_000
"""Records of one read: enough for columns to pay, little enough to commit on time."""
POLL_MS: Final = 200
FETCH_BYTES: Final = 4 << 20
"""Of one partition: some thousand records."""

log = logging.getLogger(__name__)
Batches = Mapping[Partition, list[Record]]


class Requests:
    """The consumer of all partitions of one topic of events and of the feedback, assigned by hand."""

    def __init__(self, settings: Settings, topic: str, batch_records: int = BATCH_RECORDS) -> None:
        """Nothing is connected before `start`."""
        self._names = settings.kafka
        self._topic = topic
        self._batch_records = batch_records
        self._consumer: Consumer | None = None
        self._silence = Silence(settings.kafka.idle_after_s)
        self._waiting: Set[Partition] = frozenset()

    async def start(self) -> None:
        """Connect."""
        self._consumer = await connect(self._made, self._names)

    @property
    def partitions(self) -> list[Partition]:
        """The partitions that are read, sorted."""
        return sorted(self._started.assignment())

    async def assign(self, partitions: Iterable[Partition], positions: Mapping[str, int]) -> None:
        """Read every partition on from its position, or from its beginning.

        Raises StateError where the partitions are not those that the positions were made from.
        """
        partitions = sorted(partitions)
        self._started.assign(partitions)
        first = await patiently(self._started.beginning_offsets(partitions), "offsets")
        end = await patiently(self._started.end_offsets(partitions), "offsets")
        self._check_none_is_gone(partitions, positions)
        for tp in partitions:
            self._started.seek(tp, self._start_at(tp, positions.get(source_of(tp)), first[tp], end[tp]))

    async def committed(self, partitions: Iterable[Partition]) -> dict[str, int]:
        """How far the group has read, by source; nothing of what it has not read."""
        found = {tp: await patiently(self._started.committed(tp), "offsets") for tp in partitions}
        return {source_of(tp): offset for tp, offset in found.items() if offset is not None}

    async def read(self, waiting: Set[Partition] = frozenset()) -> Batches:
        """The next records by partition; empty when nothing came within POLL_MS.

        Partitions that are `waiting` are not read, and their positions may stand; never all of them.
        """
        self._waiting = waiting
        wanted = self._started.assignment() - waiting
        try:
            batches: Batches = await self._started.getmany(
                *wanted, timeout_ms=POLL_MS, max_records=self._batch_records
            )
        except CutError as error:
            raise BrokerError(
                f"{self._topic} was cut before it was read, for its retention is shorter "
                "than the lag: raise it and start again, which goes on with the oldest record that is left"
            ) from error
        self._silence.broken(batches)
        return batches

    async def look(self) -> list[Partition]:
        """Measure the lag; the partitions that have just become idle: drained and silent for idle_after_s."""
        return await self._silence.look(self._started, self._waiting)

    @property
    def lag(self) -> Mapping[Partition, int]:
        """Records not yet read, at the last look."""
        return self._silence.lag

    @property
    def drained(self) -> bool:
        """Whether every partition is drained and silent."""
        return bool(self._silence.idle == self._started.assignment())

    async def stop(self) -> None:
        """Close the consumer."""
        if self._consumer is not None:
            await goodbye(self._consumer.stop())

    @property
    def _started(self) -> Consumer:
        if self._consumer is None:
            raise RuntimeError("start the reader before it is used")
        return self._consumer

    def _made(self) -> Consumer:
        return consumer(
            self._names,
            beginning=False,
            fetch_bytes=FETCH_BYTES,
            wait_ms=POLL_MS,
            **member(self._names.application_id),
        )

    def _check_none_is_gone(self, partitions: Iterable[Partition], positions: Mapping[str, int]) -> None:
        """A partition that is read no more would hold event time for good."""
        gone = sorted(set(positions) - {source_of(tp) for tp in partitions})
        if gone:
            raise StateError(
                f"the state in {self._names.changelog_topic} was made from {', '.join(gone)} too, which "
                f"{self._topic} and {self._names.feedback_topic} do not have: "
                f"bring them back, or {ANEW}"
            )

    def _start_at(self, tp: Partition, position: int | None, first: int, end: int) -> int:
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
