"""The administrator's client: a cluster is asked patiently, and what it raises is one line."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, RetriableError

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.access import access
from stream.runtime.refusal import refused

PATIENCE_MS: Final = 8_000
"""A broker that does not answer for this long cannot be reached."""

AGAIN_S: Final = 0.5
"""Time between tries to have an answer."""

T = TypeVar("T")


def asked(settings: Settings, ask: Callable[[KafkaAdminClient], T]) -> T:
    """The answer of a client of its own, as `answer` has it; raises BrokerError."""
    with admin(settings) as client:
        return answer(client, ask)


def answer(
    client: KafkaAdminClient, ask: Callable[[KafkaAdminClient], T], for_s: float = PATIENCE_MS / 1000
) -> T:
    """The answer; asked again where a broker of several is lost and the others have yet to notice."""
    until = time.monotonic() + for_s
    while True:
        try:
            return ask(client)
        except RetriableError:
            if time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """A client for as long as the context lasts; what it raises becomes a BrokerError."""
    # The client tells of every failed try in its own log; the one line below says it all.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    client = None
    try:
        client = KafkaAdminClient(
            **access(settings.kafka),
            client_id="shoal-topics",
            bootstrap_timeout_ms=PATIENCE_MS,
            request_timeout_ms=PATIENCE_MS,
        )
        yield client
    except KafkaError as error:
        where = settings.kafka.bootstrap_servers
        why = f"Kafka at {where} did not do as asked: {error or type(error).__name__}"
        raise BrokerError(refused(settings.kafka) or why) from error
    finally:
        if client is not None:
            client.close()
