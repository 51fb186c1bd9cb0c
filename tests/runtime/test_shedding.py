"""Nothing is left out without a rule; with one the same accounts are, and each event is counted once."""

import logging
from collections import Counter
from zlib import crc32

import numpy as np
import orjson
import pytest

from stream.config import Settings
from stream.metrics import Meters
from stream.runtime import feed, kafka, worker
from stream.runtime.pipeline import Outputs, Pipeline
from stream.runtime.shedding import Shedding, kept_of
from stream.runtime.stage import Stage
from tests.conftest import KafkaSettings
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import events, offset_of_group, write

ACCOUNTS = np.random.default_rng(5).integers(0, 1 << 63, 20_000).astype(np.uint64)


def shedding(above: int, ratio: float = 0.25) -> Shedding:
    names = Settings().kafka.model_copy(update={"shed_above_records": above, "shed_keep_ratio": ratio})
    return Shedding(names)


def test_without_a_rule_nothing_is_shed() -> None:
    rule = Shedding(Settings().kafka)
    rule.look({"requests-0": 10**9})
    assert rule.of("requests-0") is None
    assert rule.marks() == {}


def test_it_begins_above_the_lag_and_ends_below_half_of_it(caplog: pytest.LogCaptureFixture) -> None:
    rule, seen = shedding(100), []
    for lag in (100, 101, 60, 50, 49, 100, 101):
        rule.look({"requests-0": lag, "requests-1": 0})
        seen.append(rule.active == {"requests-0"})
    assert seen == [False, True, True, True, False, False, True]
    told = [line.split(" is ")[0] for line in caplog.messages]
    assert told == ["requests-0: lag 101", "requests-0: lag 49", "requests-0: lag 101"]


@pytest.mark.parametrize("ratio", [0.01, 0.25, 0.9])
def test_who_is_kept_is_a_share_of_accounts_that_grows_with_it(ratio: float) -> None:
    kept = kept_of(ACCOUNTS, ratio)
    assert kept.mean() == pytest.approx(ratio, abs=4 * (ratio * (1 - ratio) / len(ACCOUNTS)) ** 0.5)
    assert kept[kept_of(ACCOUNTS, ratio / 2)].all()


def test_counts_and_what_is_under_way_outlive_a_restart() -> None:
    rule = shedding(100)
    rule.look({"requests-0": 500, "requests-1": 500})
    keep = rule.of("requests-0")
    assert keep is not None
    shed = int((~keep(ACCOUNTS)).sum())
    again = shedding(100)
    assert again.restore({"feedback-0": 3, **rule.marks()}) == {"feedback-0": 3}
    assert again.counts == {"requests-0": shed}
    assert again.active == {"requests-0", "requests-1"}
    without = shedding(0)
    without.restore(rule.marks())
    assert (without.counts, without.active) == ({"requests-0": shed}, set())


def record(time_ms: int, account: str) -> bytes:
    return orjson.dumps({"time": time_ms, "account_id": account})


def test_what_is_shed_moves_time_and_reaches_no_state() -> None:
    pipeline, rule = Pipeline(Settings()), shedding(1, ratio=0.5)
    rule.look({"a": 2})
    times = range(1_775_606_400_000, 1_775_606_400_000 + 10 * 3_600_000, 60_000)
    records = [record(time_ms, f"account-{number % 40}") for number, time_ms in enumerate(times)]
    pipeline.absorb("a", records, range(len(records)), rule.of("a"))
    pipeline.finish()
    shed = rule.counts["a"]
    assert 0 < shed < len(records)
    assert shed % (len(records) // 40) == 0, "whole accounts"
    assert pipeline.watermark_ms == times[-1]
    assert pipeline.stats().accounts == 40 - shed // (len(records) // 40)
    assert pipeline.positions() == {"a": len(records)}


@pytest.mark.kafka
def test_every_event_is_kept_or_counted_as_shed_once_whatever_restarts(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker reads a lag in small batches, fails after some commits, and another one goes on."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(feed.Records, "batch_records", 100)
    monkeypatch.setattr(worker, "LOOK_S", 0.0)
    settings = kafka_settings(2, shed_above_records=400, shed_keep_ratio=0.5, commit_interval_s=0.0)
    records = events(3000)
    write(settings, settings.kafka.requests_topic, records, 2)
    meters: list[Meters] = []

    def made(stage: Stage) -> Meters:
        meters.append(Meters(stage))
        return meters[-1]

    monkeypatch.setattr(kafka, "Meters", made)
    last = FakePipeline()
    with pytest.raises(ZeroDivisionError):
        kafka.serve(settings, Failing(), once=True)  # type: ignore[arg-type]
    kafka.serve(settings, last, once=True)  # type: ignore[arg-type]
    assert [offset_of_group(settings, number) for number in range(2)] == [1500, 1500]
    before, after = (sum(each.stats.shed.values()) for each in meters)
    assert 0 < before < after
    kept = last.counts + Counter(account for _, account in last.held)
    assert kept.total() + after == len(records)
    all_of = Counter(orjson.loads(record)["account_id"] for record in records)
    share = [name for name in all_of if kept_of(np.array([crc32(name.encode())], np.uint64), 0.5)[0]]
    assert 0 < len(share) < len(all_of)
    assert {name: kept[name] for name in share} == {name: all_of[name] for name in share}
    assert last.counts.total() < len(records)
    told = [
        line for line in caplog.messages if "kafka.shed_above_records" in line or "all events count" in line
    ]
    assert len(told) == 4, "each partition once when it begins and once when it ends"


class Failing(FakePipeline):
    """Ends once it has read so much."""

    def advance(self, most: int | None = None) -> Outputs:
        if self.events > 1200:
            raise ZeroDivisionError
        return super().advance(most)
