"""Parcels: intakes apart from the judging stages give what one process gives, and no gap passes."""

import random
from collections.abc import Iterator, Sequence

import orjson
import polars as pl
import pytest

from stream.errors import StateError
from stream.event.fields import SCHEMA
from stream.findings.render import finding_bytes, verdict_bytes
from stream.runtime.parcel import RAW_BYTES, Packed, Parcel, cuts, pack, unpack
from stream.runtime.pipeline import Outputs, Pipeline
from stream.simulate import WorldSpec, simulate
from stream.stages.intake import Intake
from tests.runtime.test_pipeline import settings_of

PARTITIONS = 4


@pytest.fixture(scope="module")
def partitions() -> dict[str, list[bytes]]:
    """A small world with two campaigns over four partitions, a broken record in each."""
    spec = WorldSpec(
        seed=4, days=13, accounts=130, onset_day=9.0, campaigns=("judge", "prefix"), mean_requests_per_day=5.0
    )
    records = [orjson.dumps(row) for row in simulate(spec).events.iter_rows(named=True)]
    return {f"requests-{n}": [*records[n::PARTITIONS], b"broken"] for n in range(PARTITIONS)}


def parcels(intake: Intake, source: str, records: Sequence[bytes], sizes: random.Random) -> Iterator[Packed]:
    first = 0
    while first < len(records):
        end = min(len(records), first + sizes.randint(1, 400))
        yield pack(
            Parcel(source, first, end, intake.decode(source, records[first:end], range(first, end)).events)
        )
        first = end


def said(outputs: Outputs) -> list[bytes]:
    return [*map(finding_bytes, outputs.findings), *map(verdict_bytes, outputs.verdicts)]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_intakes_gives_what_one_process_finds(
    workers: int, partitions: dict[str, list[bytes]]
) -> None:
    """Byte for byte, in whatever order the partitions' parcels come."""
    whole, apart, mix = Pipeline(settings_of()), Pipeline(settings_of()), random.Random(workers)
    intakes = [Intake(settings_of()) for _ in range(workers)]
    queues = []
    for number, (source, records) in enumerate(partitions.items()):
        whole.open(source)
        apart.open(source)
        whole.absorb(source, records, range(len(records)))
        queues.append(list(parcels(intakes[number % workers], source, records, mix)))
    expected, told = said(whole.finish()), []
    while queues := [queue for queue in queues if queue]:
        apart.receive(unpack(mix.choice(queues).pop(0)))
        told += said(apart.advance())
    told += said(apart.finish())
    assert expected
    assert sorted(told) == sorted(expected)
    assert [row for row in told if b'"activity"' in row] == [row for row in expected if b'"activity"' in row]
    assert apart.positions() == whole.positions()


def empty(first: int, end: int) -> Parcel:
    return Parcel("requests-0", first, end, pl.DataFrame(schema=SCHEMA))


@pytest.mark.parametrize("first", [9, 5, 11])
def test_a_gap_and_a_repeat_are_refused(first: int) -> None:
    pipeline = Pipeline(settings_of())
    pipeline.receive(empty(5, 10))
    with pytest.raises(StateError, match=f"requests-0 goes on at offset 10, not at {first}"):
        pipeline.receive(empty(first, 20))
    pipeline.receive(empty(10, 20))
    assert pipeline.positions() == {"requests-0": 20}


def test_a_parcel_that_was_damaged_or_is_of_another_release_is_refused() -> None:
    place, value = pack(empty(0, 1))
    with pytest.raises(StateError, match="damaged"):
        unpack(Packed(place, value[:-1]))
    with pytest.raises(StateError, match="of schema 0"):
        unpack(Packed(orjson.dumps(orjson.loads(place) | {"schema": 0}), value))
    for wrong in (b"", b"[]", b"{}"):
        with pytest.raises(StateError, match="no place"):
            unpack(Packed(wrong, value))


def test_an_event_takes_less_than_150_bytes_of_a_record_of_700(partitions: dict[str, list[bytes]]) -> None:
    records = partitions["requests-0"][:500]
    events = Intake(settings_of()).decode("requests-0", records, range(500)).events
    packed = pack(Parcel("requests-0", 0, 500, events))
    assert sum(map(len, records)) / len(records) > 650
    assert sum(map(len, packed)) / events.height < 150


def test_messages_are_cut_by_their_bytes_and_none_is_left_out() -> None:
    messages = [b"x" * size for size in (RAW_BYTES, 1, RAW_BYTES + 1, 5, 6)]
    assert list(cuts(messages)) == [slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 5)]
    assert list(cuts([])) == []
    assert list(cuts([b""])) == [slice(0, 1)]
