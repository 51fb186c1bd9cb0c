"""A budget of bytes is kept by limits of rows, and lets the same rows go however the events come."""

from collections.abc import Sequence

import polars as pl
import pytest
from pydantic import ValidationError

from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Pipeline
from stream.settings import LEAST_MEMORY_MB, Settings, Windows
from stream.windows.memory import HELD, PROCESS_BYTES, SPARE, most_held, within
from tests.runtime.restore import SOURCE, parcels

MB = 400
ROOM = (MB * 1e6 - PROCESS_BYTES) / SPARE
ACCOUNTS = 24_000
"""More than twice as many as that has room for."""


def settings_of(memory_mb: int) -> Settings:
    return Settings(windows=Windows(memory_mb=memory_mb, tick_s=6 * 3600))


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.concat([parcel.events for parcel in parcels(ACCOUNTS)])


def filled(events: pl.DataFrame, sizes: Sequence[int], sources: int = 1) -> Pipeline:
    pipeline, start, number = Pipeline(settings_of(MB)), 0, 0
    for source in range(sources):
        pipeline.open(f"{SOURCE}{source}")
    while start < events.height:
        rows = events[start : start + sizes[number % len(sizes)]]
        for source in range(sources):
            pipeline.receive(Parcel(f"{SOURCE}{source}", 0, 0, rows[source::sources]))
        pipeline.advance()
        start, number = start + rows.height, number + 1
    pipeline.finish()
    return pipeline


@pytest.fixture(scope="module")
def whole(events: pl.DataFrame) -> Pipeline:
    return filled(events, [8_000])


def test_rows_stay_within_the_bytes(whole: Pipeline) -> None:
    """What is metered, with events held, is below what the limits were reckoned from, and not far below."""
    stats, limits = whole.stats(), within(settings_of(MB).windows)
    assert limits.max_accounts * 2 < ACCOUNTS
    assert stats.evictions > ACCOUNTS / 2
    assert limits.max_accounts * 0.8 < stats.accounts <= limits.max_accounts
    assert ROOM / 6 < sum(stats.state_bytes.values()) < ROOM / 2, "the rest is for events of a tick"


@pytest.mark.parametrize(("sizes", "sources"), [([3_000, 500, 9_000], 1), ([7_000], 3)])
def test_the_same_rows_go_whatever_batches_and_sources(
    events: pl.DataFrame, whole: Pipeline, sizes: list[int], sources: int
) -> None:
    other = filled(events, sizes, sources)
    assert other.stats().evictions == whole.stats().evictions
    assert kept(other) == kept(whole)


def kept(pipeline: Pipeline) -> list[list[int]]:
    tables = (pipeline._accounts.table, pipeline._links.state.members, pipeline._links.state.links)
    return [sorted(table.keys.tolist()) for table in tables]


def test_limits_grow_with_the_budget_and_without_one_are_those_that_are_set() -> None:
    sizes = (LEAST_MEMORY_MB, 1000, 4000, 64_000)
    found = [within(Windows(memory_mb=size)) for size in sizes]
    assert [limits.max_accounts for limits in found] == sorted({limits.max_accounts for limits in found})
    assert [most_held(Windows(memory_mb=size)) for size in sizes] == [
        HELD * limits.max_accounts for limits in found
    ]
    assert found[2].max_accounts == pytest.approx(230_000, rel=0.02), "as the table of settings says"
    assert within(Windows(max_accounts=5)) == Windows(max_accounts=5)
    assert most_held(Windows()) is None


def test_a_budget_below_what_an_empty_worker_takes_is_refused() -> None:
    with pytest.raises(ValidationError, match=f"at least {LEAST_MEMORY_MB}, or 0"):
        Windows(memory_mb=LEAST_MEMORY_MB - 1)
