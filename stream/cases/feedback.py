"""Feedback: what analysts decide about campaigns, accounts and links."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import orjson

from stream.event.batch import Reject

Decision = Literal["confirmed", "honest", "allow_value"]
_DECISIONS: Final = get_args(Decision)
_VALUE: Final = re.compile(r"[0-9A-Fa-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One decision. It names a campaign, an account, or a link (`kind`, `value`)."""

    time_ms: int
    decision: Decision
    author: str
    campaign_uid: str | None = None
    account_id: str | None = None
    kind: str | None = None
    value: int | None = None


def read_feedback(record: bytes, offset: int) -> Feedback | Reject:
    """Parse one JSON object; a Reject says what is missing or wrong.

    Keys: `time` (RFC 3339), `decision` (confirmed, honest, allow_value), `author`, and one of
    `campaign_uid`, `account_id`, or `kind` with `value` (16 hex digits). allow_value takes a link.
    """
    try:
        data = orjson.loads(record)
    except orjson.JSONDecodeError as error:
        return _reject(f"not JSON: {error}", offset)
    if not isinstance(data, dict):
        return _reject("not an object", offset)
    detail = _wrong(data)
    if detail:
        return _reject(detail, offset)
    return Feedback(
        time_ms=_time_ms(data["time"]),
        decision=data["decision"],
        author=data["author"],
        campaign_uid=data.get("campaign_uid"),
        account_id=data.get("account_id"),
        kind=data.get("kind"),
        value=int(data["value"], 16) if "value" in data else None,
    )


def _wrong(data: dict[str, Any]) -> str:
    for name in ("time", "decision", "author"):
        if not isinstance(data.get(name), str):
            return f"{name} is missing or no string"
    for name in ("campaign_uid", "account_id", "kind", "value"):
        if name in data and not isinstance(data[name], str):
            return f"{name} is no string"
    if data["decision"] not in _DECISIONS:
        return f"decision is none of {', '.join(_DECISIONS)}"
    link = "kind" in data and "value" in data
    if data["decision"] == "allow_value" and not link:
        return "allow_value takes kind and value"
    if not link and "campaign_uid" not in data and "account_id" not in data:
        return "names no campaign_uid, account_id, or kind and value"
    if not _VALUE.fullmatch(data.get("value", "0")):
        return "value is no number of up to 16 hex digits"
    try:
        _time_ms(data["time"])
    except ValueError:
        return "time is no RFC 3339 time"
    return ""


def _time_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset does not say which instant it means")
    return round(moment.timestamp() * 1000)


def _reject(detail: str, offset: int) -> Reject:
    return Reject(reason="bad_feedback", detail=detail, source="feedback", offset=offset, raw=None)
