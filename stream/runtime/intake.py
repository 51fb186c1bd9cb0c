"""Intake as a deployment of its own: any number of workers turn requests into parcels, exactly once.

The workers share the partitions as a consumer group. Each partition has a producer of its own id: who is
given the partition fences whoever had it, and only then reads how far it came. A commit is one
transaction of one partition: its parcels, its rejects and its offset.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from stream.config import Settings
from stream.errors import BrokerError
from stream.findings.render import reject_bytes
from stream.runtime.parcel import HEADER, Parcel, cuts, pack
from stream.runtime.reading import consumer
from stream.runtime.refusal import failure
from stream.runtime.requests import BATCH_RECORDS, POLL_MS, source_of
from stream.runtime.waiting import connect, goodbye, patiently
from stream.runtime.writer import Sent, Writer
from stream.stages.intake import Intake

ROLE: Final = "-intake"
"""Ending of the consumer group's id and, with the partition, of the producers'."""
SESSION_MS: Final = 6_000
"""A worker that was killed gives its partitions back after this time: the least a broker allows."""

log = logging.getLogger(__name__)


class Lane:
    """A partition that this worker has: its producer, and where its next parcel begins."""

    def __init__(self, writer: Writer, position: int) -> None:
        """`position`: the offset that the partition's committed parcels end at."""
        self.writer = writer
        self.position = position


class IntakeWorker(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads the partitions that the group gives it, until told to stop."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before `run`."""
        self._settings = settings
        self._names = settings.kafka
        self._intake = Intake(settings)
        self._consumer: AIOKafkaConsumer = None
        self._lanes: dict[TopicPartition, Lane] = {}
        self._moving = asyncio.Lock()
        self._failure: BrokerError | None = None
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Raises BrokerError where Kafka is lost, or another worker took a partition over unheard."""
        self._consumer = await connect(self._made, self._names)
        try:
            self._consumer.subscribe([self._names.requests_topic], listener=self)
            while not self.stopping.is_set():
                await self._step()
        except (KafkaError, TimeoutError) as error:
            raise BrokerError(failure(self._names, error)) from error
        finally:
            await goodbye(self._consumer.stop())
            await self._close(list(self._lanes))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by the group before partitions move: what is being committed ends first."""
        async with self._moving:
            await self._close(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by the group: fence first, for only then is the committed offset the last one."""
        async with self._moving:
            try:
                await asyncio.gather(*(self._open(tp) for tp in assigned))
            except (BrokerError, KafkaError) as error:
                # The group's client would only log it.
                self._failure = BrokerError(str(error))

    async def _open(self, tp: TopicPartition) -> None:
        writer = Writer(self._settings, f"{ROLE}-{tp.partition}", ROLE)
        await writer.start()
        committed = await patiently(self._consumer.committed(tp), "offsets")
        first = (await patiently(self._consumer.beginning_offsets([tp]), "offsets"))[tp]
        position = first if committed is None else committed
        if position < first:
            lost = first - position
            log.warning("%s: %d records were deleted before they were read", source_of(tp), lost)
        self._consumer.seek(tp, max(position, first))
        self._lanes[tp] = Lane(writer, position)

    async def _close(self, partitions: Iterable[TopicPartition]) -> None:
        lanes = [lane for tp in partitions if (lane := self._lanes.pop(tp, None))]
        await asyncio.gather(*(lane.writer.stop() for lane in lanes))

    async def _step(self) -> None:
        began = time.monotonic()
        batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)
        for tp, records in batches.items():
            async with self._moving:
                # It may have moved since it was read; a lane that was opened anew is read again.
                if lane := self._lanes.get(tp):
                    await self._hand_on(tp, lane, records)
        if self._failure:
            raise self._failure
        if batches:
            # Parcels pack better the larger they are.
            left_s = self._names.commit_interval_s - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, left_s))

    async def _hand_on(self, tp: TopicPartition, lane: Lane, records: Sequence[Any]) -> None:
        fresh = [record for record in records if record.offset >= lane.position]
        if not fresh:
            return
        sent, end = list(self._packed(tp, lane.position, fresh)), fresh[-1].offset + 1
        await lane.writer.commit(sent, (), {tp: end})
        lane.position = end

    def _packed(self, tp: TopicPartition, first: int, records: Sequence[Any]) -> Iterator[Sent]:
        source, values = source_of(tp), [record.value or b"" for record in records]
        for cut in cuts(values):
            offsets = [record.offset for record in records[cut]]
            decoded, end = self._intake.decode(source, values[cut], offsets), offsets[-1] + 1
            packed = pack(Parcel(source, first, end, decoded.events))
            header = (HEADER, packed.place)
            yield Sent(self._names.events_topic, None, packed.value, tp.partition, header)
            for reject in decoded.rejects:
                yield Sent(self._names.rejects_topic, source.encode(), reject_bytes(reject))
            first = end

    def _made(self) -> AIOKafkaConsumer:
        return consumer(
            self._names,
            group_id=self._names.application_id + ROLE,
            # Before a lane is open nothing is taken, and opening it seeks; "none" would fail meanwhile.
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=POLL_MS,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 6,
        )
