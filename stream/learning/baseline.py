"""An online baseline of single accounts: how unusual an account's last hour is.

River's half-space trees (Tan, Ting and Liu 2011) over six figures of an account's closed hour, scaled to
[0, 1]. Its mean score is a metric and nothing more: coordinated accounts look more normal than normal
ones (measured: AUC below 0.4), so no alert rests on it. A bounded panel of accounts an hour, those of the
smallest keys, keeps its cost bounded; scored before learned (prequential).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from river import anomaly

from stream.windows.slots import SlotTable

SAMPLE: Final = 32
"""Accounts an hour; a vector costs some tens of microseconds."""
_WINDOW: Final = 1000  # vectors per generation of the trees: about a day and a half of samples
_SEED: Final = 1
FIGURES: Final = ("log_rate", "log_in", "log_out", "streamed", "active_hours", "home_share")
_SCALE: Final = (8.0, 12.0, 10.0, 1.0, 24.0, 1.0)  # natural maxima: ln(3000), ln(160k), ln(22k), ...


class Baseline:
    """Scores and learns the sampled accounts of each closed hour."""

    def __init__(self) -> None:
        """Start untaught."""
        self._reset()
        self._recent: list[list[float]] = []
        self.mean_score = 0.0
        self.learned = 0
        self._stored = -1

    def _reset(self) -> None:
        self._trees = anomaly.HalfSpaceTrees(
            n_trees=10, height=6, window_size=_WINDOW, limits=dict.fromkeys(FIGURES, (0.0, 1.0)), seed=_SEED
        )

    def hour(self, keys: NDArray[np.uint64], figures: NDArray[np.float64]) -> None:
        """Score, then learn, the accounts (keys; figures (accounts, len(FIGURES))) with the smallest keys.

        Keys are hashes, so the panel is a fair draw of the accounts that no arrival order can change.
        """
        chosen = np.argsort(keys, kind="stable")[:SAMPLE]
        if not len(chosen):
            return
        scaled = np.clip(figures[chosen] / np.array(_SCALE), 0, 1)
        rows = [[round(float(value), 4) for value in row] for row in scaled]
        scores = [self._trees.score_one(dict(zip(FIGURES, row, strict=True))) for row in rows]  # type: ignore[no-untyped-call]
        self.mean_score = float(np.mean(scores))
        for row in rows:
            self._learn(row)

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
        return {"recent": self._recent, "learned": self.learned, "mean_score": self.mean_score}

    def restore(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`: learns what is kept again."""
        self._reset()
        self._recent, self.learned = [], plain["learned"] - len(plain["recent"])
        for row in plain["recent"]:
            self._learn(row)
        self.mean_score, self._stored = plain["mean_score"], self.learned


def figures(profiles: SlotTable, since_ms: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Keys and figures of the accounts seen since a time."""
    rows = np.flatnonzero(profiles["last_ms"] >= since_ms)
    events = np.maximum(profiles["events"][rows], 1)
    sized = np.maximum(profiles["sized"][rows], 1) * 256
    columns = [
        np.log(events),
        profiles["log_in"][rows] / sized,
        profiles["log_out"][rows] / sized,
        profiles["streamed"][rows] / events,
        profiles["active_hours"][rows],
        np.nan_to_num(profiles["home_share"][rows], nan=0.0),
    ]
    return profiles.keys[rows], np.stack(columns, axis=1).astype(np.float64)
