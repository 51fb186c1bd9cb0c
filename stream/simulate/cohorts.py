"""Cohorts: accounts with their habits, the unit in which a world is drawn.

`Accounts` is who they are and how they reach the API; `Habits` is when and on what they work. Usually each
account has one habit; a dispatcher has few habits (its customers, its queues) and hands their conversations
to many accounts.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from stream.simulate.chance import Floats, Ints, Rng, Words, lognormal, mix, words
from stream.simulate.clients import Clients
from stream.simulate.handovers import Dispatch, Redemption
from stream.simulate.networks import (
    CARRIER_NETS,
    COUNTRIES,
    COUNTRY_SHARE,
    FOREVER,
    UTC_OFFSET,
    VPN_EXITS,
    Networks,
    Routes,
)
from stream.simulate.workloads import Workload

PLANS = ("free", "prepaid", "pay_as_you_go", "team", "enterprise")
FREE, PREPAID, PAYG, TEAM, ENTERPRISE = range(5)
EMAILS = ("corporate", "free", "disposable", "education")
CORPORATE, FREEMAIL, DISPOSABLE, EDUCATION = range(4)
MODELS = (
    "tide-large-4",
    "tide-small-4",
    "tide-mini-4",
    "tide-large-3",
    "tide-small-3",
    "reason-2",
    "reason-2-mini",
    "embed-3",
)
MODEL_SHARE: Floats = np.array([0.30, 0.24, 0.18, 0.07, 0.05, 0.09, 0.06, 0.01])
Facts: TypeAlias = dict[str, str | float | int]
"""What was drawn, in words and figures."""
NEVER = 1e9
OLDEST = 1800.0  # days that the oldest accounts have
EXPLORES = -1  # in place of a second model: any model; a second parameter set of 0 is any of a dozen


@dataclass(frozen=True)
class Market:
    """What all cohorts of a world share: its seed, length, networks, clients and popular parameter sets."""

    seed: int
    days: int
    networks: Networks
    clients: Clients

    @classmethod
    def of(cls, seed: int, days: int) -> Market:
        """The market of a world."""
        return cls(seed, days, Networks(seed), Clients(seed, days))

    def moment(self, rng: Rng, after: float, before_end: float) -> float:
        """A day, `after` days or more from the start and `before_end` from the end if the world allows."""
        first = min(after, self.days / 4)
        return float(rng.uniform(first, max(first, self.days - before_end, self.days / 2)))


@dataclass
class Accounts:
    """n accounts; times are days since the world's start, money and organisation are words (0: none).

    `partner` is the row of another account of the same person or team (-1: none), to which a share `switch`
    of the conversations moves on; `limit` and `error` are shares of requests over the limit and malformed.
    """

    key: Words
    label: list[str]
    org: Words
    payer: Words
    plan: Ints
    email: Ints
    created: Floats
    opens: Floats
    closes: Floats
    banned: Floats
    country: Ints
    routes: Routes
    leaves: Floats
    returns: Floats
    client: Ints
    lag: Floats
    params: Words
    second_params: Words
    second_share: Floats
    model: Ints
    second_model: Ints
    front: Ints
    error: Floats
    limit: Floats
    weight: Floats
    partner: Ints
    switch: Floats

    def __len__(self) -> int:
        """Number of accounts."""
        return len(self.key)

    def and_(self, other: Accounts) -> Accounts:
        """These accounts, then the other's."""
        joined = copy(self)
        for name, column in vars(self).items():
            if name not in ("label", "routes"):
                setattr(joined, name, np.concatenate([column, getattr(other, name)]))
        joined.label, joined.routes = self.label + other.label, self.routes.and_(other.routes)
        joined.partner[len(self) :] += np.where(other.partner < 0, 0, len(self))
        return joined


@dataclass
class Habits:
    """m callers: requests a day, arrival shape, daily curve, work and manner; times as in `Accounts`."""

    key: Words
    owner: Ints
    rate: Floats
    shape: Floats
    weibull: Floats
    day_sigma: Floats
    depth: Floats
    peak: Floats
    weekend: Floats
    opens: Floats
    closes: Floats
    ramp: Floats
    work: Ints
    share: Floats
    verbose_in: Floats
    verbose_out: Floats
    refuse: Floats
    resume: Floats
    stream: Floats

    def __len__(self) -> int:
        """Number of callers."""
        return len(self.key)

    def twin(self) -> Habits:
        """The same habits, to be changed on their own."""
        return Habits(**{name: column.copy() for name, column in vars(self).items()})

    def and_(self, other: Habits) -> Habits:
        """These habits, then the other's."""
        return Habits(
            **{name: np.concatenate([column, getattr(other, name)]) for name, column in vars(self).items()}
        )


@dataclass
class Cohort:
    """Accounts, habits and the workloads they refer to; `dispatch` where conversations are handed out."""

    name: str
    accounts: Accounts
    habits: Habits
    workloads: list[Workload]
    dispatch: Dispatch | None = None
    redemption: Redemption | None = None
    facts: Facts = field(default_factory=dict)
    pools: int = 1
    first_pool: int = 0
    """Accounts, the first ones, whom the others replace; 0 where nobody is to be replaced."""
    beside: list[Cohort] = field(default_factory=list)
    """Cohorts that come with this one but keep to their own accounts."""
    idle: bool = False
    """Traffic that its accounts make for its looks: no exchange of the campaign's work."""


def popular_params(rng: Rng, n: int) -> Words:
    """Parameter sets by popularity: a few defaults hold most callers, then a long tail."""
    rank = np.minimum(rng.zipf(1.6, n), 4000)
    return mix(0x9A7A, rank)


def people(rng: Rng, market: Market, n: int, label: str) -> Accounts:
    """n unrelated accounts of ordinary people, of all ages, with a home and a card of their own."""
    country = rng.choice(len(COUNTRIES), n, p=COUNTRY_SHARE).astype(np.int64)
    created = ages(rng, market, n)
    plan = rng.choice(5, n, p=[0.22, 0.17, 0.52, 0.06, 0.03]).astype(np.int64)
    key = words(rng, n)
    model, second = (rng.choice(len(MODELS), n, p=MODEL_SHARE).astype(np.int64) for _ in range(2))
    second = np.select([rng.random(n) < 0.08, rng.random(n) < 0.4], [EXPLORES, model], second)
    return Accounts(
        key=key, label=[label] * n, org=np.where(rng.random(n) < 0.25, words(rng, n), 0).astype(np.uint64),
        payer=np.where(plan == FREE, 0, words(rng, n)).astype(np.uint64), plan=plan,
        email=rng.choice(4, n, p=[0.33, 0.57, 0.045, 0.055]).astype(np.int64), created=created,
        opens=opening(rng, market, created), closes=np.full(n, NEVER), banned=np.full(n, NEVER),
        country=country, routes=wandering(rng, market, country), leaves=np.full(n, NEVER),
        returns=np.full(n, NEVER),
        client=rng.choice(len(market.clients.popularity), n, p=market.clients.popularity).astype(np.int64),
        lag=np.where(rng.random(n) < 0.45, rng.exponential(5, n), rng.exponential(150, n)),
        params=_params(rng, n, 0.5),
        second_params=np.where(rng.random(n) < 0.07, 0, _params(rng, n, 0.4)).astype(np.uint64),
        second_share=np.where(rng.random(n) < 0.6, 0.0, rng.beta(0.7, 2, n)), model=model,
        second_model=second, front=rng.choice(4, n, p=[0.55, 0.25, 0.12, 0.08]).astype(np.int64),
        error=rng.beta(0.35, 25, n), limit=np.where(rng.random(n) < 0.8, 0.0, rng.beta(0.5, 12, n)),
        weight=np.ones(n), partner=np.full(n, -1), switch=np.zeros(n),
    )  # fmt: skip


def _params(rng: Rng, n: int, popular: float) -> Words:
    return np.where(rng.random(n) < popular, popular_params(rng, n), words(rng, n)).astype(np.uint64)


def ages(rng: Rng, market: Market, n: int) -> Floats:
    """Days of sign-up: a sixth arrives through the world, the rest is from hours to years old."""
    past = lognormal(rng, 240, 1.4, n)
    past = -np.where(past > OLDEST, OLDEST**2 / past, past).clip(0.02)  # folded: no two on the oldest day
    return np.where(rng.random(n) < 0.17, rng.uniform(0, market.days, n), past)


def opening(rng: Rng, market: Market, created: Floats) -> Floats:
    """First days of use: minutes to days after sign-up, a few much later."""
    pause = np.where(
        rng.random(len(created)) < 0.85,
        lognormal(rng, 0.02, 2.0, len(created)),
        rng.exponential(12, len(created)),
    )
    late = np.where(rng.random(len(created)) < 0.12, rng.uniform(0, market.days, len(created)), -NEVER)
    return np.maximum(created + pause, late)


def wandering(rng: Rng, market: Market, country: Ints) -> Routes:
    """Routes of people: home, perhaps an office, a phone behind its carrier's NAT, a VPN."""
    n, nets, routes = len(country), market.networks, Routes.empty(len(country))
    every = np.arange(n)
    routes.put(every, 0, nets.homes(rng, country), 1, FOREVER, 1.0)
    office = np.flatnonzero(rng.random(n) < 0.35)
    routes.put(office, 1, nets.offices(rng, country[office]), 1, FOREVER, rng.gamma(1.0, 1.0, len(office)))
    phone = np.flatnonzero(rng.random(n) < 0.3)
    routes.put(
        phone, 2, nets.carriers(rng, country[phone]), CARRIER_NETS, 12.0, rng.gamma(0.6, 0.5, len(phone))
    )
    vpn = np.flatnonzero(rng.random(n) < 0.10)
    dwell, weight = rng.choice([3.0, 12.0, FOREVER], len(vpn)), rng.gamma(0.5, 2.0, len(vpn))
    routes.put(vpn, 3, nets.vpns(rng, len(vpn)), VPN_EXITS, dwell, weight)
    return routes


def served(rng: Rng, market: Market, accounts: Accounts, rows: Ints, run: int = 1) -> None:
    """Move some accounts into a data centre: one server, or `run` networks of a serverless region."""
    accounts.routes.clear(rows)
    dwell = FOREVER if run == 1 else 0.2
    accounts.routes.put(rows, 0, market.networks.hosting(rng, len(rows), run), run, dwell, 1.0)


def habits(rng: Rng, accounts: Accounts, work: Ints, rate_median: float, rate_sigma: float) -> Habits:
    """One habit per account, doing one workload, with rates log-normal around a median of requests a day.

    Arrival shapes: ServeGen's language clients, fitted per ten minutes (186,079 Gamma windows: shape median
    0.84, log sd 0.70; 60,240 Weibull windows: 0.46, 0.45). Its day-to-day log sd within a client has
    quartiles 0.39, 1.0, 2.0.
    """
    n = len(accounts)
    share = np.zeros((n, 3))
    share[:, 0] = 1.0
    return Habits(
        key=accounts.key.copy(), owner=np.arange(n), rate=lognormal(rng, rate_median, rate_sigma, n),
        shape=np.where(rng.random(n) < 0.75, lognormal(rng, 0.84, 0.7, n), 0.0).clip(0, 60),
        weibull=lognormal(rng, 0.46, 0.3, n).clip(0.25, 2),
        day_sigma=lognormal(rng, 0.55, 0.6, n).clip(0.02, 2.0), depth=rng.beta(2.0, 1.5, n),
        peak=(14.0 + 3.0 * rng.standard_normal(n) - UTC_OFFSET[accounts.country]) % 24,
        weekend=rng.choice([0.15, 0.5, 1.0, 1.3], n, p=[0.3, 0.25, 0.3, 0.15]), opens=accounts.opens.copy(),
        closes=accounts.closes.copy(), ramp=np.where(rng.random(n) < 0.1, rng.uniform(2, 12, n), 0.01),
        work=np.tile(work[:, None], (1, 3)), share=share, verbose_in=0.75 * rng.standard_normal(n),
        verbose_out=0.6 * rng.standard_normal(n),
        refuse=np.where(rng.random(n) < 0.85, 0.0, rng.beta(0.4, 8, n)), resume=np.zeros(n),
        stream=rng.choice([0.0, -1.0, 1.0], n, p=[0.5, 0.33, 0.17]),
    )  # fmt: skip
