"""How long the Kafka runtime waits, and for what."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

from stream.errors import BrokerError, SilenceError
from stream.runtime.client import FORBIDDEN, ClientError
from stream.runtime.refusal import failure, refusal
from stream.settings import Kafka

START_S: Final = 20.0
"""A broker that does not answer for this long at the start cannot be reached."""
AGAIN_S: Final = 0.5
"""Time between tries to reach it."""
PATIENCE_S: Final = 60.0
"""A broker that is silent for this long while running is lost; a restart of one takes less."""
WARN_S: Final = 5.0
"""Silence that is worth a line."""
STOP_S: Final = 6.0
"""The last commit may take this long after SIGTERM: orchestrators kill after 10 s or more."""
GOODBYE_S: Final = 2.0
"""A client may take this long to close."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class Client(Protocol):
    """A consumer or a producer."""

    async def start(self) -> None:
        """Connect; fails at once where no broker answers."""

    async def stop(self) -> None:
        """Close."""


C = TypeVar("C", bound=Client)


async def connect(make: Callable[[], C], names: Kafka) -> C:
    """A client that has started; tried again until START_S have passed, then BrokerError.

    Where Kafka is there and lets the client in by no means: BrokerError at once.
    """
    began = warned = time.monotonic()
    where = names.bootstrap_servers
    while True:
        client = make()
        left_s = max(AGAIN_S, START_S - (time.monotonic() - began))
        try:
            await asyncio.wait_for(client.start(), left_s)
            return client
        except (ClientError, OSError, TimeoutError) as error:
            await goodbye(client.stop())
            if isinstance(error, FORBIDDEN):
                raise BrokerError(failure(names, error)) from error
            refused = await refusal(names)
            if refused is not None and refused.final:
                raise BrokerError(refused.line) from error
            if time.monotonic() - began + AGAIN_S >= START_S:
                why = f"Kafka at {where} did not answer for {START_S:.0f} s: {_why(error)}"
                raise BrokerError(refused.line if refused else why) from error
            if warned == began:
                log.warning("Kafka at %s does not answer; trying for %.0f s", where, START_S)
                warned = time.monotonic()
        await asyncio.sleep(AGAIN_S)


def _why(error: Exception) -> str:
    return str(error) or ("timed out" if isinstance(error, TimeoutError) else type(error).__name__)


async def goodbye(call: Coroutine[Any, Any, object]) -> None:
    """Close a client: for GOODBYE_S at most, and whatever it says of a broker that is lost.

    Its own task keeps a cancellation inside the client from reaching the caller.
    """
    task = asyncio.ensure_future(call)
    await asyncio.wait({task}, timeout=GOODBYE_S)
    if task.done() and not task.cancelled() and task.exception() is not None:
        log.debug("a client closed with %r", task.exception())


async def patiently(call: Coroutine[Any, Any, T], what: str) -> T:
    """The call's result; a line when Kafka is silent, and SilenceError when it stays so for PATIENCE_S."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=min(WARN_S, PATIENCE_S))
        if not done:
            log.warning("Kafka is silent on %s; waiting up to %.0f s", what, PATIENCE_S)
            await asyncio.wait({task}, timeout=PATIENCE_S - WARN_S)
        if not task.done():
            raise SilenceError(f"Kafka was silent on {what} for {PATIENCE_S:.0f} s; all committed is safe")
        return task.result()
    finally:
        task.cancel()
