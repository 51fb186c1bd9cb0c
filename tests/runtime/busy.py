"""A busy platform's backlog, read as fast as it goes: `python -m tests.runtime.busy [--rate 2000 --hours 2]`.

Two weeks of a simulated world come first; then many copies of it at once, squeezed into a few hours so that
so many events come a second. All of it waits in the topic of a broker of this command's own when the worker
starts. Its metrics and `/health` are looked at until all is read. Exit code 1 where the worker ends, says
that it does not read, takes more than its budget, or goes without a commit for LONGEST_S. Needs Java 17 and
Maven.
"""

import argparse
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import urlopen

import orjson

from stream.bench.deployed import named, topics, working
from stream.bench.rounds import IDS, Rounds
from stream.bench.scrape import scraped
from stream.bench.soak import PARTITIONS, WORLD
from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.groups import clearing
from stream.runtime.produce import Located, send
from stream.simulate import WorldFiles, simulate, write_world
from tests.runtime.broker import Broker

LONGEST_S: Final = 10.0
LOOK_S: Final = 0.3
START_S: Final = 30.0


class Look(NamedTuple):
    """Of a worker that works off what waits."""

    second: float
    commits: float
    lag: float
    resident_mb: float
    held_ratio: float
    ticks: float
    written: float
    """Bytes of the changelog."""
    answered_s: float
    """Until `/health` and `/metrics` were there."""

    def __str__(self) -> str:
        """One line."""
        return f"{self.second:.0f} s: lag {self.lag:,.0f}, {self.resident_mb:,.0f} MB, {self.ticks:.0f} ticks"


def squeezed(world: Rounds, path: Path, rate: float, hours: float) -> Iterator[Located]:
    """Copies of a world side by side, after it, in so many hours."""
    marks = [f"{0xF000 + number:04x}" for number in range(round(rate * hours * 3600 / world.records))]
    whole, first = timedelta(days=world.days), None
    with path.open("rb") as file:
        for line, text in enumerate(file):
            record = orjson.loads(text)
            at = datetime.fromisoformat(record["time"])
            first = first or at
            record["time"] = (first + whole + timedelta(hours=hours) * ((at - first) / whole)).isoformat()
            ids = {name: record[name] for name in IDS if record.get(name)}
            for mark in marks:
                yield str(path), line, orjson.dumps(record | {name: mark + of for name, of in ids.items()})


def watched(settings: Settings, records: int) -> tuple[list[Look], float]:
    """A worker until it has committed so many; what was seen of it, and its CPU."""
    names, looks, told, began = settings.kafka, list[Look](), 0.0, time.monotonic()
    with clearing(settings, names.application_id, names.requests_topic) as committed, working(settings) as at:
        while committed() < records:
            at.check()
            time.sleep(LOOK_S)
            if (found := _look(names.metrics_port, began)) is None:
                continue
            looks.append(found)
            if found.second >= told:
                print(found, file=sys.stderr, flush=True)
                told = found.second + 30
    return looks, at.cpu_s


def _look(port: int, began: float) -> Look | None:
    """None before the worker is there; raises BrokerError where it says that it does not read."""
    asked = time.monotonic()
    try:
        urlopen(f"http://127.0.0.1:{port}/health", timeout=LONGEST_S).close()
        found = scraped(port)
    except (OSError, BrokerError):
        if asked - began > START_S:
            raise
        return None
    now = time.monotonic()
    names = ("shoal_commits_total", "shoal_consumer_lag_records", "process_resident_memory_bytes")
    commits, lag, resident = (found[name] for name in names)
    held, ticks, written = (
        found[f"shoal_{name}"] for name in ("held_ratio", "ticks_total", "changelog_bytes_total")
    )
    return Look(now - began, commits, lag, resident / 1e6, held, ticks, written, now - asked)


def longest(looks: list[Look]) -> float:
    """Seconds without a commit, to the precision of a look."""
    new = [looks[0], *(look for before, look in pairwise(looks) if look.commits > before.commits)]
    return max((later.second - one.second for one, later in pairwise(new)), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runtime.busy", description=__doc__)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--hours", type=float, default=2.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoal-busy-") as folder:
        files: WorldFiles = write_world(simulate(WORLD), Path(folder))
        world, broker = Rounds(files.events), Broker(Path(folder) / "kafka")
        broker.start()
        try:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                own = {"metrics_port": taken.getsockname()[1]}
            settings = named(_at(broker.bootstrap), "busy")
            settings = settings.model_copy(update={"kafka": settings.kafka.model_copy(update=own)})
            with topics(settings, PARTITIONS):
                records = send(world.of(0), settings)
                records += send(squeezed(world, files.events, asked.rate, asked.hours), settings)
                looks, cpu_s = watched(settings, records)
        finally:
            broker.stop()
    most, pause = max(look.resident_mb for look in looks), longest(looks)
    answered = max(look.answered_s for look in looks)
    held = max(look.held_ratio for look in looks)
    print(f"{records:,} records in {looks[-1].second:.0f} s, {1e6 * cpu_s / records:.1f} µs CPU each")
    print(f"{most:,.0f} MB resident at most, {100 * held:.0f} % of the events held that there is room for")
    print(f"{looks[-1].written / records:,.0f} bytes of the changelog each")
    print(f"{pause:.1f} s at most between commits, {answered:.1f} s until metrics were there")
    return int(most > settings.windows.memory_mb or pause > LONGEST_S)


def _at(bootstrap: str) -> Settings:
    default = Settings()
    kafka = default.kafka.model_copy(update={"bootstrap_servers": bootstrap})
    return default.model_copy(update={"kafka": kafka})


if __name__ == "__main__":
    sys.exit(main())
