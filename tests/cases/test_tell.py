"""How evidence is told."""

import numpy as np
import pytest

from stream.cases.hot import judge
from stream.cases.tell import WORDINGS, tell
from stream.evidence import FAMILIES, PIECES, Piece
from stream.evidence.traits import TRAITS
from tests.cases.test_hot import CLIENT, THRESHOLD, UNITS


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
