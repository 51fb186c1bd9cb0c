"""Other platforms' event logs: who acted on what, when (likes, reviews, follows, redemptions).

The names of the fields are settings (`stream.settings.Generic`): alternatives separated by `|`, a path
into nested objects by `.`. Numbers as identifiers are taken as texts; a means of payment is hashed.
"""

from collections.abc import Iterator
from typing import Any, Final

from stream.event.batch import Hide, Read
from stream.event.split import JsonObject
from stream.settings import Settings
from stream.sources.reader import Reader

_FIELDS: Final[dict[str, str]] = {
    "account_id": "account",
    "object": "object",
    "endpoint": "action",
    "event_id": "event",
    "client_ip": "address",
    "user_agent": "client",
    "org_id": "organisation",
}
"""Text field of the record -> the setting that names it."""

_Paths = tuple[tuple[str, ...], ...]


def configured(settings: Settings) -> Read:
    """The reader of records whose fields have the names that are set."""
    named = {setting: _paths(names) for setting, names in settings.generic}

    def read(record: JsonObject, hide: Hide) -> Iterator[JsonObject]:
        mapped = {field: _text(_first(record, named[setting])) for field, setting in _FIELDS.items()}
        mapped["time"] = _time(_first(record, named["time"]))
        mapped["account_created_at"] = _time(_first(record, named["signed_up"]))
        payment = _text(_first(record, named["payment"]))
        mapped["payment_hash"] = hide(payment) if isinstance(payment, str) and payment else payment
        yield mapped

    return read


def _paths(names: str) -> _Paths:
    return tuple(tuple(name.split(".")) for name in names.split("|"))


def _first(record: JsonObject, paths: _Paths) -> Any:
    """The value at the first of the paths that leads to one."""
    for path in paths:
        value: Any = record
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _time(value: Any) -> Any:
    """A number that is written as a text, as tables of texts have it, is the number."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


READER: Final = Reader(
    "generic",
    "other platforms' events, account, time and object under the names that [generic] sets",
    configured(Settings()),
    configured=configured,
)
