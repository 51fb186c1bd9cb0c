"""Nodes of a test's own that keep every topic together; each can be killed and started again on its data."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from tests.runtime.broker import Broker
from tests.runtime.wire import until

IN_SYNC_S: Final = 120.0
"""A node that came back has caught up by then; only a test that has failed waits so long."""
TRANSACTIONS: Final = "__transaction_state"
_CLUSTER_ID: Final = "SDFxdoTMRQGaMMb9aXgvyQ"
_PROPERTIES: Final = """
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
min.insync.replicas=2
"""


class Cluster:
    """Three nodes, each broker and controller: any one of them may be lost."""

    def __init__(self, data: Path) -> None:
        self.nodes = {number: Broker(data / f"node-{number}") for number in (1, 2, 3)}
        voters = ",".join(f"{number}@127.0.0.1:{node.control}" for number, node in self.nodes.items())
        for number, node in self.nodes.items():
            node.data.mkdir(parents=True)
            own = f"node.id={number}\ncontroller.quorum.voters={voters}\n{_PROPERTIES}"
            (node.data / "own.properties").write_text(own)
            (node.data / "cluster.id").write_text(_CLUSTER_ID)

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes.values())

    def start(self) -> None:
        """All that are down, at once, for one waits for the others; then until every copy is whole."""
        down = [node for node in self.nodes.values() if not node.alive]
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Broker.start, down))
        until(self._in_sync, "every copy in sync", IN_SYNC_S)

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Broker.stop, self.nodes.values()))

    def kill(self) -> None:
        """Every node at once."""
        for node in self.nodes.values():
            node.kill()

    def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition."""
        leader: int = self._partitions(topic)[partition]["leader_id"]
        return leader

    def coordinator(self, transactional_id: str) -> int:
        """The node that keeps the transactions of an id: it leads the partition that the id falls on."""
        number = abs(java_hash(transactional_id)) % len(self._partitions(TRANSACTIONS))
        return self.leader(TRANSACTIONS, number)

    def _partitions(self, topic: str) -> dict[int, dict[str, Any]]:
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            found = admin.describe_topics([topic])[0]["partitions"]
        return {partition["partition_index"]: partition for partition in found}

    def _in_sync(self) -> bool:
        try:
            with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
                topics = admin.describe_topics()
        except KafkaError:
            return False
        partitions = [partition for topic in topics for partition in topic["partitions"]]
        return all(len(each["isr_nodes"]) == len(each["replica_nodes"]) for each in partitions)


def java_hash(text: str) -> int:
    """`String.hashCode`, by which Kafka spreads transactional ids."""
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
