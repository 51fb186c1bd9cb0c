"""What an event costs: CPU of the whole embedded way beside the bare decode of the same file."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from stream.bench.report import Grid
from stream.config import Settings
from stream.errors import InputError
from stream.runtime.local import Files, replay
from stream.runtime.stats import Stats
from stream.simulate import WorldSpec

WORLD: Final = WorldSpec(seed=4, days=14, accounts=8000)
"""Some two million events, campaigns included: 6,000 an hour, a small part of what the disclosed campaign
alone sent (640,000 a day). A tick has a cost of its own, so thinner traffic costs more an event."""
_OF_ACCOUNTS: Final = ("accounts", "habits", "links_profiles")
_OF_LINKS: Final = ("links_links", "links_members")
"""Tables whose rows are of an account, and of a link; the others hold exchanges for hours or days."""


@dataclass(frozen=True)
class Speed:
    """CPU seconds are of all threads of the process; `state` are the pipeline's numbers at the end."""

    path: Path
    events: int
    file_bytes: int
    decode_cpu_s: float
    whole_cpu_s: float
    whole_wall_s: float
    tick_s: float
    state: Stats

    @property
    def record_bytes(self) -> float:
        """Mean size of a record."""
        return self.file_bytes / self.events

    @property
    def ratio(self) -> float:
        """CPU of the whole way over that of the bare decode."""
        return self.whole_cpu_s / self.decode_cpu_s


def measure(path: Path, settings: Settings) -> Speed:
    """Reads the file twice: bare (`orjson.loads` of every line), then through the pipeline.

    Findings are rendered and written to the null device, as a replay would. Raises InputError.
    """
    began = time.process_time()
    events = _decoded(path)
    decoded, wall = time.process_time(), time.perf_counter()
    with open("/dev/null", "wb") as nowhere:
        pipeline = replay([str(path)], settings, sinks=[Files(nowhere, nowhere, nowhere)])
    whole, wall = time.process_time() - decoded, time.perf_counter() - wall
    size, tick_s = path.stat().st_size, settings.windows.tick_s
    return Speed(path, events, size, decoded - began, whole, wall, tick_s, pipeline.stats())


def _decoded(path: Path) -> int:
    """Decodes every line, and nothing else; returns their number."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in map(orjson.loads, file))
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path}: should be plain NDJSON: {error}") from error


def grid(speed: Speed) -> Grid:
    """The table of a measurement."""
    per_event = 1e6 / speed.events
    state = speed.state
    rows = [
        ("events", f"{speed.events:,} of {speed.record_bytes:.0f} bytes"),
        ("tick of event time", f"{speed.tick_s:.0f} s"),
        ("ticks", f"{state.ticks:,} of {1e3 * state.tick_seconds / max(state.ticks, 1):.1f} ms wall clock"),
        ("bare decode", f"{speed.decode_cpu_s * per_event:.2f} µs CPU an event"),
        ("whole way", f"{speed.whole_cpu_s * per_event:.2f} µs CPU an event"),
        ("whole way / bare decode", f"{speed.ratio:.1f}"),
        ("wall clock", f"{speed.events / speed.whole_wall_s:,.0f} events/s"),
        *_memory(state),
    ]
    return Grid(f"Speed on {speed.path}", ("measure", "value"), rows)


def _memory(state: Stats) -> list[tuple[str, str]]:
    parts = [(f"state: {name}", f"{size / 1e6:.1f} MB") for name, size in sorted(state.state_bytes.items())]
    whole = sum(state.state_bytes.values())
    account = sum(state.state_bytes.get(name, 0) for name in _OF_ACCOUNTS) / max(state.accounts, 1)
    link = sum(state.state_bytes.get(name, 0) for name in _OF_LINKS) / max(state.links, 1)
    held = [
        ("accounts held", f"{state.accounts:,}"),
        ("links held", f"{state.links:,}"),
        ("state of an account alone", f"{account:,.0f} bytes"),
        ("state of a link alone, its members with it", f"{link:,.0f} bytes"),
        ("state per account and link", f"{whole / max(state.accounts + state.links, 1):,.0f} bytes"),
    ]
    return [*parts, *held]
