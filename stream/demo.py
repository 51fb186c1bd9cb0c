"""`shoal demo`: a small world, simulated, streamed through every stage and held against its truth."""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson
import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from stream.bench.compare import PAYER, Comparison, compare
from stream.bench.report import Grid, markdown, show
from stream.config import Settings
from stream.findings.case import day_minute, measured, number, strongest
from stream.findings.finding import Finding
from stream.findings.render import finding_bytes
from stream.runtime.local import Collected, Files, replay
from stream.runtime.progress import shown
from stream.simulate import LOOKALIKES, World, WorldSpec, simulate, write_world

CAMPAIGNS: Final = ("sweep", "prefix", "relay")
"""One of templates, one with an injected head and a second pool, one that passes real users on."""

_PIECES: Final = 3
"""Pieces of evidence shown for a case."""

_HEADINGS: Final = ("case", "accounts", "first seen", "first case", "exchanges before it")
_LINE: Final = "{:<12} {:>9}  {:<16}  {:<16}  {:>19}"


def world_spec(seed: int) -> WorldSpec:
    """A world small enough for half a minute: about 200,000 exchanges over 20 days."""
    return WorldSpec(seed=seed, days=20, accounts=700, campaigns=CAMPAIGNS, onset_day=11)


def demo(out: Path, seed: int, console: Console | None = None) -> None:
    """Runs the demonstration and leaves events, truth, findings, verdicts, rejects and report in `out`."""
    console = console or Console()
    out.mkdir(parents=True, exist_ok=True)
    console.print(f"[bold]Shoal[/]: simulating a small world (seed {seed}) ...", highlight=False)
    world = simulate(world_spec(seed))
    files = write_world(world, out)
    console.print(_about(world), highlight=False)
    began = time.monotonic()
    said = _stream(files.events, out)
    seconds = time.monotonic() - began
    outputs, least_payers = said.outputs, Settings().alerts.min_units
    found = compare(outputs.findings, outputs.verdicts, world.truth, _exchanges(world), least_payers)
    told = cases(said.outputs.findings)
    show_cases(told, console)
    tables = [_truth(found), _lookalikes(found)]
    show(tables, console)
    console.print(f"\n{_sum(found)}", highlight=False)
    (out / "report.md").write_text(_report(world, [_cases_grid(told), *tables], found), "utf-8")
    console.print(_where(out, seconds, world, outputs.findings), highlight=False, soft_wrap=True)


class ShownCase(NamedTuple):
    """One case as the demonstration shows it: five cells, and the strongest evidence in words."""

    cells: tuple[str, ...]
    evidence: tuple[str, ...]


def cases(findings: Sequence[Finding]) -> list[ShownCase]:
    """Every case that stands at the end, in order of its opening."""
    told: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        told.setdefault(finding.uid, []).append(orjson.loads(finding_bytes(finding)))
    return [_case(history) for history in told.values() if history[-1]["activity"] != "close"]


def show_cases(told: Sequence[ShownCase], console: Console) -> None:
    """Prints the cases, each with its evidence below it."""
    console.print("\n[bold]Campaigns found[/]")
    console.print(_LINE.format(*_HEADINGS), style="dim", highlight=False)
    for shown_case in told:
        console.print(_LINE.format(*shown_case.cells), highlight=False)
        for piece in shown_case.evidence:
            console.print(Padding(Text(piece, style="cyan"), (0, 0, 0, 4), expand=False))
    if not told:
        console.print("none")


def _case(history: Sequence[dict[str, Any]]) -> ShownCase:
    first, now = history[0], history[-1]
    cells = (
        now["uid"][:12],
        f"{now['member_count']:,}",
        day_minute(now["first_seen"]),
        day_minute(first["time"]),
        f"{first['exchanges']:,}",
    )
    return ShownCase(cells, tuple(_piece(piece) for piece in strongest(now["evidence"], _PIECES)))


def _piece(piece: dict[str, Any]) -> str:
    share = piece["unit"] == "share"
    observed = measured(piece["observed"], "share") if share else number(piece["observed"])
    return f"{piece['sentence']} ({observed}, expected {measured(piece['expected'], piece['unit'])})"


def _cases_grid(told: Sequence[ShownCase]) -> Grid:
    rows = [(*shown_case.cells, "\n".join(shown_case.evidence)) for shown_case in told]
    return Grid("Campaigns found", (*_HEADINGS, "strongest evidence"), rows)


def _stream(events: Path, out: Path) -> Collected:
    said = Collected()
    with (
        _new(out / "findings.ndjson") as findings,
        _new(out / "verdicts.ndjson") as verdicts,
        _new(out / "rejects.ndjson") as rejects,
        shown("streaming") as report,
    ):
        replay([str(events)], Settings(), sinks=[Files(findings, verdicts, rejects), said], progress=report)
    return said


def _new(path: Path) -> IO[bytes]:
    return path.open("wb")


def _exchanges(world: World) -> pl.DataFrame:
    stamp = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms")
    return world.events.select("account_id", PAYER, time_ms=stamp.cast(pl.Int64))


def _about(world: World) -> str:
    guilty = sum(len(campaign.accounts) for campaign in world.truth.campaigns.values())
    honest = len(world.truth.accounts) - guilty
    campaigns, onset = len(world.truth.campaigns), world.spec.onset_day
    return (
        f"{world.events.height:,} exchanges of {honest:,} honest accounts over {world.spec.days} days;\n"
        f"hidden among them {campaigns} campaigns of {guilty} accounts from day {onset:.0f}"
    )


def _truth(found: Comparison) -> Grid:
    rows = [
        (
            outcome.uid,
            f"{outcome.accounts:,}",
            f"{outcome.named:,}",
            f"{outcome.accounts - outcome.named:,}",
            "not found" if outcome.hours_to_case is None else f"{outcome.hours_to_case:.1f}",
            f"{outcome.exchanges_before:,}",
        )
        for outcome in found.campaigns
    ]
    headings = ("campaign", "accounts", "named", "missed", "hours to first case", "exchanges before it")
    return Grid("Held against the truth", headings, rows)


def _lookalikes(found: Comparison) -> Grid:
    rows = [
        (name, f"{found.populations[name].accounts:,}", f"{found.populations[name].named:,}")
        for name in LOOKALIKES
        if name in found.populations
    ]
    return Grid("Honest groups that look alike, left alone", ("group", "accounts", "named"), rows)


def _sum(found: Comparison) -> str:
    guilty, honest = found.guilty, found.honest
    return (
        f"{guilty.named} of {guilty.accounts} campaign accounts named, "
        f"{honest.named} of {honest.accounts} honest ones; {len(found.false_cases)} false cases"
    )


def _report(world: World, tables: Sequence[Grid], found: Comparison) -> str:
    return "\n\n".join(["# Shoal: demonstration", f"{_about(world)}.", f"{_sum(found)}.", markdown(tables)])


def _where(out: Path, seconds: float, world: World, findings: Sequence[Finding]) -> str:
    lines = [
        f"{world.events.height:,} exchanges in {seconds:.0f} s",
        f"[bold]Written[/] to {out}: findings.ndjson, verdicts.ndjson, rejects.ndjson, report.md,",
        "and what they were made from: events.ndjson, truth.json",
    ]
    if findings:
        lines.append(f"[bold]Read a case[/]: {_command()} explain {findings[0].uid[:12]} --findings {out}")
    return "\n".join(lines)


def _command() -> str:
    """How this user calls `shoal`: by name if it is on the path, else by the path that was used."""
    return "shoal" if shutil.which("shoal") else os.path.relpath(sys.argv[0])
