"""The learner and the table side by side: each verdict is foretold by both before it is learned.

Test-then-learn over the last verdicts (Gama, Sebastiao and Rodrigues 2013). The learner is used only
while it foretells better than the table that it started from; else it is off and the table speaks.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

KEPT: Final = 200
"""Verdicts compared: about a month of seven a day, so that an old success cannot hide a new failure."""
WARM_UP: Final = 50
"""Verdicts before the comparison counts; below, one analyst's afternoon decides it."""
_LEAST: Final = 10
"""Of each sort: with fewer, always saying the same wins."""
_FLOOR: Final = 1e-6


class Foretold(NamedTuple):
    """A verdict on a link, and the probability of guilt that each had given it."""

    time_ms: int
    learner: float
    table: float
    guilty: bool


class Score(NamedTuple):
    """Mean log loss in nats (lower is better), and area under the ROC curve (higher is better)."""

    loss: float
    area: float


class Prequential:
    """The last verdicts as they were foretold."""

    def __init__(self) -> None:
        """No verdict yet."""
        self.rows: list[Foretold] = []

    def note(self, row: Foretold) -> None:
        """One more verdict."""
        self.rows = [*self.rows, row][-KEPT:]

    def scores(self) -> tuple[Score, Score] | None:
        """Of the learner and of the table; None before both sorts of verdict were seen."""
        guilty = np.array([row.guilty for row in self.rows], np.bool_)
        if not guilty.any() or guilty.all():
            return None
        return _score([row.learner for row in self.rows], guilty), _score(
            [row.table for row in self.rows], guilty
        )

    def losses(self) -> dict[str, float | None]:
        """Mean log loss by learner and table, nats; None before both sorts of verdict were seen."""
        return {name: score and score.loss for name, score in self._named()}

    def areas(self) -> dict[str, float | None]:
        """The same of the area under the ROC curve."""
        return {name: score and score.area for name, score in self._named()}

    def _named(self) -> Iterator[tuple[str, Score | None]]:
        return zip(("learner", "table"), self.scores() or (None, None), strict=True)

    @property
    def warm(self) -> bool:
        """Whether there are verdicts enough to compare."""
        guilty = sum(row.guilty for row in self.rows)
        return len(self.rows) >= WARM_UP and min(guilty, len(self.rows) - guilty) >= _LEAST

    @property
    def beats(self) -> bool:
        """Whether the learner foretells better than the table; never before it is warm."""
        scores = self.scores()
        # rounded, so that the last bit of a sum of floats cannot decide
        return self.warm and scores is not None and round(scores[1].loss - scores[0].loss, 9) > 0


def _score(said: Sequence[float], guilty: NDArray[np.bool_]) -> Score:
    probability = np.clip(np.array(said), _FLOOR, 1 - _FLOOR)
    loss = -np.log(np.where(guilty, probability, 1 - probability)).mean()
    above = probability[guilty][:, None] - probability[~guilty][None, :]
    return Score(float(loss), float((above > 0).mean() + (above == 0).mean() / 2))
