"""Routine: lagged, by share, and only for accounts that have one."""

import numpy as np

from stream.memory import routine
from stream.windows.slots import SlotTable
from stream.windows.tiles import DAY_MS

WEEK_MS = 7 * DAY_MS
START_MS = 3000 * WEEK_MS
ACCOUNT = np.array([7], np.uint64)


def flagged(table: SlotTable, week: float, orphaned: int, events: int = 10) -> int:
    """How many of an account's orphaned turns in a week are news."""
    slots, _ = table.claim(ACCOUNT)
    columns = {
        "time_ms": np.full(events, START_MS + int(week * WEEK_MS)),
        "orphaned": np.arange(events) < orphaned,
        "refused": np.zeros(events, np.bool_),
    }
    routine.keep_news(table, columns, np.repeat(slots, events))
    return int(columns["orphaned"].sum())


def fresh() -> SlotTable:
    return SlotTable("accounts", "accounts", routine.COLUMNS)


def test_what_an_account_did_two_weeks_ago_is_no_news() -> None:
    table = fresh()
    assert flagged(table, 0, 6) == 6
    assert flagged(table, 2, 6) == 0


def test_last_week_excuses_nothing() -> None:
    table = fresh()
    assert flagged(table, 0.9, 6) == 6
    assert flagged(table, 1.1, 6) == 6


def test_a_token_of_it_excuses_nothing() -> None:
    table = fresh()
    flagged(table, 0, 2)
    flagged(table, 0.5, 3, events=100)
    assert flagged(table, 2, 6) == 6


def test_a_routine_that_was_given_up_is_forgotten() -> None:
    table = fresh()
    flagged(table, 0, 6)
    assert flagged(table, 5, 6) == 6


def test_the_other_flag_stays() -> None:
    table = fresh()
    flagged(table, 0, 6)
    slots = table.find(ACCOUNT)
    columns = {
        "time_ms": np.array([START_MS + 2 * WEEK_MS]),
        "orphaned": np.array([True]),
        "refused": np.array([True]),
    }
    routine.keep_news(table, columns, slots)
    assert (bool(columns["orphaned"][0]), bool(columns["refused"][0])) == (False, True)
