"""An application of a measurement's own on a broker: names that nothing else has, gone when it is over."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.topics import ensure, forget


@contextmanager
def own(settings: Settings, kind: str, partitions: int, **changes: object) -> Iterator[Settings]:
    """The same settings with topics and a group of their own, created now and deleted afterwards.

    `kind` begins their names; `changes` are further settings of Kafka. Raises BrokerError.
    """
    name = f"shoal-{kind}-{uuid4().hex[:8]}"
    topics = {key: f"{name}.{key}" for key in type(settings.kafka).model_fields if key.endswith("_topic")}
    names: dict[str, Any] = {**topics, "application_id": name, "metrics_port": 0, **changes}
    mine = settings.model_copy(update={"kafka": settings.kafka.model_copy(update=names)})
    ensure(mine, partitions)
    try:
        yield mine
    except BaseException:
        with suppress(BrokerError):  # what went wrong first is what is told
            forget(mine)
        raise
    forget(mine)
