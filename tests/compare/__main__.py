"""Shoal's columnar windows beside stock stream frameworks: `python -m tests.compare --events 100000`.

Needs Java 17 and Maven, for a broker of its own (SHOAL_TEST_BOOTSTRAP names another one), and makes an
environment with the frameworks in the user's cache. Each contestant runs twice from an empty state, over a
tenth of the events and over all: the table has the difference, so that start and end of a process are no
part of it. Exit code 1 where one told other results than were worked out by hand.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from stream import __version__
from stream.bench.report import Grid, show
from stream.bench.worlds import cache_folder, stored
from stream.simulate import WorldSpec
from tests.compare.contest import CONTESTANTS, Contestant, Run, run
from tests.compare.topics import Load, forget, load
from tests.compare.work import Results
from tests.runtime.broker import Broker

WORLD: Final = WorldSpec(seed=4, days=7, accounts=2000)
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
SMALL: Final = 10
"""The small run has the events of the large one divided by this."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000, help="of the large run (%(default)s)")
    parser.add_argument("--only", metavar="NAME", default="", help="one contestant")
    options = parser.parse_args()
    chosen = [each for each in CONTESTANTS if options.only.lower() in each.name.lower()]
    python, events = environment(), stored(WORLD, cache_folder()).events
    with events.open("rb") as file:
        records = [line.rstrip(b"\n") for line in islice(file, options.events)]
    with broker() as bootstrap:
        loads = [load(bootstrap, records[: len(records) // SMALL]), load(bootstrap, records)]
        try:
            rows, wrong = compared(chosen, python, bootstrap, loads)
        finally:
            for each in loads:
                forget(bootstrap, each.topic)
    head = ("", "version", "guarantee, commit every", "µs CPU an event", "events/s", "start and end, s CPU")
    show([Grid(f"{loads[1].records - loads[0].records:,} events", head, rows)])
    for line in wrong:
        print(f"WRONG: {line}")
    return 1 if wrong else 0


def compared(
    chosen: list[Contestant], python: Path, bootstrap: str, loads: list[Load]
) -> tuple[list[tuple[str, ...]], list[str]]:
    rows, wrong = [], []
    for each in chosen:
        interpreter = Path(sys.executable) if each.name == "Shoal" else python
        runs = [run(each, interpreter, bootstrap, one) for one in loads]
        told = [differing(found.results, one.results) for found, one in zip(runs, loads, strict=True)]
        wrong += [f"{each.name}, {each.promise}: {line}" for line in told if line]
        rows.append(row(each, python, runs, loads[1].records - loads[0].records))
        print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    return rows, wrong


def row(contestant: Contestant, python: Path, runs: list[Run], events: int) -> tuple[str, ...]:
    small, large = runs
    an_event_s = (large.cpu_s - small.cpu_s) / events
    return (
        contestant.name,
        version(contestant, python),
        contestant.promise,
        f"{1e6 * an_event_s:.0f}",
        f"{events / (large.wall_s - small.wall_s):,.0f}",
        f"{small.cpu_s - an_event_s * events / (SMALL - 1):.1f}",
    )


def differing(found: Results, want: Results) -> str:
    """What is wrong with results; nothing where they are as worked out by hand."""
    if found == want:
        return ""
    other = sum(found[window] != want[window] for window in found.keys() & want.keys())
    return f"{len(want.keys() - found.keys())} windows missing, {other} with other figures"


def version(contestant: Contestant, python: Path) -> str:
    if contestant.name == "Shoal":
        return __version__
    said = f"from importlib.metadata import version; print(version({contestant.package!r}))"
    return subprocess.run([python, "-c", said], check=True, capture_output=True, text=True).stdout.strip()


def environment() -> Path:
    """The interpreter of an environment with what `requirements.txt` pins, made where it is missing."""
    folder = cache_folder().parent / f"compare-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python, whole = folder / "bin" / "python", folder / "whole"
    if not whole.exists():
        print(f"installing into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]
        subprocess.run([*pip, REQUIREMENTS], check=True)
        whole.touch()
    return python


@contextmanager
def broker() -> Iterator[str]:
    """The address of a broker that is there, or of one of this run's own."""
    given = os.environ.get("SHOAL_TEST_BOOTSTRAP")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="shoal-compare-") as folder:
        own = Broker(Path(folder) / "kafka")
        own.start()
        try:
            yield own.bootstrap
        finally:
            own.stop()


if __name__ == "__main__":
    sys.exit(main())
