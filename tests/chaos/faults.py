"""The faults: what is done to the workers and the broker, and what each must lead to."""

import random
import signal
import time
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final

from tests.chaos.crew import TOOK_OVER
from tests.runtime.crash import KILLED, POINTS

if TYPE_CHECKING:
    from tests.chaos.storm import Storm

LEAVES_S: Final = 15.0
"""From SIGTERM to the end: the worker's own limit of 10 s, and what a busy machine adds."""
Fault = Callable[["Storm", random.Random], None]


def kill(storm: "Storm", chance: random.Random) -> None:
    """kill -9 at any moment."""
    live = storm.working()
    time.sleep(chance.uniform(0, 2))
    live.signal(signal.SIGKILL)
    assert live.ended() == KILLED


def kill_at_start(storm: "Storm", chance: random.Random) -> None:
    """kill -9 while it fences, restores or has just begun."""
    storm.retire()
    live = storm.start()
    time.sleep(chance.uniform(0, 1.5))
    live.signal(signal.SIGKILL)
    assert live.ended() == KILLED


def term(storm: "Storm", chance: random.Random) -> None:
    """SIGTERM: it commits and leaves."""
    live = storm.working()
    time.sleep(chance.uniform(0, 1))
    live.signal(signal.SIGTERM)
    live.must_say(0, "all that was read is committed")


def nap(storm: "Storm", chance: random.Random) -> None:
    """SIGSTOP and SIGCONT with nobody else there: it works on."""
    live = storm.working()
    live.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(1, 4))
    live.signal(signal.SIGCONT)
    storm.until_commit(live)


def zombie(storm: "Storm", chance: random.Random) -> None:
    """SIGSTOP, another takes over, SIGCONT: the zombie is fenced and fences nobody."""
    asleep = storm.working()
    time.sleep(chance.uniform(0, 1))
    asleep.signal(signal.SIGSTOP)
    live = storm.start()
    storm.until_commit(live)
    asleep.signal(signal.SIGCONT)
    asleep.must_say(2, TOOK_OVER)
    storm.until_commit(live)


def join(storm: "Storm", chance: random.Random) -> None:
    """A second worker starts: it takes over, the first one says so and ends."""
    first = storm.working()
    time.sleep(chance.uniform(0, 1))
    second = storm.start()
    first.must_say(2, TOOK_OVER)
    storm.until_commit(second)


def crowd(storm: "Storm", chance: random.Random) -> None:
    """Two more start at once: one of the three is left, and it works."""
    members = [storm.working(), storm.start()]
    time.sleep(chance.uniform(0, 1))
    members.append(storm.start())
    last = storm.only_one_of(members)
    storm.until_commit(last)


def broker(storm: "Storm", chance: random.Random) -> None:
    """kill -9 of the broker, of a cluster all of its nodes, and a restart: the worker waits, and works on."""
    live = storm.working()
    time.sleep(chance.uniform(0, 1))
    storm.broker.kill()
    time.sleep(chance.uniform(0, 2))
    storm.broker.start()
    storm.until_commit(live)


def dark(storm: "Storm", chance: random.Random) -> None:
    """SIGTERM while there is no broker: it leaves in time, and says that the commit is not done."""
    live = storm.working()
    storm.broker.kill()
    time.sleep(chance.uniform(0, 1))
    began = time.monotonic()
    live.signal(signal.SIGTERM)
    live.must_say(2, "is safe", "the next start reads it again", "does not answer or refuses")
    storm.longest_leave_s = max(storm.longest_leave_s, time.monotonic() - began)
    storm.broker.start()


def at(point: str) -> Fault:
    """kill -9 at a point of a commit."""

    def crash(storm: "Storm", chance: random.Random) -> None:
        doomed = storm.start("crash", point, str(chance.randint(1, 4)))
        assert doomed.ended() == KILLED, doomed.said
        storm.settle()

    crash.__doc__ = f"kill -9 within a commit: {point}"
    return crash


FAULTS: Final[dict[str, Fault]] = {
    **{f"crash {point}": at(point) for point in POINTS},
    "kill": kill,
    "kill at start": kill_at_start,
    "term": term,
    "nap": nap,
    "zombie": zombie,
    "join": join,
    "crowd": crowd,
    "broker": broker,
    "dark": dark,
}
BROKER_FAULTS: Final = frozenset(
    {"broker", "dark", "node", "node coordinator", "node leader", "node and worker", "nodes in turn"}
)
"""Faults of Kafka itself, of a cluster too: whoever is told to leave meanwhile may not be able to commit."""


def decks(chance: random.Random, faults: Collection[str]) -> Iterator[str]:
    """Every fault once in any order, and again, without end."""
    while True:
        yield from chance.sample(sorted(faults), len(faults))
