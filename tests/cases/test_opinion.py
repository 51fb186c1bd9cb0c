"""What the boosted trees make of a link, and what is left to the rules."""

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


def test_where_all_can_be_heard_the_trees_decide() -> None:
    nats = {"young": 5.0, "alike": 4.0}
    for odds in (-4.0, -2.0, 3.0):
        _, judged = both(nats, Weights(), trees=trees_that_say(odds))
        assert over(judged) == pytest.approx(6.0 * odds)


def test_where_nothing_can_be_heard_the_rules_do() -> None:
    rules, judged = both({"young": 5.0, "alike": 4.0}, DUMB, trees=trees_that_say(-9.0))
    assert over(judged) == over(rules)


def test_what_cannot_be_heard_is_left_to_the_rules() -> None:
    nats, absent = {"even": 4.0, "breadth": 4.0, "young": 3.0}, np.full(1, np.nan)
    pieces = {
        name: of if name in nats else Piece(name, of.nats, absent, absent, absent)
        for name, of in pieces_of(nats).items()
    }
    voice = Weights().heard(pieces | LIKE_ANY)
    assert 0.1 < voice < 0.9
    rules = judge(CLIENT, pieces, np.zeros(1), THRESHOLD, UNITS)
    judged = heard(rules, LIKE_ANY, np.zeros(1), Learned(Weights(), trees_that_say(-3.0)))
    assert over(judged) == pytest.approx((1 - voice) * over(rules) + voice * 6.0 * -3.0)


def test_what_the_rules_find_wanting_the_trees_may_know_better() -> None:
    rules, judged = both({"young": 4.0, "alike": 3.5}, Weights(), trees=trees_that_say(1.0))
    assert not rules.hot[0]
    assert judged.hot[0]
    rules, judged = both({"young": 5.0, "alike": 5.0, "even": 5.0}, Weights(), trees=trees_that_say(-1.0))
    assert rules.hot[0]
    assert not judged.hot[0]


def test_the_evidence_and_the_threshold_still_add_up() -> None:
    rules, judged = both({"young": 5.0, "alike": 4.0}, Weights())
    assert judged.need[0] == rules.need[0]
    assert judged.total[0] == pytest.approx(rules.total[0] + judged.opinion[0])


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
    assert said[1] - said[0] == pytest.approx(6 * 2.0)


def test_with_next_to_no_evidence_nobody_is_asked() -> None:
    sure = trees_that_say(20.0)
    for more, hot in ((1.4, False), (1.5, True)):
        nats = {"even": SOME_NATS - 1.5 + 1.1, "alike": 4.0, "tokens_in": more - 1.1}
        _, judged = both(nats, Weights(), trees=sure)
        assert judged.hot[0] == hot, "likeness is no evidence by itself"


def test_one_reason_is_not_enough_whatever_the_others_say() -> None:
    _, judged = both({"alike": 8.0, "breadth": 2.0}, Weights(), trees=trees_that_say(20.0))
    assert over(judged) > 0
    assert not judged.hot[0]


@pytest.mark.parametrize(("things", "hot"), [(2, False), (3, True)])
def test_being_alike_in_three_things_is_a_reason(things: int, hot: bool) -> None:
    zero, rho = np.zeros(1), np.full(1, 0.75)
    names = list(LIKENESS)[:things]
    alike = LIKE_ANY | {name: Piece(name, zero + 3.0, zero + 0.2, rho, rho) for name in names}
    pieces = pieces_of({"even": 4.0})
    rules = judge(CLIENT, pieces, np.zeros(1), THRESHOLD, UNITS)
    judged = heard(rules, alike, np.zeros(1), Learned(Weights(), trees_that_say(20.0)))
    assert not rules.able[0]
    assert judged.hot[0] == hot


def test_who_shares_one_product_is_judged_like_all() -> None:
    shared = {"young": 5.0, "templated": 5.0, "breadth": 4.0, "uniform_tool": 3.0}
    for odds, hot in ((-3.0, False), (4.0, True)):
        _, judged = both(shared, Weights(), trees=trees_that_say(odds))
        assert judged.hot[0] == hot


def test_links_far_over_the_need_whose_members_are_alike_are_drawn_by_one() -> None:
    for alike, odds, drawn in ((3.1, 2.0, True), (3.0, 2.0, False), (3.1, 1.0, False)):
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
        return Weights().bias + sum(Weights().of(name) * of for name, of in nats.items())

    assert says({deed: 5.0}) > says({"young": 5.0})
    assert says({"young": 5.0, "templated": 5.0, "roaming": 5.0}) < 0
