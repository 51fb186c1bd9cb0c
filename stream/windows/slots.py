"""Keyed rows in NumPy columns: a 64-bit key finds its slot, slots are rows of every column.

The index is open addressing with linear probing, probed for a whole batch at once, so a batch of keys
costs a few array passes and no Python per key (Knuth, TAOCP vol. 3, 6.4). Slots are handed out in the
order in which keys first arrive; nothing that decides may depend on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from stream.errors import StateError
from stream.runtime.blocks import Block

Keys = NDArray[np.uint64]
"""Keys, shape (n,)."""
Slots = NDArray[np.int32]
"""Row numbers, shape (n,); -1 where there is none."""
Mask = NDArray[np.bool_]

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing
_MIN_SIZE: Final = 1024


def mix(*parts: NDArray[np.uint64]) -> Keys:
    """One key out of several, each of shape (n,): splitmix64 finaliser after each part."""
    key = np.full(np.broadcast_shapes(*(part.shape for part in parts)), _MULTIPLIER, dtype=np.uint64)
    for part in parts:
        key = key ^ part
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        key = key ^ (key >> np.uint64(31))
    return key


class Index:
    """Open-addressing map from 64-bit keys to slots, at most two thirds full."""

    def __init__(self) -> None:
        """Start empty."""
        self._keys = np.zeros(_MIN_SIZE, dtype=np.uint64)
        self._slots = np.full(_MIN_SIZE, -1, dtype=np.int32)
        self._used = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._keys.nbytes + self._slots.nbytes

    def _home(self, keys: Keys) -> NDArray[np.int64]:
        shift = np.uint64(64 - len(self._keys).bit_length() + 1)
        return ((keys * _MULTIPLIER) >> shift).astype(np.int64)

    def find(self, keys: Keys) -> Slots:
        """Slot of each key, -1 where it is unknown."""
        found = np.full(len(keys), -1, dtype=np.int32)
        place, open_ = self._home(keys), np.arange(len(keys))
        while len(open_):
            slots, hit = self._slots[place], self._keys[place] == keys[open_]
            occupied = slots >= 0
            found[open_[hit & occupied]] = slots[hit & occupied]
            on = occupied & ~hit
            open_, place = open_[on], (place[on] + 1) & (len(self._keys) - 1)
        return found

    def insert(self, keys: Keys, slots: Slots) -> None:
        """Add keys that are new and differ from one another."""
        self._reserve(self._used + len(keys))
        self._place(keys, slots)

    def _place(self, keys: Keys, slots: Slots) -> None:
        place, open_ = self._home(keys), np.arange(len(keys))
        while len(open_):
            free = self._slots[place] < 0
            self._slots[place[free]] = slots[open_[free]]
            # two keys may have claimed one place: the one that stands there has won
            won = free & (self._slots[place] == slots[open_])
            self._keys[place[won]] = keys[open_[won]]
            open_, place = open_[~won], (place[~won] + 1) & (len(self._keys) - 1)
        self._used += len(keys)

    def _reserve(self, count: int) -> None:
        size = len(self._keys)
        if count * 3 <= size * 2:
            return
        while count * 3 > size * 2:
            size *= 2
        held = self._slots >= 0
        keys, slots = self._keys[held], self._slots[held]
        self._keys, self._slots = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
        self._used = 0
        self._place(keys, slots)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: `width` values of `dtype` per row, `fill` in a new row."""

    dtype: DTypeLike
    width: int = 1
    fill: int | float = 0


class SlotTable:
    """Rows by key, with the changes since they were last asked for.

    Columns are attributes by name: `table["last_ms"]` has shape (capacity,) or (capacity, width); only
    the first `len(table)` rows are in use. A text column (`texts`) is a list of strings.
    """

    def __init__(
        self, stage: str, name: str, columns: Mapping[str, Column], texts: Iterable[str] = ()
    ) -> None:
        """Start empty."""
        self.stage, self.name, self._spec = stage, name, dict(columns)
        self._clear()
        self._text_names = tuple(texts)
        self.texts: dict[str, list[str]] = {text: [] for text in self._text_names}

    def _clear(self) -> None:
        self._index, self._size, self._capacity, self._rewrite = Index(), 0, 0, True
        self.keys: Keys = np.zeros(0, np.uint64)
        self._dirty: Mask = np.zeros(0, np.bool_)
        self._columns: dict[str, NDArray[Any]] = {
            name: np.zeros((0, spec.width) if spec.width > 1 else 0, spec.dtype)
            for name, spec in self._spec.items()
        }

    def __len__(self) -> int:
        """Rows in use."""
        return self._size

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The rows in use of one column; writing to it writes the table, `touch` marks the change."""
        return self._columns[name][: self._size]

    @property
    def nbytes(self) -> int:
        """Bytes held, index and text included."""
        columns = sum(column.nbytes for column in self._columns.values())
        texts = sum(len(text) + 57 for column in self.texts.values() for text in column)
        return self._index.nbytes + self.keys.nbytes + self._dirty.nbytes + columns + texts

    def _grow(self, size: int) -> None:
        if size <= self._capacity:
            return
        # a quarter more, not double: what is reserved counts against the memory budget
        capacity = max(_MIN_SIZE, size, self._capacity + self._capacity // 4)
        self.keys = _grown(self.keys, self._size, np.zeros(capacity, np.uint64))
        self._dirty = _grown(self._dirty, self._size, np.zeros(capacity, np.bool_))
        for name, spec in self._spec.items():
            shape = (capacity, spec.width) if spec.width > 1 else (capacity,)
            self._columns[name] = _grown(
                self._columns[name], self._size, np.full(shape, spec.fill, spec.dtype)
            )
        self._capacity = capacity

    def find(self, keys: Keys) -> Slots:
        """Slot of each key, -1 where it has none."""
        return self._index.find(keys)

    def claim(self, keys: Keys) -> tuple[Slots, Mask]:
        """Slot of each key, made where there was none; which were made. Keys differ from one another."""
        slots = self._index.find(keys)
        new = slots < 0
        count = int(new.sum())
        if count:
            self._grow(self._size + count)
            made = np.arange(self._size, self._size + count, dtype=np.int32)
            slots[new] = made
            self._index.insert(keys[new], made)
            self.keys[made] = keys[new]
            for text in self._text_names:
                self.texts[text].extend([""] * count)
            self._size += count
        self.touch(slots)
        return slots, new

    def touch(self, slots: NDArray[np.integer[Any]]) -> None:
        """Mark rows as changed."""
        self._dirty[slots] = True

    def retain(self, keep: Mask) -> Slots:
        """Drop the rows where `keep` (shape (len,)) is false; the new slot of each old row, -1 if gone."""
        moved = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
        if keep.all():
            return moved
        rows = np.flatnonzero(keep)
        keys, columns = self.keys[rows], {name: self[name][rows] for name in self._spec}
        self.texts = {text: [column[i] for i in rows.tolist()] for text, column in self.texts.items()}
        self._clear()
        self._fill(keys, columns)
        return moved

    def _fill(self, keys: Keys, columns: Mapping[str, NDArray[Any]]) -> None:
        self._grow(len(keys))
        self._size = len(keys)
        self.keys[: self._size] = keys
        for name, column in columns.items():
            self._columns[name][: self._size] = column
        self._index.insert(keys, np.arange(self._size, dtype=np.int32))

    def _block(self, rows: NDArray[np.int64], whole: bool) -> Block:
        data: dict[str, Any] = {"slot": rows.astype(np.int32), "key": self.keys[rows]}
        for name, spec in self._spec.items():
            values = self[name][rows]
            data[name] = (
                pl.Series(name, values, dtype=pl.Array(pl.Series(values[:0].ravel()).dtype, spec.width))
                if spec.width > 1
                else values
            )
        for text, column in self.texts.items():
            data[text] = pl.Series(text, [column[i] for i in rows.tolist()], dtype=pl.String)
        return Block(self.stage, self.name, pl.DataFrame(data), whole)

    def changes(self) -> list[Block]:
        """Rows changed since the last call; all of them where slots have moved."""
        whole = self._rewrite
        rows = np.arange(self._size) if whole else np.flatnonzero(self._dirty[: self._size])
        self._dirty[:] = False
        self._rewrite = False
        return [self._block(rows, whole)] if whole or len(rows) else []

    def snapshot(self) -> list[Block]:
        """Every row; later `changes` are relative to it."""
        self._rewrite = True
        return self.changes()

    def restore(self, block: Block) -> None:
        """Take over a block of `changes` or `snapshot`; raises StateError where it does not fit."""
        wanted = ("slot", "key", *self._spec, *self._text_names)
        missing = [name for name in wanted if name not in block.rows.columns]
        if missing:
            raise StateError(f"state of {self.stage}/{self.name} lacks the columns {', '.join(missing)}")
        if block.whole:
            self._clear()
            self.texts = {text: [] for text in self._text_names}
        self._overwrite(block.rows)
        self._rewrite = False
        self._dirty[:] = False

    def _overwrite(self, rows: pl.DataFrame) -> None:
        if not rows.height:
            return
        slots, keys = rows["slot"].to_numpy(), rows["key"].to_numpy()
        size = max(self._size, int(slots.max()) + 1)
        self._grow(size)
        fresh = slots >= self._size
        if int(fresh.sum()) != size - self._size:
            raise StateError(f"state of {self.stage}/{self.name} has gaps: a change is missing")
        for text, column in self.texts.items():
            column.extend([""] * (size - self._size))
            for slot, value in zip(slots.tolist(), rows[text].to_list(), strict=True):
                column[slot] = value
        self._size = size
        self.keys[slots] = keys
        self._index.insert(keys[fresh], slots[fresh].astype(np.int32))
        for name in self._spec:
            self._columns[name][slots] = rows[name].to_numpy()


def _grown(old: NDArray[Any], used: int, new: NDArray[Any]) -> NDArray[Any]:
    new[:used] = old[:used]
    return new


def evict_idle(table: SlotTable, limit: int, last_seen: str = "last_ms") -> Slots | None:
    """Drop the longest idle rows where a table is over its limit, to nine tenths of it.

    Returns the new slot of each old row, or None where nothing went. The tenth spares doing so often.
    """
    if len(table) <= limit:
        return None
    keep_count = limit * 9 // 10
    # ties go by key, which no arrival order can change
    order = np.lexsort((table.keys[: len(table)], -table[last_seen]))
    keep = np.zeros(len(table), np.bool_)
    keep[order[:keep_count]] = True
    return table.retain(keep)

