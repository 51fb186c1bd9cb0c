"""Fits the boosted trees: `python -m tests.learning.boosting WORLD... > config/trees.json`.

The looks are those that the table of weights is fitted to (`tests.learning.fitting`, which says what a WORLD
is), each with its whole outline. A figure of nats never speaks for a link: more evidence is never less
suspicious. Each look comes twice, once with one group of the record's fields missing or with all but account,
time, model, tokens and address, so that every split has seen what it is like not to know. The bias is set by
honest links alone: a group of them gets over the threshold in every tenth world.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import lightgbm
import numpy as np
import orjson

from stream.cases.outline import FEATURES
from stream.evidence import PIECES
from stream.evidence.piece import Floats
from stream.learning.trees import LEAF, Tree, Trees
from tests.learning.fitting import Look, asked, over_by_honest

_TREES: Final = 150
_PARAMETERS: Final = {
    "objective": "binary",
    "num_leaves": 16,
    "learning_rate": 0.1,
    "min_data_in_leaf": 100,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}
_FOLDS: Final = 5
_OVER: Final = 1 / 10
"""Groups of honest accounts over the threshold, to a world. At one in four worlds 0.57 % of 17,782 honest
accounts were named on eight fresh worlds, 81 of the 101 in two groups; of 231 campaigns in 34 worlds, each
judged by trees fitted to others, 228 are found either way, 89 % within half a day of the first link, not 93.
"""
_DIGITS: Final = 5
_BLINDED: Final = 1 / 3
"""Weight of a look with fields missing, to one with all."""
_GROUPS: Final[tuple[tuple[str, ...], ...]] = (
    ("young", "throwaway"),
    ("same_user_agent", "same_ja4"),
    ("same_operator", "roaming"),
    ("templated", "copied", "breadth", "same_prefix"),
    ("orphaned", "handed_over", "failed_over"),
    ("same_parameters", "uniform_tool", "changed"),
    ("refused",),
    ("same_shape",),
)
_BARE: Final = tuple(name for group in _GROUPS for name in group if name != "roaming")
_MISSING: Final = (*_GROUPS, _BARE)
"""Figures that are unknown where a group of fields is missing, or all but the least that a log can hold."""


def blinded(rows: Floats, worlds: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
    """Outlines as they would be with one group of fields missing, another in each world."""
    blind = rows.copy()
    for number, group in enumerate(_MISSING):
        here = worlds % len(_MISSING) == number
        for name in group:
            if name in PIECES:
                at, seen = FEATURES.index(name), FEATURES.index(f"{name}.observed")
                blind[here, at], blind[here, seen] = 0.0, np.nan
            else:
                blind[here, FEATURES.index(name)] = np.nan
    return blind


def fitted(worlds: Sequence[Sequence[Look]], origin: str) -> Trees:
    """The trees: both sides weigh the same, and a link that is looked at n times weighs sqrt(n)."""
    said = [np.empty(0)] * len(worlds)
    for fold in range(_FOLDS):
        trees = boosted([world for number, world in enumerate(worlds) if number % _FOLDS != fold], origin)
        for number in range(fold, len(worlds), _FOLDS):
            said[number] = _told(worlds[number], trees)
    # held against worlds that they were not fitted to: those that they were, they know by heart
    return boosted(worlds, origin).model_copy(update={"bias": -over_by_honest(worlds, said, _OVER)})


def boosted(worlds: Sequence[Sequence[Look]], origin: str) -> Trees:
    """The trees without a bias."""
    looked = [(number, look) for number, world in enumerate(worlds) for look in world]
    often = Counter((number, look.value) for number, look in looked)
    guilty = np.array([look.guilty for _, look in looked], np.float64)
    weight = np.array([often[number, look.value] ** -0.5 for number, look in looked])
    for side in (guilty > 0, guilty == 0):
        weight[side] *= len(looked) / 2 / weight[side].sum()
    rows = np.stack([look.outline for _, look in looked])
    blind = blinded(rows, np.array([number for number, _ in looked]))
    data = lightgbm.Dataset(
        np.concatenate([rows, blind]),
        np.concatenate([guilty, guilty]),
        weight=np.concatenate([weight, _BLINDED * weight]),
    )
    rising = [1 if name in PIECES else 0 for name in FEATURES]
    booster = lightgbm.train(_PARAMETERS | {"monotone_constraints": rising}, data, _TREES)
    return of_booster(booster, origin)


def _told(world: Sequence[Look], trees: Trees) -> Floats:
    """Log odds of the looks, of those that may be hot."""
    rows = np.stack([look.outline for look in world])
    said = trees.log_odds({name: rows[:, i] for i, name in enumerate(FEATURES)})
    return np.where([look.able for look in world], said, -np.inf)


def of_booster(booster: Any, origin: str) -> Trees:
    """The trees of a booster, without a bias."""
    trees = [_tree(info["tree_structure"]) for info in booster.dump_model()["tree_info"]]
    return Trees(origin=origin, bias=0.0, features=FEATURES, trees=tuple(trees))


def _tree(root: dict[str, Any]) -> Tree:
    nodes: list[dict[str, Any]] = [root]
    rows = []
    for node in nodes:  # grows while it is gone through
        if "leaf_value" in node:
            rows.append((LEAF, 0.0, 0, 0, False, round(node["leaf_value"], _DIGITS)))
            continue
        nodes += [node["left_child"], node["right_child"]]
        # where nothing was unknown a booster takes it for zero
        unknown_left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
        threshold = float(f"{node['threshold']:.{_DIGITS + 1}g}")
        after = len(nodes) - 2
        value = round(node["internal_value"], _DIGITS)
        rows.append((node["split_feature"], threshold, after, after + 1, unknown_left, value))
    names = ("feature", "threshold", "left", "right", "unknown_left", "value")
    return Tree.model_validate(dict(zip(names, zip(*rows, strict=True), strict=True)))


def main(arguments: Sequence[str]) -> None:
    """Print trees fitted to the worlds, as the file that is packaged."""
    print(as_json(fitted(*asked(arguments, __doc__))), end="")


def as_json(trees: Trees) -> str:
    """The file, a tree a line."""
    head = orjson.dumps({"origin": trees.origin, "bias": trees.bias, "features": trees.features}).decode()
    rows = ",\n".join(orjson.dumps(tree.model_dump()).decode() for tree in trees.trees)
    return f'{head[:-1]},"trees":[\n{rows}\n]}}\n'


if __name__ == "__main__":
    main(sys.argv[1:])
