"""Parcels: intakes apart from the judging stages give what one process gives, and no gap passes."""

import random
from collections.abc import Callable, Iterator, Sequence

import orjson
import polars as pl
import pytest

from stream.blocks import Block, checksum, encode
from stream.errors import StateError
from stream.event.fields import SCHEMA
from stream.findings.render import finding_bytes, verdict_bytes
from stream.runtime.origin import fingerprint
from stream.runtime.parcel import RAW_BYTES, Packed, Parcel, cuts, nothing, pack, unpack
from stream.runtime.pipeline import Outputs, Pipeline
from stream.simulate import WorldSpec, simulate
from stream.stages.intake import Intake
from tests.runtime.test_pipeline import settings_of

PARTITIONS = 4
KEY = "of the tests"


@pytest.fixture(scope="module")
def partitions() -> dict[str, list[bytes]]:
    """A small world with two campaigns over four partitions, a broken record in each."""
    spec = WorldSpec(
        seed=4, days=13, accounts=130, onset_day=9.0, campaigns=("judge", "prefix"), mean_requests_per_day=5.0
    )
    records = [orjson.dumps(row) for row in simulate(spec).events.iter_rows(named=True)]
    return {f"requests-{n}": [*records[n::PARTITIONS], b"broken"] for n in range(PARTITIONS)}


@pytest.fixture(scope="module")
def whole(partitions: dict[str, list[bytes]]) -> tuple[Pipeline, list[bytes]]:
    """One process that reads all of it, and what it says."""
    pipeline = Pipeline(settings_of())
    for source, records in partitions.items():
        pipeline.open(source)
        pipeline.absorb(source, records, range(len(records)))
    return pipeline, said(pipeline.finish())


def parcels(intake: Intake, source: str, records: Sequence[bytes], sizes: random.Random) -> Iterator[Packed]:
    first = 0
    while first < len(records):
        end = min(len(records), first + sizes.randint(1, 400))
        decoded, present = intake.decode_counted(source, records[first:end], range(first, end))
        yield pack(Parcel(source, first, end, decoded.events, present), KEY)
        first = end


def said(outputs: Outputs) -> list[bytes]:
    return [*map(finding_bytes, outputs.findings), *map(verdict_bytes, outputs.verdicts)]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_intakes_gives_what_one_process_finds(
    workers: int, partitions: dict[str, list[bytes]], whole: tuple[Pipeline, list[bytes]]
) -> None:
    """Byte for byte, in whatever order the partitions' parcels come."""
    one, expected = whole
    apart, mix = Pipeline(settings_of()), random.Random(workers)
    intakes = [Intake(settings_of()) for _ in range(workers)]
    queues = []
    for number, (source, records) in enumerate(partitions.items()):
        apart.open(source)
        queues.append(list(parcels(intakes[number % workers], source, records, mix)))
    told: list[bytes] = []
    while queues := [queue for queue in queues if queue]:
        apart.receive(unpack(mix.choice(queues).pop(0), KEY))
        told += said(apart.advance())
    told += said(apart.finish())
    assert expected
    assert sorted(told) == sorted(expected)
    assert [row for row in told if b'"activity"' in row] == [row for row in expected if b'"activity"' in row]
    assert apart.positions() == one.positions()
    assert apart.stats().coverage == one.stats().coverage
    assert apart.stats().degraded == one.stats().degraded


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


def test_a_source_that_is_drained_holds_no_time_until_it_has_an_event() -> None:
    """The mark of an intake is the only way: a judge sees no gateway."""
    records = [orjson.dumps({"time": 1_700_000_000_000 + n, "account_id": "a"}) for n in range(2)]
    events = Intake(settings_of()).decode("requests-0", records, range(2)).events
    pipeline = Pipeline(settings_of())
    pipeline.open("requests-0")
    pipeline.open("requests-1")
    pipeline.receive(Parcel("requests-0", 0, 2, events))
    assert pipeline.watermark_ms is None
    pipeline.receive(unpack(pack(nothing("requests-1", 0), KEY), KEY))
    assert pipeline.watermark_ms is not None
    assert pipeline.idle_sources == 1
    pipeline.receive(Parcel("requests-1", 0, 1, events[:1]))
    assert pipeline.idle_sources == 0


def damaged(parcel: Packed) -> Packed:
    return parcel._replace(value=parcel.value[:-1])


def of_schema_0(parcel: Packed) -> Packed:
    return parcel._replace(place=orjson.dumps(orjson.loads(parcel.place) | {"schema": 0}))


def without_a_place(parcel: Packed) -> Packed:
    return parcel._replace(place=b"{}")


def with_half_a_place(parcel: Packed) -> Packed:
    return parcel._replace(place=parcel.place[:-1])


def without_a_column(parcel: Packed) -> Packed:
    value = encode(Block("intake", "events", one().events.drop("asn")))
    return Packed(orjson.dumps(orjson.loads(parcel.place) | {"crc": checksum(value)}), value)


def one() -> Parcel:
    record = orjson.dumps({"time": 1_700_000_000_000, "account_id": "a"})
    events = Intake(settings_of()).decode("requests-0", [record], [0]).events
    return Parcel("requests-0", 0, 1, events.select(list(SCHEMA)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (damaged, "damaged"),
        (of_schema_0, "of schema 0"),
        (without_a_place, "no place"),
        (with_half_a_place, "no place"),
        (without_a_column, "other columns"),
    ],
)
def test_a_parcel_that_is_not_as_it_was_made_is_refused(
    change: Callable[[Packed], Packed], said: str
) -> None:
    packed = pack(one(), KEY)
    assert unpack(packed, KEY).events.equals(one().events)
    with pytest.raises(StateError, match=said):
        unpack(change(packed), KEY)


def test_a_parcel_that_is_hashed_with_another_key_is_refused_and_no_key_told() -> None:
    key, other = fingerprint(settings_of()), "0123456789abcdef"
    with pytest.raises(StateError, match=r"hashed with another intake\.hash_key") as refused:
        unpack(pack(empty(0, 1), key), other)
    secret = settings_of().intake.hash_key.get_secret_value()
    assert not any(text in str(refused.value) for text in (secret, key, other))


def test_an_event_takes_less_than_150_bytes_of_a_record_of_700(partitions: dict[str, list[bytes]]) -> None:
    records = partitions["requests-0"][:500]
    events = Intake(settings_of()).decode("requests-0", records, range(500)).events
    packed = pack(Parcel("requests-0", 0, 500, events), KEY)
    assert sum(map(len, records)) / len(records) > 650
    assert sum(map(len, packed)) / events.height < 150


def test_messages_are_cut_by_their_bytes_and_none_is_left_out() -> None:
    messages = [b"x" * size for size in (RAW_BYTES, 1, RAW_BYTES + 1, 5, 6)]
    assert list(cuts(messages)) == [slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 5)]
    assert list(cuts([])) == []
    assert list(cuts([b""])) == [slice(0, 1)]
