"""Keyed rows in NumPy columns: a 64-bit key finds its slot, slots are rows of every column.

The index is open addressing with triangular probing, probed for a whole batch at once, so a batch of keys
costs a few array passes and no Python per key (Knuth, TAOCP vol. 3, 6.4). Slots are handed out in the
order in which keys first arrive; nothing that decides may depend on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from stream.blocks import Block
from stream.errors import StateError

Keys = NDArray[np.uint64]
"""Keys, shape (n,)."""
Slots = NDArray[np.int32]
"""Row numbers, shape (n,); -1 where there is none."""
Mask = NDArray[np.bool_]

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing
_MIN_SIZE: Final = 1024
TEXT: Final = np.dtypes.StringDType()
"""A column of text: 16 bytes a row, and the text itself where it has more than 15 bytes."""
_INLINE: Final = 15


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
    """Open-addressing map from 64-bit keys to slots, at most two thirds full.

    It holds slots alone: a key is compared with the one that the table keeps at the slot.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._slots = np.full(_MIN_SIZE, -1, dtype=np.int32)
        self._used = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._slots.nbytes

    def _home(self, keys: Keys) -> NDArray[np.int64]:
        shift = np.uint64(64 - len(self._slots).bit_length() + 1)
        return ((keys * _MULTIPLIER) >> shift).view(np.int64)

    def find(self, keys: Keys, held: Keys) -> Slots:
        """Slot of each key, -1 where it is unknown; `held`: the key at each slot."""
        return self.look(keys, held)[0]

    def look(self, keys: Keys, held: Keys) -> tuple[Slots, NDArray[np.int64]]:
        """Slot of each key, as `find`, and the place in the index where it stands or would stand."""
        at = self._home(keys)
        found = self._slots[at]
        if not self._used:
            return found, at
        open_, step = np.flatnonzero((found >= 0) & (held[found] != keys)), 0
        place, wanted = at[open_], keys[open_]
        while len(open_):
            # steps of 1, 2, 3, ... reach every place of a power of two, and keys do not queue up
            step += 1
            place = (place + step) & (len(self._slots) - 1)
            slots = self._slots[place]
            found[open_], at[open_] = slots, place
            on = np.flatnonzero((slots >= 0) & (held[slots] != wanted))
            open_, place, wanted = open_[on], place[on], wanted[on]
        return found, at

    def insert(self, keys: Keys, slots: Slots, held: Keys, at: NDArray[np.int64] | None = None) -> None:
        """Add keys that are new and differ from one another; `held`: the key at each slot before them.

        `at`: where `look` said that they would stand, if nothing was added since.
        """
        size = len(self._slots)
        while (self._used + len(keys)) * 3 > 2 * size:
            size *= 2
        if size > len(self._slots):
            old = self._slots[self._slots >= 0]
            self._slots = np.full(size, -1, np.int32)
            self._place(held[old], old)
            at = None
        self._used += len(keys)
        if at is not None:
            self._slots[at] = slots
            # two keys may have looked at one place: the one that stands there has won
            lost = np.flatnonzero(self._slots[at] != slots)
            keys, slots = keys[lost], slots[lost]
        self._place(keys, slots)

    def _place(self, keys: Keys, slots: Slots) -> None:
        place, step = self._home(keys), 0
        while len(slots):
            free = self._slots[place] < 0
            self._slots[place[free]] = slots[free]
            lost = np.flatnonzero(self._slots[place] != slots)
            step += 1
            place, slots = (place[lost] + step) & (len(self._slots) - 1), slots[lost]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: `width` values of `dtype` per row, `fill` in a new row."""

    dtype: DTypeLike
    width: int = 1
    fill: int | float | str = 0


class SlotTable:
    """Rows by key, with the changes since they were last asked for.

    Columns are attributes by name: `table["last_ms"]` has shape (capacity,) or (capacity, width); only
    the first `len(table)` rows are in use.
    """

    def __init__(self, stage: str, name: str, columns: Mapping[str, Column]) -> None:
        """Start empty."""
        self.stage, self.name, self._spec = stage, name, dict(columns)
        row_bytes = sum(np.dtype(column.dtype).itemsize * column.width for column in columns.values())
        # what is reserved counts against the memory budget; wide rows are few, so they can grow more often
        self._part = 16 if row_bytes >= 200 else 4
        self._clear()

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
        texts = sum(_outside(self[name]) for name, spec in self._spec.items() if spec.dtype is TEXT)
        return self._index.nbytes + self.keys.nbytes + self._dirty.nbytes + columns + texts

    def _grow(self, size: int) -> None:
        if size <= self._capacity:
            return
        capacity = max(_MIN_SIZE, size, self._capacity + self._capacity // self._part)
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
        return self._index.find(keys, self.keys)

    def claim(self, keys: Keys) -> tuple[Slots, Mask]:
        """Slot of each key, made where there was none; which were made. Keys differ from one another."""
        slots, at = self._index.look(keys, self.keys)
        new = slots < 0
        count = int(new.sum())
        if count:
            self._grow(self._size + count)
            made = np.arange(self._size, self._size + count, dtype=np.int32)
            slots[new] = made
            self._index.insert(keys[new], made, self.keys, at[new])
            self.keys[made] = keys[new]
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
        keys, columns = self.keys[rows], {name: self[name].take(rows, axis=0) for name in self._spec}
        self._clear()
        self._fill(keys, columns)
        return moved

    def _fill(self, keys: Keys, columns: Mapping[str, NDArray[Any]]) -> None:
        self._grow(len(keys))
        self._size = len(keys)
        self.keys[: self._size] = keys
        for name, column in columns.items():
            self._columns[name][: self._size] = column
        self._index.insert(keys, np.arange(self._size, dtype=np.int32), self.keys)

    def _block(self, rows: NDArray[np.int64], whole: bool) -> Block:
        data: dict[str, Any] = {"slot": rows.astype(np.int32), "key": self.keys[rows]}
        for name, spec in self._spec.items():
            values = self[name].take(rows, axis=0)
            if spec.dtype is TEXT:
                data[name] = pl.Series(name, values.tolist(), dtype=pl.String)
            elif spec.width > 1:
                kind = pl.Series(values[:0].ravel()).dtype
                data[name] = pl.Series(name, values, dtype=pl.Array(kind, spec.width))
            else:
                data[name] = values
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
        wanted = ("slot", "key", *self._spec)
        missing = [name for name in wanted if name not in block.rows.columns]
        if missing:
            raise StateError(f"state of {self.stage}/{self.name} lacks the columns {', '.join(missing)}")
        if block.whole:
            self._clear()
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
        self._size = size
        self.keys[slots] = keys
        self._index.insert(keys[fresh], slots[fresh].astype(np.int32), self.keys)
        for name, spec in self._spec.items():
            text = spec.dtype is TEXT
            self._columns[name][slots] = rows[name].to_list() if text else rows[name].to_numpy()


def _outside(texts: NDArray[Any]) -> int:
    """Bytes of the texts that do not fit into their rows."""
    sizes = np.strings.str_len(texts)
    return int(sizes[sizes > _INLINE].sum())


def _grown(old: NDArray[Any], used: int, new: NDArray[Any]) -> NDArray[Any]:
    new[:used] = old[:used]
    return new


def evict_idle(table: SlotTable, limit: int, last_seen: str = "last_ms") -> Slots | None:
    """Drop the longest idle rows where a table is over its limit, to nine tenths of it.

    Returns the new slot of each old row, or None where nothing went. The tenth spares doing so often.
    """
    if len(table) <= limit:
        return None
    last, count = table[last_seen], limit * 9 // 10
    least = len(last) - max(count, 1)
    newest = np.partition(last, least)[least]
    keep = last > newest
    # ties go by key, which no arrival order can change
    ties = np.flatnonzero(last == newest)
    keep[ties[np.argsort(table.keys[ties])[: count - int(keep.sum())]]] = True
    return table.retain(keep)
