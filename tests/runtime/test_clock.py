"""The clock of a source: few events cannot move it far, a silence can end."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.runtime.clock import CONFIRM, JUMP_MS, Source

START_MS = 1_700_000_000_000


def read(source: Source, times_ms: Sequence[int]) -> int:
    """How many of the events were ahead."""
    return source.read(np.array(times_ms, dtype=np.int64))[1]


def started() -> Source:
    source = Source()
    read(source, [START_MS])
    return source


steps = st.sampled_from([-60_000, 0, 60_000, JUMP_MS, JUMP_MS + 1, 40 * JUMP_MS])


@given(st.lists(steps, min_size=1, max_size=80), st.lists(st.integers(1, 79), max_size=4))
def test_batches_change_nothing(steps_ms: list[int], cuts: list[int]) -> None:
    times_ms = np.array([START_MS + step for step in steps_ms], dtype=np.int64)
    whole, parts = Source(), Source()
    newest, ahead = whole.read(times_ms)
    read_ = [parts.read(part) for part in np.split(times_ms, sorted(set(cuts))) if len(part)]
    assert np.concatenate([before for before, _ in read_]).tolist() == newest.tolist()
    assert sum(count for _, count in read_) == ahead
    assert parts == whole


def test_a_clock_that_is_wrong_by_less_than_the_jump_drags_time_by_its_error_alone() -> None:
    source = started()
    assert read(source, [START_MS + JUMP_MS, START_MS + 1] * 100) == 0
    assert source.newest_ms == START_MS + JUMP_MS


@given(st.permutations([False] * 140 + [True] * 60), st.integers(JUMP_MS + 1000, 10_000 * JUMP_MS))
def test_a_wrong_clock_in_less_than_a_majority_is_counted_and_drags_nothing(
    wrong: list[bool], error_ms: int
) -> None:
    """Whatever the order, unless the wrong ones outnumber the right ones by CONFIRM in a stretch."""
    runs = np.maximum.accumulate(balance := np.cumsum(np.where(wrong, -1, 1))) - balance
    if runs.max() >= CONFIRM - 1:
        return
    source = started()
    times_ms = [START_MS + i + (error_ms if is_wrong else 0) for i, is_wrong in enumerate(wrong)]
    assert read(source, times_ms) == 60
    assert source.newest_ms is not None
    assert source.newest_ms < START_MS + 200


def test_events_from_the_future_that_do_not_agree_confirm_nothing() -> None:
    source = started()
    assert read(source, [START_MS + n * 2 * JUMP_MS for n in range(1, 10 * CONFIRM)]) == 10 * CONFIRM - 1
    assert source.newest_ms == START_MS


def test_a_silence_ends_once_enough_events_agree_that_it_did() -> None:
    source, back_ms = started(), START_MS + 5 * JUMP_MS
    read(source, [back_ms + n for n in range(CONFIRM - 1)])
    assert source.newest_ms == START_MS
    read(source, [back_ms + CONFIRM])
    assert source.newest_ms == back_ms, "the first of those that agreed"
    assert read(source, [back_ms + 2 * CONFIRM]) == 0
    assert source.newest_ms == back_ms + 2 * CONFIRM
