"""Keyed rows against a dictionary, through growth, eviction and storage."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.blocks import Block, decode, encode
from stream.errors import StateError
from stream.windows.slots import TEXT, Column, Index, Keys, SlotTable, evict_idle, mix

COLUMNS = {
    "name": Column(TEXT, fill=""),
    "count": Column(np.int64),
    "tiles": Column(np.uint16, 3),
    "share": Column(np.float32, fill=np.nan),
    "nats": Column(np.float16, 2),
    "last_ms": Column(np.int64, fill=-1),
}


def table() -> SlotTable:
    return SlotTable("stage", "table", COLUMNS)


def keys_of(*values: int) -> Keys:
    return np.array(values, np.uint64)


def stored(block: Block) -> Block:
    return decode(block.stage, block.table, block.whole, encode(block))


def rows_of(held: SlotTable) -> dict[int, tuple[Any, ...]]:
    """Key -> everything in its row; nan reads as None."""
    share = [None if np.isnan(value) else float(value) for value in held["share"]]
    columns = [held[name].tolist() for name in COLUMNS if name != "share"]
    rows = zip(share, *columns, strict=True)
    return dict(zip(held.keys[: len(held)].tolist(), map(repr, rows), strict=True))


unique_keys = st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=60)


@given(unique_keys, unique_keys)
def test_an_index_finds_what_was_inserted_and_nothing_else(known: list[int], others: list[int]) -> None:
    index = Index()
    held = keys_of(*known)
    index.insert(held, np.arange(len(known), dtype=np.int32), held)
    assert index.find(held, held).tolist() == list(range(len(known)))
    expected = [known.index(key) if key in known else -1 for key in others]
    assert index.find(keys_of(*others), held).tolist() == expected


def test_an_index_grows_and_keeps_everything() -> None:
    keys = mix(np.arange(20_000, dtype=np.uint64))
    index = Index()
    for start in range(0, len(keys), 333):
        part = keys[start : start + 333]
        index.insert(part, np.arange(start, start + len(part), dtype=np.int32), keys)
    assert (index.find(keys, keys) == np.arange(len(keys))).all()
    assert (index.find(mix(np.arange(20_000, 30_000, dtype=np.uint64)), keys) == -1).all()


def test_an_index_bears_keys_that_collide() -> None:
    """Multiples of the multiplier's inverse all have one home: the probe has to walk."""
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    keys = keys_of(*(inverse * i % 2**64 for i in range(1, 600)))
    index = Index()
    index.insert(keys, np.arange(len(keys), dtype=np.int32), keys)
    assert (index.find(keys, keys) == np.arange(len(keys))).all()


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), unique=True, max_size=50))
def test_mix_depends_on_every_part_and_on_their_order(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, np.uint64).reshape(-1, 2).T
    assert len(np.unique(mix(first, second))) == len(pairs)
    swapped = mix(second, first) == mix(first, second)
    assert (swapped == (first == second)).all()


def test_new_rows_hold_the_fill() -> None:
    held = table()
    slots, made = held.claim(keys_of(5, 3))
    assert (slots.tolist(), made.tolist()) == ([0, 1], [True, True])
    assert held["last_ms"].tolist() == [-1, -1]
    assert np.isnan(held["share"]).all()
    assert held["tiles"].shape == (2, 3)
    assert held["name"].tolist() == ["", ""]


def test_rows_that_are_dropped_leave_no_trace_in_new_ones() -> None:
    held = table()
    slots, _ = held.claim(keys_of(1, 2))
    held["count"][slots] = 9
    held["name"][0] = "one"
    assert held.retain(np.array([False, True])).tolist() == [-1, 0]
    slots, made = held.claim(keys_of(1))
    assert made.tolist() == [True]
    assert held["count"][slots].tolist() == [0]
    assert held["name"].tolist() == ["", ""]


class TableMachine(RuleBasedStateMachine):
    """A table under every operation, its dictionary, and a copy that knows only stored changes."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.copy = table(), table()
        self.model: dict[int, list[int]] = {}
        """Key -> count and last_ms."""
        self.clock = 0

    @rule(keys=st.lists(st.integers(1, 40), unique=True, max_size=12), amount=st.integers(0, 1000))
    def add(self, keys: list[int], amount: int) -> None:
        self.clock += 1
        slots, made = self.table.claim(keys_of(*keys))
        assert made.tolist() == [key not in self.model for key in keys]
        self.table["count"][slots] += amount
        self.table["tiles"][slots, amount % 3] += 1
        self.table["share"][slots] = amount / 7
        self.table["nats"][slots, 1] = amount / 9
        self.table["last_ms"][slots] = self.clock
        for key, slot in zip(keys, slots.tolist(), strict=True):
            self.table["name"][slot] = f"{key}-{amount}"
            of = self.model.setdefault(key, [0, 0])
            of[0], of[1] = of[0] + amount, self.clock

    @rule(mask=st.integers(0, 2**40 - 1))
    def retain(self, mask: int) -> None:
        keys = self.table.keys[: len(self.table)].tolist()
        keep = np.array([bool(mask >> (key % 40) & 1) for key in keys], np.bool_)
        moved = self.table.retain(keep)
        assert (moved >= 0).tolist() == keep.tolist()
        assert moved[keep].tolist() == self.table.find(keys_of(*keys))[keep].tolist()
        self.model = {key: row for key, row in self.model.items() if mask >> (key % 40) & 1}

    @rule(limit=st.integers(1, 30))
    def evict(self, limit: int) -> None:
        if evict_idle(self.table, limit) is None:
            assert len(self.model) <= limit
            return
        kept = sorted(self.model, key=lambda key: (-self.model[key][1], key))[: limit * 9 // 10]
        self.model = {key: self.model[key] for key in kept}

    @rule()
    def store_changes(self) -> None:
        for block in self.table.changes():
            self.copy.restore(stored(block))
        assert rows_of(self.copy) == rows_of(self.table)
        assert self.copy.changes() == []
        assert self.table.changes() == []

    @rule()
    def store_everything(self) -> None:
        self.copy = table()
        for block in self.table.snapshot():
            self.copy.restore(stored(block))
        assert rows_of(self.copy) == rows_of(self.table)

    @rule()
    def go_on_with_the_copy(self) -> None:
        self.store_changes()
        self.table, self.copy = self.copy, table()
        for block in self.table.snapshot():
            self.copy.restore(stored(block))

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        held = self.table
        slots = held.find(keys_of(*range(41)))
        assert {key for key, slot in enumerate(slots.tolist()) if slot >= 0} == set(self.model)
        for key, (count, last_ms) in self.model.items():
            slot = int(slots[key])
            assert int(held["count"][slot]) == count
            assert int(held["last_ms"][slot]) == last_ms


TestTableMachine = TableMachine.TestCase
TestTableMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_eviction_goes_by_idleness_and_then_by_key_whatever_the_order_of_arrival() -> None:
    kept = []
    for order in ([1, 2, 3, 4, 5, 6], [6, 4, 2, 5, 3, 1]):
        held = table()
        slots, _ = held.claim(keys_of(*order))
        held["last_ms"][slots] = [key // 2 for key in order]
        evict_idle(held, 5)
        kept.append(sorted(held.keys[: len(held)].tolist()))
    assert kept[0] == kept[1]
    assert 1 not in kept[0]


def test_within_the_limit_nothing_is_evicted() -> None:
    held = table()
    held.claim(keys_of(1, 2, 3))
    assert evict_idle(held, 3) is None


def test_bytes_grow_with_rows() -> None:
    held = table()
    empty = held.nbytes
    held.claim(mix(np.arange(5000, dtype=np.uint64)))
    assert held.nbytes > empty + 5000 * (8 + 8 + 6 + 4 + 4 + 8)


def test_a_block_that_lacks_a_column_is_refused() -> None:
    block = Block("stage", "table", pl.DataFrame({"slot": [0], "key": [1]}), True)
    with pytest.raises(StateError, match="lacks the columns name, count"):
        table().restore(block)


def test_a_chain_with_a_missing_change_is_refused() -> None:
    held = table()
    held.claim(keys_of(1))
    snapshot = held.snapshot()
    held.claim(keys_of(2))
    held.changes()
    held.claim(keys_of(3))
    copy = table()
    copy.restore(snapshot[0])
    with pytest.raises(StateError, match="gaps"):
        copy.restore(held.changes()[0])
