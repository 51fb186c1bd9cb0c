"""The watch over a worker: a loop that stands still ends the process, for a restart is the cure.

A worker that hangs is worse than one that is gone: it looks alive, and nobody takes over.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from stream.errors import StallError

BEAT_S: Final = 30.0
"""A loop that has not come round for this long hangs; its longest step, a tick or a piece, takes seconds."""
STAND_S: Final = 60.0
"""A position that has stood for this long while the lag grew will not move by itself."""
LEAVE_S: Final = 9.5
"""From SIGTERM to the end of the process: orchestrators kill after 10 s or more."""
LOOK_S: Final = 0.5
ASLEEP_S: Final = 5.0
"""If the watch itself was late by this much, the whole process was paused: that says nothing of the loop."""
FAILED: Final = 2
"""Exit code, as for every other error."""


def leave(line: str) -> None:
    """One line, and the end: a loop that hangs cannot be asked to stop."""
    print(f"shoal: {line}", file=sys.stderr, flush=True)
    os._exit(FAILED)


class Watchdog:
    """A thread that ends the process once the loop has stood still, or has not left when told to."""

    def __init__(self, progress: Callable[[], int], end: Callable[[str], None] = leave) -> None:
        """`progress` is a number that moves while a long step gets on; `end` is told the line."""
        self._progress = progress
        self._end = end
        self._beat = time.monotonic()
        self._leave_by: float | None = None
        self._over = threading.Event()

    def beat(self) -> None:
        """The loop came round."""
        self._beat = time.monotonic()

    def leave_soon(self) -> None:
        """The loop was told to stop: from now on it has LEAVE_S."""
        self._leave_by = self._leave_by or time.monotonic() + LEAVE_S

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the context lasts."""
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        seen, last = self._progress(), time.monotonic()
        while not self._over.wait(LOOK_S):
            now = time.monotonic()
            if now - last > ASLEEP_S or self._progress() != seen:
                self._beat = now
            seen, last = self._progress(), now
            if now - self._beat > BEAT_S:
                self._end(
                    f"the loop stood still for {BEAT_S:.0f} s: ended; a restart goes on from the last commit"
                )
                return
            if self._leave_by is not None and now > self._leave_by:
                self._end(
                    f"not done within {LEAVE_S:.1f} s of being told to stop: left; all committed is safe"
                )
                return


class _Stand(NamedTuple):
    position: int
    lag: int
    since: float


class Standing:
    """Positions that do not move although more and more waits behind them."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seen: dict[str, _Stand] = {}

    def see(self, source: str, position: int, lag: int, now: float) -> None:
        """Take a look at one source; raises StallError where it has stood for STAND_S with growing lag."""
        stand = self._seen.get(source)
        if stand is None or stand.position != position or not lag:
            self._seen[source] = _Stand(position, lag, now)
        elif lag > stand.lag and now - stand.since >= STAND_S:
            raise StallError(
                f"{source} stands at {position} for {STAND_S:.0f} s while its lag grew from "
                f"{stand.lag} to {lag} records: stopped; a restart goes on from the last commit"
            )

    def forget(self, source: str) -> None:
        """It is read elsewhere now."""
        self._seen.pop(source, None)

    def forget_all(self) -> None:
        """Start over: Kafka was away, so that nothing could move."""
        self._seen.clear()
