"""Log files as sources: plain, gzip or zstd, read line by line; a folder means its `*.ndjson*` files."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import IO, Final, NamedTuple

import zstandard

from stream.errors import InputError

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_READ_BYTES: Final = 1 << 17


class Lines(NamedTuple):
    """Records of a source and the line number of each, from 0."""

    records: list[bytes]
    offsets: list[int]


class LogFile:
    """One log file as a source of records; a blank line is no record, but it counts as a line.

    `name` is the path as given, the source's name everywhere. A file that ends in `.json` is one
    record, however many lines it has. The file is opened at the first read and can be put aside with
    `close`; the next read goes on where the last one stopped (not for standard input).
    """

    def __init__(self, path: str) -> None:
        """`path` may be `-` for standard input."""
        self.name = path
        self.size = 0 if path == "-" else Path(path).stat().st_size
        self.line = 0
        self.ended = False
        self._raw: IO[bytes] | None = None
        self._text: IO[bytes] | None = None
        self._position = 0

    @property
    def position(self) -> int:
        """Bytes of the (compressed) file that have been read."""
        if self._raw is not None and self.name != "-":
            self._position = self._raw.tell()
        return self.size if self.ended else self._position

    def read(self, limit_bytes: int) -> Lines:
        """The next lines, about `limit_bytes` of them (0: one line); after the last `ended` is true.

        Raises InputError where the file is missing, empty, or breaks off.
        """
        try:
            lines = self._take(limit_bytes)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            raise InputError(f"{self.name}: unreadable after line {self.line}: {_reason(error)}") from error
        self.ended = not lines
        if self.ended and self.line == 0:
            raise InputError(f"{self.name}: the file is empty")
        first, self.line = self.line, self.line + len(lines)
        offsets = range(first, self.line)
        if any(map(bytes.isspace, lines)):
            kept = [not line.isspace() for line in lines]
            return Lines(list(compress(lines, kept)), list(compress(offsets, kept)))
        return Lines(lines, list(offsets))

    def close(self) -> None:
        """Puts the file aside; standard input stays open, for it cannot be read again."""
        if self._raw is not None and self.name != "-":
            self._position = self._raw.tell()
            self._raw.close()
            self._raw = self._text = None

    def _take(self, limit_bytes: int) -> list[bytes]:
        handle = self._handle()
        if self.name.removesuffix(".gz").removesuffix(".zst").endswith(".json"):
            lines = [handle.read()]
        elif limit_bytes:
            lines = handle.readlines(limit_bytes)
        else:
            lines = [handle.readline()]
        return lines if lines != [b""] else []

    def _handle(self) -> IO[bytes]:
        if self._text is None:
            self._raw = sys.stdin.buffer if self.name == "-" else open(self.name, "rb")  # noqa: SIM115
            self._text = _decompressed(self._raw, self.name)
            for _ in range(self.line):
                self._text.readline()
        return self._text


def log_files(paths: Iterable[str]) -> list[LogFile]:
    """The sources that `paths` name, each once, in order of name; raises InputError."""
    names: dict[str, None] = {}
    for path in paths:
        for name in _expanded(path):
            names[name] = None
    return [LogFile(name) for name in sorted(names)]


def _expanded(path: str) -> Sequence[str]:
    if path == "-":
        return ["-"]
    if not Path(path).exists():
        raise InputError(f"{path}: no such file or folder")
    if not Path(path).is_dir():
        return [path]
    found = [str(file) for file in Path(path).glob("*.ndjson*") if file.is_file() and file.stat().st_size]
    if not found:
        raise InputError(f"{path}: the folder holds no *.ndjson file with content (.gz and .zst count)")
    return found


def _decompressed(raw: IO[bytes], name: str) -> IO[bytes]:
    """`raw` as plain bytes; what the content is decides, not the name, but a wrong name is an error."""
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=buffered), _READ_BYTES)
    if magic == _ZSTD:
        return io.BufferedReader(_ZstdFile(buffered), _READ_BYTES)
    if magic and name.endswith((".gz", ".zst")):
        raise InputError(f"{name}: not compressed as its name says")
    return buffered


class _ZstdFile(io.RawIOBase):
    """Frames of zstd as plain bytes; unlike zstandard's own reader it notices a frame that breaks off."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            data = self._raw.read(_READ_BYTES)
            if not data:
                return self._end()
            self._ready = memoryview(self._plain(data))
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _end(self) -> int:
        if self._begun:
            raise EOFError("compressed data ends in the middle of a frame")
        return 0

    def _plain(self, data: bytes) -> bytes:
        parts = []
        while data:
            parts.append(self._frame.decompress(data))
            self._begun = not self._frame.eof
            data = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        return b"".join(parts)


def _reason(error: Exception) -> str:
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error)
    return text[:1].lower() + text[1:]
