from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.event.fields import SCHEMA
from stream.event.hashing import Hasher
from stream.event.prompt import HEAD_CHARACTERS, Prompt, Prompts

PROMPTS = Prompts(Hasher("a key"))
SYSTEM = {"role": "system", "content": "You are terse."}
QUESTION = {"role": "user", "content": "what is two plus two"}
CALL = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
]}  # fmt: skip


def of(messages: Any, answer: Any = None) -> Prompt:
    return PROMPTS.of({"messages": messages, "answer": answer})


def test_the_first_turn_has_no_history_and_points_to_the_second() -> None:
    first = of([SYSTEM, QUESTION], {"role": "assistant", "content": "four"})
    more = {"role": "user", "content": "and three more"}
    second = of([SYSTEM, QUESTION, {"role": "assistant", "content": "four"}, more], "seven")
    assert first.previous_turn is None
    assert first.next_turn == second.previous_turn is not None
    assert first.message_count == 2
    assert second.message_count == 4


@pytest.mark.parametrize(
    "replayed",
    [
        {"role": "assistant", "content": "four"},
        {"role": "assistant", "content": [{"type": "text", "text": "four"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "four "}]},
        {"role": "model", "content": "four"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "2+2"}, {"type": "text", "text": "four"}],
        },
    ],
)
def test_an_answer_links_to_its_replay_in_any_dialect(replayed: dict[str, Any]) -> None:
    first = of([QUESTION], {"role": "assistant", "content": "four ", "tool_calls": None})
    assert of([QUESTION, replayed, QUESTION]).previous_turn == first.next_turn


def test_a_tool_call_links_to_its_replay_whatever_its_id_and_blanks() -> None:
    used = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t", "name": "weather", "input": {"city": "Oslo"}}],
    }
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    assert of([QUESTION], CALL).next_turn == of([QUESTION, used, result]).previous_turn


def test_another_answer_links_elsewhere() -> None:
    replay = [QUESTION, {"role": "assistant", "content": "five"}, QUESTION]
    assert of([QUESTION], "four").next_turn != of(replay).previous_turn


def test_a_turn_whose_answer_is_not_logged_has_no_next() -> None:
    assert of([QUESTION]).next_turn is None


def test_instructions_are_the_prefix_whatever_follows() -> None:
    assert of([SYSTEM, QUESTION]).prefix == of([{**SYSTEM, "role": "developer"}, CALL]).prefix is not None


def test_instructions_count_by_their_head() -> None:
    long = "x" * HEAD_CHARACTERS
    first, second = ({"role": "system", "content": long + tail} for tail in ("today", "tomorrow"))
    assert of([first, QUESTION]).prefix == of([second, QUESTION]).prefix


def test_without_instructions_the_head_of_a_long_first_message_is_the_prefix() -> None:
    head = "grade this answer by the rubric " * 10
    assert of(head + "one").prefix == of(head + "two").prefix is not None
    assert of(head + "one").body != of(head + "two").body


def test_a_short_prompt_without_instructions_has_no_prefix() -> None:
    assert of([QUESTION]).prefix is None


def test_a_string_a_message_and_a_list_of_one_read_the_same() -> None:
    assert of("what is two plus two") == of(QUESTION) == of([QUESTION])
    assert PROMPTS.of({"prompt": "what is two plus two"}) == of([QUESTION])


def test_the_simhash_is_of_what_the_user_said_last() -> None:
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    assert of([SYSTEM, QUESTION]).simhash == of([QUESTION, CALL, result]).simhash


def test_the_body_covers_images_and_tool_calls() -> None:
    picture = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:1"}},
    ]
    other = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": "data:2"}}]
    bodies = {of([{"role": "user", "content": content}]).body for content in (picture, other, "what is this")}
    assert len(bodies) == 3


def test_moving_text_between_messages_gives_another_body() -> None:
    assert of(["ab", "c"]).body != of(["a", "bc"]).body != of(["abc"]).body


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_no_messages_give_nothing(nothing: Any) -> None:
    assert of(nothing) == Prompt()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "tool_calls", "function", "arguments"]), inner
        )
    ),
)


@given(JSON, JSON)
def test_any_json_is_hashed_and_the_same_twice(messages: Any, answer: Any) -> None:
    assert of(messages, answer) == of(messages, answer)


def test_what_the_gateway_hashed_itself_is_kept() -> None:
    columns = {name: pl.Series([7, None, None], dtype=SCHEMA[name]) for name in Prompt._fields}
    PROMPTS.fill(columns, {0: {"prompt": "hello there"}, 2: {"prompt": "hello there"}})
    assert columns["body"].to_list() == [7, None, PROMPTS.of({"prompt": "hello there"}).body]
