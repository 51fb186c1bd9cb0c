"""Bytes of a message -> the JSON objects in it, each with its place; or why there are none.

A message holds one object, an array of objects, or several lines (NDJSON) of either. One bad element
is refused alone.
"""

from typing import Any, Final, NamedTuple

import orjson

JsonObject = dict[str, Any]
"""One record as it came, its keys unchecked."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_REPLACED: Final = "\ufffd".encode()


class Problem(NamedTuple):
    """Why a record is refused: the reason that is counted, and a sentence without private values."""

    reason: str
    detail: str


class Element(NamedTuple):
    """One JSON value of a message: an object to read, or what is wrong with it.

    `place` says where in the message it stood ("" for the whole message), `repaired` whether bytes
    that were not UTF-8 were replaced by U+FFFD.
    """

    found: JsonObject | Problem
    place: str
    repaired: bool


def elements(message: bytes) -> list[Element]:
    """The elements of a message, at least one; never raises."""
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        return _mended(message, error)
    return _of_value(value, "", False)


def _of_value(value: Any, place: str, repaired: bool) -> list[Element]:
    if isinstance(value, list):
        return _of_array(value, place, repaired)
    return [Element(_object(value), place, repaired)]


def _of_array(values: list[Any], place: str, repaired: bool) -> list[Element]:
    if not values:
        return [Element(Problem("empty", "an array of no records"), place, repaired)]
    prefix = f"{place}, " if place else ""
    return [
        Element(_object(value), f"{prefix}element {position}", repaired)
        for position, value in enumerate(values, 1)
    ]


def _object(value: Any) -> JsonObject | Problem:
    if isinstance(value, dict):
        return value
    return Problem("not_object", f"expected an object, found {kind(value)}")


def _mended(message: bytes, error: orjson.JSONDecodeError) -> list[Element]:
    """What can be made of bytes that are not one JSON value.

    Bytes that are not UTF-8 are replaced: gateways copy what clients send (a user agent in Latin-1),
    so refusing them would let a client choose not to be seen.
    """
    text, repaired = _as_text(message)
    if not text.strip():
        return [Element(Problem("empty", "no bytes but white space"), "", False)]
    whole = _loads(text)
    if not isinstance(whole, Problem):
        return _of_value(whole, "", repaired)
    lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    values = [(number, _loads(line), repaired and _REPLACED in line) for number, line in lines]
    if not any(isinstance(value, dict | list) for _, value, _ in values):
        reason = "not_utf8" if repaired else "not_json"
        return [Element(Problem(reason, f"no JSON from character {error.pos} on"), "", False)]
    return [element for number, value, mended in values for element in _of_line(number, value, mended)]


def _of_line(number: int, value: Any, repaired: bool) -> list[Element]:
    place = f"line {number}"
    return (
        [Element(value, place, repaired)] if isinstance(value, Problem) else _of_value(value, place, repaired)
    )


def _as_text(message: bytes) -> tuple[bytes, bool]:
    """UTF-8 without a byte order mark, and whether bytes had to be replaced."""
    message = message.removeprefix(_BYTE_ORDER_MARK)
    try:
        message.decode()
    except UnicodeDecodeError:
        return message.decode(errors="replace").encode(), True
    return message, False


def _loads(text: bytes) -> Any:
    """The JSON value, or the Problem with it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Problem("not_json", f"no JSON from character {error.pos} on")


def kind(value: Any) -> str:
    """A JSON value's type in words, without the value."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    names: dict[type, str] = {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "null")
