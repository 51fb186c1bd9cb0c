"""The verdict learner: taught by analysts, within bounds."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.evidence import PIECES
from stream.learning.verdicts import SNAPSHOTS, VerdictLearner

BAND = 1.5
STRONG = dict.fromkeys(("young", "handed_over", "breadth", "alike"), 5.0) | {
    "same_hour": 2.5,
    "same_model": 2.5,
}


def test_untaught_it_is_the_table() -> None:
    learner = VerdictLearner()
    assert learner.probability({}) < 0.1
    assert learner.probability(STRONG) > 0.9
    assert set(learner.weights().values()) == {1.0}
    assert learner.updates == 0


@pytest.mark.parametrize("guilty", [True, False])
def test_fifty_hostile_verdicts_cannot_turn_it(guilty: bool) -> None:
    learner = VerdictLearner()
    for i in range(50):
        learner.learn(STRONG if not guilty else dict.fromkeys(PIECES, 5.0), guilty, i)
    assert all(1 / BAND - 1e-9 <= weight <= BAND + 1e-9 for weight in learner.weights().values())
    assert learner.probability(STRONG) > 0.5
    assert learner.probability({}) < 0.2


verdicts = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(PIECES), st.floats(0, 5), max_size=6), st.booleans()),
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(verdicts)
def test_no_verdicts_leave_the_bounds_and_storage_keeps_all(
    given_: list[tuple[dict[str, float], bool]],
) -> None:
    learner = VerdictLearner()
    for i, (nats, guilty) in enumerate(given_):
        learner.learn(nats, guilty, i)
        assert all(1 / BAND - 1e-9 <= weight <= BAND + 1e-9 for weight in learner.weights().values())
    other = VerdictLearner()
    other.restore(orjson.loads(orjson.dumps(learner.plain())))
    assert other.weights() == learner.weights()
    assert (other.updates, other.newest_ms) == (learner.updates, learner.newest_ms)
    for nats in ({}, STRONG, dict.fromkeys(PIECES, 1.0)):
        assert other.probability(nats) == learner.probability(nats)
    learner.learn(STRONG, False, 99)
    other.learn(STRONG, False, 99)
    assert other.plain() == learner.plain()


def test_it_learns_in_the_direction_of_the_verdict() -> None:
    for guilty in (True, False):
        learner = VerdictLearner()
        before = learner.probability({"young": 5.0, "alike": 2.0})
        for i in range(5):
            learner.learn({"young": 5.0, "alike": 2.0}, guilty, i)
        after = learner.probability({"young": 5.0, "alike": 2.0})
        assert (after > before) is guilty


def test_asking_teaches_nothing() -> None:
    learner = VerdictLearner()
    learner.learn({"young": 5.0}, True, 7)
    before = learner.weights()["young"]
    for _ in range(10):
        learner.probability(STRONG)
    assert learner.weights()["young"] == before
    assert (learner.updates, learner.newest_ms) == (1, 7)


@pytest.mark.parametrize("guilty", [True, False])
def test_a_candidate_starts_at_nothing_and_stays_within_half_a_nats_worth(guilty: bool) -> None:
    learner = VerdictLearner()
    assert learner.probability(STRONG | {"unusual": 2.0}) == learner.probability(STRONG)
    for i in range(500):
        learner.learn({"unusual": 2.0}, guilty, i)
        assert 0 <= learner.plain()["weights"]["unusual"] <= 0.5
    assert (learner.plain()["weights"]["unusual"] > 0) is guilty
    other = VerdictLearner()
    other.restore(orjson.loads(orjson.dumps(learner.plain())))
    assert other.weights() == learner.weights()


def at_times(times: range) -> VerdictLearner:
    learner = VerdictLearner()
    for i in times:
        learner.learn({"young": 4.0, "alike": float(i % 3)}, i % 2 == 0, i)
    return learner


def without_counts(learner: VerdictLearner) -> dict[str, object]:
    return {name: of for name, of in learner.plain().items() if name not in ("updates", "rollbacks")}


@pytest.mark.parametrize("to", [0, 1, 5, 8])
def test_rolled_back_it_is_what_it_was(to: int) -> None:
    learner = at_times(range(10))
    assert learner.roll_back(to)
    assert without_counts(learner) == without_counts(at_times(range(to + 1)))
    assert (learner.updates, learner.standing, learner.rollbacks) == (10, to + 1, 1)


def test_rolled_back_before_its_first_lesson_it_is_the_table() -> None:
    learner = at_times(range(1, 9))
    assert learner.roll_back(0)
    assert without_counts(learner) == without_counts(VerdictLearner())


def test_rolled_back_before_all_that_is_kept_it_is_the_table() -> None:
    learner = at_times(range(SNAPSHOTS + 20))
    assert learner.roll_back(3)
    assert without_counts(learner) == without_counts(VerdictLearner())
    learner = at_times(range(SNAPSHOTS + 20))
    assert learner.roll_back(SNAPSHOTS)
    assert learner.standing == SNAPSHOTS + 1


def test_where_nothing_was_learned_since_there_is_nothing_to_roll_back() -> None:
    learner = at_times(range(4))
    before = learner.plain()
    assert not learner.roll_back(3)
    assert learner.plain() == before


def test_a_rollback_survives_a_restart() -> None:
    learner, other = at_times(range(10)), VerdictLearner()
    other.restore(orjson.loads(orjson.dumps(learner.plain())))
    learner.roll_back(4)
    other.roll_back(4)
    assert other.plain() == learner.plain()
