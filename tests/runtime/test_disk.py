"""A broker whose disk is full: it ends itself, the worker says so in a line, and nothing is lost."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stream.runtime.topics import ensure
from tests.conftest import named_settings
from tests.runtime.broker import Broker
from tests.runtime.test_kafka_broker import PARTITIONS, check_findings
from tests.runtime.wire import Process, events, until, values, write

pytestmark = [pytest.mark.kafka, pytest.mark.skipif(shutil.which("java") is None, reason="no Java")]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Broker]:
    """Its logs are on a file system of their own, of 64 MB."""
    disk = tmp_path / "kafka" / "log"
    disk.mkdir(parents=True)
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount")
    broker = Broker(tmp_path / "kafka")
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        subprocess.run(["umount", disk], check=True)


def filled(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return ballast


def test_a_full_disk_is_one_line_and_loses_nothing(small: Broker, fresh_name: str) -> None:
    settings = named_settings(small.bootstrap, fresh_name, idle_after_s=2.0)
    ensure(settings, PARTITIONS)
    write(settings, settings.kafka.requests_topic, events(1000), PARTITIONS)
    workers = [Process(settings, "impatient")]

    def found() -> bool:
        # on a busy machine the broker may be silent for longer than an impatient worker waits
        if not workers[-1].running:
            workers.append(Process(settings, "impatient"))
        return bool(values(settings, settings.kafka.findings_topic))

    until(found, "first finding")
    ballast = filled(small.data / "log")
    code, said = workers[-1].wait()
    assert code == 2
    assert said.splitlines()[-1].startswith("shoal: Kafka")
    assert "Traceback" not in said
    ballast.unlink()
    small.start()
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    check_findings(settings, events(1000))
