from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stream.bench.ablation import family_of, silenced
from stream.cases import judging
from stream.evidence import FAMILIES, PIECES, Piece
from stream.evidence.units import Units
from tests.evidence.population import lagged
from tests.evidence.test_families import random_population


@pytest.fixture(scope="module")
def units() -> Units:
    """Units that show every sort of thing, all of them at one place."""
    drawn = random_population(1).units()
    return replace(drawn, together=drawn.votes.astype(np.float64))


def scored(units: Units) -> dict[str, Piece]:
    """As links are scored, by the name that judging knows."""
    score: Any = vars(judging)["score"]
    pieces: dict[str, Piece] = score(units, lagged(units)).pieces
    return pieces


def test_every_piece_has_a_family_and_every_family_a_piece() -> None:
    assert {family_of(piece) for piece in PIECES} == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_family_weighs_nothing_and_the_others_as_before(family: str, units: Units) -> None:
    before = scored(units)
    with silenced([family]):
        without = scored(units)
    for name, piece in without.items():
        if family_of(name) == family:
            assert not piece.nats.any()
        elif name != "place":
            assert piece.nats.tolist() == before[name].nats.tolist()
        assert np.array_equal(piece.observed, before[name].observed, equal_nan=True)
    again = scored(units)
    assert all(np.array_equal(again[name].nats, piece.nats) for name, piece in before.items())


def test_likeness_goes_with_the_family_that_sees_it(units: Units) -> None:
    for family in ("exchangeability", "rhythm"):
        with silenced([family]):
            score: Any = vars(judging)["score"]
            assert bool(score(units, lagged(units)).likeness) == (family == "rhythm")


def test_place_takes_back_nothing_from_what_is_silent(units: Units) -> None:
    before = scored(units)["place"].nats
    for family in ("content", "breadth"):
        with silenced([family]):
            without = scored(units)["place"].nats
        assert (without >= before).all()
        assert (without > before).any()


def test_no_family_leaves_everything(units: Units) -> None:
    score = vars(judging)["score"]
    with silenced([]):
        assert vars(judging)["score"] is score
