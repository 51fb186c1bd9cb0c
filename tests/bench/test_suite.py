from collections.abc import Sequence

import orjson
import pytest

from stream.bench.detection import Trial
from stream.bench.report import Grid, markdown
from stream.bench.runs import Run
from stream.bench.suite import Asked, all_tables, content, measured
from stream.config import Settings
from stream.simulate import EVASIONS, WorldSpec
from tests.bench.outcomes import outcome, trial

WORLDS = [WorldSpec(seed=seed, days=14) for seed in (1, 2)]
FOUND = {"aged": 20, "jitter": 90, "ramp": 40}
"""Accounts of a hundred that are named in spite of an evasion; of several together, half of the least."""


class Machine:
    """Gives every run an outcome that tells what it was, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[Run]] = []

    def __call__(self, runs: Sequence[Run]) -> dict[Run, Trial]:
        self.asked.append(list(runs))
        return {run: self._outcome(run) for run in runs}

    def _outcome(self, run: Run) -> Trial:
        plans = run.spec.campaigns
        if not plans:
            return trial(run.spec.seed, honest=3, false_cases=("c-1",))
        evasions = plans[0].split("+")[1:]
        found = min((FOUND[name] for name in evasions), default=100) // max(len(evasions), 1)
        factor = run.change.factor if run.change.constant == "alerts.min_units" else 1.0
        named = min(100, round((found - 10 * bool(run.change.fields)) * min(factor, 1)))
        costs = {name: f"price of {name}" for name in evasions}
        return trial(run.spec.seed, outcome("sweep-1", 100, named, costs=costs), outcome("judge-1", 50, 50))


def tables(asked: Asked) -> dict[str, Grid]:
    return {table.title: table for table in all_tables(measured(asked, WORLDS, Settings(), Machine()))}


def column(table: Grid, heading: str) -> dict[str, str]:
    at = table.headings.index(heading)
    return {row[0]: row[at] for row in table.rows}


def test_nothing_asked_is_the_worlds_as_they_are() -> None:
    machine = Machine()
    result = measured(Asked(), WORLDS, Settings(), machine)
    assert [[run.spec.seed for run in runs] for runs in machine.asked] == [[1, 2]]
    assert [one.spec.seed for one in result.plain] == [1, 2]
    titles = [table.title for table in all_tables(result)]
    assert titles[0] == "Detection"
    assert titles[-1] == "Over the seeds"


def test_what_is_missing_stands_beside_the_full_run_in_all_and_by_kind() -> None:
    shown = tables(Asked(without=["payment", "bare"]))
    whole = column(shown["Fields missing"], "campaign accounts named")
    assert whole["as it is"] == "100.0 % (300 of 300)"
    assert whole["without payment"] == whole["without bare"] == "93.3 % (280 of 300)"
    by_kind = shown["Fields missing: campaign accounts named by kind of campaign"]
    assert column(by_kind, "sweep")["without payment"] == "90.0 %"
    assert column(by_kind, "judge")["without payment"] == "100.0 %"


def test_ticks_and_families_have_a_row_each() -> None:
    shown = tables(Asked(ticks_s=[300, 900], ablation=True))
    assert [row[0] for row in shown["Length of the tick"].rows] == ["as it is (3600 s)", "300 s", "900 s"]
    assert "without place" in [row[0] for row in shown["Families of evidence left out"].rows]


def test_evasions_have_their_price_and_the_best_pairs_come_of_those_that_did_best() -> None:
    machine = Machine()
    result = measured(Asked(evasions=list(FOUND), pairs=1), WORLDS, Settings(), machine)
    assert [{run.name for run in runs} for runs in machine.asked] == [{"as it is", *FOUND}, {"aged+ramp"}]
    shown = {table.title: table for table in all_tables(result)}["Evasions"]
    assert [row[0] for row in shown.rows] == ["as it is", *FOUND, "aged+ramp"]
    assert column(shown, "recall")["aged"] == "46.7 %"
    assert column(shown, "what it costs the operator") == {
        "as it is": "-",
        "aged": "price of aged (sweep-1)",
        "jitter": "price of jitter (sweep-1)",
        "ramp": "price of ramp (sweep-1)",
        "aged+ramp": "price of aged (sweep-1)\nprice of ramp (sweep-1)",
    }


def test_pairs_alone_try_every_evasion_first(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    every = EVASIONS
    monkeypatch.setattr("tests.bench.test_suite.FOUND", {name: n for n, name in enumerate(every, 1)})
    measured(Asked(pairs=2), WORLDS[:1], Settings(), machine)
    assert [len(runs) for runs in machine.asked] == [1 + len(every), 2]


def test_worlds_without_campaigns_have_nothing_that_could_evade() -> None:
    machine = Machine()
    peaceful = [WorldSpec(seed=1, campaigns=())]
    assert measured(Asked(evasions=["all"], pairs=2), peaceful, Settings(), machine).grids == {}
    assert len(machine.asked) == 1


def test_numbers_are_moved_on_the_first_world_and_sorted_by_what_they_move() -> None:
    machine = Machine()
    names = ["alerts.posterior", "alerts.min_units"]
    result = measured(Asked(sensitivity=names), WORLDS, Settings(), machine)
    assert {run.spec.seed for run in machine.asked[0] if run.change.constant} == {1}
    (shown,) = [table for table in all_tables(result) if table.title == "Sensitivity"]
    assert [row[0] for row in shown.rows] == ["as it is", "alerts.min_units", "alerts.posterior"]
    assert column(shown, "accounts moved") == {
        "as it is": "0",
        "alerts.min_units": "50",
        "alerts.posterior": "0",
    }
    assert column(shown, "x 0.5")["alerts.min_units"] == "4"
    assert column(shown, "x 0.5: campaign accounts named")["alerts.min_units"] == "66.7 % (100)"
    assert column(shown, "x 2: campaign accounts named")["alerts.min_units"] == "100.0 % (150)"


def test_lookalikes_are_shown_by_population_and_their_false_cases_by_seed() -> None:
    shown = tables(Asked(lookalikes=True))
    people = shown["Without campaigns: honest accounts named, by population"]
    assert people.rows[0][:4] == ("hobby", "200", "6", "3.0 %")
    assert column(shown["Without campaigns: false cases"], "false cases/28 d") == {"1": "2", "2": "2"}


def test_medians_worst_and_intervals_stand_over_the_seeds() -> None:
    rows = {row[0]: row for row in tables(Asked())["Over the seeds"].rows}
    assert rows["campaign accounts named"][1:] == ("100.0 %", "100.0 %", "100.0 %", "100.0 % to 100.0 %")
    assert rows["honest accounts named"][3:] == ("0 %", "0 % to 1.9 %")
    assert rows["hours to case, median"][1] == "1"


def test_everything_can_be_written() -> None:
    asked = Asked(without=["bare"], evasions=["aged"], ticks_s=[300], ablation=True, lookalikes=True)
    result = measured(asked, WORLDS, Settings(), Machine())
    assert orjson.loads(orjson.dumps(content(result)))["grids"]["tick"][0]["tick_s"] == 300
    assert markdown(all_tables(result)).count("### ") == len(all_tables(result))
