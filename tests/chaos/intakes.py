"""The faults of stages apart: what is done to the intakes, while every other fault is done to the judge."""

import random
import signal
import time
from typing import TYPE_CHECKING, Final

from tests.chaos.crew import TOOK_OVER
from tests.chaos.faults import Fault
from tests.runtime.crash import KILLED, POINTS

if TYPE_CHECKING:
    from tests.chaos.storm import Storm

NAP_S: Final = 9.0
"""Well over the session timeout: others have its partitions by then, and have committed."""


def kill(storm: "Storm", chance: random.Random) -> None:
    """kill -9 of one of them at any moment: the other is given its partitions."""
    lost = chance.choice(storm.intakes())
    time.sleep(chance.uniform(0, 2))
    lost.signal(signal.SIGKILL)
    assert lost.ended() == KILLED
    storm.until_handed_on()


def term(storm: "Storm", chance: random.Random) -> None:
    """SIGTERM to one of them: it commits and leaves the group."""
    leaving = chance.choice(storm.intakes())
    leaving.until_reading()
    time.sleep(chance.uniform(0, 1))
    leaving.signal(signal.SIGTERM)
    leaving.must_say(0, "all that was read is committed")
    storm.until_handed_on()


def nap(storm: "Storm", chance: random.Random) -> None:
    """SIGSTOP, others take over, SIGCONT: it joins anew or is fenced, and fences nobody for long."""
    asleep = chance.choice(storm.intakes())
    asleep.until_reading()
    asleep.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(1, NAP_S))
    asleep.signal(signal.SIGCONT)
    storm.until_handed_on()
    if not asleep.running:
        asleep.must_say(2, TOOK_OVER)


def at(point: str) -> Fault:
    """kill -9 of one more at a point of a commit."""

    def crash(storm: "Storm", chance: random.Random) -> None:
        for member in storm.intakes():
            member.until_reading()
        commit, doomed = str(chance.randint(1, 4)), None
        while doomed is None or doomed.ended() != KILLED:
            if doomed is not None:  # too slow to give up its partitions before the next had them
                doomed.must_say(2, TOOK_OVER)
            doomed = storm.intake("crash", point, commit)
        storm.until_handed_on()

    crash.__doc__ = f"kill -9 of an intake within a commit: {point}"
    return crash


INTAKE_FAULTS: Final[dict[str, Fault]] = {
    **{f"intake crash {point}": at(point) for point in POINTS},
    "intake kill": kill,
    "intake term": term,
    "intake nap": nap,
}
