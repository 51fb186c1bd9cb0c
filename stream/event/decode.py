"""Messages of a gateway -> a table of events, and rejects for what cannot be read."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from stream.event import convert, network, texts, times
from stream.event.batch import Batch, Hide, Limits, Read, Reject, UnreadableRecordError
from stream.event.convert import Convert
from stream.event.fields import EMAIL_CLASSES, EVENT, RECORD, SCHEMA
from stream.event.hashing import Hasher, Interned
from stream.event.prompt import Prompts
from stream.event.split import Problem
from stream.event.texts import Hashes, Keep
from stream.event.times import TimeUnit

__all__ = ["Counts", "Decoded", "Decoder", "Hide", "Limits", "Read", "Reject", "UnreadableRecordError"]

OLDEST_SIGN_UP_MS: Final = 946_684_800_000
"""2000-01-01: sign-up times before are some system's zero, not a time."""

_LARGEST: Final[dict[str, int]] = {
    "asn": (1 << 32) - 1,
    "status": 999,
    "message_count": (1 << 31) - 1,
    "input_tokens": 1 << 53,
    "output_tokens": 1 << 53,
    "duration_ms": 1 << 53,
}
"""Largest value of each whole number: the event's type, or what a JSON number holds exactly."""

_EMAIL_CODES: Final = {name: code for code, name in enumerate(EMAIL_CLASSES)}

_PLAN: Final = "plan"
"""A field that no column of the event keeps: it is read to be checked and counted."""

_OWN_COLUMN: Final = {field.record: field.name for field in EVENT if field.name != "account"} | {_PLAN: _PLAN}
_COLUMNS: Final = {field.name: _OWN_COLUMN[field.name] for field in RECORD if field.type != "raw"}
"""Typed record field -> the column that is made of it alone, in the order of RECORD."""


class Decoded(NamedTuple):
    """Events in input order (SCHEMA, and `offset`: Int64, the message's), and what was refused."""

    events: pl.DataFrame
    rejects: list[Reject]


class Counts(NamedTuple):
    """What a batch adds to the counters: field -> events that had it, field -> values dropped."""

    present: Counter[str]
    malformed: Counter[str]


class Decoder:
    """Decodes messages; keeps nothing but caches of hashes, so a batch's outcome depends on it alone."""

    def __init__(self, key: str, unit: TimeUnit, limits: Limits, read: Read | None) -> None:
        """`key` is the operator's secret, `unit` that of numeric times, `read` the gateway's reader."""
        self._hasher = Hasher(key)
        self._limits = limits
        self._read = read
        self._hide: Hide = self._hasher.hider("reader")
        self._prompts = Prompts(self._hasher)
        self._accounts = self._hasher.texts("account_id")
        self._keepers = _keepers(self._hasher)
        self._converters = _converters(unit, limits)

    def decode(
        self, source: str, messages: Sequence[bytes], offsets: Sequence[int]
    ) -> tuple[Decoded, Counts]:
        """Events and rejects of a batch; never raises, whatever the bytes."""
        batch = Batch(source, messages, offsets, self._limits, self._read)
        malformed: Counter[str] = Counter()
        columns, found = self._columns(batch, malformed)
        problems: dict[int, Problem] = {}
        for name, by_row in found.items():
            for row, problem in by_row.items():
                problems.setdefault(row, Problem(problem.reason, f"{name}: {problem.detail}"))
        _judge_repaired(batch.repaired, columns["account_id"], problems, malformed)
        self._prompts.fill(columns, batch.raw)
        events = pl.DataFrame([columns[name].alias(name) for name in (*SCHEMA, "offset", _PLAN)])
        if problems:
            events = events[[row for row in range(batch.height) if row not in problems]]
        present = Counter(
            {name: events.height - events[column].null_count() for name, column in _COLUMNS.items()}
        )
        present.update(name for row, raw in batch.raw.items() if row not in problems for name in raw)
        events.drop_in_place(_PLAN)
        return Decoded(events, batch.rejects(problems)), Counts(present, +malformed)

    def _columns(
        self, batch: Batch, malformed: Counter[str]
    ) -> tuple[dict[str, pl.Series], dict[str, dict[int, Problem]]]:
        """Event column -> its values; record field -> the problem of each row that has one.

        Strings become numbers as they are read, the rest at the end: it is small, and quicker at once.
        """
        values: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        hashes: dict[str, list[Hashes]] = {name: [] for name in _COLUMNS}
        accounts: list[int | None] = []
        problems: dict[str, dict[int, Problem]] = {name: {} for name in _COLUMNS}
        for read in batch.columns(self._hide):
            first = len(accounts)
            for name, keep in self._keepers.items():
                kept = keep(read.pop(name))
                if isinstance(kept.values, np.ndarray):
                    hashes[name].append(kept.values)
                else:
                    values[name] += kept.values
                malformed[name] += kept.dropped
                for row, problem in kept.problems.items():
                    problems[name][first + row] = problem
            for name in self._converters:
                values[name] += read.pop(name)
            accounts += self._accounts.of(values["account_id"][first:])
        columns = {
            _COLUMNS[name]: _nullable(hashes[name])
            if hashes[name]
            else pl.Series(values[name], dtype=SCHEMA.get(_COLUMNS[name], pl.UInt64))
            for name in self._keepers
        }
        columns["account"] = pl.Series(accounts, dtype=pl.UInt64)
        columns["offset"] = pl.Series(batch.offsets(), dtype=pl.Int64)
        for name, converter in self._converters.items():
            columns[_COLUMNS[name]], problems[name], dropped = converter(values[name])
            malformed[name] += dropped
        return columns, problems


def _nullable(parts: list[Hashes]) -> pl.Series:
    """Hashes as a column, null for 0."""
    column = pl.Series(np.concatenate(parts))
    return column.set(column == 0, None)


def _keepers(hasher: Hasher) -> dict[str, Keep]:
    """Record field -> what is kept of its strings; raw fields are read by `Prompts`."""
    own: dict[str, Keep] = {
        "event_id": partial(texts.identified, hashes=hasher.identifiers("event_id")),
        "account_id": texts.accounts,
        "email_class": partial(texts.named, known=Interned(_EMAIL_CODES.get)),
        "client_ip": partial(texts.named, known=network.networks(hasher)),
    }
    for field in RECORD:
        if field.type == "hex":
            own[field.name] = texts.from_hex
        elif field.type == "text" and field.name not in own:
            own[field.name] = partial(texts.hashed, hashes=hasher.texts(field.name))
    return own


def _converters(unit: TimeUnit, limits: Limits) -> dict[str, Convert]:
    """Record field -> its converter, where it is no string."""
    latest = limits.latest_ms
    own: dict[str, Convert] = {
        "time": partial(convert.event_times, unit=unit, earliest=limits.earliest_ms, latest=latest),
        "account_created_at": partial(
            convert.sign_ups,
            unit=unit,
            earliest=OLDEST_SIGN_UP_MS,
            latest=latest,
            known=Interned(times.from_text),
        ),
        "asn": partial(convert.operators, largest=_LARGEST["asn"], dtype=pl.UInt32),
        "stream": convert.booleans,
    }
    for name, largest in _LARGEST.items():
        if name not in own:
            own[name] = partial(convert.integers, largest=largest, dtype=SCHEMA[_COLUMNS[name]])
    return own


def _judge_repaired(
    repaired: list[int], accounts: pl.Series, problems: dict[int, Problem], malformed: Counter[str]
) -> None:
    """Counts records whose bytes were not UTF-8; refuses those whose account cannot be told any more."""
    for row in repaired:
        malformed["utf8"] += 1
        account = accounts[row]
        if isinstance(account, str) and "\ufffd" in account:
            problems.setdefault(row, Problem("not_utf8", "account_id: bytes that are not UTF-8"))
