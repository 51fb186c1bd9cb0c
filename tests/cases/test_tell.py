"""How evidence is told."""

import numpy as np
import pytest

from stream.cases.hot import judge
from stream.cases.opinion import Learned, heard
from stream.cases.tell import WORDINGS, tell
from stream.evidence import FAMILIES, PIECES, Piece
from stream.evidence.traits import TRAITS
from stream.learning.trees import LEAF, Tree, Trees
from stream.learning.weights import Weights
from tests.cases.test_hot import CLIENT, THRESHOLD, UNITS
from tests.cases.test_opinion import LIKE_ANY, pieces_of, trees_that_say

ZERO = np.zeros(1)


@pytest.mark.parametrize("name", PIECES)
def test_every_piece_has_its_words(name: str) -> None:
    known = TRAITS[name] if name in TRAITS else WORDINGS[name]
    assert known.sentence
    assert known.family in FAMILIES


def test_no_words_for_what_does_not_exist() -> None:
    assert set(WORDINGS) | set(TRAITS) == set(PIECES)
    assert not set(WORDINGS) & set(TRAITS)


def test_the_strongest_first_and_noise_left_out() -> None:
    one = np.ones(1)
    nats = {"young": 2.0, "breadth": 4.0, "even": 0.01, "place": -4.0, "alike": 3.0}
    pieces = {n: Piece(n, one * nats.get(n, 0), one * np.nan, one * 0.1 / 3, one) for n in PIECES}
    told = tell(judge(CLIENT, pieces, one * 0, THRESHOLD, UNITS), 0)
    assert [evidence.name for evidence in told] == ["breadth", "alike", "young", "place"]
    for evidence in told:
        assert np.isfinite([evidence.observed, evidence.expected, evidence.threshold, evidence.nats]).all()
        assert evidence.expected == round(evidence.expected, 6)


def test_what_a_piece_is_worth_to_the_trees_is_told_of_links_that_are_hot() -> None:
    split = Tree(
        feature=(0, LEAF, LEAF), threshold=(1.0, 0, 0), left=(1, 0, 0), right=(2, 0, 0),
        unknown_left=(True, False, False), value=(0.5, -1.0, 2.5),
    )  # fmt: skip
    trees = Trees(origin="", bias=0.0, features=("young",), trees=(split,))
    for young, nats in ((5.0, 12.0), (0.9, None)):
        rules = judge(CLIENT, pieces_of({"young": young, "alike": 4.0, "even": 4.0}), ZERO, THRESHOLD, UNITS)
        told = {
            piece.name: piece for piece in tell(heard(rules, LIKE_ANY, ZERO, Learned(Weights(), trees)), 0)
        }
        assert told["young"].trees == nats
        assert told["even"].trees == (None if nats is None else 0.0)


def test_what_is_unknown_is_nothing_to_tell_of() -> None:
    likeness = LIKE_ANY | {"same_hour": Piece("same_hour", ZERO, ZERO + np.nan, ZERO, ZERO)}
    told = dict.fromkeys(("same_hour", "same_model"), 0.0)
    rules = judge(CLIENT, pieces_of({"young": 5.0, "alike": 4.0}), ZERO, THRESHOLD, UNITS)
    judged = heard(rules, likeness, ZERO, Learned(Weights(), trees_that_say(3.0)))
    assert judged.hot[0]
    assert judged.swayed[0].keys() & told.keys() == {"same_model"}
