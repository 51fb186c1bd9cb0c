"""What is due: pieces of ticks are the same however their events come, and whatever restarts between."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stream.blocks import decode, encode
from stream.runtime.agenda import Agenda
from stream.runtime.held import Held
from tests.runtime.test_held import events

TICK_MS = 100
DISORDER_MS = 10
PIECE = 7


class Given(NamedTuple):
    """Of one thing that was due: event times and accounts, the tick's end, whether it ended it."""

    events: list[tuple[int, int]]
    tick_ms: int
    ends: bool


class Reader:
    """Held events and their agenda, which may be stopped and started again from what was stored."""

    def __init__(self) -> None:
        self.held = Held(DISORDER_MS)
        self.agenda = Agenda(self.held, TICK_MS, PIECE)
        self._stored = [*self.held.snapshot()]
        self.given: list[Given] = []

    def take(self, source: str, rows: pl.DataFrame) -> None:
        self.held.hold(source, rows, self.agenda.decided_ms or 0)

    def go(self, most: int | None = None) -> None:
        count = len(self.given)
        while most is None or len(self.given) - count < most:
            due = self.agenda.next()
            if due is None:
                assert not self.agenda.behind
                return
            of = zip(due.events["time_ms"].to_list(), due.events["account"].to_list(), strict=True)
            self.given.append(Given(list(of), due.tick_ms, due.ends))

    def restart(self) -> None:
        self._stored += [decode(b.stage, b.table, b.whole, encode(b)) for b in self.held.changes()]
        plain, before = self.held.plain(), self.agenda
        self.held = Held(DISORDER_MS)
        for block in self._stored:
            self.held.restore(block)
        self.held.restore_sources(plain)
        self.agenda = Agenda(self.held, TICK_MS, PIECE)
        self.agenda.decided_ms, self.agenda.active_ms = before.decided_ms, before.active_ms


def rows_of(times: Sequence[tuple[int, int]]) -> pl.DataFrame:
    return pl.concat([events([time_ms], account) for time_ms, account in times])


def at_once(times: Sequence[tuple[int, int]]) -> list[Given]:
    reader = Reader()
    reader.take("a", rows_of(times))
    reader.go()
    return reader.given


busy = st.lists(st.tuples(st.integers(1000, 1350), st.integers(1, 3)), min_size=1, max_size=80)
"""Late ones among them, by up to three ticks, and many at one time."""


@given(busy, st.lists(st.integers(0, 80), max_size=6), st.sampled_from([None, 1, 2]), st.booleans())
def test_pieces_are_the_same_in_any_batches_and_with_restarts(
    times: list[tuple[int, int]], cuts: list[int], most: int | None, restarts: bool
) -> None:
    reader = Reader()
    for low, high in pairwise([0, *sorted(min(cut, len(times)) for cut in cuts), len(times)]):
        if low < high:
            reader.take("a", rows_of(times[low:high]))
        reader.go(most)
        if restarts:
            reader.restart()
    reader.go()
    assert reader.given == at_once(times)


@given(busy, st.lists(st.booleans(), min_size=80, max_size=80), st.integers(1, 9))
def test_pieces_are_the_same_over_two_sources(
    times: list[tuple[int, int]], first: list[bool], size: int
) -> None:
    """Where nothing is late."""
    times = sorted(times)
    reader, whole = Reader(), at_once(times)
    of = {name: [t for t, one in zip(times, first, strict=False) if one == (name == "a")] for name in "ab"}
    for name in of:
        reader.held.open(name)
    while any(of.values()):
        for name, left in of.items():
            if left:
                reader.take(name, rows_of(left[:size]))
                del left[:size]
            reader.go()
    for source in reader.held.sources.values():
        source.idle = source.newest_ms is None or source.newest_ms < times[-1][0]
    reader.go()
    assert reader.given == whole


@given(busy)
def test_every_event_is_given_once_and_pieces_are_full(times: list[tuple[int, int]]) -> None:
    reader = Reader()
    for event in times:
        reader.take("a", rows_of([event]))
        reader.go()
    given = [event for due in reader.given for event in due.events]
    assert sorted(given + _left(reader)) == sorted(times)
    for due in reader.given:
        assert due.events == sorted(due.events), "by event time, late ones too"
        assert due.ends or len(due.events) >= PIECE
    assert reader.held.before(reader.held.settled_ms or 0) < PIECE


def _left(reader: Reader) -> list[tuple[int, int]]:
    rows = reader.held.release(10**9)
    return list(zip(rows["time_ms"].to_list(), rows["account"].to_list(), strict=True))


def test_a_piece_is_due_before_its_tick_is_over() -> None:
    reader = Reader()
    reader.take("a", rows_of([(1000 + i, 1) for i in range(PIECE + DISORDER_MS)]))
    reader.go()
    assert reader.given == []
    reader.take("a", rows_of([(1000 + PIECE + DISORDER_MS, 1)]))
    reader.go()
    assert [(len(due.events), due.tick_ms, due.ends) for due in reader.given] == [(PIECE, 1100, False)]
    assert reader.agenda.decided_ms == 1000
    reader.take("a", rows_of([(1100 + DISORDER_MS, 1)]))
    reader.go()
    assert reader.given[-1].ends
    assert reader.agenda.decided_ms == 1100


def test_a_source_that_was_idle_is_not_late_within_the_disorder() -> None:
    """Though the watermark is at the newest event while all are idle, pieces wait."""
    times = [(1000 + i, 1) for i in range(3 * PIECE)]
    reader = Reader()
    reader.take("a", rows_of(times))
    reader.held.sources["a"].idle = True
    reader.go()
    reader.take("a", rows_of([(1000 + 3 * PIECE - DISORDER_MS, 2)]))
    assert reader.held.late == 0
    assert [event for due in reader.given for event in due.events] == times[:PIECE]


def test_what_comes_behind_a_piece_counts_after_it() -> None:
    reader = Reader()
    reader.take("a", rows_of([(1000 + i, 1) for i in range(40)]))
    reader.go()
    reader.take("b", rows_of([(1001, 2)]))
    assert reader.held.late == 1
    reader.held.sources["b"].idle = True
    reader.take("a", rows_of([(1200, 1)]))
    reader.go()
    late = next(due for due in reader.given if (1001, 2) in due.events)
    assert (late.tick_ms, late.ends) == (1100, False)
