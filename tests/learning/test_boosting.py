"""The fit of the boosted trees."""

import lightgbm
import numpy as np
import orjson
import pytest

from stream.cases.outline import FEATURES
from stream.learning.trees import Trees
from tests.learning.boosting import as_json, blinded, fitted, of_booster
from tests.learning.fitting import TOLD, Look

RNG = np.random.default_rng(7)
YOUNG, RATE = (FEATURES.index(name) for name in ("young", "rate"))


def look(guilty: bool, group: str, young: float, rate: float) -> Look:
    row = np.zeros(len(FEATURES))
    row[YOUNG], row[RATE] = young, rate
    whose = "campaign/a" if guilty else f"honest/{group}"
    return Look(0, whose, int(RNG.integers(1 << 40)), guilty, np.zeros(len(TOLD)), True, row)


def world() -> list[Look]:
    """New and busy is a campaign's; either alone is not."""
    draws = [(RNG.random() < 0.5, RNG.random() < 0.5, n % 5) for n in range(400)]
    return [look(new and busy, str(group), 5.0 * new, 3.0 * busy) for new, busy, group in draws]


WORLDS = [world() for _ in range(5)]
TREES = fitted(WORLDS, "five small worlds")


def says(young: float, rate: float) -> float:
    figures = {name: np.zeros(1) for name in FEATURES}
    return float(TREES.log_odds(figures | {"young": np.array([young]), "rate": np.array([rate])})[0])


def test_what_only_two_figures_together_tell_is_found() -> None:
    assert says(5.0, 3.0) > says(0.0, 3.0) + 3
    assert says(5.0, 3.0) > says(5.0, 0.0) + 3
    assert says(0.0, 3.0) == pytest.approx(says(5.0, 0.0), abs=1.0)


def test_nats_never_speak_for_a_link() -> None:
    turned = [[seen._replace(guilty=not seen.guilty) for seen in world] for world in WORLDS]
    trees = fitted(turned, "turned round")
    figures = {name: np.zeros(2) for name in FEATURES} | {"young": np.array([0.0, 5.0])}
    none, much = trees.log_odds(figures)
    assert much == pytest.approx(none)


def test_the_bias_leaves_an_honest_group_over_the_threshold_in_few_worlds() -> None:
    # a quarter of what looks like a campaign's is honest
    noisy = [
        [
            seen._replace(guilty=False, group="honest/like it") if RNG.random() < 0.25 else seen
            for seen in world
        ]
        for world in WORLDS
    ]
    trees = fitted(noisy, "noisy")
    over: dict[float, set[tuple[int, str]]] = {0.0: set(), trees.bias: set()}
    for number, world in enumerate(noisy):
        rows = np.stack([seen.outline for seen in world])
        said = trees.log_odds({name: rows[:, i] for i, name in enumerate(FEATURES)}) - trees.bias
        for seen, odds in zip(world, said.tolist(), strict=True):
            for bias, groups in over.items():
                if not seen.guilty and odds + bias > 0:
                    groups.add((number, seen.group))
    # the bias is told by worlds that the trees have not seen, so here it is near that only
    assert len(over[0.0]) == len(WORLDS)
    assert len(over[trees.bias]) <= 1


def test_a_look_with_fields_missing_has_neither_their_nats_nor_what_was_observed() -> None:
    rows = np.arange(2.0 * len(FEATURES)).reshape(2, -1)
    blind = blinded(rows, np.array([0, 1]))
    observed = FEATURES.index("young.observed")
    assert blind[0, YOUNG] == 0
    assert np.isnan(blind[0, observed])
    assert blind[1, YOUNG] == rows[1, YOUNG]
    assert np.isnan(blind[1, FEATURES.index("same_ja4")])
    assert not np.isnan(rows).any()


def test_the_file_says_all_and_the_trees_say_what_the_booster_does() -> None:
    assert Trees.model_validate(orjson.loads(as_json(TREES))) == TREES
    rows = RNG.normal(0, 2, (500, len(FEATURES)))
    rows[RNG.random(rows.shape) < 0.2] = np.nan
    booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, rows[:, 0] > 0), 20)
    told = of_booster(booster, "").log_odds({name: rows[:, i] for i, name in enumerate(FEATURES)})
    assert told == pytest.approx(booster.predict(rows, raw_score=True), abs=1e-3)
