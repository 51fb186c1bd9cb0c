from pathlib import Path

import numpy as np
import pytest

from stream.bench import endurance
from tests.bench.soaked import sample, soak

LOOKS_AN_HOUR = 240


def test_growth_is_that_of_an_hour_and_its_interval_holds_it(tmp_path: Path) -> None:
    """What differs from round to round, over a slope of 12 MB an hour."""
    noise = np.repeat(np.random.default_rng(3).normal(scale=1e6, size=100), 2).tolist()
    samples = [
        sample(number, resident=4e8 + extra + 12e6 * number / LOOKS_AN_HOUR)
        for number, extra in enumerate(noise, start=1)
    ]
    found = endurance.growth(soak(tmp_path, samples), "resident_bytes")
    assert found.slope == pytest.approx(12e6, rel=0.2)
    assert found.interval.low < 12e6 < found.interval.high


def test_only_the_second_half_counts(tmp_path: Path) -> None:
    """What fills up at first is no growth; the last look, after the end, is none either."""
    samples = [sample(number, resident=4e8 - 1e6 * max(0, 50 - number)) for number in range(1, 101)]
    found = endurance.growth(soak(tmp_path, [*samples, sample(101, resident=1e9)]), "resident_bytes")
    assert found.slope == pytest.approx(0, abs=1)


def test_durations_are_means_between_two_looks_and_unknown_where_nothing_was() -> None:
    first, second = sample(1), sample(2)
    found = endurance.means([first, second, second], "ticks_s", "ticks")
    assert found[0] == pytest.approx(0.2)
    assert found[1] != found[1]


def test_the_table_says_what_was_counted_and_how_it_stood(tmp_path: Path) -> None:
    grid = endurance.grid(soak(tmp_path, [sample(number) for number in range(1, 41)]))
    rows = {name: value for name, value in grid.rows}  # noqa: C416
    assert rows["records"] == "60,000 in 10 min, each counted once"
    assert rows["capacity, and rate"] == "900 and 100 events/s"
    assert rows["event time"] == "40 days, rounds of 1"
    assert rows["CPU of the worker"] == "100.0 µs an event"
    assert rows["lag, second half: median / worst"] == "3 / 3 records"
    assert rows["commit, second half: mean"] == "0.050 s"
    assert rows["state"].startswith("30 to 30 MB in the second half, +0.0 MB an hour")


def test_a_record_too_many_or_too_few_is_told(tmp_path: Path) -> None:
    samples = [sample(1), sample(2)]
    assert soak(tmp_path, samples).wrong == []
    assert "are committed" in soak(tmp_path, samples, committed=2999).wrong[0]
    twice = samples[-1]._replace(events=samples[-1].events + 1, duplicates=1)
    assert [line.split(", ")[-1] for line in soak(tmp_path, [samples[0], twice]).wrong] == [
        "3,001 were counted",
        "1 events came twice",
    ]


def test_a_row_has_a_value_for_each_name_and_the_picture_is_drawn(tmp_path: Path) -> None:
    names, values = endurance.HEADING.split(","), endurance.row(sample(7)).split(",")
    assert dict(zip(names, values, strict=True))["sent"] == "10500"
    picture = endurance.draw(tmp_path, soak(tmp_path, [sample(number) for number in range(1, 41)]))
    assert (tmp_path / picture.file).read_bytes().startswith(b"\x89PNG")
    assert "39 days of event time" in picture.caption
