"""Records for the tests of the intake: a full one, and how to decode some."""

from typing import Any

import orjson

from stream.event.batch import Limits, Read
from stream.event.decode import Decoded, Decoder
from stream.event.times import TimeUnit

FULL: dict[str, Any] = {
    "time": "2026-04-08T00:00:00.150Z",
    "event_id": "evt-1",
    "account_id": "acct-1",
    "org_id": "org-1",
    "plan": "pay_as_you_go",
    "account_created_at": "2025-12-27T02:48:06.683Z",
    "email_class": "free",
    "payment_hash": "4b7e3da7f1416cc7",
    "client_ip": "203.0.113.8",
    "asn": 64500,
    "country": "NO",
    "ja4": "t13d1416h1_248f2b5651bd_6acb07755344",
    "user_agent": "ModelSDK/Python 1.26.3",
    "model": "m-large",
    "endpoint": "/v1/chat",
    "status": 200,
    "stream": True,
    "message_count": 2,
    "input_tokens": 350,
    "output_tokens": 138,
    "duration_ms": 2003,
    "params_hash": "57dc221dfef7c77c",
    "tools_hash": "d49ec878b758904d",
    "prompt_prefix_hash": "87a657876e15fb5c",
    "prompt_hash": "3ba378ee480f4fd1",
    "prompt_simhash": "47906ebf6faf1986",
    "conversation_prev": "57dc221dfef7c77d",
    "conversation_next": "15b8a9bc31fdbbba",
    "safety_code": "refused",
    "object": "item-7",
}
"""Every typed field of the record."""

LIMITS = Limits(
    message_bytes=1 << 20, earliest_ms=1_577_836_800_000, latest_ms=4_102_444_800_000, raw_bytes=0
)


def decoder(unit: TimeUnit = "ms", limits: Limits = LIMITS, read: Read | None = None) -> Decoder:
    return Decoder("a key", unit, limits, read)


def decode(
    *messages: bytes | dict[str, Any] | list[Any], unit: TimeUnit = "ms", limits: Limits = LIMITS
) -> Decoded:
    """Decodes messages of one source, `log`, with offsets from 0."""
    data = [message if isinstance(message, bytes) else orjson.dumps(message) for message in messages]
    return decoder(unit, limits).decode("log", data, range(len(data)))[0]


def changed(**fields: Any) -> dict[str, Any]:
    """The full record with some fields changed."""
    return FULL | fields


def without(*names: str) -> dict[str, Any]:
    """The full record without some fields."""
    return {name: value for name, value in FULL.items() if name not in names}
