"""Shedding: which events are left out while a partition lags, where an operator set a rule for it.

Accounts are shed, not events: whoever is kept is kept whole, and the same accounts each time. What is shed
moves time like any event, so that ticks go on. Counts are stored beside the state: they commit with it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.settings import Kafka
from stream.windows.slots import Keys, Mask, mix

COUNT: Final = "shed/"
ACTIVE: Final = "shedding/"
"""Beginnings of the names of marks, with the source after them."""
_SALT: Final = np.uint64(0x5ED)
"""So that who is kept has nothing to do with where an account's key stands elsewhere."""

Keep = Callable[[Keys], Mask]
"""Keys of the events' accounts, shape (n,) -> which are kept."""

log = logging.getLogger(__name__)


class Shedding:
    """The rule, on which sources it holds now, and what it has shed of each."""

    def __init__(self, names: Kafka) -> None:
        """Nothing is shed before a look."""
        self._above, self._ratio = names.shed_above_records, names.shed_keep_ratio
        self.active: set[str] = set()
        self.counts = Counter[str]()

    def look(self, lag: Mapping[str, int]) -> None:
        """Begin where the lag is above the rule's, end where it is below half of that; a line each."""
        if not self._above:
            return
        for source, records in sorted(lag.items()):
            if source not in self.active and records > self._above:
                self.active.add(source)
                log.warning(
                    "%s: lag %d is above kafka.shed_above_records %d: events of %g %% of its accounts count "
                    "from now on, and the others are shed",
                    source, records, self._above, 100 * self._ratio,
                )  # fmt: skip
            elif source in self.active and records < self._above / 2:
                self.active.remove(source)
                log.warning(
                    "%s: lag %d is below half of that: all events count again, %d were shed so far",
                    source, records, self.counts[source],
                )  # fmt: skip

    def of(self, source: str) -> Keep | None:
        """What a source's events have to pass; None where all do."""
        return partial(self._keep, source) if source in self.active else None

    def marks(self) -> dict[str, int]:
        """For storing beside the state."""
        counts = {COUNT + source: number for source, number in self.counts.items() if number}
        return counts | {ACTIVE + source: 1 for source in self.active}

    def restore(self, marks: Mapping[str, int]) -> dict[str, int]:
        """Inverse of `marks`; those that are others'. Without a rule nothing is shed any more."""
        for name, number in marks.items():
            if name.startswith(COUNT):
                self.counts[name.removeprefix(COUNT)] = number
            elif name.startswith(ACTIVE) and self._above:
                self.active.add(name.removeprefix(ACTIVE))
        return {name: at for name, at in marks.items() if not name.startswith((COUNT, ACTIVE))}

    def _keep(self, source: str, accounts: Keys) -> Mask:
        kept = kept_of(accounts, self._ratio)
        self.counts[source] += int((~kept).sum())
        return kept


def kept_of(accounts: Keys, ratio: float) -> Mask:
    """Which of these accounts are in the share that is kept; keys are hashed with the operator's own."""
    place: NDArray[np.uint64] = mix(np.full(1, _SALT), accounts) >> np.uint64(32)
    return place < ratio * 2.0**32
