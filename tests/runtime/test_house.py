"""Walls of the runtime: who may know Kafka's clients."""

import ast
from collections.abc import Iterator
from pathlib import Path

import stream

ROOT = Path(stream.__file__).parent

KNOW = {
    "faust": {"runtime/kafka.py"},
    "mode": {"runtime/kafka.py"},
    "aiokafka": {"runtime/client.py"},
    "kafka": {"runtime/blocking.py"},
    "prometheus_client": {"metrics.py", "runtime/endpoint.py", "bench/scrape.py"},
}


def imported(path: Path) -> Iterator[str]:
    """Top-level packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_one_module_knows_each_client() -> None:
    found: dict[str, set[str]] = {name: set() for name in KNOW}
    for path in ROOT.rglob("*.py"):
        for package in imported(path):
            if package in found:
                found[package].add(str(path.relative_to(ROOT)))
    assert found == KNOW
