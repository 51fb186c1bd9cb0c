"""The learner beside the table: it is used only while it foretells verdicts better."""

import pytest

from stream.learning.prequential import KEPT, WARM_UP, Foretold, Prequential
from stream.learning.verdicts import VerdictLearner

GUILTY, HONEST = {"alike": 4.0, "even": 1.0}, {"young": 5.0, "tokens_in": 4.0}


def judged(learner: VerdictLearner, count: int, swapped: bool = False) -> None:
    for i in range(count):
        learner.learn(GUILTY if (i % 2 == 0) is not swapped else HONEST, i % 2 == 0, i)


def test_it_warms_up_then_speaks_if_it_foretells_better() -> None:
    learner = VerdictLearner()
    judged(learner, WARM_UP - 1)
    table = VerdictLearner().probability(GUILTY)
    assert learner.confidence(GUILTY) == (table, WARM_UP - 1, "warming up")
    judged(learner, 2)
    assert learner.confidence(GUILTY) == (learner.probability(GUILTY), WARM_UP + 1, "in use")
    assert learner.probability(GUILTY) > table


def test_it_is_off_where_the_table_foretells_better() -> None:
    rows = [Foretold(i, 0.6, 0.7 if i % 2 else 0.3, bool(i % 2)) for i in range(WARM_UP)]
    compared = Prequential()
    compared.rows = rows
    assert compared.warm
    assert not compared.beats
    assert compared.areas() == {"learner": 0.5, "table": 1.0}
    compared.rows = [row._replace(learner=row.table, table=row.learner) for row in rows]
    assert compared.beats


def test_as_good_as_the_table_is_not_better() -> None:
    compared = Prequential()
    compared.rows = [Foretold(i, 0.5, 0.5, bool(i % 2)) for i in range(WARM_UP)]
    assert not compared.beats


def test_verdicts_of_one_sort_never_warm_it_up() -> None:
    learner = VerdictLearner()
    for i in range(3 * WARM_UP):
        learner.learn(GUILTY, True, i)
    assert learner.stage == "warming up"
    assert learner.prequential.losses() == {"learner": None, "table": None}


def test_a_verdict_is_foretold_before_it_is_learned() -> None:
    learner = VerdictLearner()
    before = learner.probability(GUILTY)
    learner.learn(GUILTY, True, 1)
    assert learner.prequential.rows == [Foretold(1, before, before, True)]


def test_old_verdicts_are_forgotten() -> None:
    compared = Prequential()
    for i in range(KEPT + 5):
        compared.note(Foretold(i, 0.5, 0.5, True))
    assert [row.time_ms for row in compared.rows] == list(range(5, KEPT + 5))


def test_the_loss_is_the_mean_log_loss() -> None:
    compared = Prequential()
    compared.rows = [Foretold(0, 0.8, 0.5, True), Foretold(1, 0.4, 0.5, False)]
    assert compared.losses()["learner"] == pytest.approx(0.3670, abs=1e-4)
    assert compared.losses()["table"] == pytest.approx(0.6931, abs=1e-4)
