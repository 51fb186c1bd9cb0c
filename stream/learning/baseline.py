"""An online baseline of single accounts: how unusual an account's last hours and weeks are.

River's half-space trees (Tan, Ting and Liu 2011) over figures of an account at the end of a closed hour,
scaled to [0, 1]: its habits of three days and its volume in each horizon. Its score is a metric and a
candidate trait, and no alert rests on it: coordinated accounts look more normal than normal ones
(measured: AUC below 0.4). A bounded panel of accounts an hour, those of the smallest keys that are not
named in a case, keeps its cost bounded; scored before learned (prequential).
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from river import anomaly

from stream.learning.reference import LAG_MS
from stream.windows.slots import SlotTable
from stream.windows.tiles import DAY_MS, HORIZONS

SAMPLE: Final = 32
"""Accounts an hour; a vector costs some tens of microseconds."""
_WINDOW: Final = 1000  # vectors per generation of the trees: about a day and a half of samples
_SEED: Final = 1
_SCALES: Final = {
    # natural maxima: ln(3000), ln(160k), ln(22k), ...
    "log_rate": 8.0, "log_in": 12.0, "log_out": 10.0, "streamed": 1.0, "active_hours": 24.0,
    "home_share": 1.0,
    # ln(400) events in ten minutes to ln(440k) in four weeks
    **dict(zip((f"volume_{horizon}" for horizon in HORIZONS), (6.0, 8.0, 10.0, 12.0, 13.0), strict=True)),
}  # fmt: skip
FIGURES: Final = tuple(_SCALES)
_KEPT_MS: Final = LAG_MS + 7 * DAY_MS
_LEAST: Final = 100  # scores of a week ago below which nothing is known to be usual
_LEAST_SPREAD: Final = 0.01


class Usual(NamedTuple):
    """Scores of the panel's accounts a week ago: their mean and standard deviation."""

    mean: float
    spread: float


class Baseline:
    """Scores and learns the sampled accounts of each closed hour."""

    def __init__(self) -> None:
        """Start untaught."""
        self._reset()
        self._recent: list[list[float]] = []
        self._hours: list[tuple[int, int, float, float]] = []
        """Of each hour: its end, scores, their sum and sum of squares."""
        self.mean_score = 0.0
        self.learned = 0
        self._stored = -1

    def _reset(self) -> None:
        self._trees = anomaly.HalfSpaceTrees(
            n_trees=10, height=6, window_size=_WINDOW, limits=dict.fromkeys(FIGURES, (0.0, 1.0)), seed=_SEED
        )

    def hour(self, keys: NDArray[np.uint64], figures: NDArray[np.float64], now_ms: int) -> None:
        """Score, then learn, the accounts (keys; figures (accounts, len(FIGURES))) with the smallest keys.

        Keys are hashes, so the panel is a fair draw of the accounts that no arrival order can change.
        """
        chosen = np.argsort(keys, kind="stable")[:SAMPLE]
        if not len(chosen):
            return
        scores = self.scores(figures[chosen])
        self.mean_score = float(scores.mean())
        if self.learned >= _WINDOW:  # before, the trees score nothing
            self._hours = [hour for hour in self._hours if hour[0] >= now_ms - _KEPT_MS]
            self._hours.append((now_ms, len(scores), float(scores.sum()), float((scores**2).sum())))
        for row in _scaled(figures[chosen]):
            self._learn(row)

    def scores(self, figures: NDArray[np.float64]) -> NDArray[np.float64]:
        """How unusual accounts are, in [0, 1]; shape (accounts,). Nothing is learned."""
        score = self._trees.score_one
        rows = (dict(zip(FIGURES, row, strict=True)) for row in _scaled(figures))
        return np.array([score(row) for row in rows])  # type: ignore[no-untyped-call]

    def usual(self, now_ms: int) -> Usual | None:
        """Scores from two weeks ago to one week ago; None where there are too few."""
        lagged = [hour for hour in self._hours if now_ms - _KEPT_MS <= hour[0] <= now_ms - LAG_MS]
        count = sum(hour[1] for hour in lagged)
        if count < _LEAST:
            return None
        mean = sum(hour[2] for hour in lagged) / count
        variance = max(sum(hour[3] for hour in lagged) / count - mean**2, 0.0)
        return Usual(mean, max(variance**0.5, _LEAST_SPREAD))

    def _learn(self, row: list[float]) -> None:
        self._trees.learn_one(dict(zip(FIGURES, row, strict=True)))  # type: ignore[no-untyped-call]
        self.learned += 1
        # two generations decide a score: what is kept rebuilds them after a restart
        self._recent.append(row)
        if self.learned % _WINDOW == 0:
            self._recent = self._recent[-_WINDOW:]

    @property
    def changed(self) -> bool:
        """Whether it has learned since `plain` or `restore`."""
        return self.learned != self._stored

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        self._stored = self.learned
        return {
            "recent": self._recent, "learned": self.learned, "mean_score": self.mean_score,
            "hours": self._hours,
        }  # fmt: skip

    def restore(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`: learns what is kept again."""
        self._reset()
        self._recent, self.learned = [], plain["learned"] - len(plain["recent"])
        for row in plain["recent"]:
            self._learn(row)
        self._hours = [(end, count, total, squares) for end, count, total, squares in plain["hours"]]
        self.mean_score, self._stored = plain["mean_score"], self.learned


def _scaled(figures: NDArray[np.float64]) -> list[list[float]]:
    scaled = np.clip(figures / np.array(list(_SCALES.values())), 0, 1)
    return [[round(float(value), 4) for value in row] for row in scaled]


def panel(profiles: SlotTable, since_ms: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Keys and figures of the accounts seen since a time that are named in no case."""
    rows = np.flatnonzero((profiles["last_ms"] >= since_ms) & (profiles["campaign"] == 0))
    return profiles.keys[rows], figures(profiles, rows)


def figures(profiles: SlotTable, rows: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Figures of accounts by slot, as of when each was last seen; shape (accounts, len(FIGURES))."""
    events = np.maximum(profiles["events"][rows], 1)
    sized = np.maximum(profiles["sized"][rows], 1) * 256
    columns = [
        np.log(events),
        profiles["log_in"][rows] / sized,
        profiles["log_out"][rows] / sized,
        profiles["streamed"][rows] / events,
        profiles["active_hours"][rows],
        np.nan_to_num(profiles["home_share"][rows], nan=0.0),
        *np.log1p(profiles["volumes"][rows]).T,
    ]
    return np.stack(columns, axis=1).astype(np.float64)
