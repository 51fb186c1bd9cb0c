"""Times of records: RFC 3339 with an offset, or a number since the epoch in the source's unit."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from stream.event.hashing import Interned

TimeUnit = Literal["s", "ms", "us", "ns"]

Moments = list[int | None]
"""ms since the epoch, one per text; None where the text is no time."""

ReadTexts = Callable[[Sequence[str]], Moments]
"""How texts are read as times."""

_PER_MS: Final[dict[TimeUnit, int]] = {"s": 0, "ms": 1, "us": 1_000, "ns": 1_000_000}
"""Units in a millisecond; 0 marks the second, the only one that is longer."""

_LARGEST: Final = 1 << 62
"""Numbers beyond are no times in any unit, and would not fit."""

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-]\d\d:[0-5]\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)

_LAYOUT: Final = np.frombuffer(b"0000-00-00T00:00:00", dtype=np.uint8)
_MARKS: Final = np.array([4, 7, 10, 13, 16])
_DIGITS: Final = np.delete(np.arange(len(_LAYOUT)), _MARKS)
_DAYS_IN_MONTH: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_WHOLE_S, _WITH_MS = len("2026-01-01T00:00:00Z"), len("2026-01-01T00:00:00.000Z")
"""Lengths of the two layouts that are read at once."""


def from_texts(texts: Sequence[str]) -> Moments:
    """RFC 3339 texts -> ms since the epoch, finer parts cut off.

    A time without an offset is none: it does not say which instant it means.
    """
    if len(set(map(len, texts))) == 1 and len(texts[0]) in (_WHOLE_S, _WITH_MS):
        numbers = _at_once(texts)
        if numbers is not None:
            moments: Moments = numbers.tolist()
            return moments
    return [from_text(text) for text in texts]


def remembered() -> ReadTexts:
    """A `from_texts` that remembers: several times faster where the same times come again and again."""
    moments = Interned(from_text)
    return lambda texts: [moments[text] for text in texts]


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


def _at_once(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Times of one of the two layouts, all in UTC; None where any of them is not so."""
    try:
        letters = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8).reshape(len(texts), -1)
    except UnicodeEncodeError:
        return None
    digits = (letters - ord("0")).astype(np.int64)  # anything but a digit becomes larger than 9
    milliseconds = np.zeros(len(texts), dtype=np.int64)
    sound = (letters[:, _MARKS] == _LAYOUT[_MARKS]).all() and (letters[:, -1] == ord("Z")).all()
    sound = sound and (digits[:, _DIGITS] <= 9).all()
    if letters.shape[1] == _WITH_MS:
        sound = sound and (letters[:, 19] == ord(".")).all() and (digits[:, 20:23] <= 9).all()
        milliseconds = digits[:, 20:23] @ np.array([100, 10, 1])
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    pairs = digits[:, [5, 8, 11, 14, 17]] * 10 + digits[:, [6, 9, 12, 15, 18]]
    month, day, hour, minute, second = pairs.T
    if not sound or not _in_calendar(year, month, day) or not _on_clock(hour, minute, second):
        return None
    seconds: NDArray[np.int64] = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1000 + milliseconds


def _on_clock(hour: NDArray[np.int64], minute: NDArray[np.int64], second: NDArray[np.int64]) -> bool:
    return bool((hour < 24).all() and (minute < 60).all() and (second < 60).all())


def _in_calendar(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> bool:
    if not ((year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)).all():
        return False
    leap_day = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return bool((day <= _DAYS_IN_MONTH[month] + leap_day).all())


def _days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970-01-01 in the Gregorian calendar, counting years from March."""
    shifted = year - (month <= 2)
    months = (month + 9) % 12
    of_year = (153 * months + 2) // 5 + day - 1
    return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719_468


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
