"""LiteLLM proxy: StandardLoggingPayload, as its generic_api callback posts it (checked with 1.109.1).

What its fields really hold:
- `startTime` is taken after authentication and parsing; times are epoch seconds.
- `stream` is null on everything that was not streamed and on every failure.
- `error_code` may be a provider's word; `normalized_error` begins with the number. A client that
  left in mid-stream counts as success with error code 499.
- A request that falls back to another model writes two records with one `litellm_call_id`, and
  clients can choose that id.
- `user_api_key_hash` is the key itself where it does not begin with `sk-`.
- With message logging off, `messages` is one message that says so; a body that could not be read
  has a placeholder too. Neither is a prompt.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

from stream.event.batch import Hide, UnreadableRecordError
from stream.event.conversation import canonical
from stream.event.split import JsonObject, kind
from stream.sources.reader import Reader

_PATHS: Final[dict[str, tuple[str, ...]]] = {
    "time": ("startTime",),
    "org_id": ("metadata", "user_api_key_org_id"),
    "client_ip": ("requester_ip_address",),
    "user_agent": ("user_agent",),
    "endpoint": ("metadata", "user_api_key_request_route"),
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
}
"""Field of the record -> where LiteLLM writes it unchanged."""

_PLACEHOLDERS: Final = frozenset({"redacted-by-litellm", "default-message-value"})
_NOT_SAMPLING: Final = frozenset(
    {"stream", "stream_options", "user", "tools", "functions", "metadata", "extra_headers", "extra_body"}
)
"""Of `model_parameters`: what says how an answer is carried, or who asks, not how it is sampled."""

_REFUSALS: Final = frozenset({"content_filter", "refusal"})
_SHA256_DIGITS: Final = 64
_QUIT: Final = 499


def _at(record: JsonObject, *path: str) -> Any:
    """The value at a path, None where it ends early; raises UnreadableRecordError."""
    value: Any = record
    for depth, name in enumerate(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise UnreadableRecordError(f"{'.'.join(path[:depth])}: expected an object, found {kind(value)}")
        value = value.get(name)
    return value


def read(record: JsonObject, hide: Hide) -> Iterator[JsonObject]:
    """One StandardLoggingPayload -> one canonical record."""
    succeeded = record.get("status") == "success"
    status = _status(record, succeeded)
    mapped = {name: _at(record, *path) for name, path in _PATHS.items()}
    mapped |= {
        "event_id": _event_id(record),
        "account_id": _account(record, status, hide),
        "client_ip": _nearest(mapped["client_ip"]),
        "model": record.get("model_group") or record.get("model"),
        "status": status,
        "stream": False if succeeded and record.get("stream") is None else record.get("stream"),
        "duration_ms": _duration_ms(record),
        "params_hash": _params(record, succeeded, hide),
        "tools_hash": _tools(record, hide),
        "safety_code": _safety(record),
        "messages": _messages(record),
    }
    if succeeded and status != _QUIT:
        mapped["answer"] = _answer(record)
    if not succeeded:  # tokens of a failure are written as 0, never as unknown
        mapped |= {name: mapped[name] or None for name in ("input_tokens", "output_tokens")}
    yield mapped


def _event_id(record: JsonObject) -> str | None:
    """The call id alone is chosen by clients and shared by fallbacks."""
    parts = [record.get(name) for name in ("litellm_call_id", "id", "startTime", "status")]
    return None if parts[0] is None and parts[1] is None else "|".join(map(str, parts))


def _status(record: JsonObject, succeeded: bool) -> int | None:
    """HTTP status: the number that LiteLLM's own name of the error begins with, else the code."""
    for name in ("normalized_error", "error_code"):
        digits = str(_at(record, "error_information", name))[:3]
        if digits.isascii() and digits.isdigit() and len(digits) == 3:
            return int(digits)
    return 200 if succeeded else None


def _account(record: JsonObject, status: int | None, hide: Hide) -> Any:
    """The user, else the key's hash; None where the key was not accepted, which proves no account."""
    user, key = (_at(record, "metadata", f"user_api_key_{name}") for name in ("user_id", "hash"))
    if user:
        return user
    if status == 401 and _at(record, "error_information", "error_class") == "ProxyException":
        return None
    if not key or not isinstance(key, str):
        return key
    return key if _is_sha256(key) else hide(key)


def _is_sha256(key: str) -> bool:
    return len(key) == _SHA256_DIGITS and set(key) <= set("0123456789abcdef")


def _nearest(address: Any) -> Any:
    """The last of a list of forwarded addresses: the only one that a client cannot write."""
    return address.rpartition(",")[2].strip() if isinstance(address, str) else address


def _duration_ms(record: JsonObject) -> int | None:
    start, end = record.get("startTime"), record.get("endTime")
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return None
    elapsed = (end - start) * 1000
    return max(round(elapsed), 0) if math.isfinite(elapsed) else None


def _params(record: JsonObject, succeeded: bool, hide: Hide) -> str | None:
    """Hash of the sampling parameters; {} says "all defaults" only where the request was carried out."""
    parameters = record.get("model_parameters")
    if not isinstance(parameters, dict):
        return None
    if not parameters and (not succeeded or record.get("cache_hit") is True):
        return None
    chosen = {name: value for name, value in parameters.items() if name not in _NOT_SAMPLING}
    return hide(canonical(chosen).decode())


def _tools(record: JsonObject, hide: Hide) -> str | None:
    tools = _at(record, "model_parameters", "tools") or _at(record, "model_parameters", "functions")
    return hide(canonical(tools).decode()) if tools else None


def _choice(record: JsonObject) -> JsonObject:
    """The first choice of the response, {} where there is none."""
    response = record.get("response")
    choices = response.get("choices") if isinstance(response, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _safety(record: JsonObject) -> str | None:
    """A provider's content policy, a guardrail, or a model that refuses."""
    if _at(record, "error_information", "error_class") == "ContentPolicyViolationError":
        return "content_policy"
    if _at(record, "status_fields", "guardrail_status") == "guardrail_intervened":
        return "guardrail"
    reason = _choice(record).get("finish_reason")
    return reason if isinstance(reason, str) and reason in _REFUSALS else None


def _is_placeholder(content: Any) -> bool:
    return isinstance(content, str) and content in _PLACEHOLDERS


def _messages(record: JsonObject) -> Any:
    messages = record.get("messages")
    if isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], dict):
        return None if _is_placeholder(messages[0].get("content")) else messages
    return None if _is_placeholder(messages) else messages


def _answer(record: JsonObject) -> Any:
    """The message that answered: of a chat, a completion, or a response's output."""
    choice = _choice(record)
    message = choice.get("message", choice.get("text"))
    if message is None:
        response = record.get("response")
        output = response.get("output") if isinstance(response, dict) else None
        message = _spoken(output) if isinstance(output, list) else None
    content = message.get("content") if isinstance(message, dict) else message
    return None if _is_placeholder(content) else message


def _spoken(output: list[Any]) -> Any:
    """The last message in the output of the Responses API."""
    messages = [item for item in output if isinstance(item, dict) and item.get("type") == "message"]
    return messages[-1] if messages else None


READER: Final = Reader(
    "litellm", "LiteLLM's StandardLoggingPayload: single records, arrays, lines", read, time_unit="s"
)
