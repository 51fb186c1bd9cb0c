"""Blocks: the named tables that stages hand on and that state is made of."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
import polars as pl

from stream.errors import StateError

SCHEMA_VERSION: Final = 12
"""Raised when a table of the state changes its meaning or a column; other versions are refused."""


@dataclass(frozen=True, slots=True)
class Block:
    """A table with its place: `stage` and `table` name it, `whole` says if it replaces what was there.

    A block that is not `whole` is a delta: its rows overwrite the rows of the same slot.
    """

    stage: str
    table: str
    rows: pl.DataFrame
    whole: bool = False


def as_json(stage: str, table: str, content: dict[str, Any]) -> Block:
    """A whole block of one row that holds what is no table, as JSON."""
    return Block(stage, table, pl.DataFrame({"json": [orjson.dumps(content).decode()]}), True)


def encode(block: Block) -> bytes:
    """Arrow IPC stream, zstd-compressed: any Arrow tool reads it."""
    buffer = io.BytesIO()
    block.rows.write_ipc_stream(buffer, compression="zstd")
    return buffer.getvalue()


def decode(stage: str, table: str, whole: bool, data: bytes) -> Block:
    """Inverse of `encode`; raises StateError where the bytes are no Arrow stream."""
    try:
        rows = pl.read_ipc_stream(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise StateError(f"state block {stage}/{table} cannot be read: {error}") from error
    return Block(stage, table, rows, whole)


def pieces(data: bytes, limit: int) -> Iterator[bytes]:
    """Cut into parts of at most `limit` bytes, at least one; joined in order they are `data` again.

    Bytes are cut and not rows: a single row may hold a sketch that is larger than a record may be.
    """
    yield data[:limit]
    for start in range(limit, len(data), limit):
        yield data[start : start + limit]


def checksum(data: bytes) -> int:
    """CRC-32 of the bytes: it finds damage, it does not prove origin."""
    return zlib.crc32(data)
