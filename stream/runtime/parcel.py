"""Parcels: what an intake hands to the stages that judge, events of one partition in offset order.

A parcel says from which offset to which its partition was read. So whoever takes it can prove that
nothing is missing and nothing came twice, whoever read the partition in between.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
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
_PLACE: Final = frozenset({"source", "first", "end", "schema", "crc", "key", "idle", "present"})
_UNKNOWN: Final = "a parcel has no place: Shoal did not write it"


class Parcel(NamedTuple):
    """Events of the source's offsets from `first` to before `end`; there may be none."""

    source: str
    first: int
    end: int
    events: pl.DataFrame
    present: Mapping[str, int] = MappingProxyType({})
    """Field of the record -> how many of the events had it; a field that none had may be left out."""
    idle: bool = False
    """Whether the source was drained and silent, so that it no longer holds time."""


class Packed(NamedTuple):
    """A parcel on its way: JSON that says what it is, and an Arrow IPC stream, or nothing without events."""

    place: bytes
    value: bytes


def nothing(source: str, position: int) -> Parcel:
    """The mark of a source that has nothing beyond its position."""
    return Parcel(source, position, position, pl.DataFrame(schema=SCHEMA), idle=True)


def pack(parcel: Parcel, key: str) -> Packed:
    """What goes over the wire; `key` is the fingerprint of the key that the events are hashed with."""
    rows = parcel.events.select(list(SCHEMA))
    value = encode(Block("intake", "events", rows)) if rows.height else b""
    place: dict[str, Any] = {"source": parcel.source, "first": parcel.first, "end": parcel.end}
    place |= {"schema": SCHEMA_VERSION, "crc": checksum(value), "key": key, "idle": parcel.idle}
    place["present"] = {name: number for name, number in parcel.present.items() if number}
    return Packed(orjson.dumps(place), value)


def unpack(packed: Packed, key: str) -> Parcel:
    """Inverse of `pack`; raises StateError where it is damaged, of another release, or hashed otherwise."""
    place = _place(packed.place)
    name = f"the parcel {place['source']} {place['first']} to {place['end']}"
    if place["schema"] != SCHEMA_VERSION:
        raise StateError(f"{name} is of schema {place['schema']}; this release knows {SCHEMA_VERSION}")
    if place["key"] != key:
        raise StateError(f"{name} is hashed with another intake.hash_key: give intake and judge the same one")
    if checksum(packed.value) != place["crc"]:
        raise StateError(f"{name} is damaged: its checksum differs")
    rows = pl.DataFrame(schema=SCHEMA)
    if packed.value:
        rows = decode("intake", "events", False, packed.value).rows
    if dict(rows.schema) != SCHEMA:
        raise StateError(f"{name} has other columns than an event")
    return Parcel(place["source"], place["first"], place["end"], rows, place["present"], place["idle"])


class Span(NamedTuple):
    """Which offsets of which source a packed parcel has, from `first` to before `end`."""

    source: str
    first: int
    end: int


def span_of(place: bytes) -> Span:
    """What a packed parcel says of itself; raises StateError where it is none of Shoal's."""
    found = _place(place)
    return Span(found["source"], found["first"], found["end"])


def _place(data: bytes) -> dict[str, Any]:
    try:
        place = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StateError(_UNKNOWN) from error
    if not isinstance(place, dict) or not place.keys() >= _PLACE:
        raise StateError(_UNKNOWN)
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
