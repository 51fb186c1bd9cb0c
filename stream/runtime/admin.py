"""The administrator's client: a cluster is asked patiently, and what it raises is one line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime import blocking
from stream.runtime.blocking import PATIENCE_MS, Admin, ClientError, PassingError
from stream.runtime.refusal import refused

AGAIN_S: Final = 0.5
"""Time between tries to have an answer."""

T = TypeVar("T")


def asked(settings: Settings, ask: Callable[[Admin], T]) -> T:
    """The answer of a client of its own, as `answer` has it; raises BrokerError."""
    with admin(settings) as client:
        return answer(client, ask)


def answer(client: Admin, ask: Callable[[Admin], T], for_s: float = PATIENCE_MS / 1000) -> T:
    """The answer; asked again where a broker of several is lost and the others have yet to notice."""
    until = time.monotonic() + for_s
    while True:
        try:
            return ask(client)
        except PassingError:
            if time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)


@contextmanager
def admin(settings: Settings) -> Iterator[Admin]:
    """A client for as long as the context lasts; what it raises becomes a BrokerError."""
    blocking.quiet()
    client = None
    try:
        client = blocking.admin(settings.kafka, "shoal-topics")
        yield client
    except ClientError as error:
        where = settings.kafka.bootstrap_servers
        why = f"Kafka at {where} did not do as asked: {error or type(error).__name__}"
        raise BrokerError(refused(settings.kafka) or why) from error
    finally:
        if client is not None:
            client.close()
