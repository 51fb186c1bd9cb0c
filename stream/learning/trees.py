"""Boosted trees: log odds that a link is a campaign's, by all that an outline says of it.

What counts against a link depends on what else is known of it: forty new accounts with one client are a
class or a pool by their hours, sizes and rate together, which no sum of weights can say. The trees are a
table of data, `config/trees.json`, fitted to simulated worlds of several makes (`tests.learning.boosting`).
Where a feature is unknown each split says which side to take.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stream.errors import ConfigError
from stream.evidence.piece import Floats

LEAF: Final = -1
"""As a split's feature: there is none, the node's value counts."""


class Tree(BaseModel):
    """One tree, node by node, the root first; a leaf has 0 where a split has more to say."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    feature: tuple[int, ...] = Field(min_length=1)
    """Position in the features; LEAF at a leaf."""
    threshold: tuple[float, ...]
    """Up to it a link goes left."""
    left: tuple[int, ...]
    right: tuple[int, ...]
    unknown_left: tuple[bool, ...]
    """Where a link goes of which the feature is unknown."""
    value: tuple[float, ...]
    """What a leaf adds; at a split, what the links that come to it are given in the mean."""

    @model_validator(mode="after")
    def _leads_down(self) -> "Tree":
        nodes = len(self.feature)
        if any(len(column) != nodes for column in self._columns()):
            raise ValueError("columns of a tree differ in length")
        for node, (feature, *after) in enumerate(zip(self.feature, self.left, self.right, strict=True)):
            if feature != LEAF and not all(node < one < nodes for one in after):
                raise ValueError(f"node {node} leads to none further down")
        return self

    def _columns(self) -> tuple[tuple[float, ...], ...]:
        return self.threshold, self.left, self.right, self.unknown_left, self.value


class Trees(BaseModel):
    """The sum of all trees over `bias`, which is where honest links begin to be called a campaign's."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    origin: str
    bias: float
    features: tuple[str, ...] = Field(min_length=1)
    trees: Annotated[tuple[Tree, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _features_are_known(self) -> "Trees":
        most = max(max(tree.feature) for tree in self.trees)
        if most >= len(self.features):
            raise ValueError(f"a split asks for feature {most} of {len(self.features)}")
        return self

    def log_odds(self, outline: Mapping[str, Floats]) -> Floats:
        """Log odds of links, shape (links,). `outline`: feature -> value of each link, nan where unknown.

        Raises KeyError where the outline lacks a feature.
        """
        rows = np.stack([outline[name] for name in self.features], axis=1)
        return self.bias + self._forest.sum_of(rows)

    def shares(self, outline: Mapping[str, Floats]) -> dict[str, Floats]:
        """How much each feature moves the log odds of links from the mean of all, shape (links,) each.

        Each split is its feature's: what the links that go one way are given in the mean, less what all that
        came to it are (Saabas 2014, "Interpreting random forests"). Raises KeyError as `log_odds` does.
        """
        moved = self._forest.moved_by(np.stack([outline[name] for name in self.features], axis=1))
        return {name: moved[:, i] for i, name in enumerate(self.features)}

    @cached_property
    def _forest(self) -> "_Forest":
        return _planted(self.trees)


class _Forest(NamedTuple):
    """All nodes of all trees, one after the other; a leaf leads to itself."""

    root: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    unknown_left: NDArray[np.bool_]
    value: Floats
    depth: int

    def sum_of(self, rows: Floats) -> Floats:
        """Sum over the trees of the leaf that each row comes to; shape (rows,)."""
        *_, leaf = self._ways(rows)
        return np.asarray(self.value[leaf].sum(axis=1))

    def moved_by(self, rows: Floats) -> Floats:
        """What the splits on each feature add to each row; shape (rows, features)."""
        moved = np.zeros(rows.shape)
        of = np.arange(len(rows))[:, None]
        for node, after in pairwise(self._ways(rows)):
            # a leaf leads to itself, and adds nothing
            np.add.at(moved, (of, self.feature[node]), self.value[after] - self.value[node])
        return moved

    def _ways(self, rows: Floats) -> Iterator[NDArray[np.int64]]:
        """Node of each row in each tree, from the roots down to the leaves; shape (rows, trees)."""
        node = np.broadcast_to(self.root, (len(rows), len(self.root)))
        first = np.arange(len(rows))[:, None] * rows.shape[1]
        unknown = np.isnan(rows)
        yield node
        for _ in range(self.depth):
            at = first + self.feature[node]
            goes_left = np.where(
                unknown.take(at), self.unknown_left[node], rows.take(at) <= self.threshold[node]
            )
            node = np.where(goes_left, self.left[node], self.right[node])
            yield node


def _planted(trees: Sequence[Tree]) -> _Forest:
    size = np.array([len(tree.feature) for tree in trees])
    root = np.cumsum(size) - size
    start, own = np.repeat(root, size), np.arange(size.sum())

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    feature = column("feature")
    leaf = feature == LEAF
    left, right = (np.where(leaf, own, start + column(name)) for name in ("left", "right"))
    level, depth = root, 0
    while not leaf[level].all():
        level, depth = np.unique(np.append(left[level], right[level])), depth + 1
    return _Forest(
        root, np.where(leaf, 0, feature), column("threshold"), left, right, column("unknown_left"),
        column("value"), depth,
    )  # fmt: skip


def load_trees(path: Path) -> Trees:
    """The trees of a file; raises ConfigError."""
    try:
        return Trees.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"trees {path}: {where}: {first['msg']}") from error
    except OSError as error:
        raise ConfigError(f"trees {path}: {error}") from error
