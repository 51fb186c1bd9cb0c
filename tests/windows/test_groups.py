"""Group-by against dictionaries."""

from collections import defaultdict
from statistics import median_low
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.windows.groups import Groups, distinct, order_by, places

Rows = list[tuple[int, int, int]]
"""Two keys and a value."""
rows_of = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-50, 50)), max_size=40)


def by_key(rows: Rows) -> dict[tuple[int, int], list[int]]:
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for first, second, value in rows:
        groups[first, second].append(value)
    return dict(sorted(groups.items()))


@given(rows_of)
def test_every_reduction_is_that_of_a_dictionary(rows: Rows) -> None:
    first, second, value = np.array(rows, np.int64).reshape(-1, 3).T
    groups, expected = Groups(first, second), by_key(rows)
    assert len(groups) == len(expected)
    assert list(zip(groups.first(first).tolist(), groups.first(second).tolist(), strict=True)) == list(
        expected
    )
    assert groups.counts.tolist() == [len(values) for values in expected.values()]
    assert groups.first(value).tolist() == [values[0] for values in expected.values()]
    assert groups.sum(value).tolist() == [sum(values) for values in expected.values()]
    assert groups.max(value).tolist() == [max(values) for values in expected.values()]
    assert groups.min(value).tolist() == [min(values) for values in expected.values()]
    assert groups.median(value).tolist() == [median_low(values) for values in expected.values()]
    assert groups.sum(value > 0).tolist() == [sum(v > 0 for v in values) for values in expected.values()]


@given(rows_of)
def test_ids_name_the_group_of_each_row(rows: Rows) -> None:
    first, second, _ = np.array(rows, np.int64).reshape(-1, 3).T
    keys = list(by_key(rows))
    assert [keys[number] for number in Groups(first, second).ids] == [row[:2] for row in rows]


@given(rows_of)
def test_one_key_is_as_good_as_two(rows: Rows) -> None:
    first, _, value = np.array(rows, np.int64).reshape(-1, 3).T
    one, two = Groups(first), Groups(first, np.zeros_like(first))
    assert one.sum(value).tolist() == two.sum(value).tolist()
    assert one.ids.tolist() == two.ids.tolist()


def test_rows_of_several_values_are_summed_by_column() -> None:
    groups = Groups(np.array([2, 1, 2]))
    assert groups.sum(np.array([[1, 10], [2, 20], [4, 40]])).tolist() == [[2, 20], [5, 50]]


NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 300)


@given(st.lists(NUMBERS, max_size=4), st.integers(0, 700), st.sampled_from([np.uint64, np.int64, np.int32]))
def test_rows_are_ordered_as_numpy_orders_them(
    some: list[int], rows: int, dtype: type[np.integer[Any]]
) -> None:
    key = np.resize(np.array([*some, 7], np.uint64), rows).astype(dtype)
    assert order_by(key).tolist() == np.argsort(key, kind="stable").tolist()
    assert distinct(key).tolist() == sorted(set(key.tolist()))
    assert distinct(key).dtype == key.dtype


@given(st.lists(st.integers(0, 30) | st.integers(0, 10**6), max_size=40))
def test_each_slot_stands_in_its_place_among_the_distinct(slots: list[int]) -> None:
    used, place = places(np.array(slots, np.int32))
    assert used.tolist() == sorted(set(slots))
    assert used[place].tolist() == slots
