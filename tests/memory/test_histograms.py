"""Small histograms of what events look like."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.memory.histograms import ATTRIBUTES, BINS, WIDTH, add, bins, count
from tests.memory.columns import START_MS, columns

NEVER_UNKNOWN = {"hour", "prefix"}
"""Every event has a time; no prefix is a habit too."""


def test_what_is_absent_is_in_no_bin() -> None:
    found = dict(zip(ATTRIBUTES, bins(columns())[0].tolist(), strict=True))
    assert {name for name, bin_ in found.items() if bin_ >= 0} == NEVER_UNKNOWN


numbers = st.integers(0, 2**53)


@given(numbers, numbers, st.integers(0, 2**31 - 1), st.integers(1, 2**64 - 1), st.integers(0, 10**9))
def test_every_value_has_its_bin(
    tokens_in: int, tokens_out: int, depth: int, value: int, late_ms: int
) -> None:
    events = columns(
        time_ms=[START_MS + late_ms],
        input_tokens=[tokens_in],
        output_tokens=[tokens_out],
        message_count=[depth],
        stream=[True],
        **{name: [value] for name in ("user_agent", "ja4", "model", "params", "tools", "prefix")},
        asn=[value % 2**32 or 1],
    )
    found = bins(events)
    assert found.shape == (1, len(ATTRIBUTES))
    assert ((found >= 0) & (found < BINS)).all()


def test_tokens_fall_into_bins_by_size() -> None:
    sizes = [1, 100, 1000, 10_000, 100_000]
    column = bins(columns(input_tokens=sizes))[:, ATTRIBUTES.index("tokens_in")].tolist()
    assert column == sorted(column)
    assert len(set(column)) >= 3


def test_counts_are_by_group() -> None:
    of = np.array([[0] * len(ATTRIBUTES), [3] * len(ATTRIBUTES), [-1] * len(ATTRIBUTES)])
    counted = count(of, np.array([0, 1, 1]), 3)
    assert counted.shape == (3, WIDTH)
    assert counted.sum(axis=1).tolist() == [len(ATTRIBUTES), len(ATTRIBUTES), 0]
    assert counted[1].reshape(-1, BINS)[:, 3].tolist() == [1] * len(ATTRIBUTES)


amounts = st.lists(st.lists(st.integers(0, 3000), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=4)


@given(amounts)
def test_a_full_histogram_fades_and_keeps_its_shape(slices: list[Any]) -> None:
    table = np.zeros((2, WIDTH), np.uint8)
    for row in slices:
        add(table, np.array([1], np.int32), np.array([row], np.int64))
    assert not table[0].any()
    last = np.array(slices[-1])
    if last.max() > 255:
        assert table[1].max() >= 127
        assert int(table[1][last.argmax()]) >= int(table[1].max()) * 0.3


def test_without_an_overflow_counts_are_exact() -> None:
    table = np.zeros((1, WIDTH), np.uint8)
    for _ in range(5):
        add(table, np.array([0], np.int32), np.full((1, WIDTH), 50))
    assert (table == 250).all()
