"""What the table of weights adds to the rules."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from stream.cases.hot import judge
from stream.cases.judged import Judged
from stream.cases.opinion import heard
from stream.cases.remembered import ALLOWED_NATS
from stream.evidence import LIKENESS, PIECES, Piece
from stream.evidence.units import Units
from stream.learning.weights import Weights
from tests.cases.test_hot import CLIENT, THRESHOLD, UNITS, units_of

DUMB = Weights(bias=-3.0, by_piece=tuple((name, 0.0) for name in (*PIECES, *LIKENESS)))


LIKE_ANY = {name: Piece(name, *(np.full(1, of) for of in (0.0, 0.75, 0.75, 0.75))) for name in LIKENESS}
"""Likeness of honest links: known, and neither more nor less than usual."""


def pieces_of(nats: Mapping[str, float]) -> dict[str, Piece]:
    one = np.ones(1)
    return {name: Piece(name, one * nats.get(name, 0.0), one * 0.5, one * 0, one * 0) for name in PIECES}


def both(nats: Mapping[str, float], table: Weights, remembered: float = 0.0) -> tuple[Judged, Judged]:
    """A link by the rules alone, and with the table heard."""
    pieces, said = pieces_of(nats), np.full(1, remembered)
    rules = judge(CLIENT, pieces, said, THRESHOLD, UNITS)
    return rules, heard(rules, LIKE_ANY, said, table)


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
    after = heard(rules, alike, np.zeros(1), Weights())
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
        said[blind] = float(heard(rules, LIKE_ANY, np.zeros(1), Weights()).opinion[0])
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


def test_one_reason_is_not_enough_whatever_the_table_says() -> None:
    _, judged = both({"alike": 4.0}, Weights(bias=0.0, by_piece=(("alike", 1.0),)))
    assert over(judged) > 0
    assert not judged.hot[0]


def test_where_both_are_sure_no_product_explains_it() -> None:
    shared = {"young": 5.0, "templated": 5.0, "breadth": 4.0, "uniform_tool": 3.0}
    for bias, hot in ((-3.0, False), (-1.0, True)):
        rules, judged = both(shared, Weights(bias=bias))
        assert rules.product[0]
        assert over(judged) > 0
        assert judged.hot[0] == hot


def test_in_one_place_no_rule_is_overruled() -> None:
    nats = {"young": 5.0, "throwaway": 5.0, "even": 4.0, "tokens_in": 4.0, "templated": 4.0, "alike": 3.0}
    rules = judge(units_of("network"), pieces_of(nats), np.zeros(1), THRESHOLD, UNITS)
    assert over(rules) > 5.0
    assert not rules.hot[0]
    assert not heard(rules, LIKE_ANY, np.zeros(1), Weights()).hot[0]


def test_an_analyst_is_heard_by_both() -> None:
    nats = {"young": 5.0, "alike": 4.0, "orphaned": 6.0}
    _, before = both(nats, Weights())
    _, after = both(nats, Weights(), remembered=-4.0)
    assert over(after) == pytest.approx(over(before) - 4.0)
    _, allowed = both(nats, Weights(bias=0.0, by_piece=(("alike", 1.0),)), remembered=ALLOWED_NATS)
    assert not allowed.hot[0]


@pytest.mark.parametrize("deed", ["orphaned", "handed_over", "failed_over", "refused"])
def test_the_built_in_table_holds_what_is_done_for_worse_than_what_newcomers_are(deed: str) -> None:
    def says(nats: Mapping[str, float]) -> float:
        return float(Weights().log_odds(pieces_of(nats))[0])

    assert says({deed: 5.0}) > says({"young": 5.0})
    assert says({"young": 5.0, "templated": 5.0, "roaming": 5.0}) < 0


def test_who_is_in_one_place_is_held_to_more_and_who_is_quiet_there_to_most() -> None:
    nats = {"young": 5.0, "alike": 4.0}
    room = pieces_of(nats | {"place": -0.1})

    def told(units: Units, pieces: dict[str, Piece]) -> float:
        """What the table says, by what it adds."""
        rules = judge(units, pieces, np.zeros(1), THRESHOLD, UNITS)
        return float(heard(rules, LIKE_ANY, np.zeros(1), Weights()).opinion[0] * 4 / 3 + over(rules))

    network = units_of("network")
    busy = replace(network, log_rate=np.full_like(network.log_rate, np.log(300)))
    quiet = replace(network, log_rate=np.full_like(network.log_rate, np.log(10)))
    free = told(CLIENT, pieces_of(nats))
    in_a_room = 0.1 * 6 * Weights().of("place") + 6 * 1.2
    assert told(CLIENT, room) == pytest.approx(free - in_a_room)
    at_work = replace(CLIENT, log_rate=np.full_like(CLIENT.log_rate, np.log(300)))
    assert told(at_work, room) == pytest.approx(free - in_a_room + 6 * 1.2)
    assert told(busy, pieces_of(nats)) == pytest.approx(free)
    assert told(quiet, pieces_of(nats)) == pytest.approx(free - 6 * 3.0)
