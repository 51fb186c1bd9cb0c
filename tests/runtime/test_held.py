"""Held events: watermarks of sources, and what may be decided."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.blocks import decode, encode
from stream.event.fields import SCHEMA
from stream.runtime.held import Held

DISORDER_MS = 10


def events(times_ms: Sequence[int], account: int = 1) -> pl.DataFrame:
    rows = {"time_ms": times_ms, "account": [account] * len(times_ms), "account_id": ["a"] * len(times_ms)}
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in rows]
    known = pl.DataFrame(rows, schema={name: SCHEMA[name] for name in rows})
    return known.with_columns(absent).select(list(SCHEMA))


def hold(held: Held, source: str, *times_ms: int, decided_ms: int = 0) -> None:
    held.hold(source, events(times_ms), decided_ms)


def released(held: Held, before_ms: int) -> list[tuple[int, int]]:
    """(event time, time at which it counts) of what is released."""
    rows = held.release(before_ms)
    return list(zip(rows["time_ms"].to_list(), rows["seen_ms"].to_list(), strict=True))


times = st.lists(st.integers(1000, 1100), min_size=1, max_size=30)


@given(times, st.lists(st.integers(0, 30), max_size=4))
def test_when_an_event_counts_depends_on_its_source_alone(times_ms: list[int], cuts: list[int]) -> None:
    whole, parts = Held(DISORDER_MS), Held(DISORDER_MS)
    hold(whole, "a", *times_ms)
    edges = [0, *sorted(cuts), len(times_ms)]
    for low, high in pairwise(edges):
        hold(parts, "a", *times_ms[low:high])
        hold(parts, "b", *times_ms[:low])
    assert parts.late >= whole.late
    assert parts.sources["a"].newest_ms == whole.sources["a"].newest_ms
    mine = released(parts, 10**9)
    assert all(event in mine for event in released(whole, 10**9))


@given(times)
def test_an_event_counts_in_its_own_time_or_at_the_watermark_that_it_missed(times_ms: list[int]) -> None:
    held = Held(DISORDER_MS)
    hold(held, "a", *times_ms)
    expected, newest, late = [], times_ms[0], 0
    for time_ms in times_ms:
        watermark = newest - DISORDER_MS
        late += time_ms < watermark
        expected.append((time_ms, max(time_ms, watermark)))
        newest = max(newest, time_ms)
    assert sorted(released(held, 10**9)) == sorted(expected)
    assert held.late == late


@given(times, st.integers(990, 1110))
def test_what_counts_before_a_time_is_released_once_and_in_order(times_ms: list[int], before_ms: int) -> None:
    held = Held(DISORDER_MS)
    hold(held, "a", *times_ms)
    first, rest = released(held, before_ms), released(held, 10**9)
    assert first == sorted(first)
    assert all(seen < before_ms for _, seen in first)
    assert all(seen >= before_ms for _, seen in rest)
    assert len(first) + len(rest) == len(times_ms)
    assert released(held, 10**9) == []


@given(st.permutations(range(12)))
def test_events_that_differ_anywhere_have_one_order(order: list[int]) -> None:
    """Even without an id, at one time, of one account."""
    rows = events([1000] * 12).with_columns(
        network=pl.Series([i % 3 for i in range(12)], dtype=pl.UInt64),
        status=pl.Series([200 + i // 3 for i in range(12)], dtype=pl.Int16),
    )
    one, other = Held(DISORDER_MS), Held(DISORDER_MS)
    one.hold("a", rows, 0)
    other.hold("a", rows[order], 0)
    assert one.release(10**9).equals(other.release(10**9))


@given(times, st.integers(1, 9))
def test_a_part_is_released_by_when_events_count(times_ms: list[int], most: int) -> None:
    whole, parts = Held(DISORDER_MS), Held(DISORDER_MS)
    for held in (whole, parts):
        hold(held, "a", *times_ms)
    found: list[tuple[int, int]] = []
    while rows := parts.release(10**9, most).sort("seen_ms", "time_ms").select("time_ms", "seen_ms").rows():
        assert len(rows) >= min(most, len(times_ms) - len(found))
        assert len(set(rows[most - 1 :])) <= 1, "one mark is not torn apart"
        assert not found or rows[0][1] >= found[-1][1]
        found += rows
    assert sorted(found) == sorted(released(whole, 10**9))


def test_what_was_stored_is_not_stored_again_when_some_of_it_goes() -> None:
    held, size = Held(DISORDER_MS), 2000
    hold(held, "a", *range(1000, 1000 + size))
    assert [block.rows.height for block in held.changes()] == [size]
    for _ in range(3):
        held.release(10**9, 100)
        assert [(block.table, block.rows.height) for block in held.changes()] == [("given", 1)]
    hold(held, "a", *range(4000, 4020))
    held.release(4010)
    kept, _ = held.changes()
    assert (kept.rows["time_ms"].min(), kept.whole) == (4010, False), "nor what came and went since"


def test_a_restore_of_many_changes_holds_no_more_than_is_left() -> None:
    held, copy, most = Held(DISORDER_MS), Held(DISORDER_MS), 0
    for block in held.snapshot():
        copy.restore(block)
    for at in range(30):
        hold(held, "a", *range(at * 20_000, (at + 1) * 20_000))
        changes = held.changes()
        held.release(at * 20_000)
        for block in [*changes, *held.changes()]:
            copy.restore(block)
            most = max(most, copy.count)
    copy.restore_sources(held.plain())
    assert copy.count == held.count == 20_000
    assert most < 10 * 20_000


def test_what_comes_after_the_decision_of_its_time_counts_now() -> None:
    held = Held(DISORDER_MS)
    hold(held, "a", 50, decided_ms=200)
    assert held.late == 1
    assert released(held, 1000) == [(50, 200)]


def test_the_watermark_is_that_of_the_slowest_source_that_is_not_idle() -> None:
    held = Held(DISORDER_MS)
    assert held.watermark_ms is None
    hold(held, "a", 100)
    hold(held, "b", 500)
    assert held.watermark_ms == 90
    held.open("c")
    assert held.watermark_ms is None
    held.sources["c"].idle = True
    held.sources["a"].idle = True
    assert held.watermark_ms == 490
    held.sources["b"].idle = True
    assert held.watermark_ms == 500, "nothing is held back once all are at their end"
    hold(held, "a", 120)
    assert held.watermark_ms == 110


def test_an_empty_batch_does_not_wake_a_source() -> None:
    held = Held(DISORDER_MS)
    held.open("a").idle = True
    hold(held, "a")
    assert held.sources["a"].idle


def test_the_oldest_event_that_is_held() -> None:
    held = Held(DISORDER_MS)
    assert held.first_ms is None
    hold(held, "a", 300, 200)
    hold(held, "b", 250)
    assert held.first_ms == 250
    held.release(1000)
    assert held.first_ms is None


def test_who_is_ahead_waits_for_the_slowest_that_holds_time() -> None:
    held = Held(DISORDER_MS)
    for source, time_ms in {"slow": 100, "fast": 900, "faster": 901, "idle": 950}.items():
        hold(held, source, time_ms)
    held.open("idle").idle = True
    assert held.leading() == {"fast", "faster"}
    hold(held, "slow", 1000)
    assert held.leading() == {"faster", "slow"}


def test_all_wait_for_a_source_that_has_yet_to_speak_until_it_is_idle() -> None:
    held = Held(DISORDER_MS)
    held.open("silent")
    hold(held, "a", 100)
    hold(held, "b", 100)
    assert held.leading() == {"a", "b"}
    held.open("silent").idle = True
    assert held.leading() == set()


sources = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 99), st.booleans()), min_size=1)


@given(sources)
def test_never_do_all_that_hold_time_wait(taken: list[tuple[str, int, bool]]) -> None:
    held = Held(DISORDER_MS)
    for source, time_ms, idle in taken:
        hold(held, source, time_ms)
        held.open(source).idle = idle
    active = {name for name, source in held.sources.items() if not source.idle}
    assert held.leading() < active or not active


def test_what_is_held_is_counted_and_weighed() -> None:
    held = Held(DISORDER_MS)
    assert (held.count, held.state_bytes()) == (0, {"held": 0})
    hold(held, "a", 100, 200)
    hold(held, "b", 300)
    assert held.count == 3
    assert held.state_bytes()["held"] > 3 * 8 * 2
    held.release(250)
    assert held.count == 1


Step = tuple[str, list[int]]
steps = st.lists(
    st.one_of(st.tuples(st.just("hold"), times), st.tuples(st.just("release"), times)), max_size=8
)


@pytest.mark.parametrize("whole", [False, True])
@given(steps)
def test_changes_are_the_state(whole: bool, taken: list[Step]) -> None:
    held, copy = Held(DISORDER_MS), Held(DISORDER_MS)
    for what, times_ms in taken:
        if what == "hold":
            hold(held, "a", *times_ms)
        else:
            held.release(times_ms[0])
        for block in held.snapshot() if whole else held.changes():
            copy.restore(decode(block.stage, block.table, block.whole, encode(block)))
        copy.restore_sources(held.plain())
        assert copy.first_ms == held.first_ms
        assert copy.watermark_ms == held.watermark_ms
        assert copy.changes() == []
    assert released(copy, 10**9) == released(held, 10**9)


def test_a_replay_which_asks_for_no_changes_holds_no_event_that_was_decided() -> None:
    held = Held(DISORDER_MS)
    for hour in range(5):
        hold(held, "a", hour * 1000 + 1)
        held.release((hour + 1) * 1000)
    assert (held.count, held._new, held._unsaved) == (0, [], [])
