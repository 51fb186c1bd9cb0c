"""Messages of a gateway -> a table of events, and rejects for what cannot be read."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import polars as pl

from stream.event import convert, network, times
from stream.event.batch import Batch, Hide, Limits, Read, Reject, UnreadableRecordError
from stream.event.convert import Convert, Values
from stream.event.fields import EVENT, RECORD, SCHEMA
from stream.event.hashing import Hasher
from stream.event.prompt import Prompts
from stream.event.split import Problem
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

_COLUMNS: Final = {field.record: field for field in EVENT if field.name != "account"}
"""Record field -> the event's column that is made of it alone."""


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
        self._converters = self._table(unit)

    def decode(
        self, source: str, messages: Sequence[bytes], offsets: Sequence[int]
    ) -> tuple[Decoded, Counts]:
        """Events and rejects of a batch; never raises, whatever the bytes."""
        batch = Batch(source, messages, offsets, self._limits, self._read)
        batch.open(self._hide)
        values = batch.values()
        problems: dict[int, Problem] = {}
        malformed: Counter[str] = Counter()
        columns = self._columns(values, problems, malformed)
        _judge_repaired(batch.repaired, values["account_id"], problems, malformed)
        self._prompts.fill(columns, batch.raw)
        events = self._table_of(columns, batch.offsets())
        if problems:
            kept = [row for row in range(batch.height) if row not in problems]
            events = events[kept]
        present = _present(events)
        plans = values["plan"]
        kept_plans = [plan for row, plan in enumerate(plans) if row not in problems] if problems else plans
        present["plan"] = convert.told(kept_plans)
        present.update(name for row, raw in batch.raw.items() if row not in problems for name in raw)
        return Decoded(events, batch.rejects(problems)), Counts(present, malformed)

    def _columns(
        self, values: dict[str, Values], problems: dict[int, Problem], malformed: Counter[str]
    ) -> dict[str, pl.Series]:
        """Event column -> its values; notes the first problem of each row, in the order of RECORD."""
        columns: dict[str, pl.Series] = {}
        for name, converter in self._converters.items():
            converted = converter(values[name])
            if name in _COLUMNS:
                columns[_COLUMNS[name].name] = converted.column
            if converted.malformed:
                malformed[name] += converted.malformed
            for row, problem in converted.problems.items():
                problems.setdefault(row, Problem(problem.reason, f"{name}: {problem.detail}"))
        return columns

    def _table_of(self, columns: dict[str, pl.Series], offsets: list[int]) -> pl.DataFrame:
        accounts = [self._accounts[account] for account in columns["account_id"]]
        columns["account"] = pl.Series(accounts, dtype=pl.UInt64)
        columns["offset"] = pl.Series(offsets, dtype=pl.Int64)
        return pl.DataFrame([columns[name].alias(name) for name in (*SCHEMA, "offset")])

    def _table(self, unit: TimeUnit) -> dict[str, Convert]:
        """Record field -> its converter, in the order of RECORD; raw fields are read by `Prompts`."""
        limits, hasher = self._limits, self._hasher
        own: dict[str, Convert] = {
            "time": partial(
                convert.event_times, unit=unit, earliest=limits.earliest_ms, latest=limits.latest_ms
            ),
            "event_id": partial(convert.identifiers, hashes=hasher.identifiers("event_id")),
            "account_id": convert.account_ids,
            "plan": convert.texts,
            "account_created_at": partial(
                convert.sign_ups,
                unit=unit,
                earliest=OLDEST_SIGN_UP_MS,
                latest=limits.latest_ms,
                read_texts=times.remembered(),
            ),
            "email_class": convert.email_classes,
            "client_ip": partial(convert.addresses, hashes=network.networks(hasher)),
            "asn": partial(convert.operators, largest=_LARGEST["asn"], dtype=pl.UInt32),
            "stream": convert.booleans,
        }
        for field in RECORD:
            if field.name in own or field.type == "raw":
                continue
            if field.type == "integer":
                dtype = _COLUMNS[field.name].dtype
                own[field.name] = partial(convert.integers, largest=_LARGEST[field.name], dtype=dtype)
            elif field.type == "hex":
                own[field.name] = convert.hex_hashes
            else:
                own[field.name] = partial(convert.text_hashes, hashes=hasher.texts(field.name))
        return {field.name: own[field.name] for field in RECORD if field.name in own}


def _judge_repaired(
    repaired: list[int], accounts: Values, problems: dict[int, Problem], malformed: Counter[str]
) -> None:
    """Counts records whose bytes were not UTF-8; refuses those whose account cannot be told any more."""
    for row in repaired:
        malformed["utf8"] += 1
        account = accounts[row]
        if isinstance(account, str) and "\ufffd" in account:
            problems.setdefault(row, Problem("not_utf8", "account_id: bytes that are not UTF-8"))


def _present(events: pl.DataFrame) -> Counter[str]:
    """Record field -> how many events had it, where a column shows it."""
    return Counter(
        {name: events.height - events[field.name].null_count() for name, field in _COLUMNS.items()}
    )
