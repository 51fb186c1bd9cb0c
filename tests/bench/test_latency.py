"""Latencies are reckoned from moments; one short run takes them from a real broker."""

from pathlib import Path

import numpy as np
import orjson
import pytest
from kafka.admin import KafkaAdminClient

from stream.bench.latency import PARTITIONS, Clock, counted, grid, measure
from stream.bench.worlds import StoredWorld
from stream.config import Settings
from stream.errors import InputError
from stream.runtime.play import Look, Output
from stream.simulate import Truth
from tests.conftest import Replayed, coarse, named_settings
from tests.runtime.wire import until

HOUR_MS = 3_600_000


def played(times_ms: list[int], sent: list[float]) -> Clock:
    """Ticks of an hour, watermarks five minutes behind."""
    return Clock(np.array(times_ms), sent, Settings())


def test_an_event_is_counted_at_the_first_look_that_covers_it() -> None:
    """Number 8 is the third record of partition 0, and so on."""
    sent = [1.0, 1.1, 1.2, 1.3, 1.4]
    looks = [
        Look(2.0, {}),
        Look(3.0, {0: 3, 1: 2}),
        Look(4.0, {0: 3, 1: 3, 2: 3, 3: 3}),
        Look(5.0, {0: 4, 1: 3, 2: 3, 3: 3}),
    ]
    assert counted(sent, 8, looks) == pytest.approx([2.0, 2.9, 2.8, 2.7, 3.6])


def test_a_tick_is_passed_when_the_last_partition_has_passed_it() -> None:
    late = HOUR_MS + 300_000
    times_ms = [0] * PARTITIONS + [late, late, late - 1, late] + [late] * PARTITIONS
    clock = played(times_ms, [float(second) for second in range(2 * PARTITIONS)])
    assert clock.passed(HOUR_MS) == 6.0, "the second record of the third partition"
    assert clock.passed(2 * HOUR_MS) is None
    assert clock.ticks == 1 + 1, "from five minutes before the epoch"


def test_a_tick_that_history_passed_is_no_latency() -> None:
    times_ms = [2 * HOUR_MS] * PARTITIONS + [5 * HOUR_MS] * PARTITIONS
    clock = played(times_ms, [7.0, 8.0, 9.0, 10.0])
    said = [Output(10.5, orjson.dumps({"time": f"1970-01-01T0{hour}:00:00.000Z"})) for hour in (1, 3, 6)]
    assert [clock.since_tick(output) for output in said] == [None, 0.5, None]


def test_a_world_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="100 events are less than twice 10/s for 6 s"):
        measure(world(tmp_path, [b'{"time": "2026-01-01T00:00:00.000Z"}'] * 100), Settings(), 10, 6)


@pytest.mark.kafka
def test_all_that_is_played_is_counted_and_nothing_is_left_behind(
    bootstrap: str, fresh_name: str, replayed: Replayed, tmp_path: Path
) -> None:
    settings = coarse(named_settings(bootstrap, fresh_name))
    measured = measure(world(tmp_path, replayed.records), settings, 600, 3)
    assert measured.history + measured.played == len(replayed.records)
    assert len(measured.counted_s) == measured.played
    assert measured.ticks > 0
    assert (measured.counted_s > 0).all()
    assert (measured.told_s > 0).all()
    assert grid(measured).rows[0] == ("events", f"{measured.played:,} at 600/s")
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        # The controller deletes; what the broker lists follows.
        until(lambda: not any(map(ours, admin.list_topics())), "topics that are gone")


def ours(topic: str) -> bool:
    return topic.startswith("shoal-latency")


def world(folder: Path, records: list[bytes]) -> StoredWorld:
    path = folder / "events.ndjson"
    path.write_bytes(b"\n".join(records) + b"\n")
    return StoredWorld(path, Truth({}, {}))
