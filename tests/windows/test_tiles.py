"""Rings of tiles against a dictionary: whatever the order, the sums are the same."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream.windows.tiles import DAY_MS, HORIZONS, HOUR_MS, MINUTE_MS, NEVER, Ring, begins

RING = Ring(HOUR_MS, 5)
ROWS = 3
NOW = 1000
"""Newest tile of the examples."""


class Table:
    """A ring's columns with two metrics."""

    def __init__(self, dtype: Any = np.uint16) -> None:
        self.tiles: NDArray[Any] = np.zeros((ROWS, 2 * RING.length), dtype)
        self.newest = np.full(ROWS, NEVER, np.int32)

    def add(self, row: int, tile: int, first: int, second: int) -> None:
        RING.add(self.tiles, self.newest, np.array([row], np.int32), tile, np.array([[first, second]]))

    def total(self, tile: int, span: int | None = None) -> list[list[int]]:
        sums: list[list[int]] = RING.total(self.tiles, self.newest, tile, span).tolist()
        return sums


Addition = tuple[int, int, int, int]
"""Row, tile and two amounts."""
additions = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(NOW - 9, NOW), st.integers(0, 50), st.integers(0, 50)),
    max_size=30,
)


def in_the_ring(given_: list[Addition]) -> dict[tuple[int, int], list[int]]:
    """(row, tile) -> sums, of the tiles that no newer tile of their row has pushed out in this order."""
    newest = dict.fromkeys(range(ROWS), NEVER)
    sums: dict[tuple[int, int], list[int]] = {}
    for row, tile, first, second in given_:
        newest[row] = max(newest[row], tile)
        if newest[row] - tile < RING.length:
            of = sums.setdefault((row, tile), [0, 0])
            of[0] += first
            of[1] += second
    return sums


def expected(sums: dict[tuple[int, int], list[int]], tile: int, span: int) -> list[list[int]]:
    total = [[0, 0] for _ in range(ROWS)]
    for (row, at), (first, second) in sums.items():
        if tile - span < at <= tile:
            total[row][0] += first
            total[row][1] += second
    return total


@given(additions, st.integers(1, RING.length), st.integers(0, 12))
def test_totals_are_those_of_a_dictionary(given_: list[Addition], span: int, later: int) -> None:
    """Read at the newest tile or any later one: idle rows fade without being touched."""
    table = Table()
    for addition in given_:
        table.add(*addition)
    sums = in_the_ring(given_)
    assert table.total(NOW + later, span) == expected(sums, NOW + later, span)


@given(additions, st.randoms(use_true_random=False))
def test_order_does_not_matter(given_: list[Addition], chance: Any) -> None:
    one, other = Table(), Table()
    shuffled = list(given_)
    chance.shuffle(shuffled)
    for addition in given_:
        one.add(*addition)
    for addition in shuffled:
        other.add(*addition)
    assert one.newest.tolist() == other.newest.tolist()
    assert one.total(NOW) == other.total(NOW)


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=6))
def test_counts_saturate_and_never_wrap(amounts: list[int]) -> None:
    table = Table()
    for amount in amounts:
        table.add(0, NOW, amount, 1)
    assert table.total(NOW)[0] == [min(sum(amounts), np.iinfo(np.uint16).max), len(amounts)]


def test_rows_are_independent() -> None:
    table = Table()
    table.add(0, NOW, 1, 2)
    table.add(2, NOW + RING.length, 3, 4)
    assert table.tiles[0].sum() == 3
    assert table.total(NOW + RING.length) == [[0, 0], [0, 0], [3, 4]]


def test_a_late_tile_that_has_left_the_ring_is_left_alone() -> None:
    table = Table()
    table.add(0, NOW, 1, 1)
    table.add(0, NOW - RING.length, 7, 7)
    assert table.total(NOW) == [[1, 1], [0, 0], [0, 0]]


def test_a_row_that_was_never_written_is_empty_at_any_time() -> None:
    assert Table().total(0) == Table().total(NOW) == [[0, 0]] * ROWS


def test_a_span_longer_than_the_ring_is_the_ring() -> None:
    table = Table()
    table.add(0, NOW, 1, 2)
    assert table.total(NOW, 99) == table.total(NOW)


@pytest.mark.parametrize(
    ("name", "length_ms"),
    [("10m", 10 * MINUTE_MS), ("1h", HOUR_MS), ("1d", DAY_MS), ("7d", 7 * DAY_MS), ("28d", 28 * DAY_MS)],
)
def test_horizons_are_as_long_as_they_say(name: str, length_ms: int) -> None:
    ring, span = HORIZONS[name]
    assert ring.tile_ms * span == length_ms
    assert span <= ring.length


def test_all_horizons_are_tested() -> None:
    assert list(HORIZONS) == ["10m", "1h", "1d", "7d", "28d"]
    assert Counter(ring for ring, _ in HORIZONS.values()).total() == 5


@given(st.integers(1, 20_000), st.integers(1, 50_000), st.integers(1, 40))
def test_every_span_begins_at_one_tick(tick_ms: int, span_ms: int, ticks: int) -> None:
    """Also where ticks and spans have no common measure, and where a tick is longer than a span."""
    first = 10**9 // tick_ms
    now = [(first + i) * tick_ms for i in range(ticks)]
    begun = [now_ms for now_ms in now if begins(span_ms, now_ms, tick_ms)]
    spans = {now_ms // span_ms for now_ms in now} - {(now[0] - tick_ms) // span_ms}
    assert [now_ms // span_ms for now_ms in begun] == sorted(spans)
    if span_ms % tick_ms == 0:
        assert begun == [now_ms for now_ms in now if now_ms % span_ms == 0]
