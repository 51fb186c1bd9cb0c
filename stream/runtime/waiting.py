"""How long the Kafka runtime waits, and for what."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from stream.errors import BrokerError

START_S: Final = 10.0
"""A broker that does not answer for this long at the start cannot be reached."""
PATIENCE_S: Final = 60.0
"""A broker that is silent for this long while running is lost; a restart of one takes less."""
WARN_S: Final = 5.0
"""Silence that is worth a line."""
STOP_S: Final = 30.0
"""The last commit may take this long once the worker is told to stop."""
GOODBYE_S: Final = 3.0
"""A client may take this long to close."""
RETRY_MS: Final = 10
"""The clients' default of 100 ms costs a third of a commit's time."""

log = logging.getLogger(__name__)
T = TypeVar("T")


async def goodbye(call: Coroutine[Any, Any, object]) -> None:
    """Close a client: for GOODBYE_S at most, and whatever it says of a broker that is lost.

    Its own task keeps a cancellation inside the client from reaching the caller.
    """
    task = asyncio.ensure_future(call)
    await asyncio.wait({task}, timeout=GOODBYE_S)
    if task.done() and not task.cancelled() and task.exception() is not None:
        log.debug("a client closed with %r", task.exception())


async def patiently(call: Coroutine[Any, Any, T], what: str) -> T:
    """The call's result; a line when Kafka is silent, and BrokerError when it stays so for PATIENCE_S."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=min(WARN_S, PATIENCE_S))
        if not done:
            log.warning("Kafka is silent on %s; waiting up to %.0f s", what, PATIENCE_S)
            await asyncio.wait({task}, timeout=PATIENCE_S - WARN_S)
        if not task.done():
            raise BrokerError(f"Kafka was silent on {what} for {PATIENCE_S:.0f} s; all committed is safe")
        return task.result()
    finally:
        task.cancel()
