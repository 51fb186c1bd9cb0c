"""Fixtures that every room's tests may use: a real broker, topics of a test's own, and a small world."""

import io
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import hypothesis
import pytest

from stream.config import Settings
from stream.runtime.local import Files, replay
from stream.runtime.topics import ensure
from stream.simulate import WorldSpec, simulate, write_world

# A test is right or wrong whatever the machine's speed, and whenever it runs.
hypothesis.settings.register_profile("shoal", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("shoal")

BROKER = Path(__file__).parents[1] / "deploy" / "kafka" / "broker"


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The broker that `deploy/test` started, or one of this run's own."""
    given = os.environ.get("SHOAL_TEST_BOOTSTRAP")
    if given:
        yield given
        return
    if shutil.which("java") is None:
        pytest.skip("neither SHOAL_TEST_BOOTSTRAP nor Java")
    port, control = free_ports(2)
    data = tmp_path_factory.mktemp("kafka")
    subprocess.run([BROKER, "start", data, str(port), str(control)], check=True)
    yield f"127.0.0.1:{port}"
    subprocess.run([BROKER, "stop", data], check=True)


@pytest.fixture
def fresh_name() -> str:
    """A name that no other test, and no earlier run on this broker, has."""
    return f"t{uuid4().hex[:10]}"


KafkaSettings = Callable[..., Settings]


@pytest.fixture
def kafka_settings(bootstrap: str) -> KafkaSettings:
    """Makes settings with an application and topics that no other test has, created on the broker."""

    def make(partitions: int = 4, *, split: bool = False, **changes: object) -> Settings:
        settings = named_settings(bootstrap, f"t{uuid4().hex[:10]}", **changes)
        ensure(settings, partitions, split=split)
        return settings

    return make


def named_settings(bootstrap: str, name: str, **changes: object) -> Settings:
    own: dict[str, object] = {f"{topic}_topic": f"{name}.{topic}" for topic in _TOPICS}
    own |= {"bootstrap_servers": bootstrap, "application_id": name, "metrics_port": 0}
    own |= {"idle_after_s": 0.6, "commit_interval_s": 0.2}
    default = Settings()
    return default.model_copy(update={"kafka": default.kafka.model_copy(update={**own, **changes})})


_TOPICS = ("requests", "events", "findings", "verdicts", "rejects", "feedback", "changelog")


class Replayed(NamedTuple):
    """Records in order of time, and what the embedded runtime says of them, line by line."""

    records: list[bytes]
    findings: list[bytes]
    verdicts: list[bytes]


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Two weeks of a small world with campaigns."""
    spec = WorldSpec(
        seed=3,
        days=14,
        accounts=250,
        onset_day=6.0,
        campaigns=("sweep", "prefix", "judge"),
        mean_requests_per_day=8.0,
    )
    path = write_world(simulate(spec), tmp_path_factory.mktemp("world")).events
    findings, verdicts = io.BytesIO(), io.BytesIO()
    replay([str(path)], coarse(Settings()), sinks=[Files(findings, verdicts)])
    records = path.read_bytes().splitlines()
    return Replayed(records, findings.getvalue().splitlines(), verdicts.getvalue().splitlines())


def coarse(settings: Settings) -> Settings:
    """Ticks of four hours, for a tick costs the same on a small world as on a large one; a short warm-up."""
    windows = settings.windows.model_copy(update={"tick_s": 14_400.0})
    alerts = settings.alerts.model_copy(update={"warm_up_days": 8.0})
    return settings.model_copy(update={"windows": windows, "alerts": alerts})
