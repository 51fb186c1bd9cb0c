"""A soak of made-up samples, a look every 15 seconds, for what is reckoned from them."""

from pathlib import Path

from stream.bench.rounds import Rounds
from stream.bench.soak import Sample, Soak
from stream.config import Settings

EVENTS_A_LOOK = 1500


def sample(number: int, *, resident: float = 4e8, lag: int = 3) -> Sample:
    """The look of a number, from 1: a tick of 0.2 s and ten commits of 0.05 s since the one before."""
    sent = EVENTS_A_LOOK * number
    return Sample(
        second=15.0 * number,
        sent=sent,
        events=sent - 10,
        rejects=10,
        duplicates=0,
        lag=lag,
        resident_bytes=round(resident),
        state_bytes=30_000_000,
        accounts=50,
        links=60,
        members=70,
        evictions=8,
        ticks=24 * number,
        ticks_s=4.8 * number,
        commits=10 * number,
        commits_s=0.5 * number,
        cpu_s=0.15 * number,
        changelog_bytes=3000 * number,
    )


def soak(folder: Path, samples: list[Sample], *, committed: int | None = None) -> Soak:
    """At 100 events a second, with rounds of two looks."""
    path = folder / "events.ndjson"
    path.write_bytes(b'{"time":"2026-04-08T00:00:04.062Z"}\n' * 2 * EVENTS_A_LOOK)
    sent = samples[-1].sent
    return Soak(
        Rounds(path), Settings(), 900.0, 100.0, sent, sent if committed is None else committed, samples
    )
