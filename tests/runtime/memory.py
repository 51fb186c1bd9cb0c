"""What a worker takes of its budget of memory, or of another: `python -m tests.runtime.memory [--mb 1000]`.

Accounts come, four times as many as there is room for, with two events each and five links that three others
share; with `--apart` every event brings seven links that nobody else is on, a turn and a body. As many events
as may be held wait for each tick, the state is packed as for a base of the changelog, and restored from it at
the end. Exit code 1 where the process takes more than the budget. Needs nothing else.
"""

import argparse
import resource
import sys
from collections.abc import Iterator
from math import ceil

import polars as pl

from stream.config import Settings
from stream.event.fields import SCHEMA
from stream.runtime.changelog import Changelog
from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Pipeline
from stream.settings import Windows
from stream.windows.memory import most_held, within
from tests.runtime.restore import BEGIN_MS, SPAN_MS, parcels

TICK_MS = 3_600_000
BATCH = 5_000
OWN = [
    (pl.col("event") * len(SCHEMA) + place).cast(SCHEMA[name]).alias(name)
    for place, name in enumerate(
        (
            "payment",
            "network",
            "params",
            "ja4",
            "prefix",
            "tools",
            "body",
            "next_turn",
            "previous_turn",
            "simhash",
        )
    )
]
"""Values that no other event has."""


def fed(settings: Settings, *, apart: bool) -> Iterator[Parcel]:
    """Parcels whose events fill every tick with as many as may be held."""
    accounts, held = 4 * within(settings.windows).max_accounts, most_held(settings.windows) or 1
    # events of the next tick's beginning are held too: time trails what is read
    ahead = settings.intake.max_disorder_s / settings.windows.tick_s
    ticks = ceil(2 * accounts * (1 + ahead) / (held - BATCH))
    time = BEGIN_MS + (pl.col("time_ms") - BEGIN_MS) * (ticks * TICK_MS) // SPAN_MS
    for parcel in parcels(accounts):
        rows = parcel.events.with_columns(time.alias("time_ms"), *(OWN if apart else ()))
        yield from (parcel._replace(events=rows[at : at + BATCH]) for at in range(0, rows.height, BATCH))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runtime.memory", description=__doc__)
    parser.add_argument("--mb", type=int, default=Windows().memory_mb)
    parser.add_argument("--apart", action="store_true")
    asked = parser.parse_args()
    settings = Settings(windows=Windows(memory_mb=asked.mb))
    pipeline, log, most = Pipeline(settings), Changelog(), 0
    for parcel in fed(settings, apart=asked.apart):
        pipeline.receive(parcel)
        most = max(most, pipeline.held_events)
        pipeline.advance()
    records = log.commit(pipeline.changes(), {})
    log.rebase(pipeline.snapshot())
    while log._rising:
        records += log.commit([], {})
    again, restored = Changelog(), Pipeline(settings)
    again.load(records)
    restored.restore(again.replay()[0])
    stats, taken = pipeline.stats(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    room = most_held(settings.windows)
    print(f"{stats.accounts:,} accounts, {stats.members:,} rows of links; {most:,} events held of {room:,}")
    print(f"{sum(stats.state_bytes.values()) / 1e6:,.0f} MB metered, {stats.evictions:,} rows went")
    print(f"{taken:,.0f} MB taken, the state twice at the end, of {settings.windows.memory_mb:,}")
    return int(taken > settings.windows.memory_mb)


if __name__ == "__main__":
    sys.exit(main())
