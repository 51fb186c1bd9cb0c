"""The budget: an operator grants honest traffic so many cases a week, and new cases are held to it.

What is taken down of each judged link is its peak of a week, so that a link that is judged at every tick
counts once. Links that could have made a case, and links of cases, are left out of every week that they are
in, until an analyst judges them honest: what a campaign does raises no bar. Read are whole weeks a lag ago
and before, as for all that is held to be normal.
"""

from collections.abc import Iterable
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.piece import Floats
from stream.findings.finding import Bar
from stream.learning.reference import LAG_MS
from stream.learning.tail import FLOOR, Peak, Tail, fit
from stream.windows.slots import Keys
from stream.windows.tiles import DAY_MS

WEEK_MS: Final = 7 * DAY_MS
WEEKS: Final = 4
"""Weeks that are read, at most: a month holds every rhythm of customers' work."""
PEAKS_KEPT: Final = 1024
"""Of a week, the highest: 40 KB as JSON. Where more get to the level of the fit (some million accounts) it is
taken for lower than it is."""


class Budget:
    """Peaks of the judged links by week, counted from the first tick, and the tail read from them."""

    def __init__(self, cases_per_week: float) -> None:
        """Nothing is known yet."""
        self._granted = cases_per_week
        self._start_ms: int | None = None
        self._weeks: dict[int, dict[int, Peak]] = {}
        self._accused: dict[int, int] = {}
        """Link -> the last week in which it could have made a case, or was a case's."""
        self._honest: dict[int, int] = {}
        """Link -> the week in which an analyst judged it honest."""
        self.tail = Tail()
        self.changed = False

    def margin(self, before: int = 0) -> float:
        """Nats over its need that a new case has to get; `before`: cases that the tick has opened already."""
        return self.tail.margin(self._granted, before)

    @property
    def bar(self) -> Bar:
        """What it asks of the first case of a tick."""
        tail, margin = self.tail, self.margin()
        return Bar(tail.stage, self._granted, tail.expected(margin), margin, tail.peaks, tail.weeks)

    def note(self, keys: Keys, nats: Floats, able: NDArray[np.bool_], now_ms: int) -> None:
        """Take down a tick's links: nats over the need, and which of them those suffice to make a case.

        Commutative within a week: a peak is a maximum, and what is beyond PEAKS_KEPT stays so.
        """
        week = self._week(now_ms)
        peaks = self._weeks.setdefault(week, {})
        # rounded, so that the last bit of a sum of floats cannot decide
        nats = np.round(nats, 4)
        high = nats >= FLOOR
        for key, most, could in zip(
            keys[high].tolist(), nats[high].tolist(), able[high].tolist(), strict=True
        ):
            old = peaks.get(key, Peak(-inf))
            peaks[key] = Peak(max(old.nats, most), max(old.able, most) if could else old.able)
            if could and most >= 0:
                self._accused[key] = week
        if len(peaks) > PEAKS_KEPT:
            highest = sorted(peaks.items(), key=lambda item: (-item[1].nats, item[0]))
            self._weeks[week] = dict(highest[:PEAKS_KEPT])
        self.changed = True

    def accuse(self, keys: Iterable[int], now_ms: int) -> None:
        """Links of cases are no honest traffic, however far below the need they are or were."""
        held = {key for peaks in self._weeks.values() for key in peaks}
        self._accused |= dict.fromkeys(held.intersection(keys), self._week(now_ms))
        self.changed = True

    def acquit(self, key: int, now_ms: int) -> None:
        """An analyst judged a link honest: it counts, however far it came."""
        self._honest[key] = self._week(now_ms)
        self.changed = True

    def convict(self, key: int) -> None:
        """An analyst took that back."""
        self._honest.pop(key, None)
        self.changed = True

    def read(self, now_ms: int) -> None:
        """Read the tail of closed weeks a lag ago and before, and forget what will not be read again."""
        if self._start_ms is None:
            return
        end = max((now_ms - LAG_MS - self._start_ms) // WEEK_MS, 0)
        first = max(end - WEEKS, 0)
        self._weeks = {week: peaks for week, peaks in self._weeks.items() if week >= first}
        self._accused = {key: week for key, week in self._accused.items() if week >= first}
        self._honest = {key: week for key, week in self._honest.items() if week >= first}
        left_out = self._accused.keys() - self._honest.keys()
        peaks = [
            peak
            for week in range(first, end)
            for key, peak in self._weeks.get(week, {}).items()
            if key not in left_out
        ]
        self.tail = fit(peaks, end - first)

    def _week(self, now_ms: int) -> int:
        if self._start_ms is None:
            self._start_ms = now_ms
        return (now_ms - self._start_ms) // WEEK_MS

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        self.changed = False
        return {
            "start_ms": self._start_ms,
            # a case that is closed before the next reading tells this one
            "tail": [getattr(self.tail, name) for name in Tail.__slots__],
            "weeks": [
                # JSON knows no infinity
                [week, [[key, of.nats, of.able if of.able > -inf else None] for key, of in peaks.items()]]
                for week, peaks in self._weeks.items()
            ],
            "accused": list(self._accused.items()),
            "honest": list(self._honest.items()),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`."""
        self._start_ms, self.tail = plain["start_ms"], Tail(*plain["tail"])
        self._weeks = {
            week: {key: Peak(nats, -inf if able is None else able) for key, nats, able in peaks}
            for week, peaks in plain["weeks"]
        }
        self._accused, self._honest = dict(plain["accused"]), dict(plain["honest"])
        self.changed = False
