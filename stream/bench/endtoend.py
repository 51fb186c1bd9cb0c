"""What an event costs end to end on Kafka: CPU of a worker beside the embedded runtime's on the same records.

The records wait in the requests topic when the worker starts, as after a standstill, so that both ways
read as fast as they can. What the worker does more is to fetch, and to commit outputs, state and offsets.
"""

import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

from stream.bench import speed
from stream.bench.deployed import named, topics
from stream.bench.report import Grid
from stream.config import Settings
from stream.errors import BrokerError, ShoalError
from stream.runtime.produce import produce

PARTITIONS: Final = 4
IDLE_S: Final = 2.0
"""Silence after which all is read: waiting for it costs next to no CPU, but is part of the wall clock."""


class Carried(NamedTuple):
    """What a worker took from its start to its last commit; seconds of CPU are of all its threads."""

    events: int
    rejects: int
    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class EndToEnd:
    """Both ways over the same records."""

    embedded: speed.Speed
    kafka: Carried
    commit_interval_s: float

    @property
    def ratio(self) -> float:
        """CPU on Kafka over that of the embedded runtime."""
        return self.kafka.cpu_s / self.embedded.whole_cpu_s


def measure(path: Path, settings: Settings) -> EndToEnd:
    """Replays the file, then carries it over topics of its own, which are deleted afterwards.

    Raises InputError, and BrokerError where Kafka or the worker fails or not every record is counted.
    """
    embedded = speed.measure(path, settings)
    mine = named(settings, "speed")
    mine = mine.model_copy(update={"kafka": mine.kafka.model_copy(update={"idle_after_s": IDLE_S})})
    with topics(mine, PARTITIONS):
        sent = produce([str(path)], mine)
        kafka = _carried(mine)
    if kafka.events + kafka.rejects != sent:
        raise BrokerError(f"{sent:,} records were written, {kafka.events + kafka.rejects:,} counted")
    return EndToEnd(embedded, kafka, settings.kafka.commit_interval_s)


def _carried(settings: Settings) -> Carried:
    """A worker in a process of its own, until it has read all."""
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(settings, there), daemon=True)
    worker.start()
    there.close()
    try:
        carried: Carried = here.recv()
    except EOFError as error:
        raise BrokerError("the worker ended, see above") from error
    finally:
        worker.join()
    return carried


def _work(settings: Settings, told: Connection) -> None:
    import logging

    from stream.runtime.kafka import serve
    from stream.runtime.pipeline import Pipeline

    logging.disable(logging.INFO)
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        pipeline = Pipeline(settings)
        serve(settings, pipeline, once=True)
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        sys.exit(2)
    stats = pipeline.stats()
    rejects = sum(stats.rejects.values())
    told.send(Carried(stats.events, rejects, time.process_time() - cpu, time.perf_counter() - wall))


def grid(found: EndToEnd) -> Grid:
    """The table of a measurement."""
    per_event, kafka = 1e6 / found.embedded.events, found.kafka
    rows = [
        (
            "events",
            f"{kafka.events:,} over {PARTITIONS} partitions, a commit every {found.commit_interval_s:g} s",
        ),
        ("embedded", f"{found.embedded.whole_cpu_s * per_event:.2f} µs CPU an event"),
        ("on Kafka", f"{kafka.cpu_s * per_event:.2f} µs CPU an event"),
        ("on Kafka / embedded", f"{found.ratio:.2f}"),
        ("wall clock on Kafka", f"{kafka.events / (kafka.wall_s - IDLE_S):,.0f} events/s"),
    ]
    return Grid("End to end on Kafka", ("measure", "value"), rows)
