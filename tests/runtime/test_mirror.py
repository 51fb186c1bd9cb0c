"""A local copy and what Kafka has after it are the changelog, whatever happened to either in between."""

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.metrics import Meters
from stream.runtime import changelog, kafka, worker
from stream.runtime.changelog import Changelog, Record
from stream.runtime.client import Partition
from stream.runtime.ledger import Ledger
from stream.runtime.mirror import Last, Mirror
from stream.runtime.restoring import BYTES, COPY, KAFKA
from tests.conftest import KafkaSettings, named_settings
from tests.runtime.fake import FakePipeline
from tests.runtime.test_changelog import counts, table
from tests.runtime.wire import Process, events, until, values, write

OWN: dict[str, str | int] = {"topic": "one", "schema": 1}


class Worker:
    """A writer of a topic, with a copy in a folder or without."""

    def __init__(self, topic: list[tuple[int, Record]], folder: Path | None) -> None:
        self.topic, self.log = topic, Changelog()
        self.mirror = Mirror(str(folder), "shoal") if folder else None
        tail = -1
        if self.mirror:
            for records in self.mirror.read(OWN):
                self.log.load(records)
            tail = self.mirror.last.offset if self.mirror.last else -1
            (self.mirror.go_on if self.mirror.last else self.mirror.start_anew)()
        self.tail = [(offset, record) for offset, record in topic if offset > tail]
        for offset, record in self.tail:
            self.log.load([record])
            if self.mirror:
                self.mirror.append([record], offset)
        self.counts = counts(self.log.replay()[0])

    def commit(self, changes: dict[int, int]) -> None:
        self.counts |= changes
        base, first = self.log.base, self.topic[-1][0] + 2 if self.topic else 0  # a marker lies between
        records = self.log.commit([table(changes)], {})
        self.topic += enumerate(records, first)
        if self.mirror:
            self.mirror.append(records, first + len(records) - 1)
            if self.log.base != base:
                self.mirror.seal()
        if self.log.due:
            self.log.rebase([table(self.counts, whole=True)])
            if self.mirror:
                self.mirror.begin()

    def end(self) -> dict[int, int]:
        if self.mirror:
            self.mirror.close()
        return self.counts


def compacted(topic: list[tuple[int, Record]], draw: Any) -> None:
    """Any record may be gone that has a later one of its key, and then the tombstone too."""
    last = {record.key: offset for offset, record in topic}
    stale = [offset for offset, record in topic if last[record.key] != offset]
    gone = set(draw(st.sets(st.sampled_from(stale)))) if stale else set()
    dead = [record.key for offset, record in topic if record.value is None and last[record.key] == offset]
    buried = draw(st.sets(st.sampled_from(dead))) if dead else set()
    topic[:] = [(at, record) for at, record in topic if at not in gone and record.key not in buried]


def cut(path: Path, draw: Any) -> None:
    """A crash may leave any part of what was written last; damage may be anywhere."""
    data = path.read_bytes() if path.exists() else b""
    if data:
        at = draw(st.integers(0, len(data) - 1))
        path.write_bytes(data[:at] + draw(st.sampled_from([b"", b"?" + data[at + 1 :]])))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelog, "FLOOR_BYTES", 20_000)
    monkeypatch.setattr(changelog, "STEP_BYTES", 2_000)
    monkeypatch.setattr(changelog, "RECORD_BYTES", 3_000)


COMMITS = st.lists(st.dictionaries(st.integers(0, 9), st.integers(0, 99), max_size=4), max_size=25)


@pytest.mark.usefixtures("small")
@given(COMMITS, st.data())
def test_copy_and_tail_are_the_changelog(commits: list[dict[int, int]], data: st.DataObject) -> None:
    """Any commits, by workers with a copy and elsewhere, any restarts, compaction and damage."""
    topic: list[tuple[int, Record]] = []
    with tempfile.TemporaryDirectory() as folder:
        path, happens = Path(folder), st.sampled_from(["nothing", "restart", "elsewhere", "compact", "cut"])
        one, state = Worker(topic, path), {}
        for changes in commits:
            one.commit(changes)
            event = data.draw(happens)
            if event == "compact":
                compacted(topic, data.draw)
            if event in ("restart", "elsewhere", "cut"):
                state = one.end()
                if event == "cut":
                    cut(path / "shoal.copy", data.draw)
                one = Worker(topic, None if event == "elsewhere" else path)
                assert one.counts == state
        state = one.end()
        assert Worker(topic, None).counts == state
        last = Worker(topic, path)
        assert last.end() == state


@pytest.mark.usefixtures("small")
def test_of_a_base_that_was_never_sealed_nothing_comes_back(tmp_path: Path) -> None:
    """Its tombstones are gone when the worker comes back to its copy, and another base was sealed since."""
    topic: list[tuple[int, Record]] = []
    one = Worker(topic, tmp_path)
    one.commit({1: 1})
    one.log.rebase([table({n: n for n in range(40)}, whole=True)])
    for number in range(9):
        one.commit({1: number})
    one.end()
    cut_off = {record.key for _, record in topic if record.key.startswith(b"b/")}
    assert len(cut_off) == 9
    Worker(topic, None).commit({1: 10})
    topic[:] = [(at, record) for at, record in topic if record.key not in cut_off]
    other = Worker(topic, None)
    other.log.rebase([table(other.counts, whole=True)])
    while other.log._rising:
        other.commit({})
    assert other.log.base
    assert Worker(topic, tmp_path).end() == {1: 10}


@pytest.mark.usefixtures("small")
def test_the_tail_is_short_and_the_copy_no_longer_than_what_is_needed(tmp_path: Path) -> None:
    topic: list[tuple[int, Record]] = []
    one = Worker(topic, tmp_path)
    for number in range(200):
        one.commit({number % 4: number})
    state = one.end()
    written = sum(len(record.value or b"") for _, record in topic)
    assert (tmp_path / "shoal.copy").stat().st_size < written / 4
    again = Worker(topic, tmp_path)
    assert again.tail == []
    assert again.end() == state


def read(folder: Path, identity: dict[str, str | int]) -> list[Record]:
    mirror = Mirror(str(folder), "shoal")
    found = [record for records in mirror.read(identity) for record in records]
    mirror.close()
    return found


@pytest.mark.parametrize("other", [{"topic": "another"}, {"schema": 2}, {"links": "badge"}])
def test_a_copy_of_something_else_is_told_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: dict[str, str | int]
) -> None:
    one = Worker([], tmp_path)
    one.commit({1: 5})
    one.end()
    assert read(tmp_path, OWN)
    assert read(tmp_path, OWN | other) == []
    assert [line.partition(".copy ")[2] for line in caplog.messages] == [
        "is of another topic, application, release or table of links, or damaged: all is read from Kafka"
    ]


def test_damage_is_told_and_what_is_before_it_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Worker([], tmp_path)
    one.commit({1: 5})
    one.commit({1: 6})
    one.end()
    path, whole = tmp_path / "shoal.copy", read(tmp_path, OWN)
    path.write_bytes(path.read_bytes()[:-1])
    assert read(tmp_path, OWN) == whole[: len(whole) // 2]
    (line,) = caplog.messages
    assert "is damaged or cut off at byte" in line


def test_only_one_worker_writes_and_another_takes_over(tmp_path: Path) -> None:
    topic: list[tuple[int, Record]] = []
    first = Worker(topic, tmp_path)
    first.commit({1: 5})
    assert first.mirror
    first.mirror.settle()  # by its own thread it owns the folder
    second = Worker(topic, tmp_path)
    assert second.mirror
    second.mirror.settle()
    first.end()
    second.commit({1: 6})
    second.end()
    third = Worker(topic, tmp_path)
    assert third.tail, "the second one left the first one's copy alone"
    third.end()
    assert Worker(topic, tmp_path).end() == {1: 6}


def test_a_folder_that_cannot_be_written_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    one = Worker([], tmp_path / "file")
    one.commit({1: 5})
    assert one.end() == {1: 5}
    assert len(caplog.messages) == 1


def test_a_disk_that_is_too_slow_costs_the_copy_and_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stream.runtime.mirror.MOST_WAITING", 100)
    topic: list[tuple[int, Record]] = []
    one = Worker(topic, tmp_path)
    one.commit({1: 5})
    one.end()
    assert "is written no more: the disk is too slow" in caplog.text
    assert Worker(topic, tmp_path).end() == {1: 5}


def test_a_copy_is_nobody_elses_to_read(tmp_path: Path) -> None:
    Worker([], tmp_path / "copies").end()
    assert (tmp_path / "copies").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "copies" / "shoal.copy").stat().st_mode & 0o777 == 0o600


class Topic:
    """A reader of a topic from `first` to before `end`, which has one record more than it should."""

    def __init__(self, first: int, end: int, found: Record) -> None:
        self.first, self.end, self.found, self.at = first, end, found, 0

    async def beginning_offsets(self, partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, self.first)

    async def end_offsets(self, partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, self.end)

    def seek(self, partition: Partition, offset: int) -> None:
        self.at = offset

    async def getone(self, partition: Partition) -> Any:
        class Read:
            offset, key, value, headers = self.at, self.found.key, self.found.value, ()

        return Read()


HEAD, OTHER = Record(b"head", b"{}"), Record(b"head", b"{0}")


@pytest.mark.parametrize(
    ("first", "end", "found", "told"),
    [
        (0, 9, HEAD, None),
        (8, 9, OTHER, None),
        (0, 7, HEAD, "is newer than the topic"),
        (9, 12, HEAD, "is too old"),
        (0, 9, OTHER, "is of another topic"),
    ],
)
def test_a_copy_has_to_fit_the_topic(
    caplog: pytest.LogCaptureFixture, first: int, end: int, found: Record, told: str | None
) -> None:
    """It ends with HEAD at 7."""
    ledger = Ledger(named_settings("127.0.0.1:1", "one"), Meters())
    reader: Any = Topic(first, end, found)
    fits = asyncio.run(ledger._follows(reader, Partition("changelog", 0), Last(7, HEAD)))
    assert fits is (told is None)
    assert [told in line for line in caplog.messages if told] == [True] * (told is not None)


@pytest.mark.kafka
def test_a_restart_reads_only_what_is_newer(
    kafka_settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changelog, "FLOOR_BYTES", 100_000)
    monkeypatch.setattr(changelog, "STEP_BYTES", 300_000)
    monkeypatch.setattr(worker, "HEARTBEAT_S", 0.2)
    settings, records = kafka_settings(2, local_copy=str(tmp_path)), events(2400)
    elsewhere = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"local_copy": ""})})
    read: list[dict[str, int]] = []
    for place, start in ((settings, 0), (settings, 600), (elsewhere, 1200), (settings, 1800)):
        meters = Meters()
        monkeypatch.setattr(kafka, "Meters", lambda stage, meters=meters: meters)
        write(settings, settings.kafka.requests_topic, records[start : start + 600], 2)
        kafka.serve(place, FakePipeline(ballast=300_000), once=True)  # type: ignore[arg-type]
        value = meters.registry.get_sample_value
        read.append({name: int(value(BYTES, {"part": name}) or 0) for name in (KAFKA, COPY)})
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    assert len(values(settings, settings.kafka.findings_topic)) == len(pipeline.finish().findings) > 10
    first, second, away, back = read
    assert first == {KAFKA: 0, COPY: 0}
    assert second[COPY] > 1_000_000 > 1000 > second[KAFKA]
    assert away[KAFKA] > 1_000_000
    assert back[COPY] > 1_000_000 < back[KAFKA] < away[KAFKA] + 20_000_000


@pytest.mark.kafka
def test_a_worker_that_was_killed_goes_on_from_its_copy(
    kafka_settings: KafkaSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings, records = kafka_settings(2, local_copy=str(tmp_path), idle_after_s=2.0), events(3000)
    write(settings, settings.kafka.requests_topic, records[:1500], 2)
    one = Process(settings)
    until(lambda: bool(values(settings, settings.kafka.findings_topic)), "first finding")
    one.kill()
    write(settings, settings.kafka.requests_topic, records[1500:], 2)
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    assert "MB of a local copy" in said
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    assert len(values(settings, settings.kafka.findings_topic)) == len(pipeline.finish().findings) > 10
