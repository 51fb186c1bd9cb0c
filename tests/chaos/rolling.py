"""How long a partition stands while workers are replaced one by one: `python -m tests.chaos.rolling`.

A gateway goes on writing to four partitions. The pause of a partition is the longest time between two
looks at which its offset had moved; with nothing done that is the commit interval and the commit.
Exit code 1 where a rolling restart makes one stand for more than LIMIT_S: where the next worker takes over,
as two intakes do from each other. One process that is stopped before the next is started stands for as long
as a start takes, and that is only told. Needs Java 17 and Maven.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, Self

from kafka.admin import KafkaAdminClient

from stream.config import Settings
from stream.runtime.stage import INTAKE
from stream.runtime.topics import ensure
from tests.chaos.crew import TOOK_OVER, Member
from tests.chaos.world import AT_ONCE, PARTITIONS, Gateway, records
from tests.conftest import coarse, named_settings
from tests.runtime.broker import Broker
from tests.runtime.wire import make_ready, until

LIMIT_S: Final = 5.0
STOPPED: Final = "one process, SIGTERM and a start"
QUIET_S: Final = 10.0
"""Watched before the first replacement, and after each: several commits."""
DURATION_S: Final = 150.0
"""The gateway's records last so long; a trial is over sooner."""
LOOK_S: Final = 0.02

Offsets = tuple[int, ...]


class Look(NamedTuple):
    """What a group had committed at a moment, by partition."""

    moment_s: float
    offsets: Offsets


def pause_s(looks: Sequence[Look]) -> float:
    """The longest time in which some partition's offset did not move."""
    longest = 0.0
    for number in range(len(looks[0].offsets)):
        moves = [new.moment_s for old, new in pairwise(looks) if new.offsets[number] != old.offsets[number]]
        edges = [looks[0].moment_s, *moves, looks[-1].moment_s]
        longest = max([longest, *(after - before for before, after in pairwise(edges))])
    return longest


class Watch(threading.Thread):
    """Looks at what a group commits to a topic for as long as its context lasts."""

    def __init__(self, settings: Settings, group: str, topic: str) -> None:
        super().__init__(name="watch", daemon=True)
        self._names, self._read, self._topic = settings.kafka, group, topic
        self._over = threading.Event()
        self.looks: list[Look] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        with KafkaAdminClient(bootstrap_servers=self._names.bootstrap_servers) as admin:
            while not self._over.wait(LOOK_S):
                found = admin.list_group_offsets({self._read: None})[self._read]
                at = {tp.partition: place.offset for tp, place in found.items() if tp.topic == self._topic}
                self.looks.append(
                    Look(time.monotonic(), tuple(at.get(number, 0) for number in range(PARTITIONS)))
                )

    def until_caught_up(self, records: int) -> None:
        """What was there at the start is read: from then on records come at a pace."""
        there = AT_ONCE * records
        until(lambda: bool(self.looks) and sum(self.looks[-1].offsets) > there, "all that was there", 120)

    def pause_of(self, act: Callable[[], None]) -> float:
        """The pause around something that is done."""
        first = len(self.looks)
        time.sleep(QUIET_S)
        act()
        time.sleep(QUIET_S)
        return pause_s(self.looks[first:])


class Trial:
    """A broker, a gateway that writes, and workers."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings
        self._members: list[Member] = []

    def start(self, stage: str, name: str = "") -> Member:
        """A worker that reads."""
        kafka = self._settings.kafka.model_copy(update={"instance_id": name})
        settings = self._settings.model_copy(update={"kafka": kafka})
        log = self._folder / f"{len(self._members)}.log"
        self._members.append(Member(settings, log, "stage", stage))
        self._members[-1].until_reading()
        return self._members[-1]

    def replace(self, old: Member, stage: str, name: str = "") -> Member:
        """SIGTERM, and another once it has ended, as a supervisor does."""
        old.signal(signal.SIGTERM)
        old.must_say(0, "all that was read is committed")
        return self.start(stage, name)

    def take_over(self, old: Member, stage: str) -> Member:
        """Another is started first, and fences it."""
        new = self.start(stage)
        old.must_say(2, TOOK_OVER)
        return new

    def end(self) -> None:
        for member in self._members:
            member.end()


@contextmanager
def trial(*, apart: bool) -> Iterator[tuple[Trial, Settings, list[bytes]]]:
    with tempfile.TemporaryDirectory(prefix="shoal-rolling-") as name:
        folder = Path(name)
        broker = Broker(folder / "kafka")
        settings = coarse(named_settings(broker.bootstrap, "rolling", commit_interval_s=1.0))
        rows, began = records(1, folder / "world"), time.monotonic()
        crew = Trial(folder, settings)
        broker.start()
        try:
            ensure(settings, PARTITIONS, split=apart)
            gateway = Gateway(settings, rows, lambda: (time.monotonic() - began) / DURATION_S)
            gateway.start()
            yield crew, settings, rows
            gateway.finish()
        finally:
            crew.end()
            broker.stop()


def whole() -> dict[str, float]:
    """One process for all stages."""
    with trial(apart=False) as (crew, settings, rows):
        names, live = settings.kafka, [crew.start("all")]
        with Watch(settings, names.application_id, names.requests_topic) as watch:
            watch.until_caught_up(len(rows))
            return {
                "one process, nothing is done": watch.pause_of(lambda: None),
                STOPPED: watch.pause_of(lambda: live.append(crew.replace(live[-1], "all"))),
                "one process, another takes over": watch.pause_of(
                    lambda: live.append(crew.take_over(live[-1], "all"))
                ),
            }


def apart(names_given: Sequence[str]) -> dict[str, float]:
    """Two intakes, replaced one after the other."""
    with trial(apart=True) as (crew, settings, rows):
        names = settings.kafka
        crew.start("judge")
        intakes = [crew.start("intake", name) for name in names_given]

        def roll() -> None:
            for number, name in enumerate(names_given):
                intakes[number] = crew.replace(intakes[number], "intake", name)
                time.sleep(2.0)

        named = "with" if any(names_given) else "without"
        with Watch(settings, names.application_id + INTAKE, names.requests_topic) as watch:
            watch.until_caught_up(len(rows))
            return {f"two intakes {named} names, one after the other": watch.pause_of(roll)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.rolling", description=__doc__)
    parser.add_argument("--named", action="store_true", help="also with a kafka.instance_id for each intake")
    options = parser.parse_args()
    make_ready()
    found = whole() | apart(("", ""))
    longest = max(pause for what, pause in found.items() if what != STOPPED)
    if options.named:
        found |= apart(("one", "two"))
    for what, pause in found.items():
        print(f"{pause:6.1f} s  {what}")
    return int(longest > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
