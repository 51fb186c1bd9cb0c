"""The reader against what a LiteLLM proxy wrote, field by field, and what its clients saw."""

from datetime import datetime
from typing import Any

import orjson
import polars as pl
import pytest

from stream.event.decode import Decoded
from stream.event.hashing import Hasher
from stream.event.network import networks
from stream.event.split import JsonObject
from stream.sources.litellm import READER, read
from tests.event.records import decoder
from tests.sources.litellm_fixtures import body, records

HASHER = Hasher("a key")
RUNS = [
    "logging_on.single",
    "logging_on.json_array",
    "logging_on.ndjson",
    "master_key_only.single",
    "master_key_only.json_array",
]
TEXTS = {
    "account_id": "account",
    "org_id": "org",
    "user_agent": "user_agent",
    "model": "model",
    "endpoint": "endpoint",
}
SAME = ("status", "stream", "message_count", "input_tokens", "output_tokens")
Expected = dict[str, Any]


def _messages(run: str) -> list[tuple[str, bytes]]:
    """Name and bytes of every message that the proxy posted in a run."""
    if run.endswith(".single"):
        return [(str(line), message) for line, message in enumerate(body(f"{run}.ndjson").splitlines(), 1)]
    folder = run.split(".")[0]
    files = sorted({expected["file"] for expected in records(f"{run}.expected.ndjson")})
    return [(file, body(f"{folder}.{file.replace('/', '.')}")) for file in files]


def _decode(messages: list[bytes]) -> Decoded:
    return decoder("s", read=READER.read).decode("proxy", messages, range(len(messages)))[0]


def _pairs(run: str) -> list[tuple[Expected, dict[str, Any] | None]]:
    """What was expected of each record, and the event it became; None where it was refused."""
    pairs = []
    for name, message in _messages(run):
        events, rejects = _decode([message])
        of_message = [
            expected
            for expected in records(f"{run}.expected.ndjson")
            if str(expected.get("line", expected.get("file"))) == name
        ]
        refused = [
            expected
            for expected in of_message
            if not expected.get("warm_up") and expected["account_id"] is None
        ]
        assert [reject.reason for reject in rejects] == ["missing_account"] * len(refused)
        kept = [expected for expected in of_message if expected not in refused]
        pairs += list(zip(kept, events.to_dicts(), strict=True))
    return [(expected, event) for expected, event in pairs if not expected.get("warm_up")]


@pytest.fixture(scope="module", params=RUNS)
def pairs(request: pytest.FixtureRequest) -> list[tuple[Expected, Any]]:
    found: list[tuple[Expected, Any]] = _pairs(request.param)
    assert len(found) >= 17
    return found


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


@pytest.mark.parametrize("field", TEXTS)
def test_texts_are_those_that_the_client_sent(pairs: list[tuple[Expected, Any]], field: str) -> None:
    hashes = HASHER.texts(field)
    wanted = [hashes[expected[field]] for expected, _ in pairs]
    assert [event[TEXTS[field]] for _, event in pairs] == wanted


def test_the_network_is_that_of_the_address_that_the_gateway_proves(
    pairs: list[tuple[Expected, Any]],
) -> None:
    hashes = networks(HASHER)
    assert [event["network"] for _, event in pairs] == [
        hashes[expected["client_ip"]] for expected, _ in pairs
    ]


@pytest.mark.parametrize("field", SAME)
def test_numbers_are_those_that_the_client_saw(pairs: list[tuple[Expected, Any]], field: str) -> None:
    for expected, event in pairs:
        unused = expected["zero_tokens_ok"] and field.endswith("tokens") and not expected[field]
        if field not in expected["unchecked"]:
            assert event[field] == expected[field] or (unused and not event[field]), expected


@pytest.mark.parametrize(
    ("field", "column", "tolerance"),
    [("time", "time_ms", "time_tol_ms"), ("duration_ms", "duration_ms", "duration_tol_ms")],
)
def test_times_lie_within_what_the_client_measured(
    pairs: list[tuple[Expected, Any]], field: str, column: str, tolerance: str
) -> None:
    for expected, event in pairs:
        wanted = _ms(expected[field]) if field == "time" else expected[field]
        if field not in expected["unchecked"]:
            assert abs(event[column] - wanted) <= expected[tolerance], expected


def test_the_three_shapes_give_the_same_events() -> None:
    shapes = [_decode([message for _, message in _messages(run)]).events for run in RUNS[:3]]
    ids = set(shapes[0]["event"])
    same = [events.filter(pl.col("event").is_in(ids)).drop("offset").sort("event") for events in shapes]
    assert same[0].equals(same[1])
    assert same[0].equals(same[2])


def test_every_record_has_an_id_of_its_own_although_call_ids_repeat() -> None:
    single = records("logging_on.single.ndjson")
    assert len({record["litellm_call_id"] for record in single}) < len(single)
    events = _decode([orjson.dumps(record) for record in single]).events
    assert events["event"].n_unique() == events.height


def test_a_fallback_keeps_its_failure_and_its_success() -> None:
    calls = [expected["litellm_call_id"] for expected in records("logging_on.single.expected.ndjson")]
    (shared,) = {call for call in calls if calls.count(call) > 1}
    lines = [record for record in records("logging_on.single.ndjson") if record["litellm_call_id"] == shared]
    events = _decode([orjson.dumps(record) for record in lines]).events
    assert events.select("status", "stream").rows() == [(500, None), (200, False)]


def _record(**changes: Any) -> JsonObject:
    """The first recorded exchange, a successful chat, with some of its fields changed."""
    return records("logging_on.single.ndjson")[0] | changes


def _mapped(record: JsonObject) -> JsonObject:
    (mapped,) = read(record, HASHER.hider("reader"))
    return mapped


def _key_only(key: str | None) -> JsonObject:
    metadata = _record()["metadata"] | {"user_api_key_user_id": None, "user_api_key_hash": key}
    return _mapped(_record(metadata=metadata))


def test_without_a_user_the_keys_hash_is_the_account() -> None:
    assert _key_only("9f" * 32)["account_id"] == "9f" * 32


def test_a_key_that_was_written_as_it_is_is_hashed_on_arrival() -> None:
    account = _key_only("mock-frank-nosk")["account_id"]
    assert account == HASHER.hider("reader")("mock-frank-nosk")
    assert "frank" not in account


def test_a_key_never_reaches_the_table() -> None:
    messages = body("logging_on.single.ndjson").splitlines()
    assert any(b"mock-frank-nosk" in message for message in messages)
    assert (
        b"mock-frank"
        not in _decode(messages).events.write_ipc_stream(None, compression="uncompressed").getvalue()
    )


def test_without_a_user_or_a_key_there_is_no_account() -> None:
    assert _key_only(None)["account_id"] is None


def test_of_forwarded_addresses_the_last_is_believed() -> None:
    assert _mapped(_record(requester_ip_address="1.2.3.4, 203.0.113.6"))["client_ip"] == "203.0.113.6"


@pytest.mark.parametrize(
    ("status", "information", "expected"),
    [
        ("success", {}, 200),
        ("success", {"error_code": "", "normalized_error": None}, 200),
        ("success", {"error_code": "499", "normalized_error": None}, 499),
        ("failure", {"error_code": "server_error", "normalized_error": "500_PROVIDER_INTERNAL_ERROR"}, 500),
        ("failure", {"error_code": "429", "normalized_error": None}, 429),
        ("failure", {"error_code": "timeout"}, None),
        ("failure", None, None),
    ],
)
def test_the_status_is_the_number_that_the_error_begins_with(
    status: str, information: Any, expected: int | None
) -> None:
    assert _mapped(_record(status=status, error_information=information))["status"] == expected


@pytest.mark.parametrize("text", ["redacted-by-litellm", "default-message-value"])
def test_a_placeholder_is_no_prompt(text: str) -> None:
    record = _record(messages=[{"role": "user", "content": text}], response={"text": "redacted-by-litellm"})
    (event,) = _decode([orjson.dumps(record)]).events.to_dicts()
    kept = ("message_count", "body", "simhash", "prefix", "previous_turn", "next_turn")
    assert [event[name] for name in kept] == [None] * len(kept)


def test_a_redacted_answer_ends_no_conversation() -> None:
    response = {"choices": [{"message": {"role": "assistant", "content": "redacted-by-litellm"}}]}
    assert _mapped(_record(response=response))["answer"] is None


@pytest.mark.parametrize("call_type", ["acompletion", "anthropic_messages", "atext_completion", "aresponses"])
def test_the_answer_of_every_kind_of_call_is_found(call_type: str) -> None:
    calls = [
        record
        for record in records("logging_on.single.ndjson")
        if record["call_type"] == call_type
        and record["status"] == "success"
        and "499" not in str(record["error_information"])
    ]
    assert calls
    assert all(_mapped(record)["answer"] for record in calls)


def test_the_next_turn_of_one_request_is_the_previous_of_the_one_that_continues_it() -> None:
    first = _record()
    answer = first["response"]["choices"][0]["message"]["content"]
    history = [*first["messages"], {"role": "assistant", "content": [{"type": "text", "text": answer}]}]
    second = _record(messages=[*history, {"role": "user", "content": "and then"}])
    events = _decode([orjson.dumps(first), orjson.dumps(second)]).events
    assert events["next_turn"][0] == events["previous_turn"][1] is not None


def test_parameters_say_how_an_answer_is_sampled_and_tools_stand_apart() -> None:
    plain = _mapped(_record(model_parameters={"temperature": 0.2, "stream": True, "tools": [{"name": "t"}]}))
    same = _mapped(_record(model_parameters={"user": "someone", "temperature": 0.2}))
    other = _mapped(_record(model_parameters={"temperature": 0.3}))
    assert plain["params_hash"] == same["params_hash"] != other["params_hash"]
    assert plain["tools_hash"] is not None
    assert same["tools_hash"] is None


def test_parameters_of_cached_and_failed_calls_are_unknown_where_none_are_written() -> None:
    assert _mapped(_record(model_parameters={}))["params_hash"] is not None
    assert _mapped(_record(model_parameters={}, cache_hit=True))["params_hash"] is None
    assert _mapped(_record(model_parameters={}, status="failure"))["params_hash"] is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"error_information": {"error_class": "ContentPolicyViolationError"}}, "content_policy"),
        ({"status_fields": {"guardrail_status": "guardrail_intervened"}}, "guardrail"),
        ({"response": {"choices": [{"finish_reason": "content_filter"}]}}, "content_filter"),
        ({"response": {"choices": [{"finish_reason": "refusal"}]}}, "refusal"),
    ],
)
def test_a_refusal_is_recognised_wherever_it_is_written(changes: Any, code: str | None) -> None:
    assert _mapped(_record(**changes))["safety_code"] == code


def test_a_record_of_another_shape_is_refused_and_says_where() -> None:
    (reject,) = _decode([orjson.dumps(_record(metadata="none"))]).rejects
    assert (reject.reason, reject.detail) == ("wrong_type", "metadata: expected an object, found a string")
