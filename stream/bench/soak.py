"""A soak on Kafka: one worker for an hour or more at half of what it can do, watched by its own metrics.

The first rounds of a log wait in the topic when the worker starts; how fast it reads the last of them, with
as much state as the others left, is its capacity. Further rounds come at half of that, or at a limit below
it. Event time passes as the records say, months in an hour, so that windows close, accounts go and state has
to be as large at the end as before.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from stream.bench.deployed import Deployment, named, topics, working
from stream.bench.rounds import Rounds
from stream.bench.scrape import scraped
from stream.config import Settings
from stream.runtime.groups import clearing
from stream.runtime.produce import Located, send
from stream.simulate import WorldSpec

WORLD: Final = WorldSpec(seed=7, days=14, accounts=1500, onset_day=7.0)
"""Two whole weeks, for a round follows on the other; all archetypes, and the accounts of a small platform."""
PARTITIONS: Final = 4
FILLING: Final = 4
"""Rounds before the one that capacity is measured on: over eight weeks, so that every window is full, there
is a reference, and an event costs what it will cost. With an empty state it costs a third less."""
SAMPLE_S: Final = 15.0
"""Time between two looks: what Prometheus takes by default."""
LOOK_S: Final = 0.5
SETTLED_S: Final = 60.0
"""All that was sent is counted this long after the last record, or something is lost."""


class Sample(NamedTuple):
    """A look at the worker; counters run from its start."""

    second: float
    """Since the first record that came at a pace."""
    sent: int
    events: int
    rejects: int
    duplicates: int
    lag: int
    """Records."""
    resident_bytes: int
    state_bytes: int
    accounts: int
    links: int
    members: int
    evictions: int
    ticks: int
    ticks_s: float
    """All of them together."""
    commits: int
    commits_s: float
    cpu_s: float
    changelog_bytes: int


@dataclass(frozen=True)
class Soak:
    """What was measured; rates are in events a second."""

    rounds: Rounds
    settings: Settings
    capacity: float
    rate: float
    sent: int
    committed: int
    samples: list[Sample]

    @property
    def wrong(self) -> list[str]:
        """Why it has failed; empty where each record was counted once."""
        last = self.samples[-1]
        counted = last.events + last.rejects
        found = []
        if self.committed != self.sent:
            found.append(f"{self.sent:,} records were sent, {self.committed:,} are committed")
        if counted != self.sent:
            found.append(f"{self.sent:,} records were sent, {counted:,} were counted")
        if last.duplicates:
            found.append(f"{last.duplicates:,} events came twice")
        return found


def measure(
    rounds: Rounds, settings: Settings, minutes: float, limit: float, seen: Callable[[Sample], None]
) -> Soak:
    """One soak on topics that are deleted afterwards; `limit` is of the rate, `seen` is given each look.

    What is committed is deleted from the topic of requests, so that a broker needs no room for all of it.
    Raises BrokerError where Kafka or the worker fails.
    """
    own, port = _served(named(settings, "soak"))
    names, samples = own.kafka, list[Sample]()
    with topics(own, PARTITIONS), clearing(own, names.application_id, names.requests_topic) as committed:
        filling, last = (send(part, own) for part in (rounds.first(FILLING), rounds.of(FILLING)))
        sent = filling + last
        with working(own) as worker:
            capacity = _capacity(worker, committed, filling, sent)
            rate = min(limit, capacity / 2)
            with Gateway(rounds.since(FILLING + 1), own, rate) as gateway:
                for second in _every(SAMPLE_S, 60 * minutes):
                    gateway.check()
                    worker.check()
                    committed()
                    samples.append(_look(port, second, sent + gateway.sent))
                    seen(samples[-1])
            sent += gateway.sent
            covered = _settled(worker, committed, sent)
            samples.append(_last(port, 60 * minutes, sent))
            seen(samples[-1])
    return Soak(rounds, settings, capacity, rate, sent, covered, samples)


class Gateway(threading.Thread):
    """Sends records at a rate while its context lasts; `sent` counts those that were handed to the client."""

    def __init__(self, records: Iterator[Located], settings: Settings, rate: float) -> None:
        """Nothing is sent before the context is entered."""
        super().__init__(name="gateway", daemon=True)
        self._records, self._settings, self._rate = records, settings, rate
        self._began, self._over = threading.Event(), threading.Event()
        self._failure: Exception | None = None
        self.sent = 0

    def __enter__(self) -> Self:
        """Begin; the first record is on its way, or sending has failed."""
        self.start()
        self._began.wait()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """All that was sent has arrived; raises what sending failed with, unless there is an error."""
        self._over.set()
        self.join()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise what it failed with."""
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        """Send until told to stop."""
        try:
            send(self._until_told(), self._settings, rate=self._rate)
        except Exception as error:  # `check` raises it where it is seen
            self._failure = error
        finally:
            self._began.set()

    def _until_told(self) -> Iterator[Located]:
        for record in self._records:
            if self._over.is_set():
                return
            self.sent += 1
            self._began.set()
            yield record


def _served(settings: Settings) -> tuple[Settings, int]:
    """The same settings with a port for the worker's metrics that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    kafka = settings.kafka.model_copy(update={"metrics_port": port})
    return settings.model_copy(update={"kafka": kafka}), port


def _capacity(worker: Deployment, committed: Callable[[], int], first: int, end: int) -> float:
    """Events a second from the last look at which no more than `first` were committed to that of `end`."""
    began, before, done = time.monotonic(), 0, 0
    while done < end:
        if done <= first:
            began, before = time.monotonic(), done
        worker.check()
        time.sleep(LOOK_S)
        done = committed()
    return (done - before) / (time.monotonic() - began)


def _settled(worker: Deployment, committed: Callable[[], int], sent: int) -> int:
    """How many records are committed once all are, or at the latest after SETTLED_S."""
    until = time.monotonic() + SETTLED_S
    while (done := committed()) < sent and time.monotonic() < until:
        worker.check()
        time.sleep(LOOK_S)
    return done


def _last(port: int, second: float, sent: int) -> Sample:
    """The look at which all are counted; the worker takes its own reading up to a second after a commit."""
    until = time.monotonic() + SETTLED_S
    found = _look(port, second, sent)
    while found.events + found.rejects < sent and time.monotonic() < until:
        time.sleep(LOOK_S)
        found = _look(port, second, sent)
    return found


def _every(step_s: float, duration_s: float) -> Iterator[float]:
    """Seconds since the first call, at each step and while the duration lasts; sleeps in between."""
    began = time.monotonic()
    second = step_s
    while second <= duration_s:
        time.sleep(max(0.0, began + second - time.monotonic()))
        yield second
        second += step_s


def _look(port: int, second: float, sent: int) -> Sample:
    found = scraped(port)
    return Sample(
        second=second,
        sent=sent,
        events=int(found["shoal_events_total"]),
        rejects=int(found["shoal_rejects_total"]),
        duplicates=int(found["shoal_duplicate_events_total"]),
        lag=int(found["shoal_consumer_lag_records"]),
        resident_bytes=int(found["process_resident_memory_bytes"]),
        state_bytes=int(found["shoal_state_bytes"]),
        accounts=int(found["shoal_accounts"]),
        links=int(found["shoal_links"]),
        members=int(found["shoal_members"]),
        evictions=int(found["shoal_evictions_total"]),
        ticks=int(found["shoal_tick_duration_seconds_count"]),
        ticks_s=found["shoal_tick_duration_seconds_sum"],
        commits=int(found["shoal_commit_duration_seconds_count"]),
        commits_s=found["shoal_commit_duration_seconds_sum"],
        cpu_s=found["process_cpu_seconds_total"],
        changelog_bytes=int(found["shoal_changelog_bytes_total"]),
    )
