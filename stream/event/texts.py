"""Strings of records -> the numbers that are kept of them, some hundred records at a time.

Each function takes the values of one field (one per record, None where absent) and is strict about
their type. A value's outcome never depends on its neighbours: values are looked at one by one only
where some of them are not what was expected.
"""

from binascii import unhexlify
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stream.event.hashing import Identifiers, Interned, big_endian, hex64
from stream.event.split import Problem, kind

Values = Sequence[Any]
"""One field's raw values, one per record; None where the record has none."""

Numbers = list[int | None]
"""What is kept of strings, one number each; None where nothing is."""

Hashes = NDArray[np.uint64]
"""The same where no number is 0; 0 where nothing is kept."""

MAX_ACCOUNT_ID: Final = 256
"""Characters; identifiers are kept in state and findings, so their size has to be bounded."""

Made = TypeVar("Made", Numbers, Hashes)
_NONE: Final = type(None)
_HEX_DIGITS: Final = 16


class Kept(NamedTuple):
    """What is kept of a field's values; refused rows with their problem; how many values were dropped."""

    values: Sequence[int | str | None] | Hashes
    problems: dict[int, Problem]
    dropped: int = 0


Keep = Callable[[Values], Kept]
"""One of the functions below with its settings bound."""


def hashed(values: Values, hashes: Interned) -> Kept:
    """Strings -> cached keyed hashes; an empty string counts as absent."""
    return Kept(*_strictly(values, hashes.of))


def named(values: Values, known: Interned) -> Kept:
    """Strings -> the number known by that name; an unknown name is dropped and counted.

    So are addresses that are none: clients choose what stands in X-Forwarded-For, and refusing the
    record would let them vanish.
    """
    numbers, problems = _strictly(values, known.of)
    return Kept(numbers, problems, _unread(values, numbers) - len(problems))


def identified(values: Values, hashes: Identifiers) -> Kept:
    """Strings that seldom repeat -> keyed hashes, uncached."""
    return Kept(*_strictly(values, lambda texts: _spread(texts, hashes(_present(texts)))))


def accounts(values: Values) -> Kept:
    """The operator's own identifiers, kept as they are; a record without one is refused."""
    texts, problems = screened(values, str, "a string")
    if all(texts) and max(map(len, texts), default=0) <= MAX_ACCOUNT_ID:
        return Kept(texts, problems)
    for row, text in enumerate(texts):
        if not text:
            problems.setdefault(row, Problem("missing_account", "missing or empty"))
        elif len(text) > MAX_ACCOUNT_ID:
            problems[row] = Problem("out_of_range", f"longer than {MAX_ACCOUNT_ID} characters")
    return Kept(texts, problems)


def from_hex(values: Values) -> Kept:
    """Strings of hex digits -> the number of their first 16."""
    numbers, problems = _strictly(values, _of_hex, "hex digits")
    absent = len(values) - int(np.count_nonzero(numbers))
    if absent and absent - len(values) + told(values) > len(problems):
        for row, (value, number) in enumerate(zip(values, numbers.tolist(), strict=True)):
            if value and not number:
                problems.setdefault(row, Problem("wrong_type", "expected hex digits, found another string"))
    return Kept(numbers, problems)


def told(values: Values) -> int:
    """How many strings are neither absent nor empty."""
    return len(values) - values.count(None) - values.count("")


def wrong(expected: str, value: Any) -> Problem:
    """The problem with a value of another type."""
    return Problem("wrong_type", f"expected {expected}, found {kind(value)}")


def screened(values: Values, allowed: type, expected: str) -> tuple[Values, dict[int, Problem]]:
    """The values with those of another type taken out, and the problem of each that was."""
    if set(map(type, values)) <= {allowed, _NONE}:
        return values, {}
    problems = {
        row: wrong(expected, value)
        for row, value in enumerate(values)
        if type(value) is not allowed and value is not None
    }
    return [None if row in problems else value for row, value in enumerate(values)], problems


def _strictly(
    values: Values, make: Callable[[Values], Made], expected: str = "a string"
) -> tuple[Made, dict[int, Problem]]:
    """What `make` makes of the strings; it raises TypeError where there are other values."""
    try:
        return make(values), {}
    except TypeError:
        texts, problems = screened(values, str, expected)
        return make(texts), problems


def _present(values: Values) -> list[str]:
    """The strings that are neither absent nor empty; raises TypeError where 0 or [] is said instead."""
    present = list(filter(None, values))
    absent = len(values) - len(present)
    if absent and values.count(None) < absent and len(present) != told(values):
        raise TypeError
    return present


def _unread(values: Values, numbers: Numbers) -> int:
    """How many values, of those that are there, left no number."""
    without = numbers.count(None)
    return without and without - len(values) + told(values)


def _spread(values: Values, made: Hashes) -> Hashes:
    """What was made of the strings present, in their places."""
    if len(made) == len(values):
        return made
    spread = np.zeros(len(values), np.uint64)
    spread[np.fromiter(map(bool, values), np.bool_, len(values))] = made
    return spread


def _of_hex(values: Values) -> Hashes:
    texts = _present(values)
    made = _hex_at_once(texts)
    if made is None:
        made = np.array([hex64(text) or 0 for text in texts], np.uint64)
    return _spread(values, made)


def _hex_at_once(texts: list[str]) -> Hashes | None:
    """The numbers, if all texts have as many digits: ten times faster than one by one."""
    sizes = set(map(len, texts))
    digits = min(sizes, default=0)
    if len(sizes) != 1 or digits < _HEX_DIGITS or digits % 2:
        return None
    try:
        data = unhexlify("".join(texts))
    except ValueError:
        return None
    if digits > _HEX_DIGITS:
        data = np.frombuffer(data, np.uint8).reshape(len(texts), -1)[:, : _HEX_DIGITS // 2].tobytes()
    return big_endian(data)
