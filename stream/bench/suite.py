"""The suite: what was asked for as grids of runs, their outcomes, and the report of all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from stream.bench import pictures, report, tables, variants
from stream.bench.compare import Named, total
from stream.bench.detection import Trial, summary
from stream.bench.leverage import leverage, sensitive
from stream.bench.report import Grid, Picture
from stream.bench.runs import AS_IT_IS, Done, Run
from stream.bench.tuning import numbers
from stream.config import Settings
from stream.simulate import WorldSpec

Execute = Callable[[Sequence[Run]], Mapping[Run, Trial]]
"""Carries out runs; runs that are the same have one outcome."""

_COMPARED: Final = {
    "without": "Fields missing",
    "tick": "Length of the tick",
    "ablation": "Families of evidence left out",
}


@dataclass(frozen=True)
class Asked:
    """Grids that are wanted beside the worlds as they are; empty, 0 or False leaves one out."""

    without: Sequence[str] = ()
    evasions: Sequence[str] = ()
    pairs: int = 0
    ticks_s: Sequence[float] = ()
    ablation: bool = False
    sensitivity: Sequence[str] = ()
    lookalikes: bool = False


class Measured(NamedTuple):
    """Outcomes of the worlds as they are, and of each grid by its name."""

    plain: list[Trial]
    grids: dict[str, list[Done]]
    settings: Settings


def measured(asked: Asked, worlds: Sequence[WorldSpec], settings: Settings, execute: Execute) -> Measured:
    """Carries out all that was asked for; sensitivity on the first world alone, pairs after evasions."""
    plain = variants.as_it_is(worlds, settings)
    grids = _grids(asked, worlds, settings)
    outcomes = dict(execute([*plain, *(run for runs in grids.values() for run in runs)]))
    if asked.pairs and "evasions" in grids:
        pairs = variants.pairs(worlds, settings, _recall(grids["evasions"], outcomes), asked.pairs)
        outcomes |= execute(pairs)
        grids["evasions"] += pairs
    done = {name: [Done(run, outcomes[run]) for run in runs] for name, runs in grids.items()}
    return Measured([outcomes[run] for run in plain], done, settings)


def _grids(asked: Asked, worlds: Sequence[WorldSpec], settings: Settings) -> dict[str, list[Run]]:
    evasions = asked.evasions or (("all",) if asked.pairs else ())
    grids = {
        "without": variants.without(worlds, settings, asked.without),
        "evasions": variants.evasions(worlds, settings, evasions),
        "tick": variants.ticks(worlds, settings, asked.ticks_s),
        "ablation": variants.ablation(worlds, settings) if asked.ablation else [],
        "sensitivity": variants.sensitivity(worlds[:1], settings, asked.sensitivity),
        "lookalikes": variants.lookalikes(worlds, settings) if asked.lookalikes else [],
    }
    return {name: runs for name, runs in grids.items() if runs}


def _recall(runs: Sequence[Run], outcomes: Mapping[Run, Trial]) -> dict[str, float]:
    """Recall of each evasion over its worlds."""
    guilty: dict[str, list[Named]] = {}
    for run in runs:
        guilty.setdefault(run.name, []).append(outcomes[run].found.guilty)
    return {name: total(parts).share for name, parts in guilty.items()}


def all_tables(result: Measured) -> list[Grid]:
    """Every table, those of the worlds as they are first."""
    shown = [*report.grids(result.plain), tables.over_worlds(result.plain)]
    for name, done in result.grids.items():
        shown += _tables(name, done, result)
    return shown


def _tables(name: str, done: list[Done], result: Measured) -> list[Grid]:
    usual = f" ({result.settings.windows.tick_s:g} s)" if name == "tick" else ""
    named = tables.by_name(AS_IT_IS + usual, result.plain, done)
    if name in _COMPARED:
        return tables.compared(_COMPARED[name], named)
    if name == "evasions":
        return tables.evaded(named)
    if name == "lookalikes":
        return tables.lookalikes([trial for _, trial in done])
    return [sensitive(result.plain[:1], done, numbers(result.settings))]


def all_pictures(result: Measured, folder: Path) -> list[Picture]:
    """Draws what was measured into `folder`; nothing without matplotlib."""
    if not pictures.is_possible():
        return []
    drawn = [pictures.draw_found(folder, result.plain)]
    if done := result.grids.get("ablation"):
        drawn.append(pictures.draw_ablation(folder, tables.by_name(AS_IT_IS, result.plain, done)))
    if done := result.grids.get("sensitivity"):
        moves = leverage(result.plain[:1], done, numbers(result.settings))
        drawn.append(pictures.draw_sensitivity(folder, result.plain[:1], moves))
    return drawn


def content(result: Measured) -> dict[str, Any]:
    """All outcomes as plain data."""
    return {
        "summary": asdict(summary(result.plain)),
        "trials": [asdict(trial) for trial in result.plain],
        "grids": {name: [_plain(one) for one in done] for name, done in result.grids.items()},
    }


def _plain(done: Done) -> dict[str, Any]:
    run, trial = done
    tick_s = run.settings.windows.tick_s
    return {"name": run.name, "change": asdict(run.change), "tick_s": tick_s, "trial": asdict(trial)}
