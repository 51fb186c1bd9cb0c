"""Silence and lag: which of the partitions that are read have nothing left, and for how long.

Silence is measured by the wall clock and says only that a partition need not be waited for.
"""

import time
from collections.abc import Iterable, Set
from typing import Final

from stream.runtime.client import Consumer, NotAssignedError, Partition, source_of
from stream.runtime.waiting import patiently
from stream.runtime.watch import Standing

LOOK_S: Final = 1.0
"""Time between looks."""
DEAF_S: Final = 5.0
"""Without a look for this long Kafka was away, or the worker was."""


class Silence:
    """Looks at a consumer's partitions; in between it is told which of them spoke."""

    def __init__(self, idle_after_s: float) -> None:
        """`idle_after_s`: how long a drained partition has to be silent until it is idle."""
        self._idle_after_s = idle_after_s
        self._drained_since: dict[Partition, float] = {}
        self._looked = time.monotonic()
        self._standing = Standing()
        self.idle: set[Partition] = set()
        self.lag: dict[Partition, int] = {}

    def broken(self, partitions: Iterable[Partition]) -> None:
        """Records of these came."""
        for tp in partitions:
            self._drained_since.pop(tp, None)
            self.idle.discard(tp)

    async def look(self, consumer: Consumer, waiting: Set[Partition] = frozenset()) -> list[Partition]:
        """Measure the lag; the partitions that have just become idle, sorted.

        Raises StallError where one is no longer read that is not `waiting`.
        """
        assigned = sorted(consumer.assignment())
        ends = await patiently(consumer.end_offsets(assigned), "offsets") if assigned else {}
        now, silent = time.monotonic(), []
        if now - self._looked > DEAF_S:
            # Nobody could write while Kafka was away, so that was no silence of theirs.
            self._drained_since.clear()
            self._standing.forget_all()
        self._looked = now
        self._forget(set(self.lag) - set(assigned))
        for tp in assigned:
            try:
                # position, not the last offset + 1: transaction markers take offsets too.
                position = await consumer.position(tp)
            except NotAssignedError:  # it moved away meanwhile, and the next look forgets it
                continue
            self.lag[tp] = max(0, ends[tp] - position)
            if tp in waiting:
                self._standing.forget(source_of(tp))
            else:
                self._standing.see(source_of(tp), position, self.lag[tp], now)
            if self.lag[tp]:
                self._drained_since.pop(tp, None)
            elif now - self._drained_since.setdefault(tp, now) >= self._idle_after_s:
                silent.append(tp)
        new = [tp for tp in silent if tp not in self.idle]
        self.idle.update(new)
        return new

    def _forget(self, gone: Iterable[Partition]) -> None:
        """Partitions that moved away: whoever has them now looks at them."""
        for tp in gone:
            del self.lag[tp]
            self._drained_since.pop(tp, None)
            self._standing.forget(source_of(tp))
            self.idle.discard(tp)
