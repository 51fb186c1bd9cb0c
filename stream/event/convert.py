"""Columns of raw JSON values -> columns of the event, value by value and strictly typed.

Each converter takes the values of one field (one per record, None where absent) and returns the
event's column together with what is wrong, by row. A value's outcome never depends on its
neighbours: batches are converted at once only where every value is of the expected type.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.event import times
from stream.event.fields import EMAIL_CLASSES
from stream.event.hashing import Identifiers, Interned, big_endian, hex64
from stream.event.split import Problem, kind
from stream.event.times import ReadTexts, TimeUnit

Values = Sequence[Any]
"""One field's raw values, one per record; None where the record has none."""

MAX_ACCOUNT_ID: Final = 256
"""Characters; identifiers are kept in state and findings, so their size has to be bounded."""

_EMAIL_CODES: Final = {name: code for code, name in enumerate(EMAIL_CLASSES)}
_NONE: Final = type(None)
_HEX_DIGITS: Final = 16


class Converted(NamedTuple):
    """A column of the event; refused rows with their problem; rows whose value was dropped instead."""

    column: pl.Series
    problems: dict[int, Problem]
    malformed: int = 0


def _wrong(expected: str, value: Any) -> Problem:
    return Problem("wrong_type", f"expected {expected}, found {kind(value)}")


def _screen(values: Values, allowed: set[type], expected: str) -> tuple[Values, dict[int, Problem]]:
    """The values with those of another type taken out, and the problem of each that was."""
    if set(map(type, values)) <= allowed:
        return values, {}
    problems = {
        row: _wrong(expected, value) for row, value in enumerate(values) if type(value) not in allowed
    }
    return [None if row in problems else value for row, value in enumerate(values)], problems


def texts(values: Values) -> Converted:
    """Strings that no column keeps: their type is checked all the same."""
    return Converted(pl.Series(dtype=pl.Null), _screen(values, {str, _NONE}, "a string")[1])


def text_hashes(values: Values, hashes: Interned) -> Converted:
    """Strings -> cached keyed hashes; an empty string counts as absent."""
    values, problems = _screen(values, {str, _NONE}, "a string")
    return Converted(pl.Series([hashes[value] for value in values], dtype=pl.UInt64), problems)


def addresses(values: Values, hashes: Interned) -> Converted:
    """Addresses -> hashes of their network; what is no address is dropped and counted.

    Clients choose what stands in X-Forwarded-For: refusing the record would let them vanish.
    """
    values, problems = _screen(values, {str, _NONE}, "a string")
    column = pl.Series([hashes[value] for value in values], dtype=pl.UInt64)
    return Converted(column, problems, column.null_count() - len(values) + told(values))


def identifiers(values: Values, hashes: Identifiers) -> Converted:
    """Strings that seldom repeat -> keyed hashes, uncached."""
    values, problems = _screen(values, {str, _NONE}, "a string")
    return Converted(_spread(values, hashes([value for value in values if value])), problems)


def account_ids(values: Values) -> Converted:
    """The operator's own identifiers, kept as they are; a record without one is refused."""
    values, problems = _screen(values, {str, _NONE}, "a string")
    if told(values) == len(values) and max(map(len, values), default=0) <= MAX_ACCOUNT_ID:
        return Converted(pl.Series(values, dtype=pl.String), problems)
    for row, value in enumerate(values):
        if not value and row not in problems:
            problems[row] = Problem("missing_account", "missing or empty")
        elif value and len(value) > MAX_ACCOUNT_ID:
            problems[row] = Problem("out_of_range", f"longer than {MAX_ACCOUNT_ID} characters")
    return Converted(pl.Series(values, dtype=pl.String), problems)


def hex_hashes(values: Values) -> Converted:
    """Strings of hex digits -> the number of their first 16."""
    values, problems = _screen(values, {str, _NONE}, "hex digits")
    present = [value for value in values if value]
    at_once = _hex_at_once(present)
    if at_once is not None:
        return Converted(_spread(values, at_once), problems)
    column = _spread_some(values, [hex64(value) for value in present])
    for row, value in enumerate(values):
        if value and column[row] is None:
            problems[row] = Problem("wrong_type", "expected hex digits, found another string")
    return Converted(column, problems)


def _hex_at_once(texts: list[str]) -> NDArray[np.uint64] | None:
    """The numbers, if every text is exactly 16 hex digits: ten times faster than one by one."""
    if set(map(len, texts)) != {_HEX_DIGITS}:
        return None
    try:
        data = bytes.fromhex("".join(texts))
    except ValueError:
        return None
    if len(data) != len(texts) * _HEX_DIGITS // 2:  # fromhex skips white space
        return None
    return big_endian(data)


def told(values: Values) -> int:
    """How many strings are neither absent nor empty."""
    return len(values) - values.count(None) - values.count("")


def _spread(
    values: Values, made: Sequence[Any] | NDArray[np.uint64], dtype: type[pl.DataType] = pl.UInt64
) -> pl.Series:
    """A column of what was made of the values present, null where a value is absent or empty."""
    if len(made) == len(values):
        return pl.Series(made, dtype=dtype)
    present = np.fromiter(map(bool, values), np.bool_, len(values))
    numbers = np.zeros(len(values), np.int64 if dtype is pl.Int64 else np.uint64)
    numbers[present] = made
    return pl.Series(numbers, dtype=dtype).set(pl.Series(~present), None)


def _spread_some(values: Values, made: Sequence[int | None]) -> pl.Series:
    """The same, where some of what was made is nothing."""
    left = iter(made)
    return pl.Series([next(left) if value else None for value in values], dtype=pl.UInt64)


def integers(values: Values, largest: int, dtype: type[pl.DataType]) -> Converted:
    """Whole numbers from 0 to `largest`; floats without a fraction count as whole."""
    if set(map(type, values)) <= {int, _NONE}:
        column = _integers_at_once(values, largest, dtype)
        if column is not None:
            return Converted(column, {})
    problems: dict[int, Problem] = {}
    numbers: list[int | None] = []
    for row, value in enumerate(values):
        outcome = _integer(value, largest)
        if isinstance(outcome, Problem):
            problems[row] = outcome
            outcome = None
        numbers.append(outcome)
    return Converted(pl.Series(numbers, dtype=dtype), problems)


def operators(values: Values, largest: int, dtype: type[pl.DataType]) -> Converted:
    """Numbers of autonomous systems; 0 is nobody's (RFC 7607), so it counts as absent."""
    column, problems, _ = integers(values, largest, dtype)
    if column.min() == 0:
        column = pl.Series([number or None for number in column.to_list()], dtype=dtype)
    return Converted(column, problems)


def _integers_at_once(values: Values, largest: int, dtype: type[pl.DataType]) -> pl.Series | None:
    """The column, if every number is in range."""
    try:
        column = pl.Series(values, dtype=pl.Int64)
    except (OverflowError, TypeError):  # a number of more than 63 bits; the slow way says which
        return None
    if not _within(column, 0, largest):
        return None
    return column.cast(dtype)


def _integer(value: Any, largest: int) -> int | Problem | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong("a whole number", value)
    if isinstance(value, float) and not value.is_integer():
        return Problem("wrong_type", "expected a whole number, found a fraction")
    if not 0 <= value <= largest:
        return Problem("out_of_range", f"expected 0 to {largest}")
    return int(value)


def booleans(values: Values) -> Converted:
    """true, false or absent."""
    values, problems = _screen(values, {bool, _NONE}, "true or false")
    return Converted(pl.Series(values, dtype=pl.Boolean), problems)


def email_classes(values: Values) -> Converted:
    """Names of EMAIL_CLASSES -> their codes; another name is dropped and counted."""
    values, problems = _screen(values, {str, _NONE}, "a string")
    codes = [_EMAIL_CODES.get(value) if value else None for value in values]
    unknown = sum(1 for value, code in zip(values, codes, strict=True) if value and code is None)
    return Converted(pl.Series(codes, dtype=pl.UInt8), problems, unknown)


def moments(values: Values, unit: TimeUnit, read_texts: ReadTexts = times.from_texts) -> Converted:
    """Times -> ms since the epoch."""
    texts = [value for value in values if value and isinstance(value, str)]
    read = read_texts(texts)
    if len(texts) == told(values) and None not in read:
        return Converted(_spread(values, read, pl.Int64), {})
    of_texts = iter(read)
    found: times.Moments = []
    problems: dict[int, Problem] = {}
    for row, value in enumerate(values):
        moment = None
        if value and isinstance(value, str):
            moment = next(of_texts)
        elif type(value) in (int, float):
            moment = times.from_number(value, unit)
        if moment is None and value is not None and value != "":
            problems[row] = _not_a_time(value)
        found.append(moment)
    return Converted(pl.Series(found, dtype=pl.Int64), problems)


def _not_a_time(value: Any) -> Problem:
    if isinstance(value, str):
        return Problem("bad_time", "expected an RFC 3339 time with its offset from UTC")
    if type(value) in (int, float):
        return Problem("bad_time", "a number too large for a time")
    return _wrong("a time", value)


def event_times(values: Values, unit: TimeUnit, earliest: int, latest: int) -> Converted:
    """Event times, in ms; a record without one, or with one out of range, is refused."""
    column, problems, _ = moments(values, unit)
    if column.null_count() or not _within(column, earliest, latest):
        for row, moment in enumerate(column.to_list()):
            if moment is None:
                problems.setdefault(row, Problem("missing_time", "missing"))
            elif not earliest <= moment <= latest:
                side = "before intake.earliest_time" if moment < earliest else "after intake.latest_time"
                hint = "" if isinstance(values[row], str) else f"; read as {unit} (intake.time_unit)"
                problems[row] = Problem("time_range", side + hint)
    return Converted(column, problems)


def sign_ups(values: Values, unit: TimeUnit, earliest: int, latest: int, read_texts: ReadTexts) -> Converted:
    """Sign-up times, in ms; one out of range is dropped and counted.

    Systems write a zero time (0001-01-01, 1970-01-01) for "never": the exchange is real all the same.
    """
    column, problems, _ = moments(values, unit, read_texts)
    if _within(column, earliest, latest):
        return Converted(column, problems)
    kept = [
        moment if moment is not None and earliest <= moment <= latest else None for moment in column.to_list()
    ]
    dropped = kept.count(None) - column.null_count()
    return Converted(pl.Series(kept, dtype=pl.Int64), problems, dropped)


def _within(column: pl.Series, earliest: int, latest: int) -> bool:
    """Whether every moment that is there lies between the two."""
    if column.null_count() == len(column):
        return True
    return bool(earliest <= column.min() and column.max() <= latest)  # type: ignore[operator]


Convert = Callable[[Values], Converted]
"""A converter with its settings bound."""
