"""Messages -> a batch of records of the canonical form, each with its origin, and what was refused."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

import orjson

from stream.event.fields import RECORD
from stream.event.split import Element, JsonObject, Problem, elements

Hide = Callable[[str], str]
"""Text -> keyed hash as hex digits, for a reader that must replace a secret or raw text."""

Read = Callable[[JsonObject, Hide], Iterable[JsonObject]]
"""A gateway's record -> records of the canonical form; may raise UnreadableRecordError."""

Row = tuple[Any, ...]
"""The values of one record's usual typed fields, in the order of RECORD; None where it has none."""

Position = tuple[int, int]
"""Where a record stood: its message in the batch, its element in the message."""

AT_ONCE: Final = 256
"""Messages, as rows of at most some kB each: half a MB, what a processor's own cache holds."""

_WHOLE: Final = ""
_SELDOM: Final = "object"
"""The typed field that gateways of models do not write: kept aside, so that their records stay short."""
_TYPED: Final = {field.name: None for field in RECORD if field.type != "raw" and field.name != _SELDOM}
_NAMES: Final[tuple[str, ...]] = tuple(orjson.loads(orjson.dumps(_TYPED)))
"""As orjson keeps them: it makes a key once, so its records are looked up by identity, in half the time."""
_RAW: Final = tuple(field.name for field in RECORD if field.type == "raw")
_all_of = itemgetter(*_NAMES)


class UnreadableRecordError(ValueError):
    """A reader's verdict on a record whose shape it does not know; says where, never what."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was refused: why, and where it stood; `raw` only where settings ask for it."""

    reason: str
    detail: str
    source: str
    offset: int
    raw: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the intake accepts and keeps: sizes in bytes, times in ms since the epoch."""

    message_bytes: int
    earliest_ms: int
    latest_ms: int
    raw_bytes: int


class Batch:
    """Records on their way through the intake; a row is one record.

    A record is turned into its row as soon as it is parsed, and rows into columns some at a time: they
    are freed while they are still in the processor's cache, which halves the time that they take.
    """

    def __init__(
        self,
        source: str,
        messages: Sequence[bytes],
        offsets: Sequence[int],
        limits: Limits,
        read: Read | None,
    ) -> None:
        """Messages of `source`; `read` maps the gateway's records, None leaves them as they are."""
        self.raw: dict[int, JsonObject] = {}
        """Row -> its raw fields, where it has any."""
        self.repaired: list[int] = []
        """Rows whose bytes were not UTF-8."""
        self._source = source
        self._messages = messages
        self._offsets = offsets
        self._limits = limits
        self._read = read
        self._rows: list[Row] = []
        self._seldom: list[tuple[int, Any]] = []
        self._positions: list[int] = []
        self._places: dict[int, tuple[int, str]] = {}
        self._refused: list[tuple[Position, Reject]] = []

    def columns(self, hide: Hide) -> Iterator[dict[str, Sequence[Any]]]:
        """Reads all messages, some at a time: typed record field -> the values of the records in them."""
        for start in range(0, len(self._messages), AT_ONCE):
            self._open(start, self._messages[start : start + AT_ONCE], hide)
            if self._rows:
                columns: dict[str, Sequence[Any]] = dict(
                    zip(_NAMES, zip(*self._rows, strict=True), strict=True)
                )
                columns[_SELDOM] = self._aside(len(self._rows))
                self._rows.clear()
                yield columns

    def _aside(self, rows: int) -> Sequence[Any]:
        """Values of the field that is kept aside, of the newest rows."""
        if not self._seldom:
            return (None,) * rows
        values: list[Any] = [None] * rows
        for row, value in self._seldom:
            values[row - self.height] = value
        self._seldom.clear()
        return values

    @property
    def height(self) -> int:
        """Records taken."""
        return len(self._positions)

    def offsets(self) -> list[int]:
        """Of each record: its message's offset."""
        return list(map(self._offsets.__getitem__, self._positions))

    def rejects(self, problems: dict[int, Problem]) -> list[Reject]:
        """What was refused, in input order, with the `problems` found later by row."""
        found = list(self._refused)
        for row, problem in problems.items():
            number, place = self._places.get(row, (0, _WHOLE))
            position = self._positions[row]
            found.append(((position, number), self._reject(problem, position, place)))
        return [reject for _, reject in sorted(found, key=itemgetter(0))]

    def _open(self, start: int, messages: Sequence[bytes], hide: Hide) -> None:
        """Reads some messages; the common one, a single object of just the typed fields, goes straight on."""
        limit, read, rows, positions = self._limits.message_bytes, self._read, self._rows, self._positions
        for position, message in enumerate(messages, start):
            if len(message) > limit:
                detail = f"{len(message)} bytes, over intake.max_record_bytes ({limit})"
                self._refuse(Problem("too_large", detail), position)
                continue
            if read is None:
                try:
                    record = orjson.loads(message)
                    if type(record) is dict and len(record) == len(_NAMES):
                        rows.append(_all_of(record))
                        positions.append(position)
                        continue
                except orjson.JSONDecodeError:
                    record = None
                except KeyError:
                    pass
                if type(record) is dict:
                    self._take(record, position)
                    continue
            for number, element in enumerate(elements(message)):
                self._open_element(element, position, number, hide)

    def _open_element(self, element: Element, position: int, number: int, hide: Hide) -> None:
        found, place, repaired = element
        if isinstance(found, Problem):
            self._refuse(found, position, number, place)
            return
        try:
            records = [found] if self._read is None else list(self._read(found, hide))
        except UnreadableRecordError as error:
            self._refuse(Problem("wrong_type", str(error)), position, number, place)
            return
        for record in records:
            row = self.height
            self._places[row] = (number, place)
            if repaired:
                self.repaired.append(row)
            self._take(record, position)

    def _take(self, record: JsonObject, position: int) -> None:
        raw = {name: record[name] for name in _RAW if record.get(name) is not None}
        if raw:
            self.raw[self.height] = raw
        if record.get(_SELDOM) is not None:
            self._seldom.append((self.height, record[_SELDOM]))
        self._rows.append(tuple(map(record.get, _NAMES)))
        self._positions.append(position)

    def _refuse(self, problem: Problem, position: int, number: int = 0, place: str = _WHOLE) -> None:
        self._refused.append(((position, number), self._reject(problem, position, place)))

    def _reject(self, problem: Problem, position: int, place: str) -> Reject:
        kept = self._limits.raw_bytes
        raw = self._messages[position][:kept].decode(errors="replace") if kept else None
        detail = f"{place}: {problem.detail}" if place else problem.detail
        return Reject(problem.reason, detail, self._source, self._offsets[position], raw)
