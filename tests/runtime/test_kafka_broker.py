"""A broker of the test's own, to be taken away: restarted, and lost."""

import shutil
from collections.abc import Iterator

import pytest

from stream.config import Settings
from stream.runtime.topics import ensure
from tests.conftest import named_settings
from tests.runtime.broker import Broker
from tests.runtime.wire import Process, events, until, values, write

pytestmark = [pytest.mark.kafka, pytest.mark.skipif(shutil.which("java") is None, reason="no Java")]

PARTITIONS = 4


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


def test_a_worker_outlives_a_restart(broker: Broker, fresh_name: str) -> None:
    settings, worker = working(broker, fresh_name)
    broker.stop()
    broker.start()
    seen = len(values(settings, settings.kafka.findings_topic))
    write(settings, settings.kafka.requests_topic, events(2000)[1000:], PARTITIONS)
    until(lambda: len(values(settings, settings.kafka.findings_topic)) > seen, "a finding after the restart")
    code, said = worker.stop()
    assert code == 0, said


def test_a_broker_that_is_lost_is_one_line(broker: Broker, fresh_name: str) -> None:
    """The last test here: it takes the broker away."""
    _, worker = working(broker, fresh_name, "impatient")
    broker.kill()
    code, said = worker.wait()
    assert code == 2
    assert said.splitlines()[-1].startswith("shoal: Kafka")
    assert "Traceback" not in said
