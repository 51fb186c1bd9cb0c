"""What a soak showed: whether memory and lag stay as they are, as a table, a picture and plain numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stream.bench.interval import Trend, trend
from stream.bench.pictures import BLUE, ORANGE, drawn
from stream.bench.report import Grid, Picture
from stream.bench.soak import SAMPLE_S, Sample, Soak

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOUR_S: Final = 3600.0
MB: Final = 1e6
HEADING: Final = ",".join(Sample._fields) + "\n"
_DAY_S: Final = 86_400.0
Values = NDArray[np.float64]


def growth(soak: Soak, field: str) -> Trend:
    """Of a number of bytes over the second half, an hour; what recurs with a round is no growth."""
    half = _second_half(soak.samples)
    block = round(soak.rounds.records / soak.rate / SAMPLE_S)
    return trend(_column(half, "second") / HOUR_S, _column(half, field), block)


def _second_half(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Of those that were taken while records came."""
    return samples[len(samples) // 2 : -1]


def _column(samples: Sequence[Sample], field: str) -> Values:
    return np.array([getattr(sample, field) for sample in samples], np.float64)


def means(samples: Sequence[Sample], total: str, number: str) -> Values:
    """Mean since the sample before, of what is counted in total; nan where nothing was."""
    totals, numbers = (np.diff(_column(samples, field)) for field in (total, number))
    found: Values = np.divide(totals, numbers, out=np.full(len(totals), np.nan), where=numbers > 0)
    return found


def days(soak: Soak, ticks: int) -> float:
    """Days of event time that so many ticks are."""
    return ticks * soak.settings.windows.tick_s / _DAY_S


def grid(soak: Soak) -> Grid:
    """The table of a soak."""
    first, last, half = soak.samples[0], soak.samples[-1], _second_half(soak.samples)
    seconds, events = last.second - first.second, last.events - first.events
    lag = _column(half, "lag")
    rows = [
        ("records", f"{soak.sent:,} in {last.second / 60:.0f} min, {_counted(soak)}"),
        ("capacity, and rate", f"{soak.capacity:,.0f} and {soak.rate:,.0f} events/s"),
        ("event time", f"{days(soak, last.ticks):.0f} days, rounds of {soak.rounds.days}"),
        ("CPU of the worker", f"{1e6 * (last.cpu_s - first.cpu_s) / max(events, 1):.1f} µs an event"),
        ("lag, second half: median / worst", f"{np.median(lag):,.0f} / {lag.max():,.0f} records"),
        ("commit, second half: mean", f"{_mean(half, 'commits_s', 'commits'):.3f} s"),
        ("tick, second half: mean", f"{_mean(half, 'ticks_s', 'ticks'):.3f} s"),
        ("resident memory", _memory(soak, "resident_bytes")),
        ("state", _memory(soak, "state_bytes")),
        (
            "state written",
            f"{(last.changelog_bytes - first.changelog_bytes) / max(events, 1):,.0f} bytes an event",
        ),
        ("held at the end", f"{last.accounts:,} accounts, {last.links:,} links, {last.members:,} members"),
        ("evicted", f"{last.evictions:,} rows"),
    ]
    return Grid(f"Soak on Kafka, {seconds / 60:.0f} min", ("measure", "value"), rows)


def row(sample: Sample) -> str:
    """A line of the file of samples; its heading is `HEADING`."""
    return ",".join(f"{value:.9g}" for value in sample) + "\n"


def line(sample: Sample) -> str:
    """A line for whoever waits."""
    held = f"{sample.resident_bytes / MB:,.0f} MB, {sample.accounts:,} accounts, {sample.links:,} links"
    return f"{sample.second:6,.0f} s: {sample.sent:,} sent, lag {sample.lag:,}, {held}"


def draw(folder: Path, soak: Soak) -> Picture:
    """Memory, lag and durations over the soak, as `soak.png`."""
    file, samples = "soak.png", soak.samples[:-1]
    minutes = _column(samples, "second") / 60
    with drawn(folder / file, 6.4, stacked=3) as (_, (memory, lag, took)):
        resident, state = (_column(samples, field) / MB for field in ("resident_bytes", "state_bytes"))
        _lines(memory, minutes, {"resident": resident, "state": state})
        memory.set_title("Memory of the worker, MB")
        _lines(lag, minutes, {"records not yet read": _column(samples, "lag")})
        lag.set_title(f"Lag, records, at {soak.rate:,.0f} events/s")
        ticks, commits = means(samples, "ticks_s", "ticks"), means(samples, "commits_s", "commits")
        _lines(took, minutes[1:], {"tick": ticks, "commit": commits})
        took.set_title("Duration of a tick and of a commit, s, mean since the look before")
        took.set_xlabel("minutes since records came at a pace")
    return Picture(
        file,
        f"One worker, {soak.rate:,.0f} events/s for {samples[-1].second / 60:.0f} minutes, which are "
        f"{days(soak, samples[-1].ticks):.0f} days of event time. A round of {soak.rounds.days} days takes "
        f"{soak.rounds.records / soak.rate:.0f} s, and all accounts of a round are new.",
    )


def _lines(axis: "Axes", minutes: Values, named: dict[str, Values]) -> None:
    for (name, values), colour in zip(named.items(), (BLUE, ORANGE), strict=False):
        axis.plot(minutes, values, color=colour, linewidth=1.2, label=name)
    axis.set_ylim(bottom=0)
    axis.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")


def _counted(soak: Soak) -> str:
    return "; ".join(soak.wrong) or "each counted once"


def _mean(samples: Sequence[Sample], total: str, number: str) -> float:
    first, last = samples[0], samples[-1]
    count = getattr(last, number) - getattr(first, number)
    return float((getattr(last, total) - getattr(first, total)) / max(count, 1))


def _memory(soak: Soak, field: str) -> str:
    half, found = _second_half(soak.samples), growth(soak, field)
    now = f"{getattr(half[0], field) / MB:,.0f} to {getattr(half[-1], field) / MB:,.0f} MB in the second half"
    slope, (low, high) = found.slope / MB, found.interval
    return f"{now}, {slope:+.1f} MB an hour ({low / MB:+.1f} to {high / MB:+.1f})"
