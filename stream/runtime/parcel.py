"""Parcels: what an intake hands to the stages that judge, events of one partition in offset order.

A parcel says from which offset to which its partition was read. So whoever takes it can prove that
nothing is missing and nothing came twice, whoever read the partition in between.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from stream.blocks import SCHEMA_VERSION, Block, checksum, decode, encode
from stream.errors import StateError
from stream.event.fields import SCHEMA

HEADER: Final = "place"
"""Name of the record's header that says what the parcel is."""
RAW_BYTES: Final = 2_000_000
"""Bytes of messages in a parcel: an event takes less than half of its record even where nothing packs,
so that the parcel stays below the megabyte that a batch may have."""


class Parcel(NamedTuple):
    """Events of the source's offsets from `first` to before `end`; there may be none."""

    source: str
    first: int
    end: int
    events: pl.DataFrame


class Packed(NamedTuple):
    """A parcel on its way: JSON that says what it is, and an Arrow IPC stream."""

    place: bytes
    value: bytes


def pack(parcel: Parcel) -> Packed:
    """What goes over the wire."""
    value = encode(Block("intake", "events", parcel.events.select(list(SCHEMA))))
    place: dict[str, Any] = {"source": parcel.source, "first": parcel.first, "end": parcel.end}
    place |= {"schema": SCHEMA_VERSION, "crc": checksum(value)}
    return Packed(orjson.dumps(place), value)


def unpack(packed: Packed) -> Parcel:
    """Inverse of `pack`; raises StateError where it is damaged or of another release."""
    place = _place(packed.place)
    name = f"the parcel {place.get('source')} {place.get('first')} to {place.get('end')}"
    if place.get("schema") != SCHEMA_VERSION:
        raise StateError(f"{name} is of schema {place.get('schema')}; this release knows {SCHEMA_VERSION}")
    if checksum(packed.value) != place["crc"]:
        raise StateError(f"{name} is damaged: its checksum differs")
    rows = decode("intake", "events", False, packed.value).rows
    if dict(rows.schema) != SCHEMA:
        raise StateError(f"{name} has other columns than an event")
    return Parcel(place["source"], place["first"], place["end"], rows)


def _place(data: bytes) -> dict[str, Any]:
    try:
        place = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StateError("a parcel has no place: Shoal did not write it") from error
    if not isinstance(place, dict) or not {"schema", "crc", "source", "first", "end"} <= place.keys():
        raise StateError("a parcel has no place: Shoal did not write it")
    return place


def cuts(messages: Sequence[bytes]) -> Iterator[slice]:
    """Where to cut messages into parcels: at most RAW_BYTES each, at least one message."""
    start = size = 0
    for number, message in enumerate(messages):
        if size and size + len(message) > RAW_BYTES:
            yield slice(start, number)
            start, size = number, 0
        size += len(message)
    if start < len(messages):
        yield slice(start, len(messages))
