"""Groups: how far the stages have read the requests, as the broker keeps it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from stream.config import Settings
from stream.runtime.admin import admin, answer
from stream.runtime.blocking import Admin
from stream.runtime.waiting import START_S


class Committed(NamedTuple):
    """The next offset to read, and the note that was committed with it."""

    offset: int
    note: str


Places = dict[int, Committed]
"""By partition of the requests; empty where a group never committed any."""


def committed(settings: Settings, *groups: str) -> list[Places]:
    """What each group has committed; raises BrokerError if no broker answers."""
    topic = settings.kafka.requests_topic
    with admin(settings) as client:
        found = _offsets(client, *groups)
    return [
        {tp.partition: Committed(at.offset, at.metadata) for tp, at in places.items() if tp.topic == topic}
        for places in found
    ]


def newest_note(settings: Settings, group: str) -> int:
    """The highest number that a group has noted beside an offset; 0 without any. Raises BrokerError."""
    with admin(settings) as client:
        notes = [at.metadata for at in _offsets(client, group)[0].values()]
    return max((int(note) for note in notes if note.isdigit()), default=0)


@contextmanager
def counting(settings: Settings, group: str, topic: str) -> Iterator[Callable[[], int]]:
    """How far a group has come in a topic, summed over its partitions, at each call within the context."""
    with admin(settings) as client:
        yield lambda: sum(at.offset for tp, at in _offsets(client, group)[0].items() if tp.topic == topic)


@contextmanager
def clearing(settings: Settings, group: str, topic: str) -> Iterator[Callable[[], int]]:
    """As `counting`; what the group has read is deleted at each call: for trials that run for long."""

    def clear() -> int:
        read = {tp: at.offset for tp, at in _offsets(client, group)[0].items() if tp.topic == topic}
        if read:
            answer(client, lambda one: one.delete_records(read))
        return sum(read.values())

    with admin(settings) as client:
        yield clear


def _offsets(client: Admin, *groups: str) -> list[dict[Any, Any]]:
    """By partition, for each group; the first group of a new broker waits until that has made its topic."""
    asked: dict[str, None] = dict.fromkeys(groups)
    found = answer(client, lambda one: one.list_group_offsets(asked), START_S)
    return [found[group] for group in groups]
