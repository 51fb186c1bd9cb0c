"""What the restore of a large state costs: `python -m tests.runtime.restore --accounts 1000000`.

Accounts with five links each, all shared by four, over two days of hourly ticks. Their state goes to a
changelog on a broker of this command's own; then a worker in a process of its own restores it. Exit code 1
where that takes more than LIMIT_S of CPU. With `--copy` it restores once more, from Kafka again but making a
local copy, and then from that. Needs Java 17 and Maven, and some 6 KB of memory an account.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from stream.config import Settings
from stream.event.fields import SCHEMA
from stream.metrics import Meters
from stream.runtime import kafka
from stream.runtime.ledger import Ledger
from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Pipeline
from stream.runtime.restoring import BYTES, KAFKA
from stream.runtime.topics import ensure
from stream.settings import Windows
from tests.conftest import named_settings
from tests.runtime.broker import Broker

LIMIT_S: Final = 20.0
SHARE: Final = 4
"""Accounts of a link: too few to be judged, for it is the state that is to be large."""
LINKS: Final = {"network": 1, "payment": 2, "params": 3, "ja4": 4}
"""Column -> where its values begin; with parameters and client together these are five kinds of links."""
BEGIN_MS: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SPAN_MS: Final = 48 * 3_600_000
SLICE: Final = 50_000
SOURCE: Final = "requests-0"


class Restored(NamedTuple):
    """Seconds of a worker, imports not counted, to its end once it has found that nothing is left to read."""

    cpu_s: float
    wall_s: float
    accounts: int
    links: int
    members: int
    state_bytes: int
    read_bytes: int
    """Of Kafka."""

    def __str__(self) -> str:
        """One line."""
        return f"{self.cpu_s:.1f} s CPU, {self.wall_s:.1f} s; {self.read_bytes / 1e6:,.1f} MB read from Kafka"


def parcels(accounts: int) -> Iterator[Parcel]:
    """Two events of each account, in order of time."""
    for first in range(0, 2 * accounts, SLICE):
        number = np.arange(first, min(first + SLICE, 2 * accounts))
        account = (number % accounts).astype(np.uint64)
        known: dict[str, Any] = {
            "time_ms": BEGIN_MS + number * SPAN_MS // (2 * accounts),
            "account": account + np.uint64(1),
            "account_id": [f"account-{each}" for each in account],
            "event": number.astype(np.uint64) + np.uint64(1),
            "input_tokens": number % 4000,
            "output_tokens": number % 900,
            **{name: account // np.uint64(SHARE) + np.uint64(at << 40) for name, at in LINKS.items()},
        }
        rows = pl.DataFrame([pl.Series(name, values).cast(SCHEMA[name]) for name, values in known.items()])
        absent = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in known]
        events = rows.with_columns(absent).select(list(SCHEMA))
        yield Parcel(SOURCE, 0, 0, events)  # of a topic that is empty


def filled(settings: Settings, accounts: int) -> Pipeline:
    pipeline = Pipeline(settings)
    for parcel in parcels(accounts):
        pipeline.receive(parcel)
        pipeline.advance()
        _tell(f"{pipeline.stats().accounts:,} accounts")
    return pipeline


async def stored(settings: Settings, pipeline: Pipeline) -> None:
    """Its state as a base, as a worker writes it."""
    ledger = Ledger(settings, Meters())
    await ledger.start()
    await ledger.commit([], [], {}, {})
    ledger.rebase(pipeline.snapshot())
    while ledger._changelog._rising is not None:
        await ledger.commit([], [], {}, {})
    await ledger.stop()


def restored(settings: Settings, told: "Connection[Restored, None]") -> None:
    """In a process of its own."""
    cpu, wall = time.process_time(), time.monotonic()
    pipeline, meters = Pipeline(settings), Meters()
    kafka.Meters = lambda stage: meters  # type: ignore[assignment, attr-defined, misc]
    kafka.serve(settings, pipeline, once=True)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    stats = pipeline.stats()
    size = sum(stats.state_bytes.values())
    read = int(meters.registry.get_sample_value(BYTES, {"part": KAFKA}) or 0)
    told.send(Restored(cpu, wall, stats.accounts, stats.links, stats.members, size, read))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def worker(settings: Settings) -> Restored:
    """What it took one."""
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=restored, args=(settings, there))
    process.start()
    there.close()
    found: Restored = here.recv()
    process.join()
    return found


def measured(accounts: int, *, copied: bool) -> list[Restored]:
    """One without a copy; then, if asked for, one that makes it, and one that reads it."""
    with tempfile.TemporaryDirectory(prefix="shoal-restore-") as name:
        broker = Broker(Path(name) / "kafka")
        settings = _large(named_settings(broker.bootstrap, "restore", requests_topic="requests"))
        pipeline = filled(settings, accounts)
        broker.start()
        try:
            ensure(settings, 1)
            asyncio.run(stored(settings, pipeline))
            del pipeline
            copies = {"requests_topic": "requests", "local_copy": f"{name}/copies"}
            copying = _large(named_settings(broker.bootstrap, "restore", **copies))
            return [worker(settings), *(worker(copying) for _ in range(2) if copied)]
        finally:
            broker.stop()


def _large(settings: Settings) -> Settings:
    """Without a budget, so that no account goes."""
    return settings.model_copy(update={"windows": Windows(memory_mb=0)})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runtime.restore", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--copy", action="store_true")
    asked = parser.parse_args()
    first, *others = measured(asked.accounts, copied=asked.copy)
    print(f"{first.accounts:,} accounts, {first.links:,} links, {first.members:,} (link, account) rows")
    print(f"{first.state_bytes / 1e6:,.0f} MB: restored in {first}")
    for what, found in zip(("making a local copy", "from the local copy"), others, strict=False):
        print(f"{what}: {found}")
    return int(first.cpu_s > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
