"""The blocking client, for tools that need no loop: the only module that knows kafka-python.

Administration, loading and measuring go through it; nothing that must happen exactly once does.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    NoError,
    RetriableError,
    TopicAlreadyExistsError,
    for_code,
)

from stream.runtime.access import access
from stream.settings import Kafka

PATIENCE_MS: Final = 8_000
"""A broker that does not answer for this long cannot be reached."""

Admin: TypeAlias = KafkaAdminClient
"""Asks about topics and groups, and changes them; closes itself as a context."""
Producer: TypeAlias = KafkaProducer
"""Sends outside of transactions; closes itself as a context, once all is sent."""
Consumer: TypeAlias = KafkaConsumer
"""Reads what is committed and commits nothing; closes itself as a context."""
Partition: TypeAlias = TopicPartition
"""`topic` and number `partition`."""

ClientError = KafkaError
"""Whatever Kafka or the client says."""
PassingError = RetriableError
"""Another try may go better."""
TooLargeError = MessageSizeTooLargeError
"""A record has more bytes than Kafka takes."""


def quiet() -> None:
    """The client tells of every failed try in its own log; the one line that is raised says it all."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def admin(names: Kafka, client_id: str = "shoal-admin") -> Admin:
    """Connected within PATIENCE_MS; raises ClientError."""
    return KafkaAdminClient(
        **access(names),
        client_id=client_id,
        bootstrap_timeout_ms=PATIENCE_MS,
        request_timeout_ms=PATIENCE_MS,
    )


def loader(names: Kafka, client_id: str) -> Producer:
    """A producer of large batches, connected within PATIENCE_MS; makes no topic. Raises ClientError."""
    return KafkaProducer(
        **access(names),
        client_id=client_id,
        bootstrap_timeout_ms=PATIENCE_MS,
        max_block_ms=PATIENCE_MS,
        linger_ms=20,
        batch_size=500_000,
        allow_auto_create_topics=False,
    )


def player(names: Kafka, linger_ms: int) -> Producer:
    """A producer that waits so long for a batch to fill; raises ClientError."""
    return KafkaProducer(**access(names), linger_ms=linger_ms)


def reader(names: Kafka, wait_ms: int = 500) -> Consumer:
    """Reads from the beginning on; the broker gathers records for up to `wait_ms`. Raises ClientError."""
    return KafkaConsumer(
        **access(names),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=wait_ms,
    )


def check_made(name: str, code: int, why: str | None) -> str | None:
    """What Kafka said to a new topic: None where it is there now, else why not; raises PassingError."""
    error = for_code(code)
    if issubclass(error, RetriableError):
        raise error(why)
    known = error in (NoError, TopicAlreadyExistsError)
    return None if known else f"Kafka did not create {name}: {why or error.__name__}"


def topic_configs(client: Admin, topics: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    """What is in force by topic and name, a table with its `value`; no names where the right lacks."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    found: Mapping[str, Mapping[str, Any]] = client.describe_configs(resources, config_filter="all")["topic"]
    return found
