"""Synchrony tokens: links whose value holds within one stretch of time only.

Who acts on the same object within the same minutes, on many objects, acts in step (CopyCatch, Beutel et al.
2013; SynchroTrap, Cao et al. 2014). A token is seldom met twice and soon over, so an account's tokens are
counted together; an object that is shared at most hours is popular, and its tokens say nothing.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.links.kinds import LinkKind
from stream.windows.groups import Groups
from stream.windows.slots import Keys

_STRETCH_BITS: Final = 24
"""Half a year of seconds: longer than a link is held. The rest of a value is enough to tell objects apart."""


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

    def events(
        self, kind: NDArray[np.uint8], account: NDArray[np.int32], events: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Events that count for each seat: those on its link, or on all links of a pooled kind together."""
        rows = np.flatnonzero(self.pooled[kind])
        if not len(rows):
            return events
        counted, groups = events.copy(), Groups(kind[rows], account[rows])
        counted[rows] = groups.sum(events[rows])[groups.ids]
        return counted
