"""Events of rows in each horizon."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.windows.slots import Column, SlotTable
from stream.windows.tiles import DAY_MS, HORIZONS, HOUR_MS, MINUTE_MS, NEVER
from stream.windows.volumes import RINGS, volumes

NOW_MS = 1_775_606_400_000 + 28 * DAY_MS
SPANS_MS = dict(zip(HORIZONS, (10 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS), strict=True))


def filled(ages_ms: list[int]) -> SlotTable:
    """A row with one event of each age, and one without events."""
    columns = {name: Column(np.uint16, ring.length) for name, ring in RINGS.items()}
    columns |= {f"{name}_newest": Column(np.int32, fill=NEVER) for name in RINGS}
    table = SlotTable("stage", "table", columns)
    slots, _ = table.claim(np.array([7, 8], np.uint64))
    for name, ring in RINGS.items():
        for age_ms in sorted(ages_ms, reverse=True):
            tile = ring.tile(NOW_MS - age_ms)
            ring.add(table[name], table[f"{name}_newest"], slots[:1], tile, np.ones((1, 1), np.int64))
    return table


@given(st.lists(st.integers(1, 40 * DAY_MS), max_size=30))
def test_every_horizon_counts_what_is_younger(ages_ms: list[int]) -> None:
    expected = [sum(age_ms <= span_ms for age_ms in ages_ms) for span_ms in SPANS_MS.values()]
    assert volumes(filled(ages_ms), np.array([0, 1]), NOW_MS).tolist() == [expected, [0] * len(HORIZONS)]


@pytest.mark.parametrize("slots", [[], [1], [1, 0, 1]])
def test_rows_come_as_asked_for(slots: list[int]) -> None:
    told = volumes(filled([5]), np.array(slots, np.int64), NOW_MS)
    assert told.tolist() == [[1 - slot] * len(HORIZONS) for slot in slots]
