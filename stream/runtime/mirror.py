"""The local copy: the changelog in a file on this machine, so that a restart reads only what is newer.

The file begins where all that is still needed begins, and goes on in the order of the topic. So however it
ended, what is whole of it and what Kafka has after that are the changelog. A new base begins a new file
beside it, which takes its place once the base is sealed. The changelog is the truth: a copy that is of no
use is told in one line and made anew, and one that cannot be written is written no more.
"""

import fcntl
import logging
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import orjson

from stream.blocks import checksum
from stream.runtime.changelog import Record

_FRAME: Final = struct.Struct("<IIq")
"""Bytes of what follows, their checksum, and the offset of the last record in them."""
_SIZES: Final = struct.Struct("<IiI")
"""Bytes of a record's key, of its value (-1: a tombstone) and of its place."""
MOST_WAITING: Final = 64 << 20
"""Bytes that wait to be written, above which the disk is too slow: they are memory."""

log = logging.getLogger(__name__)
Identity = Mapping[str, str | int]
"""What a copy is of; another one is none."""


class Last(NamedTuple):
    """The newest record of a copy, and its offset in the topic."""

    offset: int
    record: Record


class Mirror:
    """One file, read once at the start and then written by a thread of its own, in order."""

    def __init__(self, folder: str, name: str) -> None:
        """Nothing is touched yet; `name` is the application's."""
        self._path = Path(folder, f"{name}.copy")
        self._identity: bytes = b""
        self._lock: BinaryIO | None = None
        self._file: BinaryIO | None = None
        self._rising: BinaryIO | None = None
        self._thread = ThreadPoolExecutor(1, "mirror")
        self._taken = self._written = 0
        self._whole = 0
        self.last: Last | None = None
        """Once it was read."""

    def read(self, identity: Identity) -> Iterator[list[Record]]:
        """What is whole of the copy, in order; nothing where it is of something else, or not there."""
        self._identity = orjson.dumps(dict(identity), option=orjson.OPT_SORT_KEYS)
        try:
            with self._path.open("rb") as file:
                yield from self._frames(file)
        except FileNotFoundError:
            return
        except OSError as error:
            self._told(f"cannot be read: {error.strerror}")

    def go_on(self) -> None:
        """Write on behind what was read, unless another worker writes here."""
        self._later(self._continue)

    def start_anew(self) -> None:
        """Write from the topic's beginning on, unless another worker writes here."""
        self._later(self._anew)

    def append(self, records: Sequence[Record], offset: int) -> None:
        """Take what was read from the topic or committed to it; `offset` is that of the last record."""
        body = b"".join(map(_packed, records))
        frame = _FRAME.pack(len(body), checksum(body), offset) + body
        self._taken += len(frame)
        if self._taken - self._written > MOST_WAITING:
            self._taken -= len(frame)
            self._later(lambda: self._give_up("the disk is too slow"))
        else:
            self._later(lambda: self._write(frame))

    def begin(self) -> None:
        """A new base rises: all that is needed once it is sealed comes from now on."""
        self._later(self._begin)

    def seal(self) -> None:
        """The base is sealed, and what came before it needed no more."""
        self._later(self._replace)

    def settle(self) -> None:
        """Wait until all that was taken is written."""
        self._thread.submit(lambda: None).result()

    def close(self) -> None:
        """Write what was taken and let others have the folder."""
        self._later(self._close)
        self._thread.shutdown()

    def _frames(self, file: BinaryIO) -> Iterator[list[Record]]:
        head = _frame(file)
        if head is None or head[1] != self._identity:
            self._told("is of another topic, application, release or table of links, or damaged")
            return
        self._whole = file.tell()
        while (frame := _frame(file)) is not None:
            offset, body = frame
            records = list(_unpacked(body))
            self.last, self._whole = Last(offset, records[-1]), file.tell()
            yield records
        if file.seek(0, os.SEEK_END) > self._whole:
            self._told(f"is damaged or cut off at byte {self._whole}", "what follows is")

    def _told(self, why: str, what: str = "all is") -> None:
        log.warning("local copy %s %s: %s read from Kafka", self._path, why, what)

    def _later(self, job: Callable[[], None]) -> None:
        def safely() -> None:
            try:
                job()
            except OSError as error:
                self._give_up(error.strerror or str(error))

        self._thread.submit(safely)

    def _give_up(self, why: str) -> None:
        """What is there stays: it is whole as far as it goes."""
        if self._file or self._rising:
            log.warning("local copy %s is written no more: %s", self._path, why)
        for file in (self._file, self._rising):
            if file is not None:
                file.close()
        self._file = self._rising = None

    def _owned(self) -> bool:
        """Whether no other worker writes here."""
        if self._lock is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _created(self._path.with_suffix(".lock"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _continue(self) -> None:
        if self._owned():
            self._file = self._path.open("r+b")
            self._file.truncate(self._whole)
            self._file.seek(self._whole)

    def _anew(self) -> None:
        if self._owned():
            self._path.unlink(missing_ok=True)
            self._file = self._started(self._path)

    def _begin(self) -> None:
        if self._owned():
            self._rising = self._started(self._path.with_suffix(".rising"))

    def _started(self, path: Path) -> BinaryIO:
        file = _created(path)
        file.write(_FRAME.pack(len(self._identity), checksum(self._identity), 0) + self._identity)
        return file

    def _write(self, frame: bytes) -> None:
        self._written += len(frame)
        for file in (self._file, self._rising):
            if file is not None:
                file.write(frame)
                file.flush()

    def _replace(self) -> None:
        if self._rising is None:
            return
        os.fsync(self._rising.fileno())
        os.replace(self._path.with_suffix(".rising"), self._path)
        if self._file is not None:
            self._file.close()
        self._file, self._rising = self._rising, None

    def _close(self) -> None:
        for file in (self._file, self._rising, self._lock):
            if file is not None:
                file.close()
        self._file = self._rising = self._lock = None


def _created(path: Path) -> BinaryIO:
    """Empty, and nobody else's to read."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _frame(file: BinaryIO) -> tuple[int, bytes] | None:
    """Offset and body of the next one; None at the end, or where it is not whole."""
    head = file.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    size, crc, offset = _FRAME.unpack(head)
    body = file.read(size)
    return (offset, body) if len(body) == size and checksum(body) == crc else None


def _packed(record: Record) -> bytes:
    value = record.value
    sizes = _SIZES.pack(len(record.key), -1 if value is None else len(value), len(record.place))
    return b"".join((sizes, record.key, value or b"", record.place))


def _unpacked(body: bytes) -> Iterator[Record]:
    at = 0
    while at < len(body):
        key, value, place = _SIZES.unpack_from(body, at)
        ends = [at := at + _SIZES.size, at := at + key, at := at + max(value, 0), at := at + place]
        parts = [body[first:end] for first, end in pairwise(ends)]
        yield Record(parts[0], None if value < 0 else parts[1], parts[2])
