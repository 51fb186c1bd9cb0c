"""Loading a topic: records, of log files or made, to the requests topic, at a rate or as fast as it goes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from stream.config import Settings
from stream.errors import BrokerError, InputError
from stream.runtime.blocking import ClientError, Producer, TooLargeError, loader, quiet
from stream.runtime.files import log_files
from stream.runtime.refusal import refused

CHUNK_BYTES: Final = 1 << 20
BURST_S: Final = 0.02
"""Pace is kept over this long: shorter sleeps are not exact."""

Progress = Callable[[int], None]
"""Is told the number of records sent so far."""
Located = tuple[str, int, bytes]
"""A record, with the file and the line that it comes from."""


def produce(
    paths: Sequence[str], settings: Settings, *, rate: float | None = None, progress: Progress | None = None
) -> int:
    """Send every record of the files, as `send` does; raises InputError where a file cannot be read."""
    return send(_records(paths), settings, rate=rate, progress=progress)


def send(
    records: Iterable[Located],
    settings: Settings,
    *,
    rate: float | None = None,
    progress: Progress | None = None,
) -> int:
    """Send records in order, in turn over the partitions; returns their number.

    `rate` is in records a second. Raises BrokerError where the broker cannot be reached or refuses a
    record, InputError where one has more bytes than Kafka takes.
    """
    topic = settings.kafka.requests_topic
    failures: list[Exception] = []
    sent, began = 0, time.monotonic()
    try:
        quiet()
        with loader(settings.kafka, "shoal-produce") as producer:
            partitions = len(_partitions(producer, topic))
            for source, line, record in records:
                try:
                    future = producer.send(topic, record, partition=sent % partitions)
                except TooLargeError as error:
                    raise InputError(f"{source}: line {line + 1} has more bytes than Kafka takes") from error
                future.add_errback(failures.append)
                sent += 1
                if rate is not None:
                    _pace(sent, rate, began)
                if progress is not None and sent % 1000 == 0:
                    progress(sent)
            producer.flush()
    except ClientError as error:
        where = settings.kafka.bootstrap_servers
        why = f"Kafka at {where}: {error or type(error).__name__}"
        raise BrokerError(refused(settings.kafka) or why) from error
    if failures:
        raise BrokerError(f"{len(failures)} of {sent} records were refused, the first with: {failures[0]}")
    return sent


def _partitions(producer: Producer, topic: str) -> set[int]:
    try:
        partitions: set[int] | None = producer.partitions_for(topic)
    except ClientError:
        partitions = None
    if not partitions:
        raise BrokerError(f"no topic {topic}: `shoal topics` creates it")
    return partitions


def _records(paths: Sequence[str]) -> Iterator[Located]:
    for file in log_files(paths):
        while not file.ended:
            lines = file.read(CHUNK_BYTES)
            for line, record in zip(lines.offsets, lines.records, strict=True):
                yield file.name, line, record.rstrip(b"\r\n")
        file.close()


def _pace(sent: int, rate: float, began: float) -> None:
    early_s = sent / rate - (time.monotonic() - began)
    if early_s > BURST_S:
        time.sleep(early_s)
