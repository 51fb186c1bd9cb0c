"""When things happen: sessions of people, programs that never sleep, jobs, and clockwork."""

from typing import Final, Literal, NamedTuple

import numpy as np

from tests.strangers.shapes import DAY_MS, HOUR_MS, SECOND_MS, START_MS, Floats, Ints, Rng, Shape, at_day

WEEK_HOURS: Final = 168
Habit = Literal["office", "evening", "day", "owl", "flat"]

_PEAKS: Final[dict[str, tuple[tuple[float, float, float], ...]]] = {
    "office": ((10.5, 2.0, 1.0), (15.0, 2.3, 1.0)),
    "evening": ((20.5, 2.4, 1.0), (13.0, 3.0, 0.3)),
    "day": ((14.0, 4.5, 1.0),),
    "owl": ((1.0, 3.0, 1.0), (17.0, 3.5, 0.4)),
    "flat": (),
}
"""Local hour, width in hours and height of the humps of a day."""


class Plan(NamedTuple):
    """Exchanges before they have content: ordered by session and turn."""

    time_ms: Ints
    session: Ints
    turn: Ints


def week(rng: Rng, habit: Habit, offset_hours: float, floor: float = 0.02) -> Floats:
    """Weight of each UTC hour of the week, Monday first, for one person's or service's habit."""
    local = (np.arange(WEEK_HOURS) + offset_hours) % WEEK_HOURS
    weights = np.full(WEEK_HOURS, 1.0 if habit == "flat" else floor)
    shift = rng.normal(0, 1.2)
    for peak, width, height in _PEAKS[habit]:
        away = (local % 24 - peak - shift + 12) % 24 - 12
        weights += height * np.exp(-0.5 * (away / (width * rng.uniform(0.7, 1.3))) ** 2)
    weekend = rng.uniform(0.02, 0.4) if habit == "office" else rng.uniform(0.6, 1.6)
    weights[(local >= 120)] *= 1.0 if habit == "flat" else weekend
    share: Floats = weights / weights.sum()
    return share


def starts(rng: Rng, per_day: float, first: float, last: float, hours: Floats, unrest: float = 0.8) -> Ints:
    """Session starts in ms between two days; `unrest` is the deviation between a person's days."""
    days = np.arange(int(first), int(np.ceil(last)))
    if not len(days):
        return np.empty(0, np.int64)
    by_day = hours.reshape(7, 24).sum(axis=1) * 7
    mood = rng.gamma(1 / unrest**2, unrest**2, len(days)) if unrest > 0 else np.ones(len(days))
    counts = rng.poisson(np.minimum(per_day * by_day[days % 7] * mood, 50_000))
    day = np.repeat(days, counts)
    edges = np.concatenate([[0.0], np.cumsum(hours)])
    weekday = day % 7
    place = edges[weekday * 24] + rng.random(len(day)) * (edges[weekday * 24 + 24] - edges[weekday * 24])
    hour = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, WEEK_HOURS - 1)
    times = at_day(0) + day * DAY_MS + ((hour % 24 + rng.random(len(day))) * HOUR_MS).astype(np.int64)
    return np.sort(times[(times >= at_day(first)) & (times < at_day(last))])


def converse(rng: Rng, begun: Ints, turns: Shape, gap_s: Shape, most: int = 120) -> Plan:
    """A session of several turns at each start; a turn follows the one before after `gap_s`."""
    lengths = np.clip(np.ceil(turns.draw(rng, len(begun)) - 0.5), 1, most).astype(np.int64)
    session = np.repeat(np.arange(len(begun)), lengths)
    turn = np.arange(len(session)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    gaps = np.where(turn > 0, np.minimum(gap_s.draw(rng, len(session)), 6 * 3600) * SECOND_MS, 0)
    passed = np.cumsum(gaps)
    origin = passed[np.flatnonzero(turn == 0)]
    return Plan(
        np.repeat(begun, lengths) + (passed - np.repeat(origin, lengths)).astype(np.int64), session, turn
    )


def singly(times: Ints) -> Plan:
    """Each time is a session of one exchange."""
    return Plan(times, np.arange(len(times)), np.zeros(len(times), np.int64))


def steady(rng: Rng, per_day: float, first: float, last: float, hours: Floats, shape: float = 1.0) -> Ints:
    """Gamma renewals in the operational time of `hours`; a small `shape` is bursty (ServeGen: CV 1 to 9)."""
    span = last - first
    count = rng.poisson(max(per_day * span, 0))
    if count == 0:
        return np.empty(0, np.int64)
    gaps = rng.gamma(shape, 1.0, count + 1)
    place = np.cumsum(gaps)[:-1] / gaps.sum() * span / 7
    lead = np.concatenate([[0.0], np.cumsum(np.tile(hours, 6))])
    begin = np.interp(first * 24, np.arange(len(lead)), lead)
    end = np.interp(last * 24, np.arange(len(lead)), lead)
    hour = np.interp(begin + place / (span / 7) * (end - begin), lead, np.arange(len(lead)))
    times: Ints = START_MS + (hour * HOUR_MS).astype(np.int64)
    return times


def clockwork(rng: Rng, period_hours: float, first: float, last: float, jitter_s: float, calls: int) -> Ints:
    """Runs at fixed times, `calls` exchanges each, some seconds apart."""
    phase = rng.random() * period_hours * HOUR_MS
    runs = np.arange(at_day(first) + phase, at_day(last), period_hours * HOUR_MS)
    runs = runs + np.abs(rng.normal(0, jitter_s, len(runs))) * SECOND_MS
    each = np.cumsum(rng.gamma(2.0, 2.0, (len(runs), calls)), axis=1) * SECOND_MS
    return np.sort((runs[:, None] + each).reshape(-1).astype(np.int64))


def jobs(
    rng: Rng, per_day: float, first: float, last: float, hours: Floats, size: Shape, pace_s: float
) -> Ints:
    """Batches: at each start a drawn number of calls, `pace_s` apart on average."""
    begun = starts(rng, per_day, first, last, hours)
    batch = converse(rng, begun, size, Shape(pace_s, 0.6), most=3_000)
    return np.sort(batch.time_ms[batch.time_ms < at_day(last)])
