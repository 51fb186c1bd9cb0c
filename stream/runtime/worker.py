"""The worker that decides: one loop that reads a batch, lets the pipeline decide, and commits on time.

One active worker owns all partitions of what it reads. They are assigned by hand: without a consumer
group there is no rebalance, and the transactional producer alone decides who is alive. A worker that
starts fences the one before it, which learns so at its next commit and exits.

Every commit is one transaction: findings, verdicts, rejects, changed state and source offsets. Every
start is therefore the same: fence, restore what was committed, read on from its positions.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from stream.blocks import Block
from stream.config import Settings
from stream.errors import BrokerError, CapacityError
from stream.metrics import Meters
from stream.runtime.client import Partition, Record, source_of
from stream.runtime.feed import Parcels, Records, other
from stream.runtime.ledger import Ledger
from stream.runtime.machine import give_back
from stream.runtime.origin import check_whole
from stream.runtime.pipeline import Outputs, Pipeline
from stream.runtime.requests import Requests
from stream.runtime.shedding import Shedding
from stream.runtime.silence import LOOK_S
from stream.runtime.topics import faults
from stream.windows.memory import most_held

HEARTBEAT_S: Final = 10.0
"""A worker without work commits this often all the same, to learn that it was fenced."""
MOST_HELD: Final = 1_000_000
"""Events held, some 300 bytes each, at which partitions that are ahead wait for the slowest one: else a
backlog of which one partition is read more slowly would be held in memory whole. Half of what the budget of
memory is for where that is less."""
GIVE_BACK_S: Final = 60.0
"""Time between two moments at which freed memory is given back, for a base, a backlog or a busy tick takes
much for some seconds. To do so takes 12 ms where there are 500 MB."""
TICKS_AT_ONCE: Final = 8
"""Ticks between looks at what else is asked of the loop: half a second of work, or a piece of a busy tick."""

log = logging.getLogger(__name__)


class Worker:
    """Everything happens in one task: nothing is locked, and state never moves within a commit."""

    def __init__(
        self, settings: Settings, pipeline: Pipeline, meters: Meters, over: asyncio.Event, *, apart: bool
    ) -> None:
        """Nothing is connected before `open`; `apart`: it is fed by an intake that runs elsewhere."""
        self._settings = settings
        self._names = settings.kafka
        self._pipeline = pipeline
        self._meters = meters
        self._over = over
        self._apart = apart
        self._feed: Records | Parcels = (Parcels if apart else Records)(settings, pipeline)
        self._requests = Requests(settings, self._feed.topic, self._feed.batch_records)
        self._ledger = Ledger(settings, meters)
        self._shedding = Shedding(settings.kafka)
        self._room = most_held(settings.windows)
        self._marks: dict[str, int] = {}
        self._outputs: list[Outputs] = []
        self._touched = False
        self._restored = 0
        self._committed = self._looked = self._gave_back = 0.0

    @property
    def progress(self) -> int:
        """Moves while a long step gets on."""
        return self._pipeline.progress + self._restored

    @property
    def finished(self) -> bool:
        """Whether all is read and no partition holds time."""
        return self._requests.drained and self._pipeline.idle_sources >= len(self._read)

    def report(self) -> str:
        """How far it has come."""
        stats, lag = self._meters.stats, sum(self._requests.lag.values())
        return f"{stats.events} events, lag {lag} records, {stats.campaigns_open} campaigns open"

    async def open(self) -> None:
        """The order matters: check (who cannot live must not fence), then fence, then restore, then seek."""
        await self._requests.start()
        wrong = await asyncio.to_thread(faults, self._settings, "judge" if self._apart else "all")
        if wrong:
            raise BrokerError("; ".join(wrong))
        await self._ledger.check()
        await self._ledger.start()
        committed = await self._requests.committed(await self._partitions())
        blocks, marks = await self._ledger.restore()
        self._pipeline.restore(self._counted(blocks))
        self._feed.restore(marks)
        self._marks = self._shedding.restore(other(marks))
        check_whole(self._positions(), committed, self._names.changelog_topic)
        await self._follow()
        self._committed = time.monotonic()
        await self._advance()

    async def step(self) -> None:
        """Once round."""
        batches = await self._requests.read(self._waiting)
        for tp in sorted(batches):
            self._take(tp, batches[tp])
        if batches:
            await self._advance()
            self._check_room()
        if time.monotonic() - self._looked >= min(LOOK_S, self._names.idle_after_s / 2):
            await self._look()
            self._looked = time.monotonic()
        if time.monotonic() - self._gave_back >= GIVE_BACK_S:
            give_back()
            self._gave_back = time.monotonic()
        await self._commit_on_time()

    async def commit(self) -> None:
        """One transaction over all that came since the last."""
        outputs, self._outputs = self._outputs, []
        positions = self._positions()
        read = [tp for tp in self._requests.partitions if source_of(tp) in positions]
        offsets = {tp: positions[source_of(tp)] for tp in read}
        marks = self._marks | dict(self._feed.marks()) | self._shedding.marks()
        await self._ledger.commit(outputs, self._pipeline.changes(), marks, offsets)
        if self._ledger.base_due:
            # Nothing moved since the commit, so the snapshot is exactly what it covers.
            self._ledger.rebase(self._pipeline.snapshot())
        self._touched = False
        self._committed = time.monotonic()

    async def stop(self) -> None:
        """Close the clients, both at once: each may take its time where Kafka is gone."""
        await asyncio.gather(self._ledger.stop(), self._requests.stop())

    def _counted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """A restore is one long step."""
        for block in blocks:
            self._restored += 1
            yield block

    async def _follow(self) -> None:
        """Read all partitions that the topics have, and take up those that were added."""
        partitions = await self._partitions()
        if partitions == set(self._requests.partitions):
            return
        await self._requests.assign(partitions, self._positions())
        for tp in self._read:
            self._feed.open(tp)
        log.info("reading %s", ", ".join(source_of(tp) for tp in self._requests.partitions))

    @property
    def _read(self) -> list[Partition]:
        """The partitions of the feed."""
        return [tp for tp in self._requests.partitions if not self._is_feedback(tp)]

    @property
    def _waiting(self) -> set[Partition]:
        """Partitions that are ahead, while much is held."""
        sources = self._pipeline.waiting(min(self._room // 2, MOST_HELD) if self._room else MOST_HELD)
        return {tp for tp in self._read if self._feed.source(tp) in sources} if sources else set()

    async def _partitions(self) -> set[Partition]:
        return await self._ledger.partitions((self._feed.topic, self._names.feedback_topic))

    def _positions(self) -> dict[str, int]:
        return self._feed.positions() | self._marks

    def _take(self, tp: Partition, records: list[Record]) -> None:
        began = time.monotonic()
        if self._is_feedback(tp):
            self._pipeline.feedback([record.value or b"" for record in records])
            self._marks[source_of(tp)] = records[-1].offset + 1
        else:
            self._feed.take(tp, records, self._shedding.of(self._feed.source(tp)))
            self._meters.observe("shoal_batch_records", len(records))
            self._meters.observe("shoal_batch_duration_seconds", time.monotonic() - began)

    async def _advance(self) -> None:
        """Run the ticks that are due; where there are many the loop comes round between them."""
        while True:
            self._outputs.append(self._pipeline.advance(TICKS_AT_ONCE))
            self._touched = True
            if self._over.is_set() or not self._pipeline.behind:
                return
            await self._commit_on_time()
            await asyncio.sleep(0)

    def _check_room(self) -> None:
        """Raise CapacityError where more has to be held than the memory is for.

        To decide early would find other things, and to read on no further would wait for ever: time passes
        only with what comes later.
        """
        held = self._pipeline.held_events
        if self._room and held > self._room and not self._over.is_set():
            raise CapacityError(
                f"{held:,} events wait for their time, and windows.memory_mb "
                f"{self._settings.windows.memory_mb} is for {self._room:,}: raise it, lower "
                "intake.max_disorder_s, or set kafka.shed_above_records, and start again, which goes on from "
                "the last commit"
            )

    async def _look(self) -> None:
        silent = [tp for tp in await self._requests.look() if not self._is_feedback(tp)]
        for tp in silent:
            self._feed.silent(tp)
        if silent:
            await self._advance()
        await self._follow()
        lag = {source_of(tp): records for tp, records in self._requests.lag.items()}
        self._meters.put_each("shoal_consumer_lag_records", lag)
        behind = {tp: n for tp, n in self._requests.lag.items() if not self._is_feedback(tp)}
        self._shedding.look({self._feed.source(tp): records for tp, records in behind.items()})
        self._meters.put("shoal_held_ratio", self._pipeline.held_events / self._room if self._room else 0.0)
        self._meters.put("shoal_partitions_idle", self._pipeline.idle_sources)
        self._meters.put("shoal_partitions_waiting", len(self._waiting))
        # a partition of which nothing was shed is known to be at zero
        shed = dict.fromkeys(map(self._feed.source, self._read), 0) | dict(self._shedding.counts)
        shedding = tuple(sorted(self._shedding.active))
        self._meters.publish(replace(self._pipeline.stats(), shed=shed, shedding=shedding))

    async def _commit_on_time(self) -> None:
        due_s = self._names.commit_interval_s if self._touched else HEARTBEAT_S
        if time.monotonic() - self._committed >= due_s:
            await self.commit()

    def _is_feedback(self, tp: Partition) -> bool:
        return bool(tp.topic == self._names.feedback_topic)
