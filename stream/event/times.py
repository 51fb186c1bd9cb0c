"""Times of records: RFC 3339 with an offset, or a number since the epoch in the source's unit."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

TimeUnit = Literal["s", "ms", "us", "ns"]

Moments = list[int | None]
"""ms since the epoch, one per text; None where the text is no time."""

ReadText = Callable[[str], int | None]
"""How one text is read as a time."""

ReadTexts = Callable[[Sequence[str]], Moments | NDArray[np.int64]]
"""How texts are read at once; raises ValueError where they cannot be, TypeError where one is no text."""

_PER_MS: Final[dict[TimeUnit, int]] = {"s": 0, "ms": 1, "us": 1_000, "ns": 1_000_000}
"""Units in a millisecond; 0 marks the second, the only one that is longer."""

_LARGEST: Final = 1 << 62
"""Numbers beyond are no times in any unit, and would not fit."""

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-]\d\d:[0-5]\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)

_WHOLE_S, _WITH_MS = b"0000-00-00T00:00:00Z ", b"0000-00-00T00:00:00.000Z "
"""The two layouts that are read at once, a digit where there is a 0; the blank tells texts apart."""

_PAIRS: Final = np.array([0, 2, 5, 8, 11, 14, 17])
"""Where the pairs of digits begin: two of the year, then one each down to the second."""

_HUNDREDS: Final = np.array([100, 10, 1])
_EPOCH_MONTHS: Final = 1970 * 12 + 1


def from_texts(texts: Sequence[str]) -> Moments:
    """RFC 3339 texts -> ms since the epoch, finer parts cut off.

    A time without an offset is none: it does not say which instant it means.
    """
    try:
        moments: Moments = at_once(texts).tolist()
    except ValueError:
        return [from_text(text) for text in texts]
    return moments


def from_text(text: str) -> int | None:
    """One RFC 3339 text -> ms since the epoch; None where it is no time."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset or '+00:00'}")
    except ValueError:
        return None
    return (moment - _EPOCH) // _MS + int(((fraction or "") + "000")[:3])


def at_once(texts: Sequence[str]) -> NDArray[np.int64]:
    """Times of one of the two layouts, all in UTC; raises ValueError where any of them is not so."""
    digits = _digits(texts)
    pairs = (digits[_PAIRS] * np.uint8(10) + digits[_PAIRS + 1]).astype(np.int64)
    century, year, month, day, hour, minute, second = pairs
    months = century * 1200 + year * 12 + month - _EPOCH_MONTHS
    first, next_first = _first_day(months), _first_day(months + 1)
    in_calendar = (century + year > 0) & (month > 0) & (month <= 12) & (day > 0) & (first + day <= next_first)
    if not (in_calendar & (hour < 24) & (minute < 60) & (second < 60)).all():
        raise ValueError("not all are times")
    minutes = ((first + day - 1) * 24 + hour) * 60 + minute
    moments: NDArray[np.int64] = (minutes * 60 + second) * 1000
    if len(digits) == len(_WITH_MS):
        moments += _HUNDREDS @ digits[20:23]
    return moments


def _digits(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Place in the layout -> the digit of each text, 0 where the layout has another letter."""
    joined = " ".join([*texts, ""]).encode("ascii")
    layout = _WITH_MS if texts and len(texts[0]) == len(_WITH_MS) - 1 else _WHOLE_S
    if not texts or len(joined) != len(layout) * len(texts):
        raise ValueError("times of another layout")
    letters = np.frombuffer(joined, np.uint8).reshape(len(texts), -1)
    digits = (letters - np.frombuffer(layout, np.uint8)).T.copy()  # what is below wraps around
    if (digits.max(axis=1) > [9 if letter == ord("0") else 0 for letter in layout]).any():
        raise ValueError("times of another layout")
    return digits


def _first_day(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since the epoch of the first day of months since the epoch."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def from_number(value: float, unit: TimeUnit) -> int | None:
    """Number since the epoch in `unit` -> ms since the epoch; None where it can be no time.

    Whole numbers are cut to ms; fractions are rounded, for 1.197 s is stored as a little less.
    """
    if not -_LARGEST < value < _LARGEST:
        return None
    divisor = _PER_MS[unit]
    if isinstance(value, int):
        moment = value // divisor if divisor else value * 1000
    else:
        moment = round(value / divisor if divisor else value * 1000)
    return moment if -_LARGEST < moment < _LARGEST else None
