"""A small platform's log: who acted on which object, when. It shares nothing with the detector.

Honest accounts act by the hours of their region, at heavy-tailed rates, on objects of heavy-tailed
popularity that age within days; some objects go viral, for everybody and for newcomers who come for them;
followers of a creator act on each of its posts within minutes to hours. A campaign of accounts that are
as old and as busy as others acts on the same targets within minutes, and on what it likes in between.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

DAY_S: Final = 86_400
BEGIN_S: Final = 1_775_606_400
"""2026-04-08T00:00:00Z."""
HOURS: Final = np.array(
    [1, 1, 0.5, 0.5, 0.5, 1, 2, 3, 4, 4, 4, 4, 5, 5, 4, 4, 4, 5, 6, 7, 7, 6, 4, 2], np.float64
)
"""Weight of the local hours of a day."""
TOPICS: Final = 20
REGIONS: Final = np.array([0, 5, 8, 16])
"""Hours by which regions are behind."""


class Plan(NamedTuple):
    """What a world holds."""

    seed: int
    days: int = 21
    accounts: int = 900
    objects: int = 3000
    viral: int = 4
    followers: int = 40
    following: float = 0.4
    """Share of a creator's posts that a follower acts on."""
    told_s: float = 2400.0
    """Median time from a post to a follower's act."""
    campaign: int = 30
    targets: int = 40
    onset_day: float = 13.5
    last_day: float = 20.5
    aged_days: float = 10.0
    """By how much the campaign's accounts are older than the campaign, at least."""
    taking_part: float = 0.8
    wave_s: float = 300.0
    """Within how long the campaign's accounts act on a target."""


Events = list[tuple[float, str, str]]
"""Time in s since the beginning, account, object."""


class World:
    """One world, drawn from the seed of its plan."""

    def __init__(self, plan: Plan) -> None:
        """Draws who there is, and what can be acted on."""
        self.plan = plan
        self._draw = np.random.default_rng(plan.seed)
        self.honest = [f"u{i:05d}" for i in range(plan.accounts)]
        self.campaign = [f"x{i:05d}" for i in range(plan.campaign)]
        born = self._draw.uniform(-30, plan.days, plan.objects)
        self._born = np.sort(born)
        self._weight = self._draw.pareto(1.1, plan.objects) + 0.2
        self._topic = self._draw.integers(0, TOPICS, plan.objects)
        self._popular = [self._popularity(day) for day in range(plan.days)]

    def events(self) -> Events:
        """Everything that happens, by time."""
        found: Events = []
        for account in [*self.honest, *self.campaign]:
            found += self._ordinary(account)
        for number in range(self.plan.viral):
            found += self._goes_viral(number)
        found += self._follow()
        found += self._lockstep()
        end = self.plan.days * DAY_S
        return sorted(event for event in found if 0 <= event[0] < end)

    def _ordinary(self, account: str) -> Events:
        """An account's own life: it may sign up late, and acts on what is new, popular or of its topics."""
        draw, plan = self._draw, self.plan
        joined = max(draw.uniform(-1.5 * plan.days, plan.days), 0.0)
        if account.startswith("x"):
            joined = min(joined, plan.onset_day - plan.aged_days)
        per_day = np.clip(draw.lognormal(1.0, 1.0), 0.2, 60)
        count = draw.poisson(per_day * (plan.days - joined))
        region = REGIONS[draw.integers(len(REGIONS))]
        hour = draw.choice(24, count, p=HOURS / HOURS.sum()) + region
        day = np.floor(draw.uniform(joined, plan.days, count))
        times = day * DAY_S + (hour % 24) * 3600 + draw.uniform(0, 3600, count)
        objects = self._choices(day.astype(np.int64), draw.choice(TOPICS, 3, replace=False))
        return [(float(time), account, about) for time, about in zip(times, objects, strict=True)]

    def _popularity(self, day: int) -> NDArray[np.float64]:
        """Running sum of the objects' weights on a day: the newer, the likelier."""
        age = day - self._born
        return np.cumsum(np.where(age >= 0, self._weight * (0.02 + np.exp(-np.maximum(age, 0) / 3)), 0.0))

    def _choices(self, days: NDArray[np.int64], topics: NDArray[np.int64]) -> list[str]:
        """What an account acts on: of three popular objects the first of its topics, else the first."""
        shown = np.empty((len(days), 3), np.int64)
        for day in np.unique(days):
            of, popular = np.flatnonzero(days == day), self._popular[day]
            shown[of] = np.searchsorted(popular, self._draw.random((len(of), 3)) * popular[-1])
        picked = np.argmax(np.isin(self._topic[shown], topics), axis=1)
        return [f"o{number:05d}" for number in shown[np.arange(len(days)), picked].tolist()]

    def _goes_viral(self, number: int) -> Events:
        """A third of all act on one object within two days, most of them in its first hours."""
        draw, plan = self._draw, self.plan
        start = draw.uniform(plan.onset_day - 2, plan.days - 1.5) * DAY_S
        who = [account for account in self.honest if draw.random() < 0.3]
        who += [f"n{number}{i:04d}" for i in range(60)]
        return [(start + draw.exponential(4 * 3600), account, f"viral{number}") for account in who]

    def _follow(self) -> Events:
        """Followers of one creator act on most of its posts, a few minutes to hours later."""
        draw, plan = self._draw, self.plan
        who = draw.choice(len(self.honest), plan.followers, replace=False)
        found: Events = []
        for post in range(2 * plan.days):
            start = draw.uniform(0, plan.days) * DAY_S
            found += [
                (start + draw.lognormal(np.log(plan.told_s), 1.2), self.honest[i], f"post{post:03d}")
                for i in who
                if draw.random() < plan.following
            ]
        return found

    def _lockstep(self) -> Events:
        draw, plan = self._draw, self.plan
        found: Events = []
        for target in range(plan.targets):
            start = draw.uniform(plan.onset_day, plan.last_day) * DAY_S
            popular = self._choices(np.array([int(start / DAY_S)]), np.arange(TOPICS))
            about = popular[0] if target % 2 else f"target{target:03d}"
            found += [
                (start + draw.uniform(0, plan.wave_s), account, about)
                for account in self.campaign
                if draw.random() < plan.taking_part
            ]
        return found


def record(event: tuple[float, str, str]) -> bytes:
    """One line of the log."""
    time_s, account, about = event
    time = datetime.fromtimestamp(BEGIN_S + round(time_s, 3), UTC).isoformat(timespec="milliseconds")
    fields: dict[str, Any] = {"account": account, "time": time, "object": about}
    return orjson.dumps(fields)


def write(plan: Plan, path: Path) -> World:
    """Writes a world's log."""
    world = World(plan)
    path.write_bytes(b"".join(record(event) + b"\n" for event in world.events()))
    return world


def add_options(parser: argparse.ArgumentParser) -> None:
    """An option for each figure of a plan."""
    for name, default in Plan._field_defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("path", type=Path)
    cli.add_argument("--seed", type=int, default=1)
    add_options(cli)
    given = vars(cli.parse_args())
    write(Plan(**{name: given[name] for name in Plan._fields}), given["path"])
