"""What `shoal check` says: effective settings with their origin, and what a sample log makes possible."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream.config import Loaded, Settings, Windows, links_path, table
from stream.errors import InputError
from stream.evidence import fields_needed
from stream.learning.weights import load_weights
from stream.links.kinds import LinkKind, load_kinds
from stream.runtime.access import check_access
from stream.runtime.files import log_files
from stream.runtime.machine import Given, too_much
from stream.stages.intake import Intake
from stream.windows.memory import most_held, within

SAMPLE_BYTES: Final = 64 << 20
"""Read of a sample; coverage does not change after that many records."""

_CHUNK_BYTES: Final = 8 << 20
_SEEN: Final = 1e-4
"""Share of events below which a field counts as missing; some come rarely by nature (`safety_code`)."""


class Coverage(NamedTuple):
    """What a sample holds: per field of the record the share of events that have it."""

    events: int
    rejects: dict[str, int]
    first_reject: str | None
    fields: dict[str, float]

    def missing(self, needed: tuple[str, ...]) -> list[str]:
        """Those of the `needed` fields that practically never come."""
        return [name for name in needed if self.fields.get(name, 0.0) < _SEEN]


def measure(path: str, settings: Settings) -> Coverage:
    """Maps the first SAMPLE_BYTES of a log with the configured reader; raises InputError."""
    intake = Intake(settings)
    rejects: dict[str, int] = {}
    first = None
    events = 0
    for file in log_files([path]):
        while not file.ended and file.position < SAMPLE_BYTES:
            lines = file.read(_CHUNK_BYTES)
            decoded = intake.decode(file.name, lines.records, lines.offsets)
            events += decoded.events.height
            for reject in decoded.rejects:
                rejects[reject.reason] = rejects.get(reject.reason, 0) + 1
                first = (
                    first or f"{reject.source}, line {reject.offset + 1}: {reject.reason}: {reject.detail}"
                )
    if not events:
        found = f"; {first}" if first else ""
        raise InputError(f"{path}: no record could be read as {settings.intake.format}{found}")
    shares = {name: present / max(of, 1) for name, (present, of) in intake.coverage().items()}
    return Coverage(events, rejects, first, shares)


def show(sample: Coverage, settings: Settings, console: Console | None = None) -> None:
    """Prints coverage of each field, the state of each family of evidence, and the link kinds there are.

    Raises ConfigError where the table of link kinds is wrong.
    """
    kinds = load_kinds(links_path(settings))
    console = console or Console()
    refused = ", ".join(f"{count:,} {reason}" for reason, count in sorted(sample.rejects.items()))
    console.print(f"{sample.events:,} events; refused: {refused or 'none'}", highlight=False)
    if sample.first_reject:
        console.print(f"first refused: {sample.first_reject}", highlight=False, markup=False)
    console.print(_fields(sample), "", _families(sample, kinds), sep="\n", highlight=False)
    present = {name for name in sample.fields if not sample.missing((name,))}
    for said, made in (("link kinds", True), ("link kinds without their fields", False)):
        names = [kind.name for kind in kinds if kind.made_of(present) is made]
        if names:
            console.print(f"\n{said}: {', '.join(names)}", highlight=False, markup=False)


def show_settings(loaded: Loaded, memory: Given | None, console: Console | None = None) -> None:
    """Prints each effective value with its unit and origin, secrets masked, the kinds of links, and what the
    budget of memory is for and whether the `memory` that there is holds it.

    Raises ConfigError where the table of link kinds, that of weights or the access to Kafka is wrong.
    """
    check_access(loaded.settings.kafka)
    kinds = load_kinds(links_path(loaded.settings))
    load_weights(loaded.settings.alerts.weights)
    shown = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "unit", "from"):
        shown.add_column(heading, overflow="fold")
    for row in table():
        group, name = row.key.split(".")
        value = getattr(getattr(loaded.settings, group), name)
        text = str(value)  # of a secret that is set: asterisks
        shown.add_row(row.key, Text(text), row.unit, Text(loaded.origins[row.key]))
    console = console or Console()
    console.print(shown, highlight=False)
    console.print(f"\nlink kinds: {', '.join(kind.name for kind in kinds)}", highlight=False, markup=False)
    console.print(f"\n{_budget(loaded.settings.windows)}", highlight=False, soft_wrap=True)
    if said := too_much(loaded.settings.windows, memory):
        console.print(said, style="red", highlight=False, soft_wrap=True)


def _budget(windows: Windows) -> str:
    limits, held = within(windows), most_held(windows)
    if held is None:
        return "memory: no budget (windows.memory_mb is 0)"
    rows = f"{limits.max_members:,} rows of links, {limits.max_exchanges:,} exchanges"
    room = f"{limits.max_accounts:,} accounts, {rows}, {held:,} events that wait for their time"
    return f"memory: {windows.memory_mb:,} MB for {room}"


def _fields(sample: Coverage) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("field")
    shown.add_column("events that have it", justify="right")
    for name, share in sample.fields.items():
        shown.add_row(name, f"{100 * share:.1f} %", style="dim" if share < _SEEN else "")
    return shown


def _families(sample: Coverage, kinds: Sequence[LinkKind]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("evidence", "state", "uses"):
        shown.add_column(heading)
    for family, needed in fields_needed(kinds).items():
        missing = sample.missing(needed)
        state = "live" if not missing else "blind" if len(missing) == len(needed) else "partly blind"
        uses = [f"[red]{name} (missing)[/]" if name in missing else name for name in needed]
        shown.add_row(family, f"[{_COLOURS[state]}]{state}[/]", ", ".join(uses))
    return shown


_COLOURS: Final = {"live": "green", "partly blind": "yellow", "blind": "red"}
