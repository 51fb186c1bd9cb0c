"""Crash points: a worker that kills itself at a named place of a commit, as a power cut would.

The product knows nothing of this: the steps of `stream.runtime.writer.Writer` are wrapped from outside.
What was written by then has reached the broker, so that a point is the same place each time.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.transaction import EndTxnRequest

from stream.runtime.writer import Writer

STEPS: Final = {
    "begun": "begin",
    "outputs": "write_outputs",
    "state": "write_state",
    "offsets": "write_offsets",
    "ended": "end",
}
"""Crash point -> the step after which it lies; `ended`: Kafka has committed, the worker has not noted it."""
ENDING: Final = "ending"
"""The request that ends the transaction is on its way, and nobody will hear the answer."""
POINTS: Final = (*STEPS, ENDING)
KILLED: Final = -signal.SIGKILL


def cut() -> None:
    """Nothing is flushed, nothing said goodbye to."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, commit: int) -> None:
    """End this process at a point of its commit of that number; the first is 1."""
    if point == ENDING:
        _arm_the_end(commit)
    else:
        _arm_a_step(STEPS[point], commit)


def _arm_a_step(step: str, commit: int) -> None:
    whole: Callable[..., Awaitable[None]] = getattr(Writer, step)
    calls = 0

    async def then_cut(self: Writer, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        mine = calls  # an intake has a commit for each partition under way
        await whole(self, *arguments)
        if mine == commit:
            await cast(Any, self._started).flush()
            cut()

    setattr(Writer, step, then_cut)


def _arm_the_end(commit: int) -> None:
    send, calls = AIOKafkaConnection.send, 0

    def then_cut(self: AIOKafkaConnection, request: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal calls
        answer = send(self, request, *arguments, **named)
        if isinstance(request, EndTxnRequest):
            calls += 1
            if calls == commit:
                cut()
        return answer

    AIOKafkaConnection.send = then_cut
