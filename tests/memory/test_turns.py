"""Whose turn an event continues."""

from typing import Any

import numpy as np
import pytest

from stream.memory.turns import Continuations, Turns
from tests.memory.columns import START_MS, columns

WEEK_MS = 7 * 86_400_000
PAYERS = {1: 10, 2: 20, 3: 10}
"""Account -> who pays."""


def payers(accounts: Any) -> Any:
    return np.array([PAYERS.get(int(account), int(account)) for account in accounts], np.uint64)


def turns(limit: int = 1000) -> Turns:
    return Turns("accounts", WEEK_MS, limit, payers)


def resolve(memory: Turns, *rows: tuple[int, int, int], at_ms: int = START_MS) -> Continuations:
    """Rows: account, state before, state after."""
    account, before, after = (list(column) for column in zip(*rows, strict=True))
    time_ms = [at_ms + i for i in range(len(rows))]
    events = columns(time_ms=time_ms, account=account, previous_turn=before, next_turn=after)
    return memory.resolve(events | {"unit": payers(account)})


def flags(told: Continuations) -> list[str]:
    handed, orphaned = told.handed_over.tolist(), told.orphaned.tolist()
    return ["handed over" if h else "orphaned" if o else "own" for h, o in zip(handed, orphaned, strict=True)]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("account", "before", "what"),
    [
        (1, 100, "own"),
        (2, 100, "handed over"),
        (3, 100, "own"),  # of the same payer: its accounts may share their work
        (2, 999, "orphaned"),
        (1, 0, "own"),  # begins a conversation
    ],
)
def test_whose_turn_it_is(at_once: bool, account: int, before: int, what: str) -> None:
    memory, first, second = turns(), (1, 0, 100), (account, before, 200)
    if at_once:
        assert flags(resolve(memory, first, second)) == ["own", what]
    else:
        assert flags(resolve(memory, first)) == ["own"]
        assert flags(resolve(memory, second)) == [what]


def test_both_never_hold_and_absence_is_neither() -> None:
    told = resolve(turns(), (1, 0, 0), (1, 5, 6), (2, 6, 7), (2, 7, 8))
    assert flags(told) == ["own", "orphaned", "handed over", "own"]


def test_a_state_that_several_accounts_left_is_nobodys() -> None:
    memory = turns()
    resolve(memory, (1, 0, 100), (4, 0, 100))
    assert flags(resolve(memory, (2, 100, 101))) == ["own"]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_past_that_is_brought_again_is_a_preamble(cut: int) -> None:
    rows = [(1, 900, 901), (1, 900, 902), (2, 900, 903), (2, 903, 904)]
    memory = turns()
    told = [flag for part in (rows[:cut], rows[cut:]) if part for flag in flags(resolve(memory, *part))]
    assert told == ["orphaned", "own", "own", "own"]


def test_a_conversation_that_rested_too_long_is_forgotten() -> None:
    memory = turns()
    resolve(memory, (1, 0, 100))
    memory.expire(START_MS + WEEK_MS - 1000)
    assert flags(resolve(memory, (1, 100, 101))) == ["own"]
    memory.expire(START_MS + 2 * WEEK_MS)
    assert flags(resolve(memory, (1, 101, 102))) == ["orphaned"]


def test_the_limit_holds() -> None:
    memory = turns(limit=10)
    resolve(memory, *((1, 0, 100 + i) for i in range(30)))
    memory.expire(START_MS)
    assert len(memory.table) <= 10
