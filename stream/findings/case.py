"""A case as an analyst reads it: the findings of one campaign, told from what was written about it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stream.errors import InputError
from stream.windows.tiles import HORIZONS

Written = dict[str, Any]
"""A finding or verdict as `stream.findings.render` wrote it."""

_ACCOUNTS_SHOWN: Final = 12
_REASONS: Final = 2


class Case(NamedTuple):
    """One campaign: its findings in order of time, and the standing verdicts on its accounts."""

    findings: list[Written]
    verdicts: list[Written]

    @property
    def now(self) -> Written:
        """The newest finding."""
        return self.findings[-1]


def case(uid: str, findings: Iterable[bytes], verdicts: Iterable[bytes], name: str = "findings") -> Case:
    """The case whose uid is or begins with `uid`, from NDJSON lines; raises InputError."""
    told = [finding for finding in _parsed(findings, name) if finding["uid"].startswith(uid)]
    uids = sorted({finding["uid"] for finding in told})
    if not uids:
        raise InputError(f"{name} has no finding whose uid begins with {uid}")
    if len(uids) > 1:
        raise InputError(f"{uid} begins {len(uids)} uids in {name}: {', '.join(uids[:5])}")
    return Case(told, standing(verdicts, uids[0]))


def standing(verdicts: Iterable[bytes], uid: str | None = None) -> list[Written]:
    """The newest verdict of each account, withdrawn ones left out; of one campaign if `uid` is given."""
    newest = {verdict["account_id"]: verdict for verdict in _parsed(verdicts, "verdicts")}
    return [
        verdict
        for verdict in newest.values()
        if not verdict.get("cleared") and uid in (None, verdict["campaign_uid"])
    ]


def show(told: Case, console: Console | None = None) -> None:
    """Prints the case."""
    (console or Console()).print(_page(told), highlight=False)


def day_minute(time: str) -> str:
    """`2026-01-02 03:04` from an RFC 3339 time."""
    return time[:16].replace("T", " ")


def number(value: float) -> str:
    """`value` for reading: thousands apart, three significant digits below a hundred."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def measured(value: float, unit: str) -> str:
    """A value with its unit, a share in percent."""
    return f"{value:.1%}" if unit == "share" else f"{number(value)} {unit}"


def strongest(evidence: Sequence[Written], count: int) -> list[Written]:
    """The `count` pieces of evidence of the most nats; candidates are no reasons."""
    return _by_nats([piece for piece in evidence if "candidate" not in piece])[:count]


def _by_nats(evidence: Sequence[Written]) -> list[Written]:
    return sorted(evidence, key=lambda piece: -float(piece["nats"]))


def _page(told: Case) -> Group:
    now = told.now
    parts: list[RenderableType] = [
        Text(now["title"], style="bold"),
        Text(
            f"case {now['uid']}, {_STATE[now['activity']]}; severity {now['severity']}, "
            f"confidence {now['confidence']:.4g} ({_confidence_by(now)})"
        ),
        *_budget(now),
        Text(
            f"{now['member_count']:,} accounts, {now['exchanges']:,} exchanges "
            f"from {day_minute(now['first_seen'])} to {day_minute(now['last_seen'])}"
        ),
        *_section("Evidence, strongest first", _evidence(now["evidence"])),
        *_likeness(now["evidence"]),
        *_section("Links that tie the accounts", _links(now["links"])),
        *_section("All exchanges on these links before it", _exchanges(now["links"])),
        *_section("Accounts", _accounts(told)),
        *_section("History", _history(told)),
        Text(f"\nconfiguration {now['config_digest']}", style="dim"),
    ]
    return Group(*parts)


def _confidence_by(now: Written) -> str:
    """Who says how sure it is; findings of earlier releases do not tell."""
    told = now.get("learner", {"stage": "warming up", "verdicts": 0})
    by = "the learner's" if told["stage"] == "in use" else f"the table's, learner {told['stage']}"
    return f"{by}, {told['verdicts']:,} verdicts"


def _budget(now: Written) -> Iterator[Text]:
    """What the budget asked of new cases; findings of earlier releases do not tell."""
    bar = now.get("budget")
    if not bar:
        return
    granted = f"budget {number(bar['cases_per_week'])} a week on honest traffic"
    rests = f"{bar['links']:,} links of {bar['weeks']} weeks"
    if bar["stage"] == "warming up":
        yield Text(f"{granted}, not calibrated yet ({rests}): thresholds as they are set", style="dim")
    else:
        yield Text(
            f"{granted}: {number(bar['expected'])} expected over the threshold and "
            f"{number(bar['margin'])} nats ({rests})",
            style="dim",
        )


_STATE = {"open": "open", "update": "open", "close": "closed"}


def _section(title: str, content: RenderableType) -> tuple[RenderableType, RenderableType]:
    return Text(f"\n{title}", style="bold cyan"), Padding(content, (0, 0, 0, 2), expand=False)


def _evidence(pieces: Sequence[Written]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    for piece in _by_nats([piece for piece in pieces if not _is_likeness(piece)]):
        figures = (
            f"observed {number(piece['observed'])}, expected {number(piece['expected'])}, "
            f"counts from {number(piece['threshold'])} {piece['unit']}"
        )
        weight = "candidate" if "candidate" in piece else f"{piece['nats']:.1f} nats"
        table.add_row(weight, Text(f"{piece['family']}: {piece['sentence']}"))
        table.add_row("", Text(figures.strip() + _worth(piece), style="dim"))
    return table


def _likeness(pieces: Sequence[Written]) -> tuple[RenderableType, ...]:
    """In what the accounts are alike, the least different first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    alike = sorted(
        (piece for piece in pieces if _is_likeness(piece)), key=lambda piece: float(piece["observed"])
    )
    for piece in alike:
        table.add_row(number(piece["observed"]), Text.assemble(piece["sentence"], (_worth(piece), "dim")))
    return _section("How alike they are: 0 as drawn by one, 1 as strangers", table) if alike else ()


def _worth(piece: Written) -> str:
    """What the trees make of it; findings of earlier releases do not tell."""
    return f"; {piece['trees']:+.1f} nats to the trees" if "trees" in piece else ""


def _is_likeness(piece: Written) -> bool:
    return str(piece["name"]).startswith("same_")


def _links(links: Sequence[Written]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "value"):
        table.add_column(heading)
    for heading in ("payers", "accounts", "score", "trees", "threshold", "margin"):
        table.add_column(heading, justify="right")
    for link in links:
        counts = (f"{link['units']:,}", f"{link['members']:,}")
        names = ("score", "trees", "threshold", "margin")
        nats = (number(link.get(name, 0)) for name in names)
        table.add_row(Text(link["kind"]), Text(link["value"]), *counts, *nats)
    return table


def _exchanges(links: Sequence[Written]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "value"):
        table.add_column(heading)
    for horizon in HORIZONS:
        table.add_column(horizon, justify="right")
    for link in links:
        known = link.get("exchanges") or {}
        counts = (f"{known[horizon]:,}" if horizon in known else "-" for horizon in HORIZONS)
        table.add_row(Text(link["kind"]), Text(link["value"]), *counts)
    return table


def _accounts(told: Case) -> RenderableType:
    if not told.verdicts:
        return Text(_sample(told.now["members"], told.now["member_count"]))
    reasons: dict[str, list[Written]] = {}
    for verdict in sorted(told.verdicts, key=lambda verdict: (-verdict["posterior"], verdict["account_id"])):
        why = "; ".join(piece["sentence"] for piece in strongest(verdict["evidence"], _REASONS))
        reasons.setdefault(why, []).append(verdict)
    return Group(
        *(_alike(why, alike) for why, alike in sorted(reasons.items(), key=lambda item: -len(item[1])))
    )


def _alike(why: str, verdicts: Sequence[Written]) -> Group:
    """Accounts that were named for the same reasons, in order of posterior."""
    surest, least = verdicts[0]["posterior"], verdicts[-1]["posterior"]
    names = [verdict["account_id"] for verdict in verdicts]
    span = f"{surest:.4g}" if surest == least else f"{least:.4g} to {surest:.4g}"
    heading = f"{len(verdicts):,} at posterior {span}: {why}"
    return Group(
        Text(heading), Padding(Text(_sample(names, len(names)), style="dim"), (0, 0, 0, 2), expand=False)
    )


def _sample(names: Sequence[str], count: int) -> str:
    shown = names[:_ACCOUNTS_SHOWN]
    return " ".join(shown) + (f" and {count - len(shown):,} more" if count > len(shown) else "")


def _history(told: Case) -> RenderableType:
    lines = [
        f"{day_minute(finding['time'])}  {finding['activity']}: {finding['member_count']:,} accounts"
        for finding in told.findings
    ]
    return Text("\n".join([*lines, *told.now["history"]]))


def _parsed(lines: Iterable[bytes], name: str) -> list[Written]:
    try:
        return [orjson.loads(line) for line in lines if line.strip()]
    except orjson.JSONDecodeError as error:
        raise InputError(f"{name}: not NDJSON: {error}") from error
