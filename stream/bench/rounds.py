"""One log again and again, as if it went on: each round is later, and those who act in it are new.

Accounts, organisations, cards, exchanges and conversations of a round are unknown to the rounds before: all
that is kept by account has to go again, as it came. What they work with stays: networks, clients, prompts.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import orjson

from stream.runtime.produce import Located

IDS: Final = (
    "event_id",
    "account_id",
    "org_id",
    "payment_hash",
    "conversation_prev",
    "conversation_next",
)
TIMES: Final = ("time", "account_created_at")


class Rounds:
    """The rounds of a file of native records in order of time."""

    def __init__(self, path: Path) -> None:
        """Reads its ends: a round takes as many whole days as the log touches."""
        self._path = path
        with path.open("rb") as file:
            first = last = next(file)
            self.records = 1
            for record in file:
                last = record
                self.records += 1
        began, ended = (_time(orjson.loads(record)["time"]) for record in (first, last))
        self.days = (ended.date() - began.date()).days + 1

    def since(self, number: int) -> Iterator[Located]:
        """The records of a round and of all after it, without end."""
        for each in count(number):
            yield from self.of(each)

    def first(self, number: int) -> Iterator[Located]:
        """The records of so many rounds from the beginning."""
        for each in range(number):
            yield from self.of(each)

    def of(self, number: int) -> Iterator[Located]:
        """The records of one round; those of round 0 are the log's own but for their ids."""
        later, name = timedelta(days=number * self.days), str(self._path)
        with self._path.open("rb") as file:
            for line, record in enumerate(file):
                yield name, line, orjson.dumps(_moved(orjson.loads(record), later, f"{number:04x}"))


def _moved(record: dict[str, Any], later: timedelta, mark: str) -> dict[str, Any]:
    """`mark` is of hex digits, for some ids are."""
    for name in TIMES:
        if record.get(name):
            moved = _time(record[name]) + later
            record[name] = moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for name in IDS:
        if record.get(name):
            record[name] = mark + record[name]
    return record


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
