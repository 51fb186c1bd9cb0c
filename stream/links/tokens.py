"""Synchrony tokens: links whose value holds within one stretch of time only.

Who acts on the same object within the same minutes, on many objects, acts in step (CopyCatch, Beutel et al.
2013; SynchroTrap, Cao et al. 2014). A token is seldom met twice and soon over, so an account's tokens are
counted together; an object that is shared at most hours is popular, and its tokens say nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.links.kinds import LinkKind
from stream.windows.groups import Groups, places
from stream.windows.slots import Keys, SlotTable
from stream.windows.tiles import DAY_MS

Floats = NDArray[np.float64]

_STRETCH_BITS: Final = 24
"""Half a year of seconds: longer than a link is held. The rest of a value is enough to tell objects apart."""

_COMPANY: Final = 5
"""Accounts that make a meeting: the size of a household."""
_SWING: Final = 2.0
"""Times what is usual that is still no news: a creator posts twice as often in some weeks as in others."""
_WINDOW_MS: Final = 3 * DAY_MS
_USUAL_MS: Final = (28 * DAY_MS, 7 * DAY_MS)
"""How long ago what is usual began and ended: what is done for less than a week is news."""


def token_values(values: Keys, time_ms: NDArray[np.int64], within_s: float) -> Keys:
    """Token of each event: the upper bits of its value (a hash), then the number of the stretch of time."""
    bits = np.uint64(_STRETCH_BITS)
    stretch = (time_ms // round(within_s * 1000)).astype(np.uint64)
    return (values >> bits << bits) | (stretch & np.uint64((1 << _STRETCH_BITS) - 1))


class Tokens:
    """What the table of kinds says of tokens, for links and seats given by the number of their kind."""

    def __init__(self, kinds: Sequence[LinkKind]) -> None:
        """`kinds`: in the order of their numbers."""
        self.short_lived = np.array([kind.within_s is not None for kind in kinds])
        """Which kinds are tokens."""
        self.pooled = np.array([kind.pooled for kind in kinds])
        """Of which kinds an account's links are counted together."""
        self._most = np.array([kind.most_stretches or np.iinfo(np.int64).max for kind in kinds])

    def popular(self, kind: NDArray[np.uint8], value: Keys) -> NDArray[np.bool_]:
        """Which of some links, all that are shared of late, are tokens of what is shared at most times."""
        popular = np.zeros(len(kind), np.bool_)
        rows = np.flatnonzero(self.short_lived[kind])
        stretches = Groups(kind[rows], value[rows] >> np.uint64(_STRETCH_BITS))
        popular[rows] = stretches.counts[stretches.ids] > self._most[kind[rows]]
        return popular

    def news(
        self, kind: NDArray[np.uint8], account: NDArray[np.int32], events: NDArray[np.int64], usual: Floats
    ) -> NDArray[Any]:
        """Events that count for each seat: those on its link; of a pooled kind, those on all of its links
        together, beyond what is `usual` of the account (by kind and account).
        """
        rows = np.flatnonzero(self.pooled[kind])
        if not len(rows):
            return events
        counted, groups = events.astype(np.float64), Groups(kind[rows], account[rows])
        together = groups.sum(events[rows])[groups.ids]
        counted[rows] = np.maximum(together - _SWING * usual[kind[rows], account[rows]], 0.0)
        return counted

    def usual(
        self, links: SlotTable, members: SlotTable, accounts: int, began_ms: int, now_ms: int
    ) -> Floats:
        """Events a window that accounts had on shared links of pooled kinds a week ago and before.

        Whoever follows a creator's posts, or works off the same list every morning, has done so for long.
        Shape (kinds, accounts); empty without pooled kinds.
        """
        if not self.pooled.any():
            return np.zeros((0, 0))
        since, until = max(now_ms - _USUAL_MS[0], began_ms), now_ms - _USUAL_MS[1]
        first, link = members["first_ms"], members["link"]
        wanted = self.pooled[links["kind"]] & (links["members"] >= _COMPANY)
        rows = np.flatnonzero(wanted[link] & (first >= since) & (first <= until))
        used, at = places(link[rows])
        rows = rows[~self.popular(links["kind"][used], links["value"][used])[at]]
        cell = links["kind"][link[rows]].astype(np.int64) * accounts + members["account"][rows]
        windows = max((until - since) / _WINDOW_MS, 1.0)
        held = np.bincount(cell, members["events"][rows], len(self.pooled) * accounts)
        return np.asarray(held.reshape(len(self.pooled), accounts) / windows)
