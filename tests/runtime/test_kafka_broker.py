"""A broker of the test's own, to be taken away: restarted, and lost."""

import shutil
import time
from collections.abc import Iterator

import pytest

from stream.config import Settings
from stream.findings.render import finding_bytes
from stream.runtime.topics import ensure
from tests.conftest import named_settings
from tests.runtime.broker import Broker
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import Process, events, until, values, write

pytestmark = [pytest.mark.kafka, pytest.mark.skipif(shutil.which("java") is None, reason="no Java")]

PARTITIONS = 4
LEAVES_S = 15.0
"""From SIGTERM to the end: the worker's own limit of 10 s, and what a busy machine adds."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


def working(broker: Broker, name: str, *arguments: str) -> tuple[Settings, Process]:
    """A worker that has published its first findings."""
    settings = named_settings(broker.bootstrap, name, idle_after_s=2.0)
    ensure(settings, PARTITIONS)
    write(settings, settings.kafka.requests_topic, events(1000), PARTITIONS)
    worker = Process(settings, *arguments)
    until(lambda: bool(values(settings, settings.kafka.findings_topic)), "first finding")
    return settings, worker


def check_findings(settings: Settings, records: list[bytes]) -> None:
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    said = [finding_bytes(finding) for finding in pipeline.finish().findings]
    assert values(settings, settings.kafka.findings_topic) == said


def test_a_worker_outlives_a_restart(broker: Broker, fresh_name: str) -> None:
    settings, worker = working(broker, fresh_name)
    broker.stop()
    broker.start()
    seen = len(values(settings, settings.kafka.findings_topic))
    write(settings, settings.kafka.requests_topic, events(2000)[1000:], PARTITIONS)
    until(lambda: len(values(settings, settings.kafka.findings_topic)) > seen, "a finding after the restart")
    code, said = worker.stop()
    assert code == 0, said


def test_a_broker_that_comes_late_is_waited_for(broker: Broker, fresh_name: str) -> None:
    settings, worker = working(broker, fresh_name)
    worker.kill()
    broker.stop()
    worker = Process(settings, "once", "patient")
    broker.start()
    code, said = worker.wait(300)
    assert code == 0, said
    assert "Traceback" not in said


def test_sigterm_without_a_broker_is_in_time_and_loses_nothing(broker: Broker, fresh_name: str) -> None:
    settings, worker = working(broker, fresh_name)
    broker.kill()
    began = time.monotonic()
    code, said = worker.stop()
    took_s = time.monotonic() - began
    broker.start()
    assert code == 2, said
    assert said.splitlines()[-1].startswith("shoal: ")
    assert "Traceback" not in said
    assert took_s < LEAVES_S
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    check_findings(settings, events(1000))


def test_a_broker_that_is_lost_is_one_line(broker: Broker, fresh_name: str) -> None:
    """The last test here: it takes the broker away."""
    _, worker = working(broker, fresh_name, "impatient")
    broker.kill()
    code, said = worker.wait()
    assert code == 2
    assert said.splitlines()[-1].startswith("shoal: Kafka")
    assert "Traceback" not in said
