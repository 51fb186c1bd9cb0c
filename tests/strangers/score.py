"""`python -m tests.strangers.score WORLD...`: what the detector says of a world, beside the truth."""

import argparse
import json
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tests.strangers.shapes import HOUR_MS
from tests.strangers.truth import HARVEST

Record = dict[str, Any]


class Judgement(NamedTuple):
    """What was said over a whole replay."""

    first: dict[str, int]
    """Account -> time in ms of its first verdict."""
    last: dict[str, str]
    """Account -> case, of those still named at the end."""
    cases: dict[str, set[str]]
    """Case -> accounts ever named in it."""


class Campaign(NamedTuple):
    """One line of the table of campaigns."""

    name: str
    kind: str
    size: int
    named: int
    hours: float | None
    """From the first exchange to the first naming of one of its accounts; None was never."""
    harvest: float
    """Share of its exchanges had before each account was named."""
    cases: int


class Population(NamedTuple):
    """One line of the table of honest accounts."""

    name: str
    members: int
    at_end: int
    ever: int


def replay(world: Path) -> None:
    """Runs `shoal replay` with its default configuration, in a process of its own."""
    command = [sys.executable, "-m", "stream.cli", "replay", str(world / "events.ndjson.zst")]
    files = ["--alerts", str(world / "findings.ndjson"), "--verdicts", str(world / "verdicts.ndjson")]
    subprocess.run([*command, *files], check=True, stdout=subprocess.DEVNULL)


def read(path: Path) -> list[Record]:
    """The lines of an NDJSON file."""
    with path.open() as lines:
        return [json.loads(line) for line in lines if line.strip()]


def judgement(verdicts: list[Record]) -> Judgement:
    """Verdicts in the order in which they were given; a cleared one takes the account back."""
    said = Judgement({}, {}, {})
    for verdict in verdicts:
        account = verdict["account_id"]
        if verdict.get("cleared"):
            said.last.pop(account, None)
            continue
        said.first.setdefault(account, milliseconds(verdict["time"]))
        said.last[account] = verdict["campaign_uid"]
        said.cases.setdefault(verdict["campaign_uid"], set()).add(account)
    return said


def milliseconds(time: Any) -> int:
    """Epoch in ms of a time, be it a number of ms or RFC 3339."""
    if isinstance(time, int | float):
        return int(time)
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def campaigns(truth: Record, harvest: pl.DataFrame, said: Judgement) -> list[Campaign]:
    """A line for each campaign."""
    sides = {account: facts["campaign"] for account, facts in truth["accounts"].items()}
    majority = {case: _majority(sides, members) for case, members in said.cases.items()}
    return [
        _campaign(name, facts, sides, harvest, said, majority) for name, facts in truth["campaigns"].items()
    ]


def _majority(sides: dict[str, str | None], members: set[str]) -> str | None:
    """Campaign of more than half of a case's accounts; None where honest or no one side has them."""
    side, count = Counter(sides.get(account) for account in sorted(members)).most_common(1)[0]
    return side if count * 2 > len(members) else None


def _campaign(
    name: str,
    facts: Record,
    sides: dict[str, str | None],
    harvest: pl.DataFrame,
    said: Judgement,
    majority: dict[str, str | None],
) -> Campaign:
    members = {account for account, side in sides.items() if side == name}
    named = {account: said.first[account] for account in members if account in said.first}
    had = harvest.filter(pl.col("campaign") == name)
    until = had["account_id"].replace_strict(named, default=None, return_dtype=pl.Int64)
    before = int((had["time_ms"] < until).fill_null(value=True).sum())
    first = min(named.values(), default=None)
    return Campaign(
        name,
        "+".join([facts["archetype"], *facts["evasions"]]),
        len(members),
        len(members & said.last.keys()),
        None if first is None else (first - facts["first_event_ms"]) / HOUR_MS,
        before / max(1, len(had)),
        sum(side == name for side in majority.values()),
    )


def populations(truth: Record, said: Judgement) -> list[Population]:
    """A line for each honest population."""
    groups: dict[str, list[str]] = {}
    for account, facts in truth["accounts"].items():
        if facts["campaign"] is None:
            groups.setdefault(facts["population"], []).append(account)
    return [
        Population(
            name, len(own), sum(one in said.last for one in own), sum(one in said.first for one in own)
        )
        for name, own in sorted(groups.items())
    ]


def false_cases(truth: Record, said: Judgement) -> list[str]:
    """Cases most of whose accounts are honest."""
    honest = {account for account, facts in truth["accounts"].items() if facts["campaign"] is None}
    return sorted(case for case, members in said.cases.items() if 2 * len(members & honest) > len(members))


def report(world: Path) -> str:
    """The tables of one replayed world."""
    truth: Record = json.loads((world / "truth.json").read_text())
    findings = read(world / "findings.ndjson")
    said = judgement(read(world / "verdicts.ndjson"))
    rows = campaigns(truth, pl.read_parquet(world / HARVEST), said)
    crowd = populations(truth, said)
    sizes = f"{truth['exchanges']:,} exchanges, {len(truth['accounts']):,} accounts"
    lines = [f"{world}: seed {truth['seed']}, {sizes}"]
    lines += [
        "",
        f"{'campaign':<34}{'size':>6}{'named':>7}{'recall':>8}{'hours':>8}{'harvest':>9}{'cases':>7}",
    ]
    for row in rows:
        hours = "-" if row.hours is None else f"{row.hours:.1f}"
        lines.append(
            f"{row.name + ' ' + row.kind:<34}{row.size:>6}{row.named:>7}{row.named / max(1, row.size):>8.2f}"
            f"{hours:>8}{row.harvest:>9.1%}{row.cases:>7}"
        )
    lines += ["", f"{'honest population':<34}{'members':>8}{'at end':>8}{'ever':>6}"]
    lines += [f"{row.name:<34}{row.members:>8}{row.at_end:>8}{row.ever:>6}" for row in crowd]
    return "\n".join([*lines, "", *overall(rows, crowd, truth, said, findings)])


def overall(
    rows: list[Campaign], crowd: list[Population], truth: Record, said: Judgement, findings: list[Record]
) -> list[str]:
    """The last lines: recall, honest accounts named, false cases with their titles."""
    size, named = sum(row.size for row in rows), sum(row.named for row in rows)
    members, ever = sum(row.members for row in crowd), sum(row.ever for row in crowd)
    at_end = sum(row.at_end for row in crowd)
    titles = {finding["uid"]: finding["title"] for finding in findings}
    wrong = false_cases(truth, said)
    lines = [f"recall {named}/{size}" + (f" = {named / size:.3f}" if size else "")]
    lines.append(
        f"honest named at end {at_end}/{members} = {at_end / members:.3%}, ever {ever} = {ever / members:.3%}"
    )
    lines.append(f"cases {len(said.cases)}, false {len(wrong)}")
    return lines + [f"  false: {titles.get(case, case)} ({len(said.cases[case])} accounts)" for case in wrong]


def main() -> None:
    """Replays and reports each world."""
    parser = argparse.ArgumentParser(prog="python -m tests.strangers.score", description=__doc__)
    parser.add_argument("world", type=Path, nargs="+", help="folder that `python -m tests.strangers` wrote")
    for world in parser.parse_args().world:
        replay(world)
        print(report(world), flush=True)


if __name__ == "__main__":
    main()
