"""A world as it is made: who is enrolled, from where they call, and what they exchanged."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tests.strangers.clients import Catalogue, Seat, Sort
from tests.strangers.exchanges import DTYPES, Columns, switched, tries, write
from tests.strangers.networks import COUNTRIES, WEIGHTS, Atlas
from tests.strangers.rhythm import Plan
from tests.strangers.shapes import (
    DAY_MS,
    DAYS,
    HOUR_MS,
    START_MS,
    Flags,
    Ints,
    Mix,
    Rng,
    Words,
    at_day,
    fresh,
    log_uniform,
    mix,
    zipf,
)
from tests.strangers.style import Style
from tests.strangers.texts import Languages, Part, theme

PLANS: Final = ("free", "starter", "pro", "team", "enterprise")


@dataclass
class Account:
    """What sign-up knows, and the truth."""

    population: str
    country: int
    plan: int
    created_ms: int
    email: int
    payment: int
    org: int
    campaign: int = -1


@dataclass
class Operation:
    """A campaign as the truth tells it."""

    archetype: str
    evasions: tuple[str, ...]
    onset_day: float
    draws: dict[str, str | float]
    accounts: list[int] = field(default_factory=list)


class World:
    """Collects accounts and exchanges; everything is drawn from one generator."""

    def __init__(self, seed: int) -> None:
        """An empty world: its internet, its software, its languages, the day of its news."""
        self.rng: Rng = np.random.default_rng(seed)
        self.atlas = Atlas(self.rng)
        self.catalogue = Catalogue(self.rng)
        self.languages = Languages(self.rng)
        self.palette: Mix = zipf(self.rng, fresh(self.rng, 90), 1.2)
        """Sampling parameters that many programs send: defaults, round temperatures, round limits."""
        self.frames = [
            (int(head), theme(self.rng, self.rng.uniform(0.1, 0.6))) for head in fresh(self.rng, 40)
        ]
        """Public prompts that frameworks bring along: the head of each, and what its texts share."""
        self.kits: Mix = zipf(self.rng, fresh(self.rng, 30), 1.0)
        """Public tool definitions."""
        begun = np.sort(self.rng.uniform(0, DAYS, int(self.rng.integers(2, 6))))
        self.outages = [
            (at_day(day), at_day(day + log_uniform(self.rng, 0.01, 0.12))) for day in begun.tolist()
        ]
        """When the gateway itself fails: everybody tries again."""
        self.news_day = float(self.rng.uniform(9, 22))
        self.accounts: list[Account] = []
        self.seats: list[list[Seat]] = []
        self.parts: list[Columns] = []
        self.habits: dict[int, Style] = {}
        """What each account did last: what a thief of its key sees."""
        self.operations: list[Operation] = []

    def country(self) -> int:
        """Of a new customer."""
        return int(self.rng.choice(len(COUNTRIES), p=WEIGHTS))

    def enrol(
        self,
        population: str,
        seats: list[Seat],
        country: int | None = None,
        plan: int | None = None,
        age_days: float | None = None,
        email: int | None = None,
        payment: int | None = None,
        org: int | None = None,
        campaign: int = -1,
    ) -> int:
        """A new account; what is not given is drawn. `age_days` counts back from the world's start."""
        rng = self.rng
        plan = int(rng.choice(5, p=[0.3, 0.32, 0.22, 0.12, 0.04])) if plan is None else plan
        age = float(rng.gamma(0.9, 220) - rng.uniform(0, 20)) if age_days is None else age_days
        if email is None:
            email = int(rng.choice(4, p=[0.37, 0.53, 0.04, 0.06]))
        if payment is None:
            payment = int(fresh(rng, 1)[0]) if plan > 0 or rng.random() < 0.15 else 0
        if org is None:
            org = int(fresh(rng, 1)[0]) if plan >= 3 or rng.random() < 0.35 else 0
        created = min(START_MS - int(age * DAY_MS), at_day(DAYS - 1))
        self.accounts.append(
            Account(
                population,
                self.country() if country is None else country,
                plan,
                created,
                email,
                payment,
                org,
                campaign,
            )
        )
        self.seats.append(seats)
        return len(self.accounts) - 1

    def born(self, account: int) -> float:
        """Day of the world on which an account can call first."""
        return max(0.0, (self.accounts[account].created_ms - START_MS) / DAY_MS)

    def seat(
        self, client: int, ranges: Ints, weight: float = 1.0, moves: float = 0.0, lag: float | None = None
    ) -> Seat:
        """A device or server with a program."""
        system = int(self.rng.choice(3, p=[0.5, 0.25, 0.25]))
        lag = float(self.rng.gamma(0.8, 8)) if lag is None else lag
        return Seat(client, system, lag, ranges, int(self.rng.integers(2, 255)), weight, moves)

    def person(self, country: int, *sorts: Sort, vpn: float = 0.06) -> list[Seat]:
        """The devices of somebody: home, often a phone or an office, sometimes a VPN."""
        rng, client = self.rng, self.catalogue.some(*sorts)
        home = self.atlas.exits(int(rng.integers(1, 12))) if rng.random() < vpn else self.atlas.home(country)
        seats = [self.seat(client, home)]
        if rng.random() < 0.35:
            seats.append(self.seat(client, self.atlas.phone(country), rng.uniform(0.05, 0.6)))
        if rng.random() < 0.3:
            seats.append(
                self.seat(self.catalogue.some(*sorts), self.atlas.home(country), rng.uniform(0.1, 1.0))
            )
        if rng.random() < 0.05:
            seats.append(self.seat(client, self.atlas.exits(8), rng.uniform(0.05, 0.4), moves=0.02))
        return seats

    def happen(
        self, plan: Plan, style: Style, owner: int | Ints, pool: Ints | None = None, campaign: int = -1
    ) -> None:
        """The exchanges of a plan; `owner` is one account, or one for each row of the plan."""
        if not len(plan.time_ms):
            return
        rng = self.rng
        if isinstance(owner, int):
            self.habits[owner] = style
        owners = np.broadcast_to(np.asarray(owner, dtype=np.int64), plan.time_ms.shape)
        sent = tries(rng, plan, style, self._down(plan.time_ms))
        account = switched(rng, sent, owners, style, owners[:1] if pool is None else pool)
        created = np.array([one.created_ms for one in self.accounts])
        account = np.where(created[account] > sent.time_ms, owners[sent.group], account)
        seat = self._seated(account, sent.session, sent.time_ms)
        opens = np.flatnonzero(np.diff(sent.session, prepend=-1) != 0)
        heads, tools = self._tooling(style, seat["client"][opens])
        columns = write(rng, sent, style, heads, tools) | seat | {"account": account}
        columns["campaign"] = np.full(len(account), campaign)
        keep = (sent.time_ms >= np.maximum(created[account], START_MS)) & (columns["time_ms"] < at_day(DAYS))
        self.parts.append({name: columns[name][keep].astype(dtype) for name, dtype in DTYPES.items()})

    def lock(self, since: int, day: float, campaign: int = -1, patience: float = 0.2) -> None:
        """Who acts in the parts from `since` on is closed on a day: what it still tries is turned away."""
        for place in range(since, len(self.parts)):
            part = self.parts[place]
            late = (part["time_ms"] >= at_day(day)) & (part["campaign"] == campaign)
            part["status"][late] = 403
            for name in ("output_tokens", "next", "safety"):
                part[name][late] = 0
            part["duration_ms"][late] = self.rng.integers(2, 60, int(late.sum()))
            keep = ~late | (self.rng.random(len(late)) < patience)
            self.parts[place] = {name: values[keep] for name, values in part.items()}

    def frame(self) -> tuple[int, Part]:
        """A public prompt, by popularity."""
        return self.frames[min(int(self.rng.zipf(1.3)) - 1, len(self.frames) - 1)]

    def _down(self, time_ms: Ints) -> Flags:
        down: Flags = np.any([(time_ms >= begin) & (time_ms < end) for begin, end in self.outages], axis=0)
        return down

    def _tooling(self, style: Style, rows: Ints) -> tuple[Words, Words]:
        if style.harness:
            return self.catalogue.heads_of()[rows], self.catalogue.tools_of()[rows]
        return style.heads.pick(self.rng, len(rows)), style.tools.pick(self.rng, len(rows))

    def _seated(self, account: Ints, session: Ints, time_ms: Ints) -> Columns:
        """Range, host and client of each try: a session keeps its seat while its account keeps it."""
        rng, count = self.rng, len(account)
        out = {name: np.zeros(count, np.int64) for name in ("range", "host", "client")}
        days = (time_ms - START_MS) / DAY_MS
        changed = (np.diff(account, prepend=-1) != 0) | (np.diff(session, prepend=-1) != 0)
        part = np.cumsum(changed) - 1
        parts_account = account[changed]
        order = np.argsort(parts_account, kind="stable")
        cuts = np.flatnonzero(np.diff(parts_account[order], prepend=-1))
        chosen = np.zeros(len(parts_account), np.int64)
        for own in np.split(order, cuts[1:]):
            weights = np.array([seat.weight for seat in self.seats[parts_account[own[0]]]])
            chosen[own] = rng.choice(len(weights), len(own), p=weights / weights.sum())
        key = account * 16 + chosen[part]
        order = np.argsort(key, kind="stable")
        cuts = np.flatnonzero(np.diff(key[order], prepend=-1))
        for rows in np.split(order, cuts[1:]):
            seat = self.seats[account[rows[0]]][int(key[rows[0]] % 16)]
            out["client"][rows] = self.catalogue.rows(seat, days[rows])
            place = rng.integers(0, len(seat.ranges), len(rows))
            if seat.turn_hours:
                place = time_ms[rows] // int(seat.turn_hours * HOUR_MS) % len(seat.ranges)
            elif seat.moves < 1:
                moves = rng.random(len(rows)) < seat.moves
                moves |= np.diff(part[rows], prepend=-1) != 0
                place = place[np.flatnonzero(moves)[np.cumsum(moves) - 1]]
            out["range"][rows] = seat.ranges[place]
            out["host"][rows] = np.where(len(seat.ranges) > 3, 2 + place * 37 % 250, seat.host)
        return out

    def columns(self) -> Columns:
        """All exchanges by time."""
        joined = {name: np.concatenate([part[name] for part in self.parts]) for name in DTYPES}
        order = np.argsort(joined["time_ms"], kind="stable")
        return {name: values[order] for name, values in joined.items()}


def shared(rng: Rng, values: int) -> Mix:
    """A few values of one's own, the first the commonest."""
    return mix(fresh(rng, values), 0.6 ** np.arange(values))
