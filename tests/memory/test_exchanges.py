"""Repeats of an exchange's id."""

from hypothesis import given
from hypothesis import strategies as st

from stream.memory.exchanges import Exchanges
from tests.memory.columns import START_MS, columns

DAY_MS = 86_400_000


def exchanges(limit: int = 1000) -> Exchanges:
    return Exchanges("accounts", DAY_MS, limit)


ids = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), min_size=1, max_size=40)


@given(ids, st.integers(1, 40))
def test_the_first_of_an_id_is_fresh_in_any_slices(rows: list[tuple[int, int]], size: int) -> None:
    memory, seen, fresh, expected = exchanges(), set(), list[bool](), list[bool]()
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        events = columns(event=[event for event, _ in part], account=[account for _, account in part])
        fresh += memory.fresh(events).tolist()
    for row in rows:
        expected.append(row[0] == 0 or row not in seen)
        seen.add(row)
    assert fresh == expected


def test_an_id_is_forgotten_after_the_retention() -> None:
    memory = exchanges()
    memory.fresh(columns(event=[1, 2, 3]))
    memory.expire(START_MS + DAY_MS // 2)
    assert memory.fresh(columns(event=[1])).tolist() == [False]
    memory.expire(START_MS + 3 * DAY_MS)
    assert memory.fresh(columns(event=[1])).tolist() == [True]


def test_over_the_limit_the_oldest_go() -> None:
    memory = exchanges(limit=10)
    memory.fresh(columns(event=list(range(1, 21)), account=[1] * 20))
    memory.expire(START_MS)
    assert len(memory.table) <= 10
    assert memory.fresh(columns(event=[20], account=[1])).tolist() == [False]
    assert memory.fresh(columns(event=[1], account=[1])).tolist() == [True]
