"""What a link looked like a week ago is no news."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stream.blocks import decode, encode
from stream.evidence.piece import Piece
from stream.learning.history import History

DAY_MS = 86_400_000
NOW_MS = 1_775_606_400_000 + 60 * DAY_MS
NAMES = ("young", "alike", "place")
KEYS = np.array([11, 22, 33], np.uint64)


def pieces(*nats: float) -> dict[str, Piece]:
    """The same nats for each of the three links."""
    none = np.zeros(len(KEYS))
    return {n: Piece(n, np.full(len(KEYS), v), none, none, none) for n, v in zip(NAMES, nats, strict=True)}


def calm(*links: bool) -> NDArray[np.bool_]:
    return np.array(links or (True, True, True))


def news(history: History, days: int, *nats: float) -> list[list[float]]:
    told = history.news(KEYS, pieces(*nats), NOW_MS + days * DAY_MS)
    return [told[name].nats.tolist() for name in NAMES]


def keep(history: History, days: int, *nats: float, of: NDArray[np.bool_] | None = None) -> None:
    history.keep(KEYS, pieces(*nats), calm() if of is None else of, NOW_MS + days * DAY_MS)


def test_a_new_link_is_all_news() -> None:
    assert news(History("links", NAMES), 0, 4.0, 3.0, -4.0) == [[4.0] * 3, [3.0] * 3, [-4.0] * 3]


def test_what_it_was_a_week_ago_is_taken_off_and_nothing_younger() -> None:
    history = History("links", NAMES)
    keep(history, 0, 3.0, 1.0, 0.0)
    assert news(history, 6, 4.0, 3.0, 0.0) == [[4.0] * 3, [3.0] * 3, [0.0] * 3]
    assert news(history, 7, 4.0, 3.0, 0.0) == [[1.0] * 3, [2.0] * 3, [0.0] * 3]


def test_what_is_taken_off_never_turns_to_credit_and_what_speaks_for_a_link_stays() -> None:
    history = History("links", NAMES)
    keep(history, 0, 5.0, 0.0, -4.0)
    assert news(history, 8, 2.0, 1.0, -4.0) == [[0.0] * 3, [1.0] * 3, [-4.0] * 3]


def test_days_on_which_a_link_was_hot_do_not_excuse_it() -> None:
    history = History("links", NAMES)
    keep(history, 0, 4.0, 4.0, 0.0, of=calm(True, False, True))
    assert news(history, 8, 4.0, 4.0, 0.0)[0] == [0.0, 4.0, 0.0]


def test_several_days_are_averaged_and_old_ones_overwritten() -> None:
    history = History("links", NAMES)
    keep(history, 0, 2.0, 0.0, 0.0)
    keep(history, 1, 4.0, 0.0, 0.0)
    assert news(history, 8, 4.0, 0.0, 0.0)[0] == [1.0] * 3
    for day in range(2, 16):
        keep(history, day, 1.0, 0.0, 0.0)
    assert news(history, 22, 4.0, 0.0, 0.0)[0] == [3.0] * 3


@pytest.mark.parametrize("whole", [True, False])
def test_a_stored_history_tells_the_same_news(whole: bool) -> None:
    history, copy = History("links", NAMES), History("links", NAMES)
    for day in range(3):
        keep(history, day, 3.3, 1.1 * day, 0.0)
        for block in history.table.snapshot() if whole else history.table.changes():
            copy.table.restore(decode(block.stage, block.table, block.whole, encode(block)))
    assert news(copy, 9, 4.0, 3.0, 0.0) == news(history, 9, 4.0, 3.0, 0.0)


def test_links_long_gone_are_forgotten() -> None:
    history = History("links", NAMES)
    keep(history, 0, 1.0, 1.0, 1.0)
    keep(history, 100, 1.0, 1.0, 1.0, of=calm(True, False, False))
    assert len(history.table) == 1
