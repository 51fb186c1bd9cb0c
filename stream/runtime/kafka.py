"""The Kafka runtime: a Faust application around one loop; the only module that knows Faust.

A deployment is one stage: `all`, or `intake` and `judge` apart. Each is a loop of its own; signals, timers,
metrics, the watch over the loop and the way in which errors end it are the same.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

import faust
import mode
from faust.app.base import BootStrategy

from stream.config import Settings
from stream.errors import BrokerError
from stream.metrics import Meters
from stream.runtime.access import brokers, check_access, credentials
from stream.runtime.client import LOGGER, ClientError
from stream.runtime.endpoint import serving
from stream.runtime.intake import IntakeWorker
from stream.runtime.pipeline import Pipeline
from stream.runtime.refusal import failure
from stream.runtime.stage import Stage
from stream.runtime.waiting import STOP_S
from stream.runtime.watch import Watchdog
from stream.runtime.worker import Worker

BEAT_S: Final = 1.0
REPORT_S: Final = 60.0

log = logging.getLogger(__name__)


class Loop(Protocol):
    """What a stage does between its start and its end."""

    @property
    def progress(self) -> int:
        """A number that moves while a long step gets on."""

    @property
    def finished(self) -> bool:
        """Whether all that there is now was read."""

    def report(self) -> str:
        """How far it has come, in a line."""

    async def open(self) -> None:
        """Connect, and find out where to go on."""

    async def step(self) -> None:
        """Once round."""

    async def commit(self) -> None:
        """Commit what the last step left."""

    async def stop(self) -> None:
        """Close the clients."""


Make = Callable[[Meters, asyncio.Event], Loop]
"""Makes a loop, given its metrics and the event that tells it to stop."""


def run(settings: Settings, stage: Stage = "all", *, once: bool = False) -> None:
    """Run a stage until SIGTERM or SIGINT; with `once`, until all partitions are idle.

    Raises BrokerError where Kafka cannot be reached, is lost, or another worker took over; StateError
    where the changelog cannot be restored, or parcels do not follow each other; StallError where a
    partition is no longer read; ConfigError where the port of the metrics is taken or the access is wrong.
    """
    if stage == "intake":
        _serve(settings, stage, lambda meters, over: IntakeWorker(settings, meters, over), once=once)
    else:
        serve(settings, Pipeline(settings), stage, once=once)


def serve(settings: Settings, pipeline: Pipeline, stage: Stage = "all", *, once: bool = False) -> None:
    """`run` of a stage that decides, with a pipeline of the caller's."""
    apart = stage == "judge"
    _serve(
        settings,
        stage,
        lambda meters, over: Worker(settings, pipeline, meters, over, apart=apart),
        once=once,
    )


def _serve(settings: Settings, stage: Stage, make: Make, *, once: bool) -> None:
    check_access(settings.kafka)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in (LOGGER, "faust", "mode"):
        # They tell of every retry with a traceback; what matters is said here in one line.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    meters, over = Meters(stage), asyncio.Event()
    loop = make(meters, over)
    watchdog = Watchdog(lambda: loop.progress)
    with watchdog.watching(), serving(meters, settings.kafka.metrics_port) as port:
        log.info("metrics and health on port %d", port)
        asyncio.run(_live(_Life(settings, loop, over, watchdog, once=once), settings))


async def _live(life: "_Life", settings: Settings) -> None:
    app = _app(settings)
    app.timer(interval=REPORT_S)(life.report)
    app.timer(interval=BEAT_S)(life.beat)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, life.on_signal)
    loop.set_exception_handler(life.on_leftover)
    await app.start()
    await app.add_runtime_dependency(life)
    await life.over.wait()
    await app.stop()
    if life.failure is not None:
        raise life.failure
    await life.report()
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


class _Life(mode.Service):
    """A loop from its start to its end."""

    logger = logging.getLogger("mode")

    def __init__(
        self, settings: Settings, loop: Loop, over: asyncio.Event, watchdog: Watchdog, *, once: bool
    ) -> None:
        super().__init__()
        self.over = over
        self.failure: Exception | None = None
        self._done = asyncio.Event()
        self._names = settings.kafka
        self._stage = loop
        self._watchdog = watchdog
        self._once = once

    async def beat(self) -> None:
        """The loop comes round; waiting for Kafka is not standing still, and has limits of its own."""
        self._watchdog.beat()

    async def report(self) -> None:
        """One line now and then."""
        log.info("%s", self._stage.report())

    def on_signal(self) -> None:
        """Told to stop: from now on time is short."""
        self._watchdog.leave_soon()
        self.over.set()

    async def on_stop(self) -> None:
        """Wait for the last commit, but not for a broker that is gone."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), STOP_S)
            return
        self.failure = BrokerError(f"no commit within {STOP_S:.0f} s: the next start reads it again")

    def on_leftover(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Futures that the clients leave behind once Kafka failed them say nothing new."""
        if self.failure is None:
            loop.default_exception_handler(context)

    @mode.Service.task
    async def work(self) -> None:
        """Open, loop, close; what goes wrong is kept for `run` to raise."""
        try:
            await self._stage.open()
            while not (self.over.is_set() or self.should_stop or (self._once and self._stage.finished)):
                await self._stage.step()
            await self._stage.commit()
        except (ClientError, TimeoutError) as error:
            self.failure = BrokerError(failure(self._names, error))
        except Exception as error:  # whatever it is, `run` raises it: mode alone would only log it
            self.failure = error
        finally:
            self._done.set()
            self.over.set()

    async def on_shutdown(self) -> None:
        """Once the loop has ended, or may wait no longer."""
        await self._stage.stop()
