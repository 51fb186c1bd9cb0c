"""What passes between stages that run apart, and what it costs."""

from pathlib import Path

import pytest

from stream.bench.scale import Scale, grid, measure
from stream.bench.worlds import StoredWorld
from stream.runtime.play import Shuffled
from stream.simulate import Truth
from tests.conftest import Replayed, coarse, named_settings


def test_figures_are_of_an_event_and_of_what_followed_the_first_parcel() -> None:
    passed = Shuffled(size=100_000, first_s=10.0, last_s=14.0, later_events=800, end=7)
    run = Scale(2, 1000, 700.0, passed, judged_s=5.0, intake_cpu_s=0.006, judge_cpu_s=0.02)
    assert [row[1] for row in grid([run]).rows] == [
        "1,000 of 700 bytes",
        "200 events/s",
        "200 events/s",
        "6.0 µs CPU an event",
        "20.0 µs CPU an event",
        "100 bytes an event",
    ]


@pytest.mark.kafka
def test_a_run_measures_its_own_workers_on_topics_that_it_deletes(
    bootstrap: str, fresh_name: str, replayed: Replayed, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(replayed.records[:4000]) + b"\n")
    world = StoredWorld(path, Truth({}, {}))
    (run,) = measure(world, coarse(named_settings(bootstrap, fresh_name)), [1])
    assert run.events == 4000
    assert run.intake_cpu_s > 0
    assert run.judge_cpu_s > 0
    assert run.shuffled.size / run.events < 150
    assert run.judged_s >= run.shuffled.last_s - run.shuffled.first_s
