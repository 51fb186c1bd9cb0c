"""Back-pressure: what cannot be decided yet is left in Kafka, however far apart the partitions are."""

import pytest

from stream.errors import CapacityError
from stream.findings.render import finding_bytes
from stream.runtime import feed, kafka, worker
from stream.runtime.pipeline import Outputs
from tests.conftest import KafkaSettings
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import events, values, write

pytestmark = pytest.mark.kafka

MOST_HELD = 50
BATCH = 100
TICK = 60
"""Events of a tick, which have to be held until it is over."""


class Watched(FakePipeline):
    """Notes how many events it held at most."""

    peak = 0

    def advance(self, most: int | None = None) -> Outputs:
        self.peak = max(self.peak, len(self.held))
        return super().advance(most)


def test_a_partition_that_is_ahead_waits_and_the_same_is_said(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One partition is the earlier half, the other the later one, which decides nothing before its time."""
    monkeypatch.setattr(worker, "MOST_HELD", MOST_HELD)
    monkeypatch.setattr(feed.Records, "batch_records", BATCH)
    settings, records, half = kafka_settings(2), events(3000), 1500
    in_turn = [record for pair in zip(records[:half], records[half:], strict=True) for record in pair]
    write(settings, settings.kafka.requests_topic, in_turn, 2)
    pipeline, whole = Watched(), FakePipeline()
    kafka.serve(settings, pipeline, once=True)  # type: ignore[arg-type]
    whole.absorb("file", records, range(len(records)))
    expected = [finding_bytes(finding) for finding in whole.finish().findings]
    assert len(expected) > 10
    assert values(settings, settings.kafka.findings_topic) == expected
    assert pipeline.peak <= MOST_HELD + 2 * BATCH + TICK


def test_what_waits_and_does_not_fit_the_memory_ends_the_worker_before_anything_is_lost(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every partition is at the same time, so that none can wait for another."""
    settings, records = kafka_settings(2), events(1500)
    write(settings, settings.kafka.requests_topic, records, 2)
    monkeypatch.setattr(feed.Records, "batch_records", BATCH)
    monkeypatch.setattr(worker, "most_held", lambda windows: TICK // 2)
    for _ in range(2):
        with pytest.raises(CapacityError, match=r"events wait for their time.* is for 30: raise it, lower"):
            kafka.serve(settings, FakePipeline(), once=True)  # type: ignore[arg-type]
    monkeypatch.setattr(worker, "most_held", lambda windows: BATCH + 2 * TICK)
    kafka.serve(settings, FakePipeline(), once=True)  # type: ignore[arg-type]
    whole = FakePipeline()
    whole.absorb("file", records, range(len(records)))
    expected = [finding_bytes(finding) for finding in whole.finish().findings]
    assert len(expected) > 10
    assert values(settings, settings.kafka.findings_topic) == expected
