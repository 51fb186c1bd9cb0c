"""One short soak on a real broker: all of a log and of what follows it is counted, nothing is left behind."""

import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from stream.bench import soak
from stream.bench.rounds import Rounds
from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.produce import Located
from tests.bench.soaked import sample
from tests.conftest import Replayed, coarse, named_settings
from tests.runtime.wire import until


def test_the_last_look_waits_for_the_workers_own_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed by then is counted, but the worker shows it a moment later."""
    looks = iter([sample(3), sample(4)._replace(events=5989), sample(4), sample(5)])
    monkeypatch.setattr(soak, "_look", lambda port, second, sent: next(looks))
    monkeypatch.setattr(soak, "LOOK_S", 0.0)
    assert soak._last(0, 60.0, 6000) == sample(4)


def test_a_record_that_is_never_counted_is_waited_for_no_longer_than_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soak, "_look", lambda port, second, sent: sample(3))
    monkeypatch.setattr(soak, "SETTLED_S", 0.0)
    assert soak._last(0, 60.0, 6000) == sample(3)


def test_a_gateway_has_begun_once_its_context_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its client takes to connect; what it fails with is raised and waited for by nobody."""

    def slow(records: Iterator[Located], settings: Settings, rate: float) -> None:
        time.sleep(0.05)
        for _ in records:
            time.sleep(0.001)

    def failing(records: Iterator[Located], settings: Settings, rate: float) -> None:
        raise BrokerError("gone")

    record = ("events.ndjson", 0, b"{}")
    monkeypatch.setattr(soak, "send", slow)
    with soak.Gateway(repeat(record), Settings(), 1.0) as gateway:
        assert gateway.sent > 0
    monkeypatch.setattr(soak, "send", failing)
    with pytest.raises(BrokerError, match="gone"), soak.Gateway(repeat(record), Settings(), 1.0):
        pass


@pytest.mark.kafka
def test_every_record_is_counted_and_no_topic_is_left(
    bootstrap: str, fresh_name: str, replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "SAMPLE_S", 0.5)
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(replayed.records[:3000]) + b"\n")
    settings, seen = coarse(named_settings(bootstrap, fresh_name)), list[soak.Sample]()
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        before = ours(admin)
    found = soak.measure(Rounds(path), settings, 2 / 60, 1500.0, seen.append)
    assert found.wrong == []
    assert found.committed == found.sent > 3000
    assert found.rate <= found.capacity / 2
    assert seen == found.samples
    assert [sample.sent for sample in seen] == sorted(sample.sent for sample in seen)
    assert seen[-1].accounts > 0
    assert seen[-1].resident_bytes > seen[-1].state_bytes > 0
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        # The controller deletes; what the broker lists follows.
        until(lambda: ours(admin) <= before, "topics that are gone")


def ours(admin: KafkaAdminClient) -> set[str]:
    return {topic for topic in admin.list_topics() if topic.startswith("shoal-soak")}
