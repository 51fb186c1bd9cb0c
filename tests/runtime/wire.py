"""What a test writes to a topic and reads from it, and a worker as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pydantic import SecretStr

from stream.config import Settings
from stream.runtime.access import access


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


def offset_of_group(settings: Settings, partition: int) -> int | None:
    consumer = KafkaConsumer(**access(settings.kafka), group_id=settings.kafka.application_id)
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
    """`python -m tests.runtime.worker` with these settings; its log is `lines`."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.worker", *arguments],
            env=os.environ | environment(settings),
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit code and what it said."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def wait(self, timeout_s: float = 60) -> tuple[int, str]:
        try:
            _, said = self._process.communicate(timeout=timeout_s)
        finally:
            self._process.kill()
        return self._process.returncode, said

    @property
    def running(self) -> bool:
        return self._process.poll() is None


def until(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    """Wait for something that a worker does; the bound only ends a test that would hang."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.05)
