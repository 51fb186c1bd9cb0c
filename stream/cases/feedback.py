"""Feedback: what analysts decide about campaigns, accounts and links."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import orjson

from stream.event.batch import Reject

Decision = Literal["confirmed", "honest", "allow", "snooze", "rollback"]
_DECISIONS: Final = get_args(Decision)
_SYNONYMS: Final[dict[str, Decision]] = {"allow_value": "allow"}
"""Earlier names, still understood."""
_TARGETS: Final = ("campaign_uid", "account_id", "kind", "value")
_VALUE: Final = re.compile(r"[0-9A-Fa-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One decision. It names a campaign, an account, or a link (`kind`, `value`); rollback names none."""

    time_ms: int
    decision: Decision
    author: str
    campaign_uid: str | None = None
    account_id: str | None = None
    kind: str | None = None
    value: int | None = None
    expires_ms: int | None = None
    """Event time from which it no longer holds; None: the setting `alerts.decision_days` says."""
    to_ms: int | None = None
    """Of a rollback: the event time from which on the learner's lessons are taken back."""

    def until_ms(self, default_ms: int) -> int:
        """When it ends; `default_ms` after its own time where it does not say."""
        return self.expires_ms if self.expires_ms is not None else self.time_ms + default_ms


def read_feedback(record: bytes, offset: int) -> Feedback | Reject:
    """Parse one JSON object; a Reject says what is missing or wrong.

    Keys: `time` (RFC 3339), `decision` (confirmed, honest, allow, snooze, rollback), `author`, and one of
    `campaign_uid`, `account_id`, or `kind` with `value` (16 hex digits); optional `expires` (RFC 3339).
    allow takes a link; snooze takes a campaign, and `until` (RFC 3339); rollback takes only `to` (RFC 3339).
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
    ends = [_time_ms(data[name]) for name in ("expires", "until") if name in data]
    return Feedback(
        time_ms=_time_ms(data["time"]),
        decision=_decision(data["decision"]),
        author=data["author"],
        campaign_uid=data.get("campaign_uid"),
        account_id=data.get("account_id"),
        kind=data.get("kind"),
        value=int(data["value"], 16) if "value" in data else None,
        expires_ms=min(ends) if ends else None,
        to_ms=_time_ms(data["to"]) if "to" in data else None,
    )


def _decision(name: str) -> Any:
    return _SYNONYMS.get(name, name)


def _wrong(data: dict[str, Any]) -> str:
    for name in ("time", "decision", "author"):
        if not isinstance(data.get(name), str):
            return f"{name} is missing or no string"
    for name in (*_TARGETS, "expires", "until", "to"):
        if name in data and not isinstance(data[name], str):
            return f"{name} is no string"
    if data["decision"] not in (*_DECISIONS, *_SYNONYMS):
        return f"decision is none of {', '.join(_DECISIONS)}"
    return _wrong_target(data) or _wrong_time(data)


def _wrong_target(data: dict[str, Any]) -> str:
    link, decision = "kind" in data and "value" in data, data["decision"]
    if decision == "rollback":
        alone = "to" in data and not data.keys() & {*_TARGETS, "expires", "until"}
        return "" if alone else "rollback takes to, and nothing else"
    if "to" in data:
        return f"to belongs to rollback; {decision} takes expires"
    if decision == "snooze" and ("campaign_uid" not in data or "until" not in data):
        return "snooze takes campaign_uid and until"
    if decision != "snooze" and "until" in data:
        return f"until belongs to snooze; {decision} takes expires"
    if _decision(decision) == "allow" and not link:
        return f"{decision} takes kind and value"
    if not link and "campaign_uid" not in data and "account_id" not in data:
        return "names no campaign_uid, account_id, or kind and value"
    if not _VALUE.fullmatch(data.get("value", "0")):
        return "value is no number of up to 16 hex digits"
    return ""


def _wrong_time(data: dict[str, Any]) -> str:
    times: dict[str, int] = {}
    for name in ("time", "expires", "until", "to"):
        if name in data:
            try:
                times[name] = _time_ms(data[name])
            except ValueError:
                return f"{name} is no RFC 3339 time"
    late = [name for name in ("expires", "until") if name in times and times[name] <= times["time"]]
    if "to" in times and times["to"] >= times["time"]:
        return "to should be before time"
    return f"{late[0]} should be after time" if late else ""


def _time_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset does not say which instant it means")
    return round(moment.timestamp() * 1000)


def _reject(detail: str, offset: int) -> Reject:
    return Reject(reason="bad_feedback", detail=detail, source="feedback", offset=offset, raw=None)
