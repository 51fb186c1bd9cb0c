"""History of links: what a link looked like a week ago and before is not news.

A popular harness, a quick start or a fleet has looked young, alike or even for as long as it is known; a
campaign's link is new, or suddenly looks different from itself. So each judged link keeps its daily
evidence for two weeks, and what it had a lag ago is taken off what it has today. Days on which a link is
hot are not kept, so that a case cannot excuse itself.

Fooled by ramping up below the threshold for more than the lag.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.piece import Piece
from stream.windows.slots import Column, Keys, SlotTable
from stream.windows.tiles import DAY_MS

_DAYS: Final = 14
_LAG_DAYS: Final = 7
_IDLE_DAYS: Final = 56
_NEVER: Final = -(2**15)


class History:
    """Daily nats by piece of the links that were judged."""

    def __init__(self, stage: str, pieces: tuple[str, ...]) -> None:
        """`pieces`: names of the evidence that is kept, in the order of its columns."""
        self._pieces = pieces
        self.table = SlotTable(
            stage,
            "histories",
            {
                "day": Column(np.int32, _DAYS, fill=_NEVER),
                "nats": Column(np.float16, _DAYS * len(pieces)),
            },
        )

    def news(self, keys: Keys, pieces: Mapping[str, Piece], now_ms: int) -> dict[str, Piece]:
        """The pieces with only what is new about each link (keys of shape (links,))."""
        slots = self.table.find(keys)
        known = np.flatnonzero(slots >= 0)
        if not len(known):
            return dict(pieces)
        rows = slots[known]
        old = self.table["day"][rows] <= now_ms // DAY_MS - _LAG_DAYS
        old &= self.table["day"][rows] != _NEVER
        days = old.sum(axis=1)
        nats = self.table["nats"].take(rows, axis=0).reshape(len(rows), _DAYS, -1).astype(np.float64)
        before = (nats * old[:, :, None]).sum(axis=1) / np.maximum(days, 1)[:, None]
        fresh = dict(pieces)
        for i, name in enumerate(self._pieces):
            left = pieces[name].nats.copy()
            left[known] = np.maximum(left[known] - before[:, i], np.minimum(left[known], 0))
            piece = pieces[name]
            fresh[name] = Piece(name, left, piece.observed, piece.expected, piece.threshold)
        return fresh

    def keep(self, keys: Keys, pieces: Mapping[str, Piece], calm: NDArray[np.bool_], now_ms: int) -> None:
        """Note today's evidence of the links that are `calm`, and forget links long gone."""
        day = now_ms // DAY_MS
        self.table.retain(self.table["day"].max(axis=1, initial=_NEVER) > day - _IDLE_DAYS)
        if not calm.any():
            return
        slots, _ = self.table.claim(keys[calm])
        nats = np.stack([pieces[name].nats[calm] for name in self._pieces], axis=1)
        column = day % _DAYS
        self.table["day"][slots, column] = day
        width = len(self._pieces)
        self.table["nats"][slots, column * width : (column + 1) * width] = np.maximum(nats, 0)
