"""What a worker takes of its budget of memory, or of another: `python -m tests.runtime.memory [--mb 1000]`.

Accounts come, four times as many as there is room for, with two events each and five links that three others
share; with `--apart` every event brings seven links that nobody else is on, a turn and a body. As many events
as may be held wait for a second source, again and again, and their ticks are then absorbed in pieces. The
state is packed as for a base of the changelog, and restored from it at the end. Exit code 1 where the process
takes more than the budget. Needs nothing else.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator

import polars as pl

from stream.config import Settings
from stream.runtime.changelog import Changelog
from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Pipeline
from stream.settings import Windows
from stream.windows.memory import most_held, within
from tests.runtime.restore import BEGIN_MS, SPAN_MS, parcels

OTHER = "requests-1"
TICKS = 8
BATCH = 5_000
OWN = [
    pl.col("event").hash(place).alias(name)
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


def fed(pipeline: Pipeline, settings: Settings, *, apart: bool) -> Iterator[None]:
    """Has the pipeline hold as many events as may be before a second source lets time pass."""
    accounts, room = 4 * within(settings.windows).max_accounts, most_held(settings.windows) or 1
    time_ms = (pl.col("time_ms") - BEGIN_MS) * TICKS * 3_600_000 // SPAN_MS + BEGIN_MS
    pipeline.open(OTHER)
    for parcel in parcels(accounts):
        rows = parcel.events.with_columns(time_ms, *(OWN if apart else ()))
        for at in range(0, rows.height, BATCH):
            pipeline.receive(parcel._replace(events=rows[at : at + BATCH]))
            if pipeline.held_events + BATCH > room:
                pipeline.receive(Parcel(OTHER, 0, 0, rows[at : at + 1]))
            yield


def beat(pipeline: Pipeline) -> float:
    """CPU seconds of the longest step."""
    longest, more = 0.0, True
    while more:
        began = time.process_time()
        pipeline.advance(1)
        longest, more = max(longest, time.process_time() - began), pipeline.behind
    return longest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runtime.memory", description=__doc__)
    parser.add_argument("--mb", type=int, default=Windows().memory_mb)
    parser.add_argument("--apart", action="store_true")
    asked = parser.parse_args()
    settings = Settings(windows=Windows(memory_mb=asked.mb))
    pipeline, log, most, longest = Pipeline(settings), Changelog(), 0, 0.0
    for _ in fed(pipeline, settings, apart=asked.apart):
        most = max(most, pipeline.held_events)
        longest = max(longest, beat(pipeline))
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
    pieces = pipeline.progress - stats.ticks
    print(f"{pieces:,} pieces and {stats.ticks:,} ticks, none above {longest:.1f} s of CPU")
    print(f"{taken:,.0f} MB taken, the state twice at the end, of {settings.windows.memory_mb:,}")
    return int(taken > settings.windows.memory_mb)


if __name__ == "__main__":
    sys.exit(main())
