"""Raw times, numbers and truth values -> columns of the event, strictly typed.

Each converter takes the values of one field (one per record, None where absent) and returns the
event's column together with what is wrong, by row. A value's outcome never depends on its
neighbours: batches are converted at once only where every value is of the expected type.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from stream.event import times
from stream.event.hashing import Interned
from stream.event.split import Problem
from stream.event.texts import Values, screened, told, wrong
from stream.event.times import ReadText, ReadTexts, TimeUnit


class Converted(NamedTuple):
    """A column of the event; refused rows with their problem; rows whose value was dropped instead."""

    column: pl.Series
    problems: dict[int, Problem]
    malformed: int = 0


def integers(values: Values, largest: int, dtype: type[pl.DataType]) -> Converted:
    """Whole numbers from 0 to `largest`; floats without a fraction count as whole."""
    if set(map(type, values)) <= {int, type(None)}:
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
        return wrong("a whole number", value)
    if isinstance(value, float) and not value.is_integer():
        return Problem("wrong_type", "expected a whole number, found a fraction")
    if not 0 <= value <= largest:
        return Problem("out_of_range", f"expected 0 to {largest}")
    return int(value)


def booleans(values: Values) -> Converted:
    """true, false or absent."""
    values, problems = screened(values, bool, "true or false")
    return Converted(pl.Series(values, dtype=pl.Boolean), problems)


def moments(values: Values, unit: TimeUnit, at_once: ReadTexts, read: ReadText) -> Converted:
    """Times -> ms since the epoch; `at_once` reads them all or raises, `read` one text."""
    try:
        column = pl.Series(at_once(values), dtype=pl.Int64)
    except (TypeError, ValueError):
        return _one_by_one(values, unit, read)
    if column.null_count() and column.null_count() != len(values) - told(values):
        return _one_by_one(values, unit, read)
    return Converted(column, {})


def _one_by_one(values: Values, unit: TimeUnit, read: ReadText) -> Converted:
    found: list[int | None] = []
    problems: dict[int, Problem] = {}
    for row, value in enumerate(values):
        moment = None
        if value and isinstance(value, str):
            moment = read(value)
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
    return wrong("a time", value)


def event_times(values: Values, unit: TimeUnit, earliest: int, latest: int) -> Converted:
    """Event times, in ms; a record without one, or with one out of range, is refused."""
    column, problems, _ = moments(values, unit, times.at_once, times.from_text)
    if column.null_count() or not _within(column, earliest, latest):
        for row, moment in enumerate(column.to_list()):
            if moment is None:
                problems.setdefault(row, Problem("missing_time", "missing"))
            elif not earliest <= moment <= latest:
                side = "before intake.earliest_time" if moment < earliest else "after intake.latest_time"
                hint = "" if isinstance(values[row], str) else f"; read as {unit} (intake.time_unit)"
                problems[row] = Problem("time_range", side + hint)
    return Converted(column, problems)


def sign_ups(values: Values, unit: TimeUnit, earliest: int, latest: int, known: Interned) -> Converted:
    """Sign-up times, in ms; one out of range is dropped and counted.

    Systems write a zero time (0001-01-01, 1970-01-01) for "never": the exchange is real all the same.
    """
    column, problems, _ = moments(values, unit, known.of, known.__getitem__)
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
