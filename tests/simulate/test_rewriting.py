"""Whoever holds a conversation on his own side can change it, and send a turn again."""

import numpy as np
import polars as pl
import pytest

from stream.simulate.chance import generator, words
from stream.simulate.rewriting import rewritten
from stream.simulate.turns import REROLLED, REVISED, Turns, answered, link
from stream.simulate.workloads import Workload, WorkloadTable
from tests.simulate.worlds import group

TURNS = 12


def conversations(number: int, task: Workload) -> Turns:
    """Conversations of TURNS turns a minute apart, rewritten as the work has it."""
    rng = generator(1, "conversations")
    n, turn = number * TURNS, np.tile(np.arange(TURNS), number)
    zeros = np.zeros(n, np.int64)
    turns = Turns(
        conversation=np.repeat(words(rng, number), TURNS), depth=turn, turn=turn, habit=zeros, work=zeros,
        account=zeros, day=turn / 1440.0, status=np.full(n, 200), again=zeros, past=np.zeros(n, np.uint64),
    )  # fmt: skip
    return rewritten(rng, WorkloadTable([task]), turns)


def test_work_that_holds_no_conversation_stays_as_it_is() -> None:
    turns = conversations(50, Workload("plain"))
    assert len(turns) == 50 * TURNS
    assert not turns.past.any()


def test_an_edited_turn_continues_what_nobody_was_told() -> None:
    turns = conversations(400, Workload("edited", edit=0.2))
    edited = turns.past != 0
    assert not edited[turns.depth == 0].any()
    assert edited[turns.depth > 0].mean() == pytest.approx(0.2, abs=0.03)
    assert not np.isin(turns.past[edited], answered(turns)).any()


def test_a_turn_is_sent_again_as_often_as_the_work_says_and_before_the_one_that_is_kept() -> None:
    turns = conversations(400, Workload("rolled", reroll=0.3))
    again = turns.take(turns.again >= REROLLED)
    assert len(again) / (400 * TURNS) == pytest.approx(0.3, abs=0.04)
    assert (again.day < again.depth / 1440.0).all()
    assert (again.day > (again.depth - 1) / 1440.0).all()


def test_only_the_answer_that_is_kept_is_continued() -> None:
    turns = conversations(200, Workload("rolled", reroll=0.3))
    left = answered(turns.take(turns.again >= REROLLED))
    assert not np.isin(left, link(turns.conversation, turns.depth)).any()
    assert len(np.unique(left)) == len(left)


def test_some_turns_are_sent_again_behind_a_changed_conversation() -> None:
    turns = conversations(400, Workload("revised", reroll=0.3, revise=0.5))
    again = turns.take((turns.again >= REROLLED) & (turns.depth > 0))
    revised = again.again >= REVISED
    assert revised.mean() == pytest.approx(0.5, abs=0.05)
    assert ((again.past != 0) == revised).all()


def test_what_is_rolled_again_is_one_body_of_one_length_with_another_answer() -> None:
    played = group("role-play").filter(pl.col("status") == 200)
    rolled = played.group_by("account_id", "prompt_hash").agg(
        pl.len(), pl.col("conversation_prev", "input_tokens").n_unique(),
        answers=pl.col("conversation_next").n_unique(),
    ).filter(pl.col("len") > 1)  # fmt: skip
    assert len(rolled) > 100
    assert (rolled["input_tokens"] == 1).all()
    assert (rolled["conversation_prev"] == 1).all()
    assert (rolled["answers"] == rolled["len"]).all()


def test_the_same_prompt_comes_again_under_another_conversation() -> None:
    played = group("role-play").drop_nulls("prompt_simhash").filter(pl.col("prompt_simhash") != "")
    same = played.group_by("account_id", "prompt_simhash").agg(
        pl.col("prompt_hash").n_unique(), pl.col("orphan").any()
    )
    changed = same.filter(pl.col("prompt_hash") > 1)
    assert len(changed) > 50
    assert changed["orphan"].to_numpy().mean() > 0.95
