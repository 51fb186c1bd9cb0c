"""The changelog: state as deltas, and now and then a base that replaces them.

Each commit appends its deltas under the next sequence number. Once the deltas outweigh the last base, the
state of that moment becomes a new base, written over as many commits as it takes so that no transaction grows
large. The commit that completes it also seals it: from then on the old base and all deltas that it covers are
dead, and tombstones in that transaction remove them. State is always the sealed base and the deltas after it.

| key | value |
|---|---|
| head | JSON: versions, last sequence, sealed base, sequence that it covers, newest base, origin, marks |
| d/SEQUENCE/INDEX/STAGE/TABLE | part INDEX of that commit's deltas, Arrow |
| b/GENERATION/INDEX/STAGE/TABLE | part INDEX of that base, Arrow |

This module knows no Kafka: it makes the records of a compacted topic and reads them back.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from stream.blocks import SCHEMA_VERSION, Block, checksum, decode, encode, pieces
from stream.errors import StateError

FORMAT_VERSION: Final = 1
RECORD_BYTES: Final = 900_000
"""Most bytes in a record's value: a broker refuses batches above 1 MiB unless told otherwise."""
STEP_BYTES: Final = 8_000_000
"""Bytes of a rising base in one commit: about a tenth of a second of writing to one broker."""
FLOOR_BYTES: Final = 8_000_000
"""Deltas below this are never worth a base: reading them back takes a second at most."""
MOST_DELTAS: Final = 200_000
"""Records of deltas with which a base is due however small: a restore takes 50 us for each, ten seconds."""

HEAD: Final = b"head"
"""Key of the head: the last record of every commit."""
HEADER: Final = "shoal"
_PLACE: Final = struct.Struct("<HH?xIIIHH")


class Place(NamedTuple):
    """Where a record belongs; packed into its one header.

    `number` of `total` is its place in its commit or base, `part` of `parts` its place in its block.
    """

    format: int
    schema: int
    whole: bool
    crc: int
    number: int
    total: int
    part: int
    parts: int


class Record(NamedTuple):
    """A record of the changelog topic; a value of None is a tombstone."""

    key: bytes
    value: bytes | None
    place: bytes = b""


@dataclass(slots=True)
class _Base:
    generation: int = 0
    covers: int = 0
    keys: list[bytes] = field(default_factory=list)
    size: int = 0


class _Delta(NamedTuple):
    sequence: int
    key: bytes
    size: int


class Changelog:
    """What lies in the changelog, and what the next commit has to add; `commits` is how many there were.

    Give it every commit's deltas with `commit`; when `due`, first give it the whole state with `rebase`.
    """

    def __init__(self, origin: Mapping[str, str] | None = None) -> None:
        """An empty changelog; `origin` is what its state is made with, stored with it."""
        self.sequence = 0
        self.origin = dict(origin or {})
        self.stored_origin: dict[str, str] = {}
        self._base = _Base()
        self._deltas: list[_Delta] = []
        self._rising: _Base | None = None
        self._begun = self.commits = 0
        self._unwritten: list[Record] = []
        self._debris: list[bytes] = []
        self._live: dict[bytes, Record] = {}
        self.blocks = 0  # that `replay` hands out

    @property
    def due(self) -> bool:
        """Whether the deltas outweigh the last base, or are many.

        A base holds no more than the one before and the deltas since, so no more is written of bases than
        twice what is of deltas, as long as they are not many and tiny.
        """
        large = sum(delta.size for delta in self._deltas) > max(self._base.size, FLOOR_BYTES)
        return self._rising is None and (large or len(self._deltas) > MOST_DELTAS)

    def commit(self, deltas: Iterable[Block], marks: Mapping[str, int]) -> list[Record]:
        """Records of this commit; `marks` are the caller's own positions, handed back by `replay`."""
        self.commits += 1
        dead, self._debris = [Record(key, None) for key in self._debris], []
        return [*dead, *self._append(deltas), *self._rise(), self._head(marks)]

    def rebase(self, snapshot: Iterable[Block]) -> None:
        """Start a new base: the whole state as it stands at the last commit's sequence."""
        records = _records(f"b/{self._begun + 1}", snapshot)
        if not records:
            return
        # No key is used again, not even of a base that was never sealed: copies rely on it.
        self._begun, self._unwritten = self._begun + 1, records
        self._rising = _Base(self._begun, self.sequence, [record.key for record in records], _size(records))

    @property
    def base(self) -> int:
        """The sealed base's generation; 0 before the first one."""
        return self._base.generation

    def load(self, records: Iterable[Record]) -> None:
        """Take records from the topic's beginning on, in order; call it as often as there are batches."""
        for record in records:
            if record.value is None:
                self._live.pop(record.key, None)
            else:
                self._live[record.key] = record

    def replay(self) -> tuple[Iterator[Block], dict[str, int]]:
        """Take over what was loaded: its blocks in order, and the marks of the last commit.

        Raises StateError where a record is damaged, missing or of an unknown version; damage inside a table
        shows when its block is taken from the iterator.
        """
        live, self._live = self._live, {}
        head = live.pop(HEAD, None)
        if head is None and live:
            raise StateError(f"the changelog has {len(live)} records but no head: Shoal did not write it")
        if head is None:
            return iter(()), {}
        marks = self._adopt(head, live)
        order = self._base.keys + [delta.key for delta in self._deltas]
        self.blocks = sum(Place(*_PLACE.unpack(live[key].place)).part == 0 for key in order)
        return _blocks([live[key] for key in order]), marks

    @staticmethod
    def origin_of(head: Record) -> dict[str, str]:
        """The origin that a head names; raises StateError where this release does not know its version."""
        _check(head)
        return dict(orjson.loads(head.value or b"").get("origin", {}))

    def _append(self, deltas: Iterable[Block]) -> list[Record]:
        records = _records(f"d/{self.sequence + 1}", (d for d in deltas if d.whole or d.rows.height))
        self.sequence += bool(records)
        self._deltas += [_Delta(self.sequence, record.key, _size([record])) for record in records]
        return records

    def _rise(self) -> list[Record]:
        if self._rising is None:
            return []
        size = count = 0
        while count < len(self._unwritten) and size < STEP_BYTES:
            size, count = size + len(self._unwritten[count].value or b""), count + 1
        step, self._unwritten = self._unwritten[:count], self._unwritten[count:]
        return step if self._unwritten else step + self._seal(self._rising)

    def _seal(self, base: _Base) -> list[Record]:
        covered = [delta.key for delta in self._deltas if delta.sequence <= base.covers]
        self._deltas = [delta for delta in self._deltas if delta.sequence > base.covers]
        dead = self._base.keys + covered
        self._base, self._rising = base, None
        return [Record(key, None) for key in dead]

    def _head(self, marks: Mapping[str, int]) -> Record:
        value = orjson.dumps(
            {
                "format": FORMAT_VERSION,
                "schema": SCHEMA_VERSION,
                "sequence": self.sequence,
                "base": self._base.generation,
                "covers": self._base.covers,
                "begun": self._begun,
                "commits": self.commits,
                "origin": self.origin,
                "marks": dict(marks),
            }
        )
        return Record(HEAD, value, _place(False, value, 0, 1, 0, 1))

    def _adopt(self, head: Record, live: Mapping[bytes, Record]) -> dict[str, int]:
        self.stored_origin = self.origin_of(head)
        said = orjson.loads(head.value or b"")
        self.sequence = said["sequence"]
        self._base = _Base(said["base"], said["covers"])
        self._begun = said.get("begun", said["base"])
        self.commits = commits_of(head)
        deltas: dict[int, list[bytes]] = defaultdict(list)
        for key in live:
            kind, number = _kind(key)
            if kind == b"b" and number == said["base"]:
                self._base.keys.append(key)
            elif kind == b"d" and number > said["covers"]:
                deltas[number].append(key)
            else:
                self._debris.append(key)
            if kind == b"b":
                self._begun = max(self._begun, number)
        self._base.keys = _complete("base", self._base.keys, live)
        self._base.size = _size([live[key] for key in self._base.keys])
        if said["base"] and not self._base.keys:
            raise StateError(f"the changelog's base {said['base']} is missing")
        for sequence in range(said["covers"] + 1, said["sequence"] + 1):
            keys = _complete(f"commit {sequence}", deltas[sequence], live)
            if not keys:
                raise StateError(f"the changelog's commit {sequence} is missing")
            self._deltas += [_Delta(sequence, key, _size([live[key]])) for key in keys]
        return dict(said["marks"])


def commits_of(head: Record | None) -> int:
    """The number of the commit that a head ends; 0 before the first."""
    return int(orjson.loads(head.value or b"{}").get("commits", 0)) if head else 0


def _records(prefix: str, blocks: Iterable[Block]) -> list[Record]:
    """Records of one set of blocks, none larger than RECORD_BYTES."""
    cut = [(block, list(pieces(encode(block), RECORD_BYTES))) for block in blocks]
    total = sum(len(parts) for _, parts in cut)
    records: list[Record] = []
    for block, parts in cut:
        for part, data in enumerate(parts):
            key = f"{prefix}/{len(records)}/{block.stage}/{block.table}".encode()
            place = _place(block.whole, data, len(records), total, part, len(parts))
            records.append(Record(key, data, place))
    return records


def _place(whole: bool, data: bytes, number: int, total: int, part: int, parts: int) -> bytes:
    return _PLACE.pack(FORMAT_VERSION, SCHEMA_VERSION, whole, checksum(data), number, total, part, parts)


def _check(record: Record) -> Place:
    """The record's place, once its versions and checksum hold."""
    name = record.key.decode(errors="replace")
    if len(record.place) < 4:
        raise StateError(f"changelog record {name} has no place: it was not written by Shoal")
    versions = struct.unpack_from("<HH", record.place)
    if versions != (FORMAT_VERSION, SCHEMA_VERSION) or len(record.place) != _PLACE.size:
        raise StateError(
            f"changelog record {name} is of format {versions[0]} and schema {versions[1]}; "
            f"this release knows format {FORMAT_VERSION} and schema {SCHEMA_VERSION}"
        )
    place = Place(*_PLACE.unpack(record.place))
    if checksum(record.value or b"") != place.crc:
        raise StateError(f"changelog record {name} is damaged: its checksum differs")
    return place


def _kind(key: bytes) -> tuple[bytes, int]:
    """`d` and the sequence, or `b` and the generation."""
    kind, _, rest = key.partition(b"/")
    number, _, _ = rest.partition(b"/")
    if kind not in (b"d", b"b") or not number.isdigit():
        raise StateError(f"changelog record {key!r} is unknown: Shoal did not write it")
    return kind, int(number)


def _complete(name: str, keys: list[bytes], live: Mapping[bytes, Record]) -> list[bytes]:
    """The keys of one set in order, once each of its records is sound and none is missing."""
    places = {key: _check(live[key]) for key in keys}
    if keys and sorted(p.number for p in places.values()) != list(range(next(iter(places.values())).total)):
        raise StateError(f"the changelog's {name} is incomplete: {len(keys)} records")
    return sorted(keys, key=lambda key: places[key].number)


def _blocks(records: list[Record]) -> Iterator[Block]:
    data: list[bytes] = []
    for record in records:
        place = _check(record)
        data.append(record.value or b"")
        if place.part == place.parts - 1:
            stage, table = record.key.decode().split("/", 4)[3:]
            yield decode(stage, table, place.whole, b"".join(data))
            data = []


def _size(records: Iterable[Record]) -> int:
    return sum(len(record.value or b"") for record in records)
