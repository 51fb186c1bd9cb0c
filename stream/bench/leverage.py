"""The table of sensitivity: each number of detection at half and at twice."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from stream.bench.compare import Named
from stream.bench.constants import Number
from stream.bench.detection import Summary, Trial, summary
from stream.bench.report import Grid, percent
from stream.bench.runs import Done
from stream.bench.tuning import multiplied
from stream.bench.variants import FACTORS
from stream.findings.case import number

_FIGURES: Final = ("campaign accounts named", "honest named", "false cases/28 d")


class Leverage(NamedTuple):
    """What a number moves: `outcomes` by factor; at most `moved` accounts are named more or fewer, and the
    harvest changes by `harvest`.
    """

    name: str
    value: Number
    outcomes: dict[float, Summary]
    moved: int
    harvest: float


def sensitive(plain: Sequence[Trial], done: Sequence[Done], values: Mapping[str, Number]) -> Grid:
    """Every number with what it does, what moves most first; `plain` are the same worlds unchanged."""
    moves = leverage(plain, done, values)
    headings = ["number", "value"]
    for factor in FACTORS:
        times = f"x {factor:g}"
        headings += [times, *(f"{times}: {figure}" for figure in _FIGURES)]
    rows = [("as it is", "", *(("", *_cells(summary(plain))) * len(FACTORS)), "0", percent(0))]
    rows += [
        (one.name, number(one.value), *_outcomes(one), str(one.moved), percent(one.harvest)) for one in moves
    ]
    return Grid("Sensitivity", (*headings, "accounts moved", "harvest moved"), rows)


def leverage(plain: Sequence[Trial], done: Sequence[Done], values: Mapping[str, Number]) -> list[Leverage]:
    """What every number moves, the most first; `plain` are the same worlds unchanged."""
    trials: dict[str, dict[float, list[Trial]]] = {}
    for run, trial in done:
        trials.setdefault(run.name, {}).setdefault(run.change.factor, []).append(trial)
    before, moves = summary(plain), []
    for name, by_factor in trials.items():
        outcomes = {factor: summary(part) for factor, part in by_factor.items()}
        moved = max(_moved(before, after) for after in outcomes.values())
        harvest = max(abs(after.harvest - before.harvest) for after in outcomes.values())
        moves.append(Leverage(name, values[name], outcomes, moved, harvest))
    return sorted(moves, key=lambda one: (-one.moved, -one.harvest, one.name))


def _moved(before: Summary, after: Summary) -> int:
    """Accounts: of campaigns and honest ones, for each of them costs somebody."""
    guilty = abs(after.recall.named - before.recall.named)
    return guilty + abs(after.honest.named - before.honest.named)


def _outcomes(one: Leverage) -> tuple[str, ...]:
    cells: list[str] = []
    for factor in FACTORS:
        part = one.outcomes[factor]
        cells += [number(multiplied(one.value, factor)), *_cells(part)]
    return tuple(cells)


def _cells(part: Summary) -> tuple[str, str, str]:
    return _of(part.recall), _of(part.honest), number(sum(part.false_cases_in_28_days))


def _of(part: Named) -> str:
    return f"{percent(part.share)} ({part.named:,})"
