import random
from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.blocks import Block
from stream.errors import StateError
from stream.runtime import changelog as module
from stream.runtime.changelog import RECORD_BYTES, Changelog, Record
from stream.runtime.ledger import sizes


class Topic:
    """A compacted topic, a table of the counts that its writer holds, and the writer."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.counts: dict[int, int] = {}
        self.log = Changelog()

    def commit(self, changes: dict[int, int], marks: dict[str, int] | None = None) -> None:
        self.counts |= changes
        self.records += self.log.commit([table(changes)], marks or {})
        if self.log.due:
            self.log.rebase([table(self.counts, whole=True)])

    def restart(self) -> dict[int, int]:
        self.log = Changelog()
        self.log.load(self.records)
        blocks, _ = self.log.replay()
        return counts(blocks)


def table(rows: dict[int, int], *, whole: bool = False) -> Block:
    noise = [random.Random(n).randbytes(2000) for n in rows]
    frame = pl.DataFrame(
        {"slot": list(rows), "count": list(rows.values()), "noise": noise},
        schema={"slot": pl.Int64, "count": pl.Int64, "noise": pl.Binary},
    )
    return Block("links", "members", frame, whole)


def counts(blocks: Iterable[Block]) -> dict[int, int]:
    found: dict[int, int] = {}
    for block in blocks:
        if block.whole:
            found.clear()
        found.update(zip(block.rows["slot"].to_list(), block.rows["count"].to_list(), strict=True))
    return found


def loaded(records: Iterable[Record]) -> Changelog:
    log = Changelog()
    log.load(records)
    return log


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bases come after a few commits and take several to write."""
    monkeypatch.setattr(module, "FLOOR_BYTES", 20_000)
    monkeypatch.setattr(module, "STEP_BYTES", 2_000)
    monkeypatch.setattr(module, "RECORD_BYTES", 3_000)


def test_an_empty_topic_is_an_empty_state() -> None:
    blocks, marks = Changelog().replay()
    assert list(blocks) == []
    assert marks == {}


def test_a_commit_comes_back_with_its_marks() -> None:
    topic = Topic()
    topic.commit({1: 5, 2: 6}, {"feedback-0": 7})
    log = loaded(topic.records)
    blocks, marks = log.replay()
    assert log.blocks == 1
    assert counts(blocks) == {1: 5, 2: 6}
    assert marks == {"feedback-0": 7}


def test_later_deltas_overwrite_earlier_ones() -> None:
    topic = Topic()
    topic.commit({1: 5, 2: 6})
    topic.commit({2: 7})
    assert topic.restart() == {1: 5, 2: 7}


def test_empty_deltas_write_no_table() -> None:
    topic = Topic()
    topic.commit({})
    assert [record.key for record in topic.records] == [b"head"]
    assert topic.restart() == {}


def test_no_record_is_larger_than_a_broker_takes() -> None:
    topic = Topic()
    topic.commit({n: n for n in range(1200)})
    sizes = [len(record.value or b"") for record in topic.records]
    assert sum(sizes) > 2 * RECORD_BYTES
    assert max(sizes) <= RECORD_BYTES
    assert topic.restart() == {n: n for n in range(1200)}


@pytest.mark.usefixtures("small")
def test_a_base_buries_the_deltas_that_it_covers() -> None:
    topic = Topic()
    for n in range(60):
        topic.commit({n % 4: n})
    live = {record.key: record.value for record in topic.records}
    written = sum(len(record.value or b"") for record in topic.records)
    assert sum(len(value) for value in live.values() if value is not None) < written / 4
    assert topic.restart() == topic.counts


@pytest.mark.usefixtures("small")
@given(st.lists(st.dictionaries(st.integers(0, 40), st.integers(0, 99), min_size=1, max_size=9), max_size=60))
def test_at_most_three_bytes_are_written_for_one_that_changed(commits: list[dict[int, int]]) -> None:
    """A base is due only once the deltas outweigh the one before, and holds no more than it and they do."""
    topic = Topic()
    for changes in commits:
        topic.commit(changes)
    written = sizes(topic.records)
    assert written["deltas"] + written["base"] <= 3 * written["deltas"]


@pytest.mark.usefixtures("small")
def test_small_commits_on_a_large_state_are_no_reason_to_write_it_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But for so many of them that a restore would take long."""
    topic = Topic()
    topic.commit({n: n for n in range(100)})
    while topic.log._rising or topic.log.due:
        topic.commit({})
    before = sizes(topic.records)["base"]
    for n in range(60):
        topic.commit({n % 4: n})
    assert before > 100 * 2000
    assert sizes(topic.records)["base"] == before
    monkeypatch.setattr(module, "MOST_DELTAS", 50)
    topic.commit({1: 1})
    topic.commit({1: 2})
    assert sizes(topic.records)["base"] > before
    assert topic.restart() == topic.counts


@pytest.mark.usefixtures("small")
@given(
    commits=st.lists(st.dictionaries(st.integers(0, 9), st.integers(0, 99), max_size=4), max_size=40),
    restarts=st.sets(st.integers(0, 39)),
)
def test_any_commits_and_restarts_give_the_state_of_the_last_commit(
    commits: list[dict[int, int]], restarts: set[int]
) -> None:
    topic = Topic()
    for number, changes in enumerate(commits):
        if number in restarts:
            assert topic.restart() == topic.counts
        topic.commit(changes)
    assert topic.restart() == topic.counts


@pytest.mark.usefixtures("small")
@given(st.data())
def test_compaction_at_any_moment_changes_nothing(data: st.DataObject) -> None:
    """A broker may drop any record that has a later one of the same key."""
    topic = Topic()
    for n in range(30):
        topic.commit({n % 5: n})
    last = {record.key: place for place, record in enumerate(topic.records)}
    stale = [place for place, record in enumerate(topic.records) if last[record.key] != place]
    dropped = data.draw(st.sets(st.sampled_from(stale)))
    topic.records = [record for place, record in enumerate(topic.records) if place not in dropped]
    assert topic.restart() == topic.counts


def test_damage_is_an_error() -> None:
    topic = Topic()
    topic.commit({1: 5})
    record = topic.records[0]
    topic.records[0] = record._replace(value=b"x" + (record.value or b"")[1:])
    with pytest.raises(StateError, match="damaged"):
        topic.restart()


def test_another_version_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCHEMA_VERSION", 99)
    topic = Topic()
    topic.commit({1: 5})
    monkeypatch.undo()
    with pytest.raises(StateError, match="schema 99; this release knows"):
        topic.restart()


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_record_is_an_error(missing: int) -> None:
    topic = Topic()
    topic.commit({n: n for n in range(1200)})
    del topic.records[missing]
    with pytest.raises(StateError, match="incomplete"):
        topic.restart()


def test_a_missing_commit_is_an_error() -> None:
    topic = Topic()
    topic.commit({1: 1})
    topic.commit({2: 2})
    del topic.records[0]
    with pytest.raises(StateError, match="commit 1 is missing"):
        topic.restart()


@pytest.mark.parametrize("key", [b"head", b"d/1/0/links/members", b"hello"])
def test_what_others_wrote_is_an_error(key: bytes) -> None:
    with pytest.raises(StateError, match="Shoal"):
        loaded([Record(key, b"{}")]).replay()
