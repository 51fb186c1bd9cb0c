"""End to end: a worker on a real broker counts every record of a file, and none of it is left there."""

from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from stream.bench import endtoend
from stream.config import Settings
from tests.conftest import Replayed, coarse, named_settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(bootstrap: str, fresh_name: str) -> Settings:
    return coarse(named_settings(bootstrap, fresh_name))


def topics(settings: Settings) -> list[str]:
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        return [name for name in admin.list_topics() if name.startswith("shoal-speed")]


def test_every_record_is_counted_on_both_ways(settings: Settings, replayed: Replayed, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(replayed.records) + b"\n")
    found = endtoend.measure(path, settings)
    assert found.kafka.events == found.embedded.events == len(replayed.records)
    assert found.kafka.rejects == 0
    assert found.ratio == found.kafka.cpu_s / found.embedded.whole_cpu_s > 0
    assert ("on Kafka / embedded", f"{found.ratio:.2f}") in endtoend.grid(found).rows
    assert topics(settings) == []
