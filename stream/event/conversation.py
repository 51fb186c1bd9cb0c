"""Raw conversations in any dialect -> one plain form, so that the same turn reads the same twice.

A turn comes by here as an answer and comes back as history of the next request, in another dialect:
content as a string or as parts, arguments of a tool call with other white space, blanks at its end.
"""

from contextlib import suppress
from typing import Any, Final, NamedTuple

import orjson

_ROLES: Final = {"developer": "system", "human": "user", "ai": "assistant", "model": "assistant"}
_SILENT: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""Parts that clients need not send back."""


class Message(NamedTuple):
    """One message: who speaks, its text, and everything else that it carries, as canonical JSON."""

    role: str
    text: str
    rest: bytes

    def encoded(self) -> bytes:
        """Bytes that differ where messages differ: every piece carries its length."""
        pieces = (self.role.encode(), self.text.encode(), self.rest)
        return b"".join(len(piece).to_bytes(8) + piece for piece in pieces)


def conversation(raw: Any) -> tuple[Message, ...]:
    """The messages of a raw `messages` or `prompt`: a list, one message, or bare text."""
    values = raw if isinstance(raw, list) else [raw]
    return tuple(_message(value, "user") for value in values)


def answer(raw: Any) -> Message:
    """The message that a raw `answer` is: a message, its content, or bare text."""
    return _message({"content": raw} if isinstance(raw, list) else raw, "assistant")


def _message(value: Any, speaker: str) -> Message:
    if isinstance(value, str):
        return Message(speaker, value.strip(), b"")
    if not isinstance(value, dict):
        return Message(speaker, "", canonical(value))
    role = value.get("role")
    role = _ROLES.get(role, role) if isinstance(role, str) else speaker
    content = value["content"] if "content" in value else value.get("text")
    parts = content if isinstance(content, list) else [content]
    texts = [text for text in map(_text, parts) if text is not None]
    rest = [_other(part) for part in parts if _text(part) is None and not _is_silent(part)]
    rest += [_call(call) for call in _calls(value)]
    return Message(role, "\n".join(texts).strip(), canonical(rest) if rest else b"")


def _text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        text: str = part["text"]
        return text
    return None


def _is_silent(part: Any) -> bool:
    return part is None or (isinstance(part, dict) and str(part.get("type")) in _SILENT)


def _other(part: Any) -> Any:
    """A part that is no text; Anthropic's tool use reads as the tool call that it is."""
    if isinstance(part, dict) and part.get("type") == "tool_use":
        return {"name": part.get("name"), "arguments": part.get("input")}
    return part


def _calls(message: dict[str, Any]) -> list[Any]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list) else []


def _call(call: Any) -> Any:
    """A tool call without its random id, its arguments parsed."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return call
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        with suppress(orjson.JSONDecodeError):  # what the model wrote may be no JSON: then text is compared
            arguments = orjson.loads(arguments)
    return {"name": function.get("name"), "arguments": arguments}


def canonical(value: Any) -> bytes:
    """JSON with sorted keys; one constant for what is nested too deeply to be written."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return b"nested too deeply"
