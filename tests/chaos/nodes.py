"""The faults of a cluster: one node of three is lost while the worker works on with the other two."""

import random
import signal
import time
from typing import TYPE_CHECKING, Final

from tests.chaos.faults import FAULTS, Fault
from tests.runtime.cluster import Cluster
from tests.runtime.crash import KILLED

if TYPE_CHECKING:
    from tests.chaos.storm import Storm


def _lost(storm: "Storm", number: int) -> None:
    """kill -9 of a node: the worker commits without it, and the node comes back to whole copies."""
    live, cluster = storm.working(), _cluster(storm)
    cluster.nodes[number].kill()
    storm.until_commit(live)
    cluster.start()


def _cluster(storm: "Storm") -> Cluster:
    assert isinstance(storm.broker, Cluster)
    return storm.broker


def node(storm: "Storm", chance: random.Random) -> None:
    """Any node."""
    storm.working()
    time.sleep(chance.uniform(0, 1))
    _lost(storm, chance.choice(sorted(_cluster(storm).nodes)))


def two_in_turn(storm: "Storm", chance: random.Random) -> None:
    """A second node is lost once the first one is back."""
    for number in chance.sample(sorted(_cluster(storm).nodes), 2):
        _lost(storm, number)


def coordinator(storm: "Storm", chance: random.Random) -> None:
    """The node that keeps the worker's transactions."""
    storm.until_commit(storm.working())
    _lost(storm, _cluster(storm).coordinator(storm.settings.kafka.application_id))


def leader(storm: "Storm", chance: random.Random) -> None:
    """The node that leads the changelog."""
    storm.working()
    time.sleep(chance.uniform(0, 1))
    _lost(storm, _cluster(storm).leader(storm.settings.kafka.changelog_topic, 0))


def node_and_worker(storm: "Storm", chance: random.Random) -> None:
    """The coordinator and the worker at once: another worker takes over on two nodes."""
    live, cluster = storm.working(), _cluster(storm)
    time.sleep(chance.uniform(0, 1))
    cluster.nodes[cluster.coordinator(storm.settings.kafka.application_id)].kill()
    live.signal(signal.SIGKILL)
    assert live.ended() == KILLED
    storm.until_commit(storm.working())
    cluster.start()


CLUSTER_FAULTS: Final[dict[str, Fault]] = {
    **FAULTS,
    "node": node,
    "node coordinator": coordinator,
    "node leader": leader,
    "node and worker": node_and_worker,
    "nodes in turn": two_in_turn,
}
