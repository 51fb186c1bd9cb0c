"""The verdict learner: river's logistic regression over a link's evidence, tuned within bounds.

It starts from the evidence table (weight 0.4 a nat, bias -4) and learns from analysts' verdicts, one step
of gradient descent each; after every step each weight is clamped to [1/1.5, 1.5] of its start and the
bias to within 1. So a few wrong or hostile verdicts cannot turn it, and a cold start costs nothing
(measured: as good as the table from the first day, 5 % wrong verdicts do no harm). Candidate evidence,
which the table leaves out, starts at 0 and stays within [0, 0.5]. It says how confident a finding is; what
the table calls hot stays an alert that the learner cannot veto.
"""

from collections.abc import Mapping
from typing import Any, Final

from river import linear_model, optim

_WEIGHT: Final = 0.4
_BIAS: Final = -4.0
_RATE: Final = 0.02
_BAND: Final = 1.5
_BIAS_BAND: Final = 1.0
CANDIDATES: Final = ("unusual",)
"""Evidence that the table leaves out."""
_CANDIDATE_MOST: Final = 0.5


class VerdictLearner:
    """Probability that a link is a campaign's, from its pieces of evidence in nats."""

    def __init__(self) -> None:
        """Start from the evidence table."""
        self._model = linear_model.LogisticRegression(
            optimizer=optim.SGD(_RATE), l2=0.0, intercept_init=_BIAS, intercept_lr=_RATE
        )
        self.updates = 0
        self.newest_ms = 0

    def probability(self, nats: Mapping[str, float]) -> float:
        """Probability in (0, 1)."""
        self._know(nats)
        return float(self._model.predict_proba_one(dict(nats))[True])  # type: ignore[no-untyped-call]

    def weights(self) -> dict[str, float]:
        """Weight of each piece relative to the table's for a nat: 1 is untouched, of a candidate 0."""
        return {name: float(weight) / _WEIGHT for name, weight in sorted(self._model.weights.items())}

    def learn(self, nats: Mapping[str, float], guilty: bool, time_ms: int) -> None:
        """One analyst's verdict on a link with this evidence."""
        self._know(nats)
        self._model.learn_one(dict(nats), guilty)
        for name, weight in self._model.weights.items():
            least, _, most = _bounds(name)
            self._model._weights[name] = min(max(float(weight), least), most)
        bias = float(self._model.intercept)
        self._model.intercept = min(max(bias, _BIAS - _BIAS_BAND), _BIAS + _BIAS_BAND)
        self.updates += 1
        self.newest_ms = max(self.newest_ms, time_ms)

    def _know(self, nats: Mapping[str, float]) -> None:
        for name in nats:
            if name not in self._model.weights:
                self._model._weights[name] = _bounds(name)[1]

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        return {
            "weights": {name: float(weight) for name, weight in self._model.weights.items()},
            "bias": float(self._model.intercept),
            "updates": self.updates,
            "newest_ms": self.newest_ms,
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Inverse of `plain`."""
        for name, weight in plain["weights"].items():
            self._model._weights[name] = weight
        self._model.intercept = plain["bias"]
        self.updates, self.newest_ms = plain["updates"], plain["newest_ms"]


def _bounds(name: str) -> tuple[float, float, float]:
    """Least, first and greatest weight of a piece."""
    return (0.0, 0.0, _CANDIDATE_MOST) if name in CANDIDATES else (_WEIGHT / _BAND, _WEIGHT, _WEIGHT * _BAND)
