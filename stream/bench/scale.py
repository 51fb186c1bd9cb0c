"""Scale on Kafka: what a worker more of the intake brings, and what passes between the stages.

A log lies in the requests topic before the workers start. Workers, broker and this process share the
machine: with as many workers as cores the figures show what the stages cost, not what they could do apart.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from stream.bench.deployed import Deployment, named, topics, working
from stream.bench.latency import WORLD
from stream.bench.report import Grid
from stream.bench.worlds import StoredWorld
from stream.config import Settings
from stream.runtime.groups import counting
from stream.runtime.play import Shuffled, play, shuffled
from stream.runtime.stage import INTAKE

__all__ = ["WORLD", "grid", "measure"]

PARTITIONS: Final = 4
LOOK_S: Final = 0.2
"""Time between two looks at what is committed: the error of the moment at which all is judged."""


class Scale(NamedTuple):
    """One run; CPU is of all threads, whole processes but for their imports."""

    intakes: int
    events: int
    record_bytes: float
    shuffled: Shuffled
    judged_s: float
    """From the first parcel to the commit that covers the last, s."""
    intake_cpu_s: float
    judge_cpu_s: float


def measure(world: StoredWorld, settings: Settings, intakes: Sequence[int]) -> list[Scale]:
    """One run for each number of intakes, on topics that are deleted afterwards; raises BrokerError."""
    records = world.events.read_bytes().splitlines()
    return [_measured(records, named(settings, "scale"), number) for number in intakes]


def _measured(records: Sequence[bytes], settings: Settings, intakes: int) -> Scale:
    whole = settings.kafka.application_id
    with topics(settings, PARTITIONS, split=True), ExitStack() as crew:
        play(settings, records, PARTITIONS)
        workers = [crew.enter_context(working(settings, "intake")) for _ in range(intakes)]
        judge = crew.enter_context(working(settings, "judge"))
        everyone = [*workers, judge]
        with counting(settings, whole + INTAKE, settings.kafka.requests_topic) as handed_on:
            _wait(lambda: handed_on() >= len(records), everyone)
        passed = shuffled(settings)
        with counting(settings, whole, settings.kafka.events_topic) as judged:
            _wait(lambda: judged() >= passed.end, everyone)
        judged_s = time.time() - passed.first_s
        for worker in everyone:
            worker.end()
    size, cpu_s = sum(map(len, records)) / len(records), sum(worker.cpu_s for worker in workers)
    return Scale(intakes, len(records), size, passed, judged_s, cpu_s, judge.cpu_s)


def _wait(until: Callable[[], bool], workers: Sequence[Deployment]) -> None:
    while not until():
        for worker in workers:
            worker.check()
        time.sleep(LOOK_S)


def grid(runs: Sequence[Scale]) -> Grid:
    """The table of a measurement."""
    rows = [
        ("events", *(f"{run.events:,} of {run.record_bytes:.0f} bytes" for run in runs)),
        ("handed on", *(f"{_rate(run.shuffled):,.0f} events/s" for run in runs)),
        ("handed on and judged", *(f"{run.events / run.judged_s:,.0f} events/s" for run in runs)),
        ("intake", *(f"{1e6 * run.intake_cpu_s / run.events:.1f} µs CPU an event" for run in runs)),
        ("judge", *(f"{1e6 * run.judge_cpu_s / run.events:.1f} µs CPU an event" for run in runs)),
        ("between them", *(f"{run.shuffled.size / run.events:.0f} bytes an event" for run in runs)),
    ]
    return Grid("Scale on Kafka", ("measure", *(f"{run.intakes} intake and a judge" for run in runs)), rows)


def _rate(passed: Shuffled) -> float:
    """Events a second after the first parcel."""
    return passed.later_events / max(passed.last_s - passed.first_s, LOOK_S)
