"""The tables of `shoal bench`: on the terminal, as Markdown and as JSON."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import orjson
from rich.console import Console
from rich.table import Table

from stream.bench.compare import CampaignOutcome, Named
from stream.bench.detection import Summary, Trial, summary
from stream.findings.case import number

SOON_HOURS: Final = 12


class Grid(NamedTuple):
    """A table: title, headings, rows of text; the first column is text, the others are figures."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Picture(NamedTuple):
    """A file beside the report, and what it shows."""

    file: str
    caption: str


def grids(done: Sequence[Trial]) -> list[Grid]:
    """Every table of a detection benchmark."""
    everything = summary(done)
    return [
        _whole(done, everything),
        _latency(done),
        _campaigns(done),
        _shares("Campaign accounts named, by kind of campaign", "kind", everything.recall_by_archetype),
        _shares("Honest accounts named, by population", "population", everything.honest_by_population),
        _naive(everything),
    ]


def show(tables: Sequence[Grid], console: Console | None = None) -> None:
    """Prints the tables on the terminal."""
    console = console or Console()
    for grid in tables:
        console.print(f"\n[bold]{grid.title}[/]", highlight=False)
        shown = Table(box=None, pad_edge=False)
        for at, heading in enumerate(grid.headings):
            shown.add_column(heading, justify="right" if at else "left", header_style="dim")
        for row in grid.rows:
            shown.add_row(*row)
        console.print(shown, highlight=False)


def markdown(tables: Sequence[Grid]) -> str:
    """The tables as Markdown."""
    return "\n".join(_markdown(grid) for grid in tables)


def write(
    folder: Path,
    tables: Sequence[Grid],
    content: dict[str, Any],
    command: str,
    pictures: Sequence[Picture] = (),
) -> None:
    """Writes command, pictures and tables as `detection.md`, tables and `content` as `detection.json`."""
    drawn = [f"![{picture.caption}]({picture.file})\n\n{picture.caption}\n" for picture in pictures]
    whole = [f"# Detection\n\n```console\n$ {command}\n```\n", *drawn, markdown(tables)]
    (folder / "detection.md").write_text("\n".join(whole), "utf-8")
    shown = [{"title": grid.title, "headings": grid.headings, "rows": grid.rows} for grid in tables]
    plain = content | {"command": command, "tables": shown}
    (folder / "detection.json").write_bytes(orjson.dumps(plain, option=orjson.OPT_INDENT_2) + b"\n")


def percent(share: float) -> str:
    """A share as a percentage: `98.4 %`; small ones with two decimals."""
    if share == 0:
        return "0 %"
    return f"{100 * share:.2f} %" if share < 0.01 else f"{100 * share:.1f} %"


def median_worst(ascending: Sequence[float]) -> str:
    """Median and, in brackets, the last."""
    return f"{number(median(ascending))} ({number(ascending[-1])})" if ascending else "-"


def _whole(done: Sequence[Trial], everything: Summary) -> Grid:
    per_seed = [
        (str(one.spec.seed), *_totals(one.found.guilty, one.found.honest), *_rest([one])) for one in done
    ]
    whole = ("all", *_totals(everything.recall, everything.honest), *_rest(done))
    headings = (
        "seed",
        "campaign accounts named",
        "honest named",
        "false cases/28 d",
        "hours to case: median (worst)",
        "harvest",
    )
    return Grid("Detection", headings, [*per_seed, whole])


def _totals(guilty: Named, honest: Named) -> tuple[str, str]:
    return _of(guilty), _of(honest)


def _rest(done: Sequence[Trial]) -> tuple[str, str, str]:
    part = summary(done)
    hours = median_worst(part.hours_to_case)
    return number(max(part.false_cases_in_28_days)), hours, percent(part.harvest)


def _latency(done: Sequence[Trial]) -> Grid:
    outcomes = [outcome for one in done for outcome in one.found.campaigns]
    rows = [
        _hours("at full strength within half a day", [o for o in outcomes if o.at_once]),
        _hours("ramped, or accounts that trickled in", [o for o in outcomes if not o.at_once]),
    ]
    headings = (
        "campaigns",
        "number",
        "found",
        "within 12 h",
        "median hours",
        "worst hours",
        "hours after it could be seen: median (worst)",
    )
    return Grid("From the first exchange to the first case", headings, rows)


def _hours(name: str, outcomes: Sequence[CampaignOutcome]) -> tuple[str, ...]:
    hours = sorted(o.hours_to_case for o in outcomes if o.hours_to_case is not None)
    soon = sum(1 for value in hours if value <= SOON_HOURS)
    figures = (number(median(hours)), number(hours[-1])) if hours else ("-", "-")
    seen = sorted(o.hours_after_seen for o in outcomes if o.hours_after_seen is not None)
    return (name, str(len(outcomes)), str(len(hours)), str(soon), *figures, median_worst(seen))


def _campaigns(done: Sequence[Trial]) -> Grid:
    headings = (
        "seed, campaign",
        "accounts",
        "named",
        "cases",
        "honest in its cases",
        "other campaigns in them",
        "days to strength",
        "hours to case",
        "hours after it could be seen",
        "exchanges before",
        "harvest",
    )
    rows = [_campaign(one, outcome) for one in done for outcome in one.found.campaigns]
    return Grid("Campaigns", headings, rows)


def _campaign(one: Trial, outcome: CampaignOutcome) -> tuple[str, ...]:
    held = [case for case in one.found.held if case.about == outcome.uid]
    hours = "not found" if outcome.hours_to_case is None else f"{outcome.hours_to_case:.1f}"
    seen = "-" if outcome.hours_after_seen is None else f"{outcome.hours_after_seen:.1f}"
    return (
        f"{one.spec.seed}, {outcome.uid}",
        str(outcome.accounts),
        str(outcome.named),
        str(len(outcome.cases)),
        str(sum(case.honest for case in held)),
        str(sum(case.campaigns - 1 for case in held)),
        number(outcome.staggered_days),
        hours,
        seen,
        f"{outcome.exchanges_before:,}",
        percent(outcome.harvest),
    )


def _shares(title: str, key: str, parts: dict[str, Named]) -> Grid:
    rows = [
        (name, f"{part.accounts:,}", f"{part.named:,}", percent(part.share)) for name, part in parts.items()
    ]
    return Grid(title, (key, "accounts", "named", "share"), rows)


def _naive(everything: Summary) -> Grid:
    rows = [("shoal", *_totals(everything.recall, everything.honest))]
    rows += [(rule, *_totals(guilty, honest)) for rule, (guilty, honest) in everything.naive.items()]
    return Grid("Beside simple rules", ("rule", "campaign accounts named", "honest named"), rows)


def _of(part: Named) -> str:
    return f"{percent(part.share)} ({part.named:,} of {part.accounts:,})"


def _markdown(grid: Grid) -> str:
    lines = [
        f"### {grid.title}",
        "",
        _cells(grid.headings),
        _cells(["---", *["--:"] * (len(grid.headings) - 1)]),
    ]
    return "\n".join([*lines, *map(_cells, grid.rows)]) + "\n"


def _cells(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("\n", "<br>") for text in texts) + " |"
