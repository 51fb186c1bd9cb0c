"""The clock of a source: its newest event time, which a few events from the future cannot move.

A record far ahead of everything its source has said is either the end of a silence or a wrong clock.
Which of them, only what follows can tell: the jump counts once a majority of events agree on it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.windows.tiles import DAY_MS

JUMP_MS: Final = DAY_MS
"""A step of event time larger than this has to be confirmed: no daily lull is that long, and a clock
in a wrong time zone stays below it and drags time by no more than its own error."""
CONFIRM: Final = 16
"""Events that must agree, less one for each that contradicts: gateways with a wrong clock that write a
third of a partition get there by chance with probability (1/2)^16 per try."""


@dataclass(slots=True)
class Source:
    """One source: next offset to read, newest event time, whether it holds time, and a jump in doubt."""

    position: int = 0
    newest_ms: int | None = None
    idle: bool = False
    claim_ms: int = 0
    """The first event time of the jump in doubt."""
    agreed: int = 0
    """Events for the jump less events against it; 0: none is in doubt."""

    def read(self, time_ms: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Take event times in offset order, at least one: newest time before each, how many were ahead."""
        start = self.newest_ms if self.newest_ms is not None else int(time_ms[0])
        newest = np.maximum.accumulate(np.append(start, time_ms))
        ahead = 0
        if (time_ms - newest[:-1] > JUMP_MS).any():
            newest, ahead = self._doubt(start, time_ms)
        else:
            self.agreed = max(0, self.agreed - len(time_ms))
        self.newest_ms = int(newest[-1])
        return newest[:-1], ahead

    def _doubt(self, newest_ms: int, time_ms: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        newest, ahead = [newest_ms], 0
        for now_ms in time_ms.tolist():
            if now_ms - newest_ms <= JUMP_MS:
                newest_ms, self.agreed = max(newest_ms, now_ms), max(0, self.agreed - 1)
            else:
                ahead += 1
                newest_ms = self._claim(newest_ms, now_ms)
            newest.append(newest_ms)
        return np.array(newest, dtype=np.int64), ahead

    def _claim(self, newest_ms: int, now_ms: int) -> int:
        """The newest time once an event has claimed a jump."""
        if not self.agreed or abs(now_ms - self.claim_ms) > JUMP_MS:
            self.claim_ms, self.agreed = now_ms, 0
        self.agreed += 1
        if self.agreed < CONFIRM:
            return newest_ms
        self.agreed = 0
        return self.claim_ms
