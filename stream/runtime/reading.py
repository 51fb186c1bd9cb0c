"""Consumers as the runtime makes them: they read what is committed, and commit nothing by themselves."""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.runtime.access import access
from stream.runtime.waiting import RETRY_MS
from stream.settings import Kafka

COMMITTED: Final = "read_committed"
UNCOMMITTED: Final = "read_uncommitted"


def consumer(names: Kafka, isolation: str = COMMITTED, **own: Any) -> AIOKafkaConsumer:
    """A consumer that is not started yet; `own` are further settings of it, in aiokafka's names."""
    return AIOKafkaConsumer(
        **access(names),
        isolation_level=isolation,
        enable_auto_commit=False,
        retry_backoff_ms=RETRY_MS,
        **own,
    )


def source_of(partition: TopicPartition) -> str:
    """The pipeline's name of a partition."""
    return f"{partition.topic}-{partition.partition}"
