"""Groups: how far the stages have read the requests, as the broker keeps it."""

import time
from typing import NamedTuple

from kafka.errors import RetriableError

from stream.config import Settings
from stream.runtime.topics import admin
from stream.runtime.waiting import AGAIN_S, START_S


class Committed(NamedTuple):
    """The next offset to read, and the note that was committed with it."""

    offset: int
    note: str


Places = dict[int, Committed]
"""By partition of the requests; empty where a group never committed any."""


def committed(settings: Settings, *groups: str) -> list[Places]:
    """What each group has committed; raises BrokerError if no broker answers."""
    asked: dict[str, None] = dict.fromkeys(groups)
    began = time.monotonic()
    with admin(settings) as client:
        while True:
            try:
                found = client.list_group_offsets(asked)
                break
            except RetriableError:
                # The first group of a new broker: it has yet to make its topic of offsets.
                if time.monotonic() - began > START_S:
                    raise
                time.sleep(AGAIN_S)
    topic = settings.kafka.requests_topic
    return [
        {tp.partition: Committed(at.offset, at.metadata) for tp, at in places.items() if tp.topic == topic}
        for places in (found[group] for group in groups)
    ]
