"""The verdict learner: river's logistic regression over a link's evidence, tuned within bounds.

It starts from a table of weights (`stream.learning.weights`) and learns from analysts' verdicts, one
step of gradient descent each; after every step each weight is clamped to [1/1.5, 1.5] of its start and the
bias to within 1. So a few wrong or hostile verdicts cannot turn it, and a cold start costs nothing
(measured: as good as the table from the first day, 5 % wrong verdicts do no harm). Candidate evidence,
which the table leaves out, starts at 0 and stays within [0, 0.5]. It says how confident a finding is, and
that only while it foretells verdicts better than the table; what the table calls hot stays an alert that
the learner cannot veto. Its weights before each of the last lessons are kept, to go back to.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from river import linear_model, optim

from stream.learning.prequential import Foretold, Prequential
from stream.learning.weights import CANDIDATES, Weights

_RATE: Final = 0.02
_BAND: Final = 1.5
_BIAS_BAND: Final = 1.0
_CANDIDATE_MOST: Final = 0.5
SNAPSHOTS: Final = 100
"""Moments with lessons that can be gone back to one by one; before them there is the table."""

Stage = Literal["warming up", "off", "in use"]
"""Too few verdicts yet; foretells verdicts no better than the table; better."""


class Confidence(NamedTuple):
    """How sure a finding is, and how far the learner has come that may have said so."""

    probability: float
    verdicts: int
    stage: Stage


class VerdictLearner:
    """Probability that a link is a campaign's, from its pieces of evidence in nats."""

    def __init__(self, start: Weights | None = None) -> None:
        """Start from a table of weights, else from the built-in one."""
        self._start = start or Weights()
        self._reset()

    def _reset(self) -> None:
        self._model = self._untaught()
        self.prequential = Prequential()
        self._snapshots: list[dict[str, Any]] = []
        self.updates = self.standing = self.rollbacks = self.newest_ms = 0

    def _untaught(self) -> linear_model.LogisticRegression:
        return linear_model.LogisticRegression(
            optimizer=optim.SGD(_RATE), l2=0.0, intercept_init=self._start.bias, intercept_lr=_RATE
        )

    def probability(self, nats: Mapping[str, float]) -> float:
        """Probability in (0, 1), the learner's own."""
        return self._ask(self._model, nats)

    def confidence(self, nats: Mapping[str, float]) -> Confidence:
        """The learner's probability while it beats the table, else the table's."""
        model = self._model if self.stage == "in use" else self._untaught()
        return Confidence(self._ask(model, nats), self.standing, self.stage)

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if not self.prequential.warm:
            return "warming up"
        return "in use" if self.prequential.beats else "off"

    def weights(self) -> dict[str, float]:
        """Weight of each known piece relative to its start: 1 is untouched; as it is where that is 0."""
        return {
            name: float(weight) / (self._start.of(name) or 1.0)
            for name, weight in sorted(self._model.weights.items())
        }

    def table(self) -> Weights:
        """The present weights as a table to start from."""
        now = {**dict(self._start.by_piece), **{k: float(w) for k, w in self._model.weights.items()}}
        return Weights(float(self._model.intercept), tuple(sorted(now.items())))

    def as_toml(self) -> str:
        """The present weights as the file of a table, with what they rest on."""
        scores = self.prequential.scores()
        held = "" if scores is None else f"; log loss {scores[0].loss:.4f}, of the table {scores[1].loss:.4f}"
        return self.table().as_toml(f"learned from {self.standing} verdicts, {self.stage}{held}")

    def learn(self, nats: Mapping[str, float], guilty: bool, time_ms: int) -> None:
        """One analyst's verdict on a link with this evidence, foretold before it is learned."""
        if not self._snapshots or self._snapshots[-1]["time_ms"] != time_ms:
            self._snapshots = [*self._snapshots, {"time_ms": time_ms, **self._taught()}][-SNAPSHOTS:]
        table = self._ask(self._untaught(), nats)
        self.prequential.note(Foretold(time_ms, self.probability(nats), table, guilty))
        self._model.learn_one(dict(nats), guilty)
        for name, weight in self._model.weights.items():
            least, _, most = self._bounds(name)
            self._model._weights[name] = min(max(float(weight), least), most)
        bias, start = float(self._model.intercept), self._start.bias
        self._model.intercept = min(max(bias, start - _BIAS_BAND), start + _BIAS_BAND)
        self.updates += 1
        self.standing += 1
        self.newest_ms = max(self.newest_ms, time_ms)

    def roll_back(self, time_ms: int) -> bool:
        """Unlearn every lesson from the first one after `time_ms` on; whether there was any.

        A time before all that is kept leads back to the table.
        """
        later = [i for i, kept in enumerate(self._snapshots) if kept["time_ms"] > time_ms]
        if not later:
            return False
        kept, known = self._snapshots[later[0]], later[0] > 0 or self._whole
        self._snapshots = self._snapshots[: later[0]] if known else []
        self._model = self._untaught()
        rows = self.prequential.rows
        self.prequential = Prequential()
        self.standing = self.newest_ms = 0
        if known:
            self._teach(kept)
            self.prequential.rows = [row for row in rows if row.time_ms <= time_ms]
        self.rollbacks += 1
        return True

    @property
    def _whole(self) -> bool:
        """Whether the oldest snapshot is the table itself: no lesson was before it."""
        return int(self._snapshots[0]["standing"]) == 0

    def _ask(self, model: linear_model.LogisticRegression, nats: Mapping[str, float]) -> float:
        for name in nats:
            if name not in model.weights:
                model._weights[name] = self._start.of(name)
        return float(model.predict_proba_one(dict(nats))[True])  # type: ignore[no-untyped-call]

    def _bounds(self, name: str) -> tuple[float, float, float]:
        """Least, first and greatest weight of a piece."""
        first = self._start.of(name)
        return (0.0, first, _CANDIDATE_MOST) if name in CANDIDATES else (first / _BAND, first, first * _BAND)

    def _taught(self) -> dict[str, Any]:
        return {
            "weights": {name: float(weight) for name, weight in self._model.weights.items()},
            "bias": float(self._model.intercept),
            "standing": self.standing,
            "newest_ms": self.newest_ms,
        }

    def _teach(self, taught: Mapping[str, Any]) -> None:
        for name, weight in taught["weights"].items():
            self._model._weights[name] = weight
        self._model.intercept = taught["bias"]
        self.standing, self.newest_ms = taught["standing"], taught["newest_ms"]

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        return self._taught() | {
            "start": [self._start.bias, [list(row) for row in self._start.by_piece]],
            "snapshots": self._snapshots,
            "foretold": [list(row) for row in self.prequential.rows],
            "updates": self.updates,
            "rollbacks": self.rollbacks,
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Inverse of `plain`; what was learned from another table is not taken over."""
        self._reset()
        bias, by_piece = plain["start"]
        if Weights(bias, tuple((name, weight) for name, weight in by_piece)) != self._start:
            return
        self._teach(plain)
        self._snapshots = list(plain["snapshots"])
        self.updates, self.rollbacks = plain["updates"], plain["rollbacks"]
        self.prequential.rows = [Foretold(*row) for row in plain["foretold"]]
