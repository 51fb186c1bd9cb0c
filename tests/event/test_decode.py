from dataclasses import replace
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.event import batch
from stream.event.decode import Decoded
from stream.event.fields import EVENT, RECORD, SCHEMA
from tests.event.records import FULL, LIMITS, changed, decode, decoder, without

GOOD = orjson.dumps(FULL)
HEX_FIELDS = [field.name for field in RECORD if field.type == "hex"]
TYPED_FIELDS = [field for field in RECORD if field.type != "raw"]
WRONG: dict[str, list[Any]] = {
    "time": [True, [], {}],
    "text": [1, 1.5, True, [], {}],
    "integer": ["1", 1.5, True, [], {}],
    "boolean": ["true", 0, 1, [], {}],
    "hex": [1, True, [], {}, "xyz", "0x12", "12 34", "+1", "1_0", " ab", "ab\n", "\uff11\uff12"],
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
LIKELY = st.sampled_from(list(FULL.values())) | st.sampled_from(["", "0", 0, -1, 1.0, 2**60, "acct"])
RECORDS = st.dictionaries(st.sampled_from([field.name for field in RECORD]), LIKELY | JSON)
MOSTLY_GOOD = st.builds(
    lambda fields: FULL | fields, st.dictionaries(st.sampled_from(list(FULL)), LIKELY | JSON, max_size=2)
)
MESSAGES = (
    st.binary(max_size=60)
    | JSON.map(orjson.dumps)
    | RECORDS.map(orjson.dumps)
    | MOSTLY_GOOD.map(orjson.dumps)
    | st.lists(MOSTLY_GOOD, max_size=3).map(orjson.dumps)
    | st.lists(MOSTLY_GOOD.map(orjson.dumps) | st.binary(max_size=9), max_size=3).map(b"\n".join)
)


def test_a_full_record_fills_every_column() -> None:
    events, rejects = decode(FULL)
    assert rejects == []
    assert events.schema == {**{name: dtype() for name, dtype in SCHEMA.items()}, "offset": pl.Int64()}
    assert sum(events.null_count().row(0)) == 0


def test_values_arrive_as_they_are_or_as_their_hash() -> None:
    (event,) = decode(FULL).events.to_dicts()
    assert event["time_ms"] == 1_775_606_400_150
    assert event["created_ms"] == 1_766_803_686_683
    assert event["account_id"] == "acct-1"
    assert event["email_class"] == 1
    assert (event["asn"], event["status"], event["stream"]) == (64500, 200, True)
    assert (event["message_count"], event["input_tokens"], event["output_tokens"]) == (2, 350, 138)
    assert event["duration_ms"] == 2003
    assert event["simhash"] == 0x47906EBF6FAF1986
    assert event["next_turn"] == 0x15B8A9BC31FDBBBA
    hashed = {
        "account",
        "event",
        "org",
        "payment",
        "network",
        "country",
        "ja4",
        "user_agent",
        "model",
        "endpoint",
    }
    assert len({event[name] for name in hashed}) == len(hashed)


def test_a_record_needs_only_a_time_and_an_account() -> None:
    events, rejects = decode({"time": FULL["time"], "account_id": "acct-1"})
    assert rejects == []
    assert {name for name in SCHEMA if events[name].null_count() == 0} == {"time_ms", "account", "account_id"}


@pytest.mark.parametrize("absent", [None, ""])
def test_null_and_empty_count_as_absent(absent: Any) -> None:
    optional = [field.name for field in RECORD if field.name not in ("time", "account_id")]
    fields = {name: absent for name in optional if absent is None or isinstance(FULL.get(name), str)}
    events, rejects = decode(FULL | fields)
    assert rejects == []
    columns = [field.name for field in EVENT if field.record in fields]
    assert all(events[name].null_count() == 1 for name in columns)


def test_unknown_fields_are_ignored() -> None:
    assert decode(changed(something={"else": [1]})).events.equals(decode(FULL).events)


def test_zero_is_not_absence() -> None:
    numbers = {"status": 0, "message_count": 0, "input_tokens": 0, "output_tokens": 0, "duration_ms": 0}
    (event,) = decode(changed(**numbers)).events.to_dicts()
    assert {name: event[name] for name in numbers} == numbers


def test_a_hash_of_zero_is_kept_as_one() -> None:
    (event,) = decode(FULL | dict.fromkeys(HEX_FIELDS, "0000000000000000")).events.to_dicts()
    assert (event["params"], event["simhash"]) == (1, 1)


def test_hashes_are_read_by_their_first_sixteen_digits() -> None:
    digits = ["57dc221dfef7c77c", "57DC221DFEF7C77C", "57dc221dfef7c77cffff"]
    events = decode(*(changed(params_hash=value) for value in digits)).events
    assert events["params"].unique().to_list() == [0x57DC221DFEF7C77C]


def test_nobodys_network_operator_is_absent() -> None:
    assert decode(changed(asn=0)).events["asn"].to_list() == [None]


def test_whole_floats_are_whole_numbers() -> None:
    assert decode(changed(status=429.0, input_tokens=1e3)).events.select("status", "input_tokens").row(0) == (
        429,
        1000,
    )


@pytest.mark.parametrize(("unit", "factor"), [("s", 1e-3), ("ms", 1), ("us", 1000), ("ns", 1_000_000)])
def test_numeric_times_count_in_the_declared_unit(unit: Any, factor: float) -> None:
    moment = 1_775_606_400_000
    record = changed(time=moment * factor, account_created_at=int(moment * factor))
    assert decode(record, unit=unit).events.select("time_ms", "created_ms").row(0) == (moment, moment)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"{", "not_json"),
        (b'{"time": NaN}', "not_json"),
        (b"nonsense", "not_json"),
        (b"[" * 3000, "not_json"),
        (b'{"account_id": "\\ud800"}', "not_json"),
        (b"\xff\xfe\xfd", "not_utf8"),
        (GOOD.replace(b"acct-1", b"acct-\xe9"), "not_utf8"),
        (b"5", "not_object"),
        (b'"text"', "not_object"),
        (b"null", "not_object"),
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"[]", "empty"),
        (b"[5]", "not_object"),
        (b"[[]]", "not_object"),
        (orjson.dumps(without("time")), "missing_time"),
        (orjson.dumps(changed(time=None)), "missing_time"),
        (orjson.dumps(changed(time="")), "missing_time"),
        (orjson.dumps(without("account_id")), "missing_account"),
        (orjson.dumps(changed(account_id=None)), "missing_account"),
        (orjson.dumps(changed(account_id="")), "missing_account"),
        (orjson.dumps(changed(account_id=7)), "wrong_type"),
        (orjson.dumps(changed(account_id="x" * 257)), "out_of_range"),
        (orjson.dumps(changed(time="yesterday")), "bad_time"),
        (orjson.dumps(changed(time="2026-04-08T00:00:00")), "bad_time"),
        (orjson.dumps(changed(time=1e300)), "bad_time"),
        (orjson.dumps(changed(time=10**18)), "time_range"),
        (orjson.dumps(changed(time="2019-12-31T23:59:59Z")), "time_range"),
        (orjson.dumps(changed(time="2100-01-01T00:00:01Z")), "time_range"),
        (orjson.dumps(changed(time=1_775_606_400)), "time_range"),
        (orjson.dumps(changed(account_created_at="soon")), "bad_time"),
        (orjson.dumps(changed(input_tokens=-1)), "out_of_range"),
        (orjson.dumps(changed(output_tokens=2**60)), "out_of_range"),
        (orjson.dumps(changed(status=1000)), "out_of_range"),
        (orjson.dumps(changed(asn=2**32)), "out_of_range"),
        (orjson.dumps(changed(message_count=2**31)), "out_of_range"),
        (orjson.dumps(changed(duration_ms=1e300)), "out_of_range"),
        (GOOD.replace(b"350", b"123456789012345678901234567890"), "out_of_range"),
        (b" " * LIMITS.message_bytes + GOOD, "too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(message: bytes, reason: str) -> None:
    events, rejects = decode(GOOD, message, GOOD)
    assert [(reject.reason, reject.source, reject.offset) for reject in rejects] == [(reason, "log", 1)]
    assert events["offset"].to_list() == [0, 2]
    assert events.drop("offset").equals(decode(GOOD, GOOD).events.drop("offset"))


@pytest.mark.parametrize(
    ("field", "value"), [(field.name, value) for field in TYPED_FIELDS for value in WRONG[field.type]]
)
def test_a_wrong_type_in_any_known_field_refuses_the_record_and_names_the_field(
    field: str, value: Any
) -> None:
    events, rejects = decode(changed(**{field: value}), FULL)
    assert events["offset"].to_list() == [1]
    assert [reject.reason for reject in rejects] == ["wrong_type"]
    assert rejects[0].detail.startswith(f"{field}: expected ")


def test_the_first_fault_in_the_order_of_the_fields_is_named() -> None:
    (reject,) = decode(changed(asn="x", client_ip=1, duration_ms=-1)).rejects
    assert reject.detail == "client_ip: expected a string, found a number"


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("client_ip", "not-an-ip", "network"),
        ("email_class", "unheard-of", "email_class"),
        ("account_created_at", "0001-01-01T00:00:00Z", "created_ms"),
        ("account_created_at", 0, "created_ms"),
    ],
)
def test_a_value_that_others_choose_is_dropped_and_counted_not_the_event(
    field: str, value: Any, column: str
) -> None:
    messages = [GOOD, orjson.dumps(changed(**{field: value})), orjson.dumps(without(field))]
    (events, rejects), counts = decoder().decode("log", messages, [0, 1, 2])
    assert rejects == []
    assert events[column].is_null().to_list() == [False, True, True]
    assert counts.malformed == {field: 1}


def test_bytes_that_are_not_utf8_are_replaced_and_counted() -> None:
    message = GOOD.replace(b"ModelSDK", b"caf\xe9")
    (events, rejects), counts = decoder().decode("log", [message], [0])
    assert (events.height, rejects, counts.malformed) == (1, [], {"utf8": 1})


def test_a_byte_order_mark_does_no_harm() -> None:
    assert decode(b"\xef\xbb\xbf" + GOOD).events.equals(decode(GOOD).events)


def test_an_array_holds_records_and_a_bad_one_is_refused_alone() -> None:
    events, rejects = decode([FULL, 5, changed(asn="x"), FULL])
    assert events["offset"].to_list() == [0, 0]
    assert [(reject.reason, reject.detail) for reject in rejects] == [
        ("not_object", "element 2: expected an object, found a number"),
        ("wrong_type", "element 3: asn: expected a whole number, found a string"),
    ]


def test_a_message_of_several_lines_holds_records_and_a_bad_line_is_refused_alone() -> None:
    array = orjson.dumps([FULL, 5])
    events, rejects = decode(b"\n".join([GOOD, b"", b"{oops", array, GOOD, b""]))
    assert events.height == 3
    assert [(reject.reason, reject.detail) for reject in rejects] == [
        ("not_json", "line 3: no JSON from character 1 on"),
        ("not_object", "line 4, element 2: expected an object, found a number"),
    ]


def test_an_indented_record_is_one_record() -> None:
    assert decode(orjson.dumps(FULL, option=orjson.OPT_INDENT_2)).events.equals(decode(FULL).events)


def test_an_indented_record_that_breaks_off_is_one_reject() -> None:
    broken = orjson.dumps(FULL, option=orjson.OPT_INDENT_2)[:-20]
    assert [reject.reason for reject in decode(broken).rejects] == ["not_json"]


@pytest.mark.parametrize(
    ("kept", "raw"), [(0, None), (5, '{"tim'), (1 << 20, orjson.dumps(without("time")).decode())]
)
def test_a_rejects_raw_bytes_are_kept_only_where_asked_for(kept: int, raw: str | None) -> None:
    message = orjson.dumps(without("time")) if kept != 5 else b'{"time'
    assert decode(message, limits=replace(LIMITS, raw_bytes=kept)).rejects[0].raw == raw


@given(st.lists(MESSAGES, max_size=4))
def test_any_bytes_become_events_or_rejects(messages: list[bytes]) -> None:
    for message in messages:
        events, rejects = decode(message)
        assert events.height + len(rejects) >= 1
    events, rejects = decode(*messages)
    assert {*events["offset"].to_list(), *(reject.offset for reject in rejects)} == set(range(len(messages)))


@given(st.lists(MESSAGES, max_size=5))
def test_a_message_decodes_in_a_batch_as_it_does_alone(messages: list[bytes]) -> None:
    together = decode(*messages)
    alone = [decode(message) for message in messages]
    for offset, single in enumerate(alone):
        assert _of_message(together, offset) == _of_message(single, 0)


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
def test_how_many_messages_are_read_at_once_changes_nothing(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [changed(asn="x"), without("account_id"), changed(prompt_hash="xyz"), [FULL, 5]]
    messages = [orjson.dumps(record) for record in [FULL, *faults, FULL | {"prompt": "hello"}, *faults]]
    expected = decode(*messages, b"{", GOOD)
    monkeypatch.setattr(batch, "AT_ONCE", at_once)
    found = decode(*messages, b"{", GOOD)
    assert found.events.equals(expected.events)
    assert found.rejects == expected.rejects


def _of_message(decoded: Decoded, offset: int) -> tuple[bytes, list[tuple[str, str]]]:
    """A message's events as bytes, and its rejects."""
    rows = decoded.events.filter(pl.col("offset") == offset).drop("offset")
    rejects = [(reject.reason, reject.detail) for reject in decoded.rejects if reject.offset == offset]
    return orjson.dumps(rows.to_dicts()), rejects


def test_no_messages_are_no_events() -> None:
    events, rejects = decode()
    assert (events.height, events.columns, rejects) == (0, [*SCHEMA, "offset"], [])


SECRETS = {
    "client_ip": "198.51.100.77",
    "payment_hash": "card-4242",
    "user_agent": "Secretive/1.0",
    "org_id": "org-hush",
    "country": "QQ",
    "ja4": "t13d_private",
    "event_id": "evt-private",
    "safety_code": "unspoken",
}
PROMPT = [
    {"role": "system", "content": "confidential instructions"},
    {"role": "user", "content": [{"type": "text", "text": "clandestine question"}]},
]


def test_nothing_private_survives_in_the_table() -> None:
    record = without("prompt_hash", "prompt_simhash", "prompt_prefix_hash") | SECRETS
    events = decode(record | {"messages": PROMPT, "answer": "surreptitious reply", "prompt": "covert"}).events
    stored = events.write_ipc_stream(None, compression="uncompressed").getvalue()
    words = [*SECRETS.values(), "198.51.100", "confidential", "clandestine", "surreptitious", "covert"]
    assert [word for word in words if word.encode() in stored] == []
    assert b"acct-1" in stored
    assert events.select("body", "simhash", "prefix", "next_turn").null_count().row(0) == (0, 0, 0, 0)


@pytest.mark.parametrize("field", [field.name for field in TYPED_FIELDS])
@pytest.mark.parametrize("value", ["clandestine", ["clandestine"], {"clandestine": 1}, 424_242.5])
def test_nothing_private_survives_in_a_rejects_detail(field: str, value: Any) -> None:
    for message in (
        orjson.dumps(changed(**{field: value})),
        orjson.dumps([changed(**{field: value})]),
        b"{clandestine",
    ):
        for reject in decode(message).rejects:
            assert "clandestine" not in reject.detail
            assert "424242" not in reject.detail
            assert reject.raw is None


def test_what_was_acted_on_stays_with_its_record() -> None:
    records = [without("object"), FULL, without("object"), changed(object="item-8")]
    one, two, three, four = decode(*records).events["object"].to_list()
    assert one is None
    assert three is None
    assert None not in (two, four)
    assert two != four
