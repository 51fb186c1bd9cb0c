from dataclasses import replace

import numpy as np
import pytest

from tests.strangers.exchanges import Columns, switched, tries, write
from tests.strangers.rhythm import Plan
from tests.strangers.shapes import NOTHING, Shape, mix
from tests.strangers.style import Style
from tests.strangers.texts import Languages

SESSIONS, TURNS = 300, 5


@pytest.fixture
def style() -> Style:
    rng = np.random.default_rng(1)
    languages = Languages(rng)
    return Style(
        languages.voice(rng, 0), languages.talk(0), mix([1]), mix([9]), Shape(100, 0.5), Shape(80, 0.5),
        fails=0.0, refuses=0.0, small_talk=0.0,
    )  # fmt: skip


def sent(style: Style, pool: int = 1) -> Columns:
    """Sessions of the style, an hour apart, with `account` by rows."""
    rng = np.random.default_rng(2)
    session = np.repeat(np.arange(SESSIONS), TURNS)
    turn = np.tile(np.arange(TURNS), SESSIONS)
    made = tries(rng, Plan(session * 3_600_000 + turn * 60_000, session, turn), style)
    account = switched(rng, made, np.zeros(len(session), np.int64), style, np.arange(pool))
    absent = np.zeros(SESSIONS, np.uint64)
    rows = write(rng, made, style, absent, absent)
    return rows | {"account": account, "turn": made.turn, "group": made.group}


def test_a_turn_continues_what_the_turn_before_ended_with(style: Style) -> None:
    rows = sent(style)
    later = rows["turn"] > 0
    assert (rows["prev"][later] == rows["next"][np.flatnonzero(later) - 1]).all()
    assert (rows["prev"][~later] == 0).all()
    assert (rows["message_count"] == 1 + 2 * rows["turn"]).all()


def test_a_failed_try_is_repeated_with_the_same_body_and_has_no_next(style: Style) -> None:
    rows = sent(replace(style, fails=0.3))
    failed = np.flatnonzero(rows["status"] != 200)
    assert len(failed) > 100
    assert (rows["next"][failed] == 0).all()
    assert (rows["body"][failed] == rows["body"][failed + 1]).all()
    assert (rows["time_ms"][failed] < rows["time_ms"][failed + 1]).all()


def test_a_reroll_asks_the_same_and_an_edit_another_text_after_the_same_history(style: Style) -> None:
    for edits, same in ((0.0, True), (1.0, False)):
        rows = sent(replace(style, rerolls=0.4, edits=edits))
        again = np.flatnonzero(np.diff(rows["group"], prepend=-1) == 0)
        assert len(again) > 100
        assert (rows["prev"][again] == rows["prev"][again - 1]).all()
        assert ((rows["body"][again] == rows["body"][again - 1]) == same).all()


def test_what_one_account_refuses_another_is_asked(style: Style) -> None:
    rows = sent(replace(style, refuses=0.2, failover=1.0), pool=1_000)
    refused = np.flatnonzero(rows["safety"] > 0)
    assert len(refused) > 100
    assert (rows["body"][refused] == rows["body"][refused + 1]).all()
    assert (rows["account"][refused] != rows["account"][refused + 1]).mean() > 0.99


def test_a_sliding_window_hides_where_a_conversation_came_from(style: Style) -> None:
    rows = sent(replace(style, window=2, fails=0.2))
    cut = rows["turn"] > 2
    again = np.flatnonzero(np.diff(rows["group"], prepend=-1) == 0)
    assert (rows["body"][again] == rows["body"][again - 1]).all()
    assert not np.isin(rows["prev"][cut], rows["next"]).any()
    assert rows["message_count"].max() == 5


def test_the_same_text_without_history_has_the_same_body(style: Style) -> None:
    rng = np.random.default_rng(3)
    rows = sent(
        replace(style, voice=style.voice.with_stock(rng, 1, walks=True), small_talk=0.0, heads=NOTHING)
    )
    first = rows["turn"] == 0
    assert len(np.unique(rows["body"][first])) == 1
    assert len(np.unique(rows["body"][~first])) == (~first).sum()
