"""The same body under several accounts, and refused on one and served on another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.memory.bodies import FAILOVER_MS, Bodies, Repeats
from tests.memory.columns import START_MS, columns

DAY_MS = 86_400_000
Row = tuple[int, int, int, int]
"""Seconds since the start, unit, body, status."""


def bodies(limit: int = 1000) -> Bodies:
    return Bodies("accounts", DAY_MS, limit)


def resolve(memory: Bodies, rows: list[Row]) -> Repeats:
    return memory.resolve(
        columns(
            time_ms=[START_MS + 1000 * row[0] for row in rows],
            unit=[row[1] for row in rows],
            body=[row[2] for row in rows],
            status=[row[3] for row in rows],
        )
    )


def expected(rows: list[Row]) -> list[tuple[bool, bool]]:
    """The rule, row by row: rows in order of time."""
    first: dict[int, int] = {}
    refused: dict[int, tuple[int, int]] = {}
    told = []
    for seconds, unit, body, status in rows:
        if not body:
            told.append((False, False))
            continue
        refusal = status in (401, 403, 429)
        refuser, when = refused.get(body, (0, 0))
        near = refuser not in (0, unit) and (seconds - when) * 1000 <= FAILOVER_MS
        told.append((first.setdefault(body, unit) != unit, near and not refusal))
        if refusal:
            refused[body] = (unit, seconds)
    return told


rows_of = st.lists(
    st.tuples(
        st.integers(0, 200), st.integers(1, 3), st.integers(0, 2), st.sampled_from([200, 200, 429, 403, 500])
    ),
    min_size=1,
    max_size=30,
)


@given(rows_of, st.integers(1, 30))
def test_repeats_and_failovers_in_any_slices(rows: list[Row], size: int) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    memory, told = bodies(), list[tuple[bool, bool]]()
    for start in range(0, len(rows), size):
        repeats = resolve(memory, rows[start : start + size])
        told += zip(repeats.repeated.tolist(), repeats.failed_over.tolist(), strict=True)
    assert told == expected(rows)


@pytest.mark.parametrize(
    ("rows", "failed_over"),
    [
        ([(0, 1, 7, 429), (30, 2, 7, 200)], True),
        ([(0, 1, 7, 429), (61, 2, 7, 200)], False),  # a minute later it is a coincidence
        ([(0, 1, 7, 429), (30, 1, 7, 200)], False),  # its own retry
        ([(0, 1, 7, 200), (30, 2, 7, 200)], False),  # nobody was refused
        ([(0, 1, 7, 500), (30, 2, 7, 200)], False),  # the service failed, not the account
        ([(0, 1, 7, 429), (30, 2, 8, 200)], False),  # another body
        ([(0, 2, 7, 200), (30, 1, 7, 429)], False),  # served first, refused later
        ([(0, 1, 0, 429), (30, 2, 0, 200)], False),  # bodies unknown
    ],
)
def test_what_a_failover_is(rows: list[Row], failed_over: bool) -> None:
    assert bool(resolve(bodies(), rows).failed_over[-1]) is failed_over


def test_bodies_are_forgotten_after_the_retention_and_over_the_limit() -> None:
    memory = bodies(limit=10)
    resolve(memory, [(i, 1, 100 + i, 200) for i in range(20)])
    memory.expire(START_MS)
    assert len(memory.table) <= 10
    memory.expire(START_MS + 2 * DAY_MS)
    assert not resolve(memory, [(0, 2, 119, 200)]).repeated.any()
