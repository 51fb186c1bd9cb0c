"""Intake as a deployment of its own: any number of workers turn requests into parcels, exactly once.

The workers share the partitions as a consumer group. Each partition has a producer of its own id: who is
given the partition fences whoever had it, and only then reads how far it came. A commit is one
transaction of one partition: its parcels, its rejects and its offset.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.findings.render import reject_bytes
from stream.metrics import Meters
from stream.runtime import groups
from stream.runtime.client import (
    Consumer,
    NotAssignedError,
    Partition,
    RebalanceListener,
    Record,
    consumer,
    expelled,
    member,
    source_of,
)
from stream.runtime.hanging import abort, first_open, hanging
from stream.runtime.newest import newest
from stream.runtime.origin import ANEW, fingerprint
from stream.runtime.parcel import HEADER, Packed, Parcel, cuts, nothing, pack, span_of
from stream.runtime.requests import BATCH_RECORDS, FETCH_BYTES, POLL_MS
from stream.runtime.restoring import RATIO
from stream.runtime.silence import LOOK_S, Silence
from stream.runtime.stage import INTAKE
from stream.runtime.stats import Stats
from stream.runtime.topics import faults
from stream.runtime.waiting import connect, goodbye, patiently
from stream.runtime.writer import Sent, Writer
from stream.stages.intake import Intake

REBALANCE_MS: Final = 10_000
"""So long the group waits for a worker that commits before its partitions move; a session may be shorter."""
LAST_PARCELS: Final = 2
"""Read from the end for the last one, which may be large: it, and the mark that its commit ended with."""
BEATS: Final = 6
"""Heartbeats within the session timeout: a few may be late on a busy machine."""

log = logging.getLogger(__name__)


class Lane:
    """A partition that this worker has: its producer, and where its next parcel begins."""

    def __init__(self, writer: Writer, position: int) -> None:
        """`position`: the offset that the partition's committed parcels end at."""
        self.writer = writer
        self.position = position


class IntakeWorker(RebalanceListener):  # type: ignore[misc]
    """Reads the partitions that the group gives it; every step commits what it read."""

    def __init__(self, settings: Settings, meters: Meters, over: asyncio.Event) -> None:
        """Nothing is connected before `open`."""
        self._settings = settings
        self._names = settings.kafka
        self._group = settings.kafka.application_id + INTAKE
        self._key = fingerprint(settings)
        self._intake = Intake(settings)
        self._meters = meters
        self._over = over
        self._silence = Silence(settings.kafka.idle_after_s)
        self._consumer: Consumer | None = None
        self._lanes: dict[Partition, Lane] = {}
        self._before: dict[int, int] = {}
        self._moving = asyncio.Lock()
        self._failure: Exception | None = None
        self._looked = 0.0

    @property
    def progress(self) -> int:
        """Moves while a long step gets on."""
        return self._intake.events

    @property
    def finished(self) -> bool:
        """Whether each of its partitions is drained and silent."""
        return bool(self._lanes) and self._silence.idle == set(self._lanes)

    def report(self) -> str:
        """How far it has come."""
        lag, partitions = sum(self._silence.lag.values()), len(self._lanes)
        return f"{self._intake.events} events, lag {lag} records, {partitions} partitions"

    async def open(self) -> None:
        """The order matters: check (who hashes otherwise must not write), then join."""
        self._consumer = await connect(self._made, self._names)
        wrong = await asyncio.to_thread(faults, self._settings, "intake")
        if wrong:
            raise BrokerError("; ".join(wrong))
        whole = self._names.application_id
        own, before = await asyncio.to_thread(groups.committed, self._settings, self._group, whole)
        self._check_key(own)
        # A worker that ran all stages may have read before: its offsets are where parcels begin.
        self._before = {partition: at.offset for partition, at in before.items()}
        self._meters.put(RATIO, 1.0)  # it keeps no state
        self._started.subscribe([self._names.requests_topic], listener=self)

    async def step(self) -> None:
        """Once round."""
        began = time.monotonic()
        batches = await self._started.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)
        self._silence.broken(batches)
        async with self._moving:
            await asyncio.gather(*(self._hand_on(tp, records) for tp, records in batches.items()))
        if time.monotonic() - self._looked >= min(LOOK_S, self._names.idle_after_s / 2):
            await self._look()
            self._looked = time.monotonic()
        if self._failure:
            raise self._failure
        if batches and not await self._behind():
            # Parcels pack better the larger they are.
            with suppress(TimeoutError):
                left_s = self._names.commit_interval_s - (time.monotonic() - began)
                await asyncio.wait_for(self._over.wait(), max(0.0, left_s))

    async def commit(self) -> None:
        """Nothing is left: every step commits."""

    async def stop(self) -> None:
        """Leave the group, so that others are given the partitions, and close the clients."""
        leaving = [] if self._consumer is None else [goodbye(self._consumer.stop())]
        await asyncio.gather(*leaving, self._close(list(self._lanes)))

    async def on_partitions_revoked(self, revoked: Iterable[Partition]) -> None:
        """Called by the group before partitions move: what is being committed ends first."""
        lost = list(revoked)
        async with self._moving:
            await self._close(lost)
        if lost and self._names.instance_id and expelled(self._started):
            name, silent_s = self._names.instance_id, self._names.session_timeout_s
            self._failure = BrokerError(
                f"expelled from group {self._group}: another worker has kafka.instance_id {name} too, "
                f"or this one was silent for {silent_s:g} s: stopped"
            )

    async def on_partitions_assigned(self, assigned: Iterable[Partition]) -> None:
        """Called by the group: fence first, for only then is the committed offset the last one."""
        partitions = sorted(assigned)
        async with self._moving:
            try:
                await asyncio.gather(*(self._fence(tp) for tp in partitions))
                told = await self._told(partitions)
                await asyncio.gather(*(self._open(tp, told[tp]) for tp in partitions))
                await self._abort_what_hangs(partitions)
            except Exception as error:  # the group's client would only log it: the next step raises it
                self._failure = error
        self._silence.broken(partitions)
        log.info("reading %s", ", ".join(map(source_of, partitions)) or "nothing: others have all partitions")

    def _check_key(self, own: groups.Places) -> None:
        """Parcels that nobody can judge are worse than none."""
        for partition, at in own.items():
            if at.note not in ("", self._key):
                raise StateError(
                    f"{self._names.requests_topic}-{partition} was handed on with another intake.hash_key: "
                    f"go back to that; or give kafka.events_topic a new name, and {ANEW}"
                )

    async def _fence(self, tp: Partition) -> None:
        writer = Writer(self._settings, f"{INTAKE}-{tp.partition}", INTAKE, self._key)
        await writer.start()
        self._lanes[tp] = Lane(writer, 0)

    async def _told(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """How far the parcels of each go: beyond its offset where Kafka forgot to end that alone."""
        reader = await connect(partial(consumer, self._names), self._names)
        try:
            return {tp: await self._end_of_parcels(reader, tp) for tp in partitions}
        finally:
            await goodbye(reader.stop())

    async def _end_of_parcels(self, reader: Consumer, tp: Partition) -> int:
        parcel = await newest(reader, Partition(self._names.events_topic, tp.partition), LAST_PARCELS)
        span = span_of(dict(parcel.headers).get(HEADER, b"")) if parcel else None
        return span.end if span and span.source == source_of(tp) else 0

    async def _open(self, tp: Partition, told: int) -> None:
        committed = await patiently(self._started.committed(tp), "offsets")
        known = [at for at in (committed, self._before.get(tp.partition), told or None) if at is not None]
        first = (await patiently(self._started.beginning_offsets([tp]), "offsets"))[tp]
        end = (await patiently(self._started.end_offsets([tp]), "offsets"))[tp]
        position = max(known, default=first)
        if position > end:
            raise StateError(
                f"{source_of(tp)} ends at {end}, but group {self._group} is at {position}: the topic was "
                f"made anew; give kafka.events_topic a new name, and {ANEW}"
            )
        if position < first:
            lost = first - position
            log.warning("%s: %d records were deleted before they were read", source_of(tp), lost)
        self._started.seek(tp, max(position, first))
        self._lanes[tp].position = position

    async def _abort_what_hangs(self, partitions: Iterable[Partition]) -> None:
        """Of parcels that Kafka never ended those are aborted that will be read again."""
        lanes = {Partition(self._names.events_topic, tp.partition): self._lanes[tp] for tp in partitions}
        for tp, offset in (await hanging(self._names, list(lanes))).items():
            parcel = await first_open(self._names, tp, offset)
            if span_of(dict(parcel.headers)[HEADER]).first >= lanes[tp].position:
                await abort(self._names, lanes[tp].writer, {tp: offset})

    async def _close(self, partitions: Iterable[Partition]) -> None:
        lanes = [lane for tp in partitions if (lane := self._lanes.pop(tp, None))]
        await asyncio.gather(*(lane.writer.stop() for lane in lanes))

    async def _behind(self) -> bool:
        """Whether more was there already at the last fetch."""
        for tp in self._started.assignment():
            with suppress(NotAssignedError):  # it moves away just now
                end = self._started.last_stable_offset(tp)
                if end is not None and end > await self._started.position(tp):
                    return True
        return False

    async def _hand_on(self, tp: Partition, records: Sequence[Record]) -> None:
        # It may have moved since it was read; a lane that was opened anew is read again.
        lane = self._lanes.get(tp)
        fresh = [record for record in records if lane and record.offset >= lane.position]
        if lane and fresh:
            began = time.monotonic()
            sent = list(self._packed(tp, lane.position, fresh))
            self._meters.observe("shoal_batch_records", len(fresh))
            self._meters.observe("shoal_batch_duration_seconds", time.monotonic() - began)
            await self._write(tp, lane, sent, fresh[-1].offset + 1)

    async def _write(self, tp: Partition, lane: Lane, sent: Sequence[Sent], end: int) -> None:
        began = time.monotonic()
        await lane.writer.commit(sent, (), {tp: end})
        lane.position = end
        self._meters.add("shoal_commits_total")
        self._meters.observe("shoal_commit_duration_seconds", time.monotonic() - began)

    def _packed(self, tp: Partition, first: int, records: Sequence[Record]) -> Iterator[Sent]:
        source, values = source_of(tp), [record.value or b"" for record in records]
        for cut in cuts(values):
            offsets = [record.offset for record in records[cut]]
            decoded, present = self._intake.decode_counted(source, values[cut], offsets)
            end = offsets[-1] + 1
            yield self._sent(tp, pack(Parcel(source, first, end, decoded.events, present), self._key))
            for reject in decoded.rejects:
                yield Sent(self._names.rejects_topic, source.encode(), reject_bytes(reject))
            first = end

    def _sent(self, tp: Partition, packed: Packed) -> Sent:
        self._meters.add("shoal_parcel_bytes_total", len(packed.place) + len(packed.value))
        return Sent(self._names.events_topic, None, packed.value, tp.partition, (HEADER, packed.place))

    async def _look(self) -> None:
        silent = await self._silence.look(self._started)
        async with self._moving:
            for tp in silent:
                if lane := self._lanes.get(tp):
                    mark = pack(nothing(source_of(tp), lane.position), self._key)
                    await self._write(tp, lane, [self._sent(tp, mark)], lane.position)
        lag = {source_of(tp): records for tp, records in self._silence.lag.items()}
        self._meters.put_each("shoal_consumer_lag_records", lag)
        self._meters.put("shoal_partitions_idle", len(self._silence.idle))
        self._meters.publish(
            Stats(
                events=self._intake.events,
                rejects=dict(self._intake.rejects),
                malformed=dict.fromkeys(self._intake.coverage(), 0) | dict(self._intake.malformed),
                coverage=self._intake.coverage(),
            )
        )

    @property
    def _started(self) -> Consumer:
        if self._consumer is None:
            raise RuntimeError("open the worker before it is used")
        return self._consumer

    def _made(self) -> Consumer:
        session_ms = round(1000 * self._names.session_timeout_s)
        named = (self._group, self._names.instance_id)
        # Before a lane is open nothing is taken, and opening it seeks.
        return consumer(
            self._names,
            fetch_bytes=FETCH_BYTES,
            wait_ms=POLL_MS,
            **member(*named, session_ms, REBALANCE_MS, session_ms // BEATS),
        )
