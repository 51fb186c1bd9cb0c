"""The Kafka runtime: a Faust application around one hot loop; the only module that knows Faust.

One active worker owns all partitions of the requests topic. They are assigned by hand: without a
consumer group there is no rebalance, and the transactional producer alone decides who is alive. A
worker that starts fences the one before it, which learns so at its next commit and exits.

Every commit is one transaction: findings, verdicts, rejects, changed state and source offsets. Every
start is therefore the same: fence, restore what was committed, read on from its positions.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import faust
import mode
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.app.base import BootStrategy

from stream.blocks import Block
from stream.config import Settings
from stream.errors import BrokerError
from stream.metrics import Meters
from stream.runtime.access import brokers, check_access, credentials
from stream.runtime.ledger import Ledger
from stream.runtime.origin import check_whole
from stream.runtime.pipeline import Outputs, Pipeline
from stream.runtime.refusal import failure
from stream.runtime.requests import Requests, source_of
from stream.runtime.topics import faults
from stream.runtime.waiting import STOP_S
from stream.runtime.watch import Watchdog

BEAT_S: Final = 1.0
LOOK_S: Final = 1.0
"""Time between looks at lag and silence."""
HEARTBEAT_S: Final = 10.0
"""A worker without work commits this often all the same, to learn that it was fenced."""
REPORT_S: Final = 60.0
TICKS_AT_ONCE: Final = 8
"""Ticks between looks at what else is asked of the loop: half a second of work."""

log = logging.getLogger(__name__)


def run(settings: Settings, *, once: bool = False) -> None:
    """Consume, detect and publish until SIGTERM or SIGINT; with `once`, until all partitions are idle.

    Raises BrokerError where Kafka cannot be reached, is lost, or another worker took over; StateError
    where the changelog cannot be restored; StallError where a partition is no longer read; ConfigError
    where the port of the metrics is taken or the access is wrong.
    """
    serve(settings, Pipeline(settings), once=once)


def serve(settings: Settings, pipeline: Pipeline, *, once: bool = False) -> None:
    """`run` with a pipeline of the caller's."""
    check_access(settings.kafka)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("aiokafka", "faust", "mode"):
        # They tell of every retry with a traceback; what matters is said here in one line.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    meters, watchdog = Meters(), Watchdog(lambda: pipeline.ticks)
    with watchdog.watching(), meters.serve(settings.kafka.metrics_port) as port:
        log.info("metrics on port %d", port)
        asyncio.run(_live(Worker(settings, pipeline, meters, watchdog, once=once), settings))


async def _live(worker: "Worker", settings: Settings) -> None:
    app = _app(settings)
    app.timer(interval=REPORT_S)(worker.report)
    app.timer(interval=BEAT_S)(worker.beat)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.on_signal)
    loop.set_exception_handler(worker.on_leftover)
    await app.start()
    await app.add_runtime_dependency(worker)
    await worker.over.wait()
    await app.stop()
    if worker.failure is not None:
        raise worker.failure
    await worker.report()
    log.info("stopped; all that was read is committed")


class _Boot(BootStrategy):
    """Faust keeps life, timers and services; the worker has its own clients, made for batches."""

    enable_kafka = False
    enable_web = False


class _App(faust.App):
    BootStrategy = _Boot
    logger = logging.getLogger("mode")

    async def on_first_start(self) -> None:
        """Make no data folder: all state is in the changelog."""


def _app(settings: Settings) -> Any:
    own: dict[str, Any] = {"autodiscover": False, "web_enabled": False}
    own["broker"] = ";".join(f"kafka://{server}" for server in brokers(settings.kafka))
    own["broker_credentials"] = _credentials(credentials(settings.kafka))
    return _App(settings.kafka.application_id, **own)


def _credentials(given: dict[str, Any]) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = given.get("ssl_context")
    if "sasl_mechanism" in given:
        who, password = given["sasl_plain_username"], given["sasl_plain_password"]
        how = given["sasl_mechanism"]
        return faust.SASLCredentials(username=who, password=password, mechanism=how, ssl_context=context)
    return faust.SSLCredentials(context) if context else None


class Worker(mode.Service):
    """The hot loop: read a batch, let the pipeline decide, commit on time.

    Everything happens in one task: nothing is locked, and state never moves within a commit.
    """

    logger = logging.getLogger("mode")

    def __init__(
        self, settings: Settings, pipeline: Pipeline, meters: Meters, watchdog: Watchdog, *, once: bool
    ) -> None:
        """Nothing is connected before the service starts."""
        super().__init__()
        self.over = asyncio.Event()
        self.done = asyncio.Event()
        self._watchdog = watchdog
        self.failure: Exception | None = None
        self._settings = settings
        self._names = settings.kafka
        self._pipeline = pipeline
        self._meters = meters
        self._once = once
        self._requests = Requests(settings)
        self._ledger = Ledger(settings, meters)
        self._marks: dict[str, int] = {}
        self._outputs: list[Outputs] = []
        self._touched = False
        self._committed = self._looked = 0.0

    async def beat(self) -> None:
        """The loop comes round; waiting for Kafka is not standing still, and has limits of its own."""
        self._watchdog.beat()

    async def report(self) -> None:
        """One line now and then: how far it has come."""
        stats, lag = self._meters.stats, sum(self._requests.lag.values())
        log.info("%d events, lag %d records, %d campaigns open", stats.events, lag, stats.campaigns_open)

    def on_signal(self) -> None:
        """Told to stop: from now on time is short."""
        self._watchdog.leave_soon()
        self.over.set()

    async def on_stop(self) -> None:
        """Wait for the last commit, but not for a broker that is gone."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.done.wait(), STOP_S)
            return
        self.failure = BrokerError(f"no commit within {STOP_S:.0f} s: the next start reads it again")

    def on_leftover(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Futures that the clients leave behind once Kafka failed them say nothing new."""
        if self.failure is None:
            loop.default_exception_handler(context)

    @mode.Service.task
    async def work(self) -> None:
        """Open, loop, close; what goes wrong is kept for `serve` to raise."""
        try:
            await self._open()
            while not self.should_stop and not (self._once and self._requests.finished):
                await self._step()
            await self._commit()
        except (KafkaError, TimeoutError) as error:
            self.failure = BrokerError(failure(self._names, error))
        except Exception as error:  # whatever it is, `serve` raises it: mode alone would only log it
            self.failure = error
        finally:
            self.done.set()
            self.over.set()

    async def on_shutdown(self) -> None:
        """Close the clients, both at once: each may take its time where Kafka is gone."""
        await asyncio.gather(self._ledger.stop(), self._requests.stop())

    async def _open(self) -> None:
        """The order matters: check (who cannot live must not fence), then fence, then restore, then seek."""
        await self._requests.start()
        wrong = await asyncio.to_thread(faults, self._settings)
        if wrong:
            raise BrokerError("; ".join(wrong))
        await self._ledger.check()
        await self._ledger.start()
        committed = await self._requests.committed(await self._partitions())
        blocks, self._marks = await self._ledger.restore()
        self._pipeline.restore(self._beating(blocks))
        check_whole(self._positions(), committed, self._names.changelog_topic)
        await self._follow()
        self._committed = time.monotonic()
        await self._advance()

    def _beating(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """A restore is one long step."""
        for block in blocks:
            self._watchdog.beat()
            yield block

    async def _follow(self) -> None:
        """Read all partitions that the topics have, and take up those that were added."""
        partitions = await self._partitions()
        if partitions == set(self._requests.partitions):
            return
        await self._requests.assign(partitions, self._positions())
        for tp in self._requests.partitions:
            if not self._is_feedback(tp):
                self._pipeline.open(source_of(tp))
        log.info("reading %s", ", ".join(source_of(tp) for tp in self._requests.partitions))

    async def _partitions(self) -> set[TopicPartition]:
        return await self._ledger.partitions((self._names.requests_topic, self._names.feedback_topic))

    def _positions(self) -> dict[str, int]:
        return self._pipeline.positions() | self._marks

    async def _step(self) -> None:
        batches = await self._requests.read()
        for tp in sorted(batches):
            self._take(tp, batches[tp])
        if batches:
            await self._advance()
        if time.monotonic() - self._looked >= min(LOOK_S, self._names.idle_after_s / 2):
            await self._look()
            self._looked = time.monotonic()
        await self._commit_on_time()

    def _take(self, tp: TopicPartition, records: list[Any]) -> None:
        values, began = [record.value or b"" for record in records], time.monotonic()
        if self._is_feedback(tp):
            self._pipeline.feedback(values)
            self._marks[source_of(tp)] = records[-1].offset + 1
        else:
            self._pipeline.absorb(source_of(tp), values, [record.offset for record in records])
            self._meters.observe("shoal_batch_records", len(records))
            self._meters.observe("shoal_batch_duration_seconds", time.monotonic() - began)

    async def _advance(self) -> None:
        """Run the ticks that are due; where there are many the loop comes round between them."""
        while True:
            self._outputs.append(self._pipeline.advance(TICKS_AT_ONCE))
            self._touched = True
            if self.should_stop or not self._pipeline.behind:
                return
            await self._commit_on_time()
            await asyncio.sleep(0)

    async def _look(self) -> None:
        silent = await self._requests.look()
        for tp in silent:
            if not self._is_feedback(tp):
                self._pipeline.idle(source_of(tp))
        if silent:
            await self._advance()
        await self._follow()
        for tp, lag in self._requests.lag.items():
            self._meters.put("shoal_consumer_lag_records", lag, source_of(tp))
        self._meters.put("shoal_partitions_idle", self._requests.idle)
        self._meters.publish(self._pipeline.stats())

    async def _commit_on_time(self) -> None:
        due_s = self._names.commit_interval_s if self._touched else HEARTBEAT_S
        if time.monotonic() - self._committed >= due_s:
            await self._commit()

    async def _commit(self) -> None:
        outputs, self._outputs = self._outputs, []
        positions = self._positions()
        read = [tp for tp in self._requests.partitions if source_of(tp) in positions]
        offsets = {tp: positions[source_of(tp)] for tp in read}
        await self._ledger.commit(outputs, self._pipeline.changes(), self._marks, offsets)
        if self._ledger.base_due:
            # Nothing moved since the commit, so the snapshot is exactly what it covers.
            self._ledger.rebase(self._pipeline.snapshot())
        self._touched = False
        self._committed = time.monotonic()

    def _is_feedback(self, tp: TopicPartition) -> bool:
        return bool(tp.topic == self._names.feedback_topic)
