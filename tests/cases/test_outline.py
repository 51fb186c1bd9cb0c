"""The outline of a judged link."""

import numpy as np
import pytest

from stream.cases.hot import judge
from stream.cases.outline import FEATURES, outline
from tests.cases.test_hot import THRESHOLD, UNITS, units_of
from tests.cases.test_opinion import LIKE_ANY, pieces_of


def figures(kind: str = "client", votes: int = 20, **nats: float) -> dict[str, float]:
    units = units_of(kind, votes)
    rules = judge(units, pieces_of(nats), np.zeros(1), THRESHOLD, UNITS)
    return {name: float(of[0]) for name, of in outline(rules, LIKE_ANY).items()}


def test_every_feature_is_told() -> None:
    assert tuple(figures()) == FEATURES


def test_nats_and_what_was_observed_stand_apart() -> None:
    told = figures(young=4.0)
    assert (told["young"], told["young.observed"]) == (4.0, 0.5)
    assert (told["even"], told["even.observed"]) == (0.0, 0.5)


def test_units_are_told_by_their_logarithm_and_the_kind_by_what_it_is() -> None:
    assert figures(votes=20)["units"] == pytest.approx(np.log(20))
    assert figures("network")["network"] == figures("network")["one_place"] == 1
    assert figures("client")["network"] == 0


def test_what_the_rules_came_to_is_no_figure() -> None:
    """They have a vote of their own, and would have it twice."""
    assert not {"margin", "able", "product"} & set(FEATURES)
