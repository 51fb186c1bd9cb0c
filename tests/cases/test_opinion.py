"""What the table of weights and the boosted trees add to the rules."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from stream.cases.hot import judge
from stream.cases.judged import Judged
from stream.cases.opinion import SOME_NATS, Learned, heard
from stream.cases.remembered import ALLOWED_NATS
from stream.evidence import LIKENESS, PIECES, Piece
from stream.learning.trees import LEAF, Tree, Trees
from stream.learning.weights import Weights
from tests.cases.test_hot import CLIENT, THRESHOLD, UNITS

DUMB = Weights(bias=-3.0, by_piece=tuple((name, 0.0) for name in (*PIECES, *LIKENESS)))


def trees_that_say(odds: float) -> Trees:
    leaf = Tree(feature=(LEAF,), threshold=(0,), left=(0,), right=(0,), unknown_left=(False,), value=(odds,))
    return Trees(origin="", bias=0.0, features=("rate",), trees=(leaf,))


MUTE = trees_that_say(0.0)
LIKE_ANY = {name: Piece(name, *(np.full(1, of) for of in (0.0, 0.75, 0.75, 0.75))) for name in LIKENESS}
"""Likeness of honest links: known, and neither more nor less than usual."""


def pieces_of(nats: Mapping[str, float]) -> dict[str, Piece]:
    one = np.ones(1)
    return {name: Piece(name, one * nats.get(name, 0.0), one * 0.5, one * 0, one * 0) for name in PIECES}


def both(
    nats: Mapping[str, float], table: Weights, remembered: float = 0.0, trees: Trees = MUTE
) -> tuple[Judged, Judged]:
    """A link by the rules alone, and with the others heard."""
    pieces, said = pieces_of(nats), np.full(1, remembered)
    rules = judge(CLIENT, pieces, said, THRESHOLD, UNITS)
    return rules, heard(rules, LIKE_ANY, said, Learned(table, trees))


def over(judged: Judged) -> float:
    return float(judged.total[0] - judged.need[0])


def test_the_table_has_three_votes_and_the_rules_one() -> None:
    nats = {"young": 5.0, "alike": 4.0}
    for bias in (-4.0, -2.0, 0.0):
        table = Weights(bias=bias)
        rules, judged = both(nats, table)
        table_alone = 6.0 * float(table.log_odds(pieces_of(nats))[0])
        assert over(judged) == pytest.approx((over(rules) + 3 * table_alone) / 4)


def test_only_the_table_knows_in_what_they_are_alike() -> None:
    nats, one = {"young": 5.0, "alike": 4.0}, np.ones(1)
    alike = LIKE_ANY | {"same_model": Piece("same_model", one * 3.0, one * 0, one * 0.75, one * 0.75)}
    rules, before = both(nats, Weights())
    after = heard(rules, alike, np.zeros(1), Learned(Weights(), MUTE))
    assert over(after) - over(before) == pytest.approx(6 * 3 / 4 * 3.0 * Weights().of("same_model"))


def test_a_table_of_no_weights_has_no_say() -> None:
    rules, judged = both({"young": 5.0, "alike": 4.0}, DUMB)
    assert over(judged) == over(rules)


def test_the_table_does_not_miss_what_cannot_come() -> None:
    nats = {"even": 4.0, "breadth": 4.0}
    said = {}
    for blind in (False, True):
        pieces = pieces_of(nats)
        if blind:
            absent = np.full(1, np.nan)
            pieces |= {
                n: Piece(n, p.nats, absent, absent, absent) for n, p in pieces.items() if n not in nats
            }
        rules = judge(CLIENT, pieces, np.zeros(1), THRESHOLD, UNITS)
        said[blind] = float(heard(rules, LIKE_ANY, np.zeros(1), Learned(Weights(), MUTE)).opinion[0])
    assert said[False] < -1.0
    assert 0.0 < said[True] < 3.0


def test_what_the_rules_find_wanting_the_table_may_make_up() -> None:
    nats = {"young": 4.0, "alike": 3.5}
    rules, judged = both(nats, Weights(bias=0.0, by_piece=(("alike", 0.5),)))
    assert not rules.hot[0]
    assert judged.hot[0]
    rules, judged = both({"young": 5.0, "alike": 5.0}, Weights(bias=-4.0, by_piece=(("alike", 0.5),)))
    assert rules.hot[0]
    assert not judged.hot[0]


def test_the_evidence_and_the_threshold_still_add_up() -> None:
    rules, judged = both({"young": 5.0, "alike": 4.0}, Weights())
    assert judged.need[0] == rules.need[0]
    assert judged.total[0] == pytest.approx(rules.total[0] + judged.opinion[0])


def test_the_trees_say_as_much_as_the_table() -> None:
    nats = {"young": 5.0, "alike": 4.0}
    _, before = both(nats, Weights())
    for odds in (-2.0, 3.0):
        _, after = both(nats, Weights(), trees=trees_that_say(odds))
        assert over(after) - over(before) == pytest.approx(3 / 4 * 6 * odds)


def test_the_trees_know_the_whole_outline() -> None:
    split = Tree(
        feature=(0, LEAF, LEAF), threshold=(np.log(50), 0, 0), left=(1, 0, 0), right=(2, 0, 0),
        unknown_left=(True, False, False), value=(0.0, -1.0, 1.0),
    )  # fmt: skip
    trees = Trees(origin="", bias=0.0, features=("rate",), trees=(split,))
    nats, said = {"young": 5.0, "alike": 4.0}, []
    for events in (10, 100):
        units = replace(CLIENT, log_rate=np.full_like(CLIENT.log_rate, np.log(events)))
        rules = judge(units, pieces_of(nats), np.zeros(1), THRESHOLD, UNITS)
        said.append(float(heard(rules, LIKE_ANY, np.zeros(1), Learned(Weights(), trees)).opinion[0]))
    assert said[1] - said[0] == pytest.approx(3 / 4 * 6 * 2.0)


def test_with_next_to_no_evidence_nobody_is_asked() -> None:
    sure = trees_that_say(20.0)
    for more, hot in ((2.4, False), (2.5, True)):
        _, judged = both({"young": SOME_NATS - 2.5, "alike": more}, Weights(), trees=sure)
        assert judged.hot[0] == hot


def test_one_reason_is_not_enough_whatever_the_others_say() -> None:
    _, judged = both({"alike": 8.0}, Weights(), trees=trees_that_say(20.0))
    assert over(judged) > 0
    assert not judged.hot[0]


def test_who_shares_one_product_is_judged_like_all() -> None:
    shared = {"young": 5.0, "templated": 5.0, "breadth": 4.0, "uniform_tool": 3.0}
    for odds, hot in ((-3.0, False), (4.0, True)):
        _, judged = both(shared, Weights(), trees=trees_that_say(odds))
        assert judged.hot[0] == hot


def test_links_far_over_the_need_whose_members_are_alike_are_drawn_by_one() -> None:
    for alike, odds, drawn in ((3.1, 5.0, True), (3.0, 5.0, False), (3.1, 0.0, False)):
        _, judged = both({"alike": alike, "young": 5.0}, Weights(), trees=trees_that_say(odds))
        assert judged.drawn(0) == drawn


def test_an_analyst_is_heard_by_both() -> None:
    nats = {"young": 5.0, "alike": 4.0, "orphaned": 6.0}
    _, before = both(nats, Weights())
    _, after = both(nats, Weights(), remembered=-4.0)
    assert over(after) == pytest.approx(over(before) - 4.0)
    sure = trees_that_say(20.0)
    _, allowed = both(nats, Weights(), remembered=ALLOWED_NATS, trees=sure)
    assert not allowed.hot[0]


@pytest.mark.parametrize("deed", ["orphaned", "handed_over", "failed_over", "refused"])
def test_the_built_in_table_holds_what_is_done_for_worse_than_what_newcomers_are(deed: str) -> None:
    def says(nats: Mapping[str, float]) -> float:
        return float(Weights().log_odds(pieces_of(nats))[0])

    assert says({deed: 5.0}) > says({"young": 5.0})
    assert says({"young": 5.0, "templated": 5.0, "roaming": 5.0}) < 0
