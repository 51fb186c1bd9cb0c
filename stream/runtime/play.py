"""Playing a log to a topic at a rate, and noting when what became of it could be read: for measurements."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

import orjson

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.blocking import (
    Admin,
    ClientError,
    Partition,
    PassingError,
    admin,
    player,
    reader,
)
from stream.runtime.parcel import HEADER
from stream.runtime.refusal import refused
from stream.settings import Kafka

POLL_MS: Final = 10
"""Time between two looks at what is committed: the error of every moment that is noted."""
ALL_S: Final = 0.05
"""Time between two looks at whether all is read."""

Offsets = dict[int, int]
"""Partition -> offset up to which the application has committed."""


class Look(NamedTuple):
    """What was committed at a moment."""

    moment: float
    offsets: Offsets


class Output(NamedTuple):
    """A finding or verdict, and when it could be read."""

    moment: float
    value: bytes


class Reader:
    """Reads findings, verdicts and offsets as they are committed, in a thread of its own, within a context.

    Moments are of `time.monotonic`. Raises BrokerError where Kafka fails.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before the context is entered."""
        self._names = settings.kafka
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._over = threading.Event()
        self._failure: Exception | None = None
        self.looks: list[Look] = []
        self.outputs: list[Output] = []

    def __enter__(self) -> Self:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Stop; raises what the reading failed with, unless something else went wrong already."""
        self._over.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def wait_for(self, records: int, alive: Callable[[], None]) -> None:
        """Until so many records are counted; `alive` raises once that will not be."""
        while not self.looks or sum(self.looks[-1].offsets.values()) < records:
            alive()
            if self._failure is not None:
                raise self._failure
            time.sleep(ALL_S)

    def _run(self) -> None:
        try:
            with _plain(self._names):
                self._read()
        except Exception as error:  # whoever waits raises it, or who leaves the context
            self._failure = error

    def _read(self) -> None:
        topics = (self._names.findings_topic, self._names.verdicts_topic)
        with admin(self._names) as client, reader(self._names, POLL_MS) as outputs:
            outputs.assign([Partition(topic, 0) for topic in topics])
            while not self._over.is_set():
                for records in outputs.poll(timeout_ms=POLL_MS).values():
                    moment = time.monotonic()
                    self.outputs += [Output(moment, record.value) for record in records]
                offsets = self._offsets(client)
                # Once it is known: what was committed while the broker took its time was not so before.
                self.looks.append(Look(time.monotonic(), offsets))

    def _offsets(self, client: Admin) -> Offsets:
        group = self._names.application_id
        try:
            found = client.list_group_offsets({group: None})[group]
        except PassingError:
            return {}  # as where it is the first group of a new broker: the next look may tell
        return {tp.partition: at.offset for tp, at in found.items() if tp.topic == self._names.requests_topic}


def play(
    settings: Settings,
    records: Sequence[bytes],
    partitions: int,
    *,
    first: int = 0,
    rate: float | None = None,
) -> list[float]:
    """Sends records in turn over the partitions, the first of them as number `first`; when each was sent.

    `rate` is in records a second; without it, as fast as it goes. Raises BrokerError.
    """
    topic = settings.kafka.requests_topic
    moments, began = [], time.monotonic()
    with _plain(settings.kafka), player(settings.kafka, 0 if rate else 20) as producer:
        for number, record in enumerate(records):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            moments.append(time.monotonic())
            producer.send(topic, record, partition=(first + number) % partitions)
        producer.flush()
    return moments


class Shuffled(NamedTuple):
    """What intakes have handed on. Times are of the wall clock, s since the epoch."""

    size: int
    """Bytes of parcels, their headers included."""
    first_s: float
    last_s: float
    later_events: int
    """Events in parcels after the first."""
    end: int
    """Sum of the partitions' offsets after the last parcel."""


def shuffled(settings: Settings) -> Shuffled:
    """Reads the topic of events as it is now; raises BrokerError."""
    topic = settings.kafka.events_topic
    found: list[Any] = []
    with _plain(settings.kafka), reader(settings.kafka) as events:
        partitions = [Partition(topic, number) for number in events.partitions_for_topic(topic) or ()]
        events.assign(partitions)
        ends = events.end_offsets(partitions)
        while any(events.position(tp) < end for tp, end in ends.items()):
            found += [record for records in events.poll(timeout_ms=200).values() for record in records]
    last = {record.partition: record.offset + 1 for record in found}
    places = [(record.timestamp / 1000, orjson.loads(dict(record.headers)[HEADER])) for record in found]
    first_s = min(at_s for at_s, _ in places)
    return Shuffled(
        sum(len(record.value) + sum(len(value) for _, value in record.headers) for record in found),
        first_s,
        max(at_s for at_s, _ in places),
        sum(place["end"] - place["first"] for at_s, place in places if at_s > first_s),
        sum(last.values()),
    )


@contextmanager
def _plain(names: Kafka) -> Iterator[None]:
    """What Kafka's client raises becomes one line."""
    try:
        yield
    except ClientError as error:
        why = f"Kafka at {names.bootstrap_servers}: {error or type(error).__name__}"
        raise BrokerError(refused(names) or why) from error
