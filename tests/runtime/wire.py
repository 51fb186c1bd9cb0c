"""What a test writes to a topic and reads from it, and a worker as a process of its own."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pydantic import SecretStr

from stream.config import Settings
from stream.runtime.access import access

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.runtime.worker", "tests.runtime.wire"])


class Message(NamedTuple):
    key: bytes | None
    value: bytes | None


def write(settings: Settings, topic: str, values: Iterable[bytes], partitions: int = 1) -> None:
    """In turn over the partitions."""
    with KafkaProducer(**access(settings.kafka), linger_ms=20) as producer:
        for number, value in enumerate(values):
            producer.send(topic, value, partition=number % partitions)
        producer.flush(timeout=60)


def read(settings: Settings, topic: str) -> list[Message]:
    """Everything committed, in order of the single partition."""
    consumer = KafkaConsumer(
        **access(settings.kafka),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        group_id=None,
    )
    tp = TopicPartition(topic, 0)
    consumer.assign([tp])
    end = consumer.end_offsets([tp])[tp]
    messages: list[Message] = []
    while consumer.position(tp) < end:
        for records in consumer.poll(timeout_ms=200).values():
            messages += [Message(record.key, record.value) for record in records]
    consumer.close()
    return messages


def values(settings: Settings, topic: str) -> list[bytes]:
    return [message.value for message in read(settings, topic) if message.value is not None]


def offset_of_group(settings: Settings, partition: int, role: str = "") -> int | None:
    consumer = KafkaConsumer(**access(settings.kafka), group_id=settings.kafka.application_id + role)
    offset: int | None = consumer.committed(TopicPartition(settings.kafka.requests_topic, partition))
    consumer.close()
    return offset


def events(number: int, accounts: int = 7, step_ms: int = 1000) -> list[bytes]:
    """Records of the fake pipeline, in order of time."""
    return [
        orjson.dumps({"time": 1_700_000_000_000 + step_ms * n, "account_id": f"a{n * n % accounts}"})
        for n in range(number)
    ]


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give a worker these settings."""
    names = {f"SHOAL_KAFKA__{name.upper()}": _text(value) for name, value in settings.kafka}
    names["SHOAL_INTAKE__HASH_KEY"] = settings.intake.hash_key.get_secret_value()
    names["SHOAL_WINDOWS__TICK_S"] = str(settings.windows.tick_s)
    names["SHOAL_ALERTS__WARM_UP_DAYS"] = str(settings.alerts.warm_up_days)
    names["SHOAL_LINKS__TABLE"] = settings.links.table
    return names


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


class Process:
    """A worker of `tests.runtime.worker` with these settings, as a process of its own.

    It is forked from one that has loaded all that a worker needs, which takes a new one seconds of CPU.
    """

    def __init__(self, settings: Settings, *arguments: str, log: Path | None = None) -> None:
        """It starts at once, and writes to `log` or to a file that goes with this object."""
        self._folder = TemporaryDirectory(prefix="shoal-worker-")
        self._log = log or Path(self._folder.name, "log")
        self._log.touch()
        names = dict(os.environ) | environment(settings)
        self._process = _context.Process(target=_live, args=(names, str(self._log), arguments), daemon=True)
        self._process.start()

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit code and what it said."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def wait(self, timeout_s: float = 60) -> tuple[int, str]:
        self._process.join(timeout_s)
        code = self._process.exitcode
        if code is None:
            self.kill()
        assert code is not None, f"it lives on: {self.said}"
        return code, self.said


def make_ready() -> None:
    """Load all that a worker needs while something else is done."""
    forkserver.ensure_running()


def _live(names: dict[str, str], log: str, arguments: Sequence[str]) -> None:
    """In the forked process."""
    os.environ.update(names)
    sys.stderr = Path(log).open("a", buffering=1)  # noqa: SIM115
    os.dup2(sys.stderr.fileno(), 2)
    from tests.runtime.worker import main

    sys.exit(main(list(arguments)))


def until(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    """Wait for something that a worker does; the bound only ends a test that would hang."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.05)
