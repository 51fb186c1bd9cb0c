"""A budget of bytes is kept by limits of rows, and lets the same rows go however the events come."""

from collections.abc import Sequence

import polars as pl
import pytest
from pydantic import ValidationError

from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Pipeline
from stream.settings import LEAST_MEMORY_MB, Settings, Windows
from stream.windows.memory import (
    _EACH_OF_FEW,
    HELD,
    HELD_BYTES,
    MEMBER_BYTES,
    PIECE,
    PIECE_BYTES,
    PROCESS_BYTES,
    SPARE,
    UNLIMITED,
    most_held,
    piece,
    within,
)
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
    assert ROOM / 8 < sum(stats.state_bytes.values()) < ROOM / 2, "the rest is for events of a piece"


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


def test_limits_grow_with_the_budget() -> None:
    sizes = (LEAST_MEMORY_MB, 1000, 4000, 64_000)
    found = [within(Windows(memory_mb=size)) for size in sizes]
    assert [limits.max_accounts for limits in found] == sorted({limits.max_accounts for limits in found})
    assert [most_held(Windows(memory_mb=size)) for size in sizes] == [
        pytest.approx(HELD * limits.max_accounts, abs=_EACH_OF_FEW / HELD_BYTES) for limits in found
    ]


def test_a_small_budget_has_smaller_pieces() -> None:
    """Who has room for few accounts has none for the rows of 50,000 new ones."""
    small, usual = Windows(memory_mb=LEAST_MEMORY_MB), Windows()
    assert piece(small) * PIECE_BYTES < 0.4 * ROOM
    assert piece(usual) == piece(Windows(memory_mb=0)) == PIECE


def test_what_is_set_is_kept_where_there_is_room_for_it() -> None:
    few, many = (within(Windows(max_accounts=rows, memory_mb=LEAST_MEMORY_MB)) for rows in (5, 10**6))
    assert few.max_accounts == 5
    assert (few.max_members, few.max_exchanges) == (many.max_members, many.max_exchanges)
    assert many == within(Windows(memory_mb=LEAST_MEMORY_MB))
    assert within(many) == many


def test_rows_that_are_not_allowed_leave_room_for_events() -> None:
    """A platform of few accounts and many events says so."""
    usual, few = Windows(), Windows(max_accounts=50_000, max_members=1_600_000, max_exchanges=10**6)
    spared = within(usual).max_members - few.max_members
    assert (most_held(few) or 0) > (most_held(usual) or 0) + spared * MEMBER_BYTES // HELD_BYTES


def test_without_a_budget_only_what_is_set_counts() -> None:
    limits = within(Windows(memory_mb=0, max_members=70))
    assert (limits.max_accounts, limits.max_members, limits.max_exchanges) == (UNLIMITED, 70, UNLIMITED)
    assert most_held(Windows(memory_mb=0)) is None


def test_the_default_holds_what_the_table_of_settings_says() -> None:
    """8 GiB are 8,590 MB; events wait for as long as a gateway may write late."""
    usual, million = Windows(), within(Windows(memory_mb=13_500))
    assert usual.memory_mb * 1e6 < 8 * 2**30
    assert within(usual).max_accounts == pytest.approx(600_000, rel=0.01)
    assert (most_held(usual) or 0) > 8000 * Settings().intake.max_disorder_s
    assert million.max_accounts > 1_000_000


def test_a_budget_below_what_an_empty_worker_takes_is_refused() -> None:
    with pytest.raises(ValidationError, match=f"at least {LEAST_MEMORY_MB}, or 0"):
        Windows(memory_mb=LEAST_MEMORY_MB - 1)
