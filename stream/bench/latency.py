"""Latency on Kafka: from an event to its being counted, and from a tick to the findings that it brings.

A finding comes at a tick of event time, once the watermarks of all partitions have passed it. How long an
event waits for that is a matter of settings (`windows.tick_s`, `intake.max_disorder_s`) and of how long
evidence takes to build up, not of speed. What is measured is the rest: from the moment at which the record
that carries the last partition past the tick is sent, to the moment at which the finding can be read by a
consumer that reads what is committed. Events are played faster than they happened, so that ticks come
every few seconds: nothing that is measured looks at the clock of the machine.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from stream.bench.deployed import named, topics, working
from stream.bench.report import Grid
from stream.bench.worlds import StoredWorld
from stream.config import Settings
from stream.errors import InputError
from stream.runtime.play import Look, Output, Reader, play
from stream.setting import instant
from stream.simulate import WorldSpec

WORLD: Final = WorldSpec(seed=7, days=16, accounts=700, onset_day=11.0)
"""Some 170,000 events; most cases open in the last two days, after warm-up and a few days of campaigns."""
PARTITIONS: Final = 4
_SETTLED_S: Final = 1.0
"""Outputs can be read this long after their offsets at the latest: they are of one transaction."""

Moments = NDArray[np.float64]


@dataclass(frozen=True)
class Latency:
    """Latencies in seconds; `ticks` are those that were passed while events were played."""

    history: int
    played: int
    rate: float
    commit_interval_s: float
    ticks: int
    counted_s: Moments
    told_s: Moments


def measure(world: StoredWorld, settings: Settings, rate: float, seconds: float) -> Latency:
    """Plays the end of a world to a worker of its own, on topics that are deleted afterwards.

    Raises BrokerError where Kafka or the worker fails, InputError where the world is too short.
    """
    records = world.events.read_bytes().splitlines()
    times_ms = world.columns("account_id")["time_ms"].to_numpy()
    history = (len(records) - round(rate * seconds)) // PARTITIONS * PARTITIONS
    if history < len(records) / 2:
        raise InputError(f"{len(records):,} events are less than twice {rate:g}/s for {seconds:g} s")
    own = named(settings, "latency")
    with topics(own, PARTITIONS), working(own) as worker, Reader(own) as reader:
        play(own, records[:history], PARTITIONS)
        reader.wait_for(history, worker.check)
        sent = play(own, records[history:], PARTITIONS, first=history, rate=rate)
        reader.wait_for(len(records), worker.check)
        time.sleep(_SETTLED_S)
    clock = Clock(times_ms, sent, settings)
    told = [each for each in map(clock.since_tick, reader.outputs) if each is not None]
    return Latency(
        history,
        len(sent),
        rate,
        own.kafka.commit_interval_s,
        clock.ticks,
        counted(sent, history, reader.looks),
        np.array(told),
    )


class Clock:
    """When which tick was passed, by the moments at which the last records of a log were sent."""

    def __init__(self, times_ms: NDArray[np.int64], sent: Sequence[float], settings: Settings) -> None:
        """`times_ms` are of all records, in turn over PARTITIONS; `sent` of the last of them."""
        self._history = len(times_ms) - len(sent)
        self._sent = sent
        self._tick_ms = round(settings.windows.tick_s * 1000)
        disorder_ms = round(settings.intake.max_disorder_s * 1000)
        parts = [times_ms[number::PARTITIONS] for number in range(PARTITIONS)]
        self._watermarks = [np.maximum.accumulate(part) - disorder_ms for part in parts]

    @property
    def ticks(self) -> int:
        """Ticks that were passed while the last records were sent."""
        before = min(marks[self._history // PARTITIONS - 1] for marks in self._watermarks)
        after = min(marks[-1] for marks in self._watermarks)
        return int(after // self._tick_ms - before // self._tick_ms)

    def passed(self, tick_ms: int) -> float | None:
        """When the last partition passed a tick; None where it was before, or never."""
        numbers = [
            int(np.searchsorted(marks, tick_ms)) * PARTITIONS + part
            for part, marks in enumerate(self._watermarks)
        ]
        last = max(numbers) - self._history
        return self._sent[last] if 0 <= last < len(self._sent) else None

    def since_tick(self, output: Output) -> float | None:
        """From the tick of a finding or verdict to when it could be read."""
        tick_ms = int(instant(orjson.loads(output.value)["time"]).timestamp() * 1000)
        moment = self.passed(tick_ms)
        return None if moment is None else output.moment - moment


def counted(sent: Sequence[float], first: int, looks: Sequence[Look]) -> Moments:
    """From each record to the first look at which it was committed; the records begin with number `first`."""
    numbers = np.arange(first, first + len(sent))
    found = np.empty(len(sent))
    moments = np.array([look.moment for look in looks])
    for part in range(PARTITIONS):
        mine = numbers % PARTITIONS == part
        offsets = np.maximum.accumulate([look.offsets.get(part, 0) for look in looks])
        found[mine] = moments[np.searchsorted(offsets, numbers[mine] // PARTITIONS, side="right")]
    latencies_s: Moments = found - np.array(sent)
    return latencies_s


def grid(latency: Latency) -> Grid:
    """The table of a measurement."""
    rows = [
        ("events", f"{latency.played:,} at {latency.rate:g}/s"),
        ("events before, as fast as it goes", f"{latency.history:,}"),
        ("commit interval", f"{latency.commit_interval_s:g} s"),
        ("ticks of event time", f"{latency.ticks:,}, with {len(latency.told_s):,} findings and verdicts"),
        ("event sent -> counted", _quantiles(latency.counted_s)),
        ("tick passed -> finding readable", _quantiles(latency.told_s)),
    ]
    return Grid("Latency on Kafka", ("measure", "value: p50 / p99 / worst"), rows)


def _quantiles(latencies_s: Moments) -> str:
    if not len(latencies_s):
        return "-"
    return " / ".join(f"{value:.2f}" for value in np.percentile(latencies_s, [50, 99, 100])) + " s"
