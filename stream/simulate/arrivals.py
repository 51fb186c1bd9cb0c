"""Arrivals: when conversations begin.

Each habit is a renewal process in operational time: gaps of mean one, Gamma or Weibull, laid along the
habit's own cumulative rate (hours of its day, its weekend, its good and bad days). Shape above one is a
timer, below one bursts.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gamma as gamma_function

from stream.simulate.chance import Floats, Ints, Rng
from stream.simulate.cohorts import Habits

HOURS_PER_DAY = 24
BURN_IN = 12.0  # mean gaps


def starts(rng: Rng, habits: Habits, per_day: Floats, days: int, first_weekday: int) -> tuple[Ints, Floats]:
    """Habit and start (days) of every conversation, at `per_day` conversations a day for each habit."""
    hourly = intensity(rng, habits, days, first_weekday) * (per_day / HOURS_PER_DAY)[:, None]
    reach = np.concatenate([np.zeros((len(habits), 1)), np.cumsum(hourly, axis=1)], axis=1)
    habit, position = _renewals(rng, habits, reach[:, -1])
    # one interpolation over all habits: each one's cumulative rate is shifted past the one before it
    floor = np.concatenate([[0.0], np.cumsum(reach[:, -1] + 1.0)])[:-1]
    hours = np.tile(np.arange(reach.shape[1], dtype=np.float64), (len(habits), 1))
    span = reach.shape[1] + 1.0
    grid = (hours + span * np.arange(len(habits))[:, None]).ravel()
    where = np.interp(position + floor[habit], (reach + floor[:, None]).ravel(), grid)
    return habit, (where - span * habit) / HOURS_PER_DAY


def intensity(rng: Rng, habits: Habits, days: int, first_weekday: int) -> Floats:
    """Rate of each habit in each hour of the world, relative to its mean: (m, 24 * days)."""
    m, hour = len(habits), np.arange(HOURS_PER_DAY * days)
    phase = 2 * np.pi * (hour[None, :] - habits.peak[:, None]) / HOURS_PER_DAY
    # von Mises: a working day and a silent night at depth 1, flat at 0
    day: Floats = np.exp(3.2 * habits.depth[:, None] * (np.cos(phase) - 0.35))
    day /= day[:, :HOURS_PER_DAY].mean(axis=1, keepdims=True)
    sigma = habits.day_sigma[:, None]
    mood = np.exp(sigma * rng.standard_normal((m, days + 2)) - sigma**2 / 2)
    weekend = np.isin((np.arange(-1, days + 1) + first_weekday) % 7, (5, 6))
    mood *= np.where(weekend[None, :], habits.weekend[:, None], 1.0)
    # a caller's day turns twelve hours from its peak, wherever it lives
    date = np.floor((hour[None, :] - habits.peak[:, None] + 12) / HOURS_PER_DAY).astype(np.int64) + 1
    open_share = (hour[None, :] + 1 - HOURS_PER_DAY * habits.opens[:, None]).clip(0, 1)
    close_share = (HOURS_PER_DAY * habits.closes[:, None] - hour[None, :]).clip(0, 1)
    age = (hour[None, :] + 1) / HOURS_PER_DAY - habits.opens[:, None]
    grown = (age / habits.ramp[:, None]).clip(0.02, 1)
    day *= np.take_along_axis(mood, date, axis=1) * np.minimum(open_share, close_share) * grown
    return day


def _renewals(rng: Rng, habits: Habits, total: Floats) -> tuple[Ints, Floats]:
    """Habit and operational time of every renewal before each habit's total."""
    weibull = habits.shape == 0
    cv = np.where(weibull, 2.5, 1 / np.sqrt(np.maximum(habits.shape, 0.05)))
    # the first stretch is thrown away: a process observed from its first renewal would begin in a burst
    reach = total + BURN_IN
    drawn = np.ceil(reach + 4 * cv * np.sqrt(reach) + 4 * cv).astype(np.int64)
    drawn = np.where(total > 0, drawn, 0)
    habit = np.repeat(np.arange(len(habits)), drawn)
    gaps = np.empty(len(habit))
    rows = weibull[habit]
    k = habits.weibull[habit[rows]]
    gaps[rows] = rng.weibull(k) / gamma_function(1 + 1 / k)
    k = habits.shape[habit[~rows]].clip(0.05)
    gaps[~rows] = rng.gamma(k) / k
    first = np.concatenate([[0], np.cumsum(drawn)])[:-1]
    running = np.cumsum(gaps)
    before = np.concatenate([[0.0], running])[first]
    position = running - before[habit] - BURN_IN * (0.5 + 0.5 * rng.random(len(habits)))[habit]
    keep = (position >= 0) & (position < total[habit])
    return habit[keep], position[keep]
