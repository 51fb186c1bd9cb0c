"""Boosted trees as data."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.cases.outline import FEATURES
from stream.config import config_path
from stream.errors import ConfigError
from stream.evidence import PIECES
from stream.learning.trees import LEAF, Tree, Trees, load_trees

STUMP = Tree(
    feature=(1, LEAF, LEAF), threshold=(2.0, 0, 0), left=(1, 0, 0), right=(2, 0, 0),
    unknown_left=(True, False, False), value=(0.0, -1.0, 3.0),
)  # fmt: skip
TWO = Trees(origin="here", bias=0.5, features=("a", "b"), trees=(STUMP, STUMP))


def test_a_link_goes_left_up_to_the_threshold_and_where_it_is_told_to_if_nothing_is_known() -> None:
    b = np.array([1.0, 2.0, 2.1, np.nan])
    assert TWO.log_odds({"a": np.zeros(4), "b": b}).tolist() == [-1.5, -1.5, 6.5, -1.5]


def test_what_moves_a_link_is_the_feature_that_it_was_split_on() -> None:
    b = np.array([1.0, 2.1])
    moved = TWO.shares({"a": np.zeros(2), "b": b})
    assert moved["a"].tolist() == [0, 0]
    assert moved["b"].tolist() == [-2.0, 6.0]


def test_what_all_features_add_to_the_mean_of_all_is_what_the_packaged_trees_say() -> None:
    trees = load_trees(config_path("trees.json"))
    rng = np.random.default_rng(3)
    figures = {name: np.where(rng.random(50) < 0.2, np.nan, rng.normal(1, 2, 50)) for name in FEATURES}
    mean = trees.bias + sum(tree.value[0] for tree in trees.trees)
    moved = np.sum(list(trees.shares(figures).values()), axis=0)
    assert mean + moved == pytest.approx(trees.log_odds(figures))
    assert abs(mean - trees.bias) < 0.5, "and the mean of all is next to nothing"


def test_a_file_says_what_was_fitted(tmp_path: Path) -> None:
    file = tmp_path / "trees.json"
    file.write_text(TWO.model_dump_json())
    assert load_trees(file) == TWO


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('"bias":0.5', '"bias":"much"', "bias"),
        ('"features":["a","b"]', '"features":["a"]', "feature 1 of 1"),
        ('"left":[1,0,0]', '"left":[0,0,0]', "node 0 leads to none further down"),
        ('"right":[2,0,0]', '"right":[3,0,0]', "node 0 leads to none further down"),
        ('"value":[0.0,-1.0,3.0]', '"value":[0.0]', "differ in length"),
        ('"origin":"here",', "", "origin"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, was: str, now: str, said: str) -> None:
    file, content = tmp_path / "trees.json", TWO.model_dump_json()
    assert was in content
    file.write_text(content.replace(was, now, 1))
    with pytest.raises(ConfigError, match=said) as raised:
        load_trees(file)
    assert "\n" not in str(raised.value)


def test_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_trees(tmp_path / "none.json")


PACKAGED = load_trees(config_path("trees.json"))


def test_the_packaged_trees_ask_for_what_an_outline_says() -> None:
    assert set(PACKAGED.features) <= set(FEATURES)


@given(
    figures=st.lists(st.floats(-5, 50) | st.just(np.nan), min_size=len(FEATURES), max_size=len(FEATURES)),
    piece=st.sampled_from(PIECES),
    more=st.floats(0.1, 10),
)
def test_more_evidence_is_never_less_suspicious(figures: list[float], piece: str, more: float) -> None:
    outline = {name: np.array([one, one]) for name, one in zip(FEATURES, figures, strict=True)}
    nats = float(np.nan_to_num(outline[piece][0]))
    outline[piece] = np.array([nats, nats + more])
    before, after = PACKAGED.log_odds(outline)
    assert after >= before - 1e-3
