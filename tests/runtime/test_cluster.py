"""The tests' own cluster: what it reckons by itself."""

from pathlib import Path

from tests.runtime.cluster import Cluster, java_hash


def test_ids_are_spread_as_java_does() -> None:
    """Values of the platform's own specification: s[0] * 31**(n-1) + ... in 32 bits with a sign."""
    assert java_hash("") == 0
    assert java_hash("Aa") == java_hash("BB") == 2112
    assert java_hash("polygenelubricants") == -(2**31)


def test_every_node_knows_the_others(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    own = [(node.data / "own.properties").read_text() for node in cluster.nodes.values()]
    voters = {
        line for text in own for line in text.splitlines() if line.startswith("controller.quorum.voters")
    }
    assert len(voters) == 1
    assert all(f"127.0.0.1:{node.control}" in next(iter(voters)) for node in cluster.nodes.values())
    assert len({(node.data / "cluster.id").read_text() for node in cluster.nodes.values()}) == 1
