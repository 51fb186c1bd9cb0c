"""The two tables of fields: the record that a gateway writes, and the event that stages read.

A record (`RECORD`) is what arrives: JSON with strings and numbers, all but `time` and `account_id`
optional. An event (`EVENT`) is what the stages see: one row of a Polars table in which everything
private is a 64-bit keyed hash. Absence is null in both and never zero.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

RecordType = Literal["time", "text", "integer", "boolean", "hex", "raw"]
"""How a record's field is checked: `hex` is a string of hex digits, `raw` is any JSON value."""


class RecordField(NamedTuple):
    """One field of the canonical (`native`) record."""

    name: str
    type: RecordType
    meaning: str


RECORD: Final[tuple[RecordField, ...]] = (
    RecordField("time", "time", "event time at the gateway: RFC 3339 UTC, or epoch in the source's unit"),
    RecordField("event_id", "text", "unique per exchange; a repeat within the retention is dropped"),
    RecordField("account_id", "text", "who is billed or authenticated"),
    RecordField("org_id", "text", "the account's organisation"),
    RecordField("plan", "text", "the account's plan"),
    RecordField("account_created_at", "time", "when the account signed up"),
    RecordField("email_class", "text", "corporate, free, disposable or education"),
    RecordField("payment_hash", "text", "keyed hash of the means of payment"),
    RecordField("client_ip", "text", "client address; an IPv4 counts as its /24, an IPv6 as its /48"),
    RecordField("asn", "integer", "network operator (autonomous system number) of the client address"),
    RecordField("country", "text", "ISO 3166 code of the client address"),
    RecordField("ja4", "text", "TLS client fingerprint"),
    RecordField("user_agent", "text", "client software as it names itself"),
    RecordField("model", "text", "model asked for"),
    RecordField("endpoint", "text", "API path"),
    RecordField("status", "integer", "HTTP status of the answer"),
    RecordField("stream", "boolean", "whether the answer was streamed"),
    RecordField("message_count", "integer", "messages in the request: the depth of the conversation"),
    RecordField("input_tokens", "integer", "tokens in"),
    RecordField("output_tokens", "integer", "tokens out"),
    RecordField("duration_ms", "integer", "time to the end of the answer"),
    RecordField("params_hash", "hex", "keyed hash of the sampling parameters"),
    RecordField("tools_hash", "hex", "keyed hash of the tool definitions"),
    RecordField("prompt_prefix_hash", "hex", "keyed hash of the head of the prompt"),
    RecordField("prompt_hash", "hex", "keyed hash of the whole body"),
    RecordField("prompt_simhash", "hex", "64-bit similarity hash of the prompt, 16 hex digits"),
    RecordField("conversation_prev", "hex", "hash chain of the conversation before this turn"),
    RecordField("conversation_next", "hex", "hash chain of the conversation after this turn"),
    RecordField("safety_code", "text", "a safety system's verdict, if any"),
    RecordField("object", "text", "what was acted on, in logs of other platforms: an item, a page, an offer"),
    RecordField("messages", "raw", "raw conversation: hashed on intake, then dropped"),
    RecordField("prompt", "raw", "raw prompt: hashed on intake, then dropped"),
    RecordField(
        "answer", "raw", "raw answer to `messages`: ends the conversation's hash chain, then dropped"
    ),
)

EMAIL_CLASSES: Final = ("corporate", "free", "disposable", "education")
"""Position in this tuple is the code in the event's `email_class` column."""


class EventField(NamedTuple):
    """One column of the event table."""

    name: str
    dtype: type[pl.DataType]
    record: str
    meaning: str


EVENT: Final[tuple[EventField, ...]] = (
    EventField("time_ms", pl.Int64, "time", "event time, ms since the epoch; never null"),
    EventField("account", pl.UInt64, "account_id", "keyed hash of the account; never null"),
    EventField("account_id", pl.String, "account_id", "the account as the operator knows it; never null"),
    EventField("event", pl.UInt64, "event_id", "hash of the exchange's id"),
    EventField("org", pl.UInt64, "org_id", "keyed hash of the organisation"),
    EventField("payment", pl.UInt64, "payment_hash", "keyed hash of the means of payment"),
    EventField("created_ms", pl.Int64, "account_created_at", "sign-up time, ms since the epoch"),
    EventField("email_class", pl.UInt8, "email_class", "index into EMAIL_CLASSES"),
    EventField("network", pl.UInt64, "client_ip", "keyed hash of the /24 or /48"),
    EventField("asn", pl.UInt32, "asn", "network operator"),
    EventField("country", pl.UInt64, "country", "hash of the country code"),
    EventField("ja4", pl.UInt64, "ja4", "hash of the TLS fingerprint"),
    EventField("user_agent", pl.UInt64, "user_agent", "hash of the client software's name"),
    EventField("model", pl.UInt64, "model", "hash of the model's name"),
    EventField("endpoint", pl.UInt64, "endpoint", "hash of the API path"),
    EventField("status", pl.Int16, "status", "HTTP status"),
    EventField("stream", pl.Boolean, "stream", "whether streamed"),
    EventField("message_count", pl.Int32, "message_count", "messages in the request"),
    EventField("input_tokens", pl.Int64, "input_tokens", "tokens in"),
    EventField("output_tokens", pl.Int64, "output_tokens", "tokens out"),
    EventField("duration_ms", pl.Int64, "duration_ms", "time to the end of the answer"),
    EventField("params", pl.UInt64, "params_hash", "sampling parameters"),
    EventField("tools", pl.UInt64, "tools_hash", "tool definitions"),
    EventField("prefix", pl.UInt64, "prompt_prefix_hash", "head of the prompt"),
    EventField("body", pl.UInt64, "prompt_hash", "whole body"),
    EventField("simhash", pl.UInt64, "prompt_simhash", "similarity hash; neighbours differ in few bits"),
    EventField("previous_turn", pl.UInt64, "conversation_prev", "conversation before this turn"),
    EventField("next_turn", pl.UInt64, "conversation_next", "conversation after this turn"),
    EventField("safety", pl.UInt64, "safety_code", "hash of the safety verdict"),
    EventField("object", pl.UInt64, "object", "keyed hash of what was acted on"),
)

SCHEMA: Final[dict[str, type[pl.DataType]]] = {field.name: field.dtype for field in EVENT}
"""Schema of the event table; the order of its columns is the order of `EVENT`."""
