"""Supply: how a campaign comes by its accounts, networks and clients; drawn anew for each instance.

Sign-ups: one batch; a trickle; aged accounts, bought and never used before; accounts taken over (stolen
keys), which keep their card, their past and their owner's traffic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream.simulate.chance import Floats, Rng, generator, lognormal, words
from stream.simulate.cohorts import (
    DISPOSABLE,
    FREE,
    NEVER,
    PAYG,
    PREPAID,
    Accounts,
    Market,
    people,
    popular_params,
)
from stream.simulate.networks import COUNTRIES, COUNTRY_SHARE, VPN_EXITS

SIGNUPS = ("batch", "trickle", "aged", "taken")
_EGRESS: dict[str, float] = {
    "own homes": 0.19, "rotating residential pool": 0.19, "hosting": 0.15, "VPN exits": 0.07,
    "homes and phones": 0.15, "one rented exit": 0.10, "rented exits by turns": 0.09,
    "a reseller's address": 0.06,
}  # fmt: skip
EGRESS = tuple(_EGRESS)


@dataclass(frozen=True)
class Means:
    """What one campaign drew; `words` says it to a reader of the truth."""

    first: float
    signup: str
    egress: str
    cards: int
    disposable: float
    own_client: bool
    own_params: bool
    evenness: float
    flat: bool
    peak: float
    ramp_days: float
    cover: float

    @classmethod
    def drawn(cls, rng: Rng, market: Market, onset: float) -> Means:
        """Means of a new campaign that begins at or soon after the onset."""
        slack = max(0.0, market.days - onset - 6)
        return cls(
            first=onset + float(rng.uniform(0, 0.5 * slack)),
            signup=str(rng.choice(SIGNUPS, p=[0.3, 0.3, 0.25, 0.15])),
            egress=str(rng.choice(EGRESS, p=list(_EGRESS.values()))),
            cards=int(rng.choice([1, 1, 1, 2, 3, 4, 6])),
            disposable=float(rng.choice([0.0, 0.05, 0.2, 0.5])), own_client=bool(rng.random() < 0.3),
            own_params=bool(rng.random() < 0.45), evenness=float(rng.choice([0.08, 0.25, 0.5, 0.9])),
            flat=bool(rng.random() < 0.35), peak=float(rng.uniform(0, 24)),
            ramp_days=float(rng.choice([0.01, 0.01, 0.01, 3.0, 7.0])),
            cover=float(rng.choice([0.0, 0.0, 0.0, 0.15, 0.35])),
        )  # fmt: skip

    def words(self) -> dict[str, str | int | float]:
        """The draw in words."""
        return {
            "first day": round(self.first, 2),
            "days of ramp": round(self.ramp_days),
            "cover traffic": self.cover,
            "sign-up": self.signup,
            "egress": self.egress,
            "accounts per card": 1 if self.signup == "taken" else self.cards,
            "disposable mail": self.disposable,
            "client": "own build" if self.own_client else "popular",
            "parameters": "own" if self.own_params else "popular",
            "log spread of rates": self.evenness,
            "daily curve": "flat" if self.flat else f"peak at {self.peak:.0f} UTC",
        }


def supplied(
    rng: Rng, market: Market, means: Means, n: int, label: str, first: float | None = None
) -> Accounts:
    """n accounts of a campaign; `first` is when a replacement pool is ready."""
    begins = means.first if first is None else first
    accounts = people(rng, market, n, label)
    accounts.created[:] = _created(rng, means, begins, n)
    accounts.opens[:] = np.maximum(
        begins + _joining(rng, means, n, first is not None), accounts.created + 0.003
    )
    accounts.org[rng.random(n) < 0.3] = 0
    _pay(rng, means, accounts)
    _settle(rng, market, means, accounts)
    _equip(rng, market, means, accounts, label)
    return accounts


def _joining(rng: Rng, means: Means, n: int, replaces: bool) -> Floats:
    """Days after the start at which accounts go to work; a replacement is complete within the hour."""
    if replaces:
        return rng.uniform(0, 0.05, n)
    return np.sort(rng.uniform(0, 5, n)) if means.signup == "trickle" else rng.exponential(0.15, n)


def owners(rng: Rng, market: Market, taken: Accounts, label: str = "honest/owner") -> Accounts:
    """Who else uses these accounts: the same ones, with networks, clients and parameters of their own."""
    accounts = people(rng, market, len(taken), label)
    for name in ("key", "org", "payer", "plan", "email", "created", "front"):
        setattr(accounts, name, getattr(taken, name))
    accounts.opens = taken.created + 0.1
    return accounts


def _created(rng: Rng, means: Means, begins: float, n: int) -> Floats:
    if means.signup in ("aged", "taken"):
        return begins - lognormal(rng, 120, 0.9, n).clip(10, 1500)
    if means.signup == "trickle":
        return begins - 12 + np.sort(rng.uniform(0, 16, n))
    return begins - 1.5 + rng.beta(2, 2, n) * 1.4


def _pay(rng: Rng, means: Means, accounts: Accounts) -> None:
    if means.signup == "taken":
        return
    n = len(accounts)
    card = np.arange(n) // means.cards
    accounts.payer[:] = words(rng, int(card[-1]) + 1)[card]
    accounts.plan[:] = rng.choice([FREE, PREPAID, PAYG], n, p=[0.1, 0.35, 0.55])
    accounts.payer[accounts.plan == FREE] = 0
    accounts.email[rng.random(n) < means.disposable] = DISPOSABLE


def _settle(rng: Rng, market: Market, means: Means, accounts: Accounts) -> None:
    n, nets, routes = len(accounts), market.networks, accounts.routes
    every = np.arange(n)
    if means.egress == "homes and phones":
        return
    routes.clear(every)
    if means.egress == "own homes":
        routes.put(every, 0, nets.homes(rng, accounts.country), 1, NEVER, 1.0)
    elif means.egress == "rotating residential pool":
        dwell = float(rng.choice([0.3, 3.0, 24.0]))
        for slot in range(int(rng.integers(1, 4))):
            first, count = nets.home_run(int(rng.choice(len(COUNTRIES), p=COUNTRY_SHARE)))
            routes.put(every, slot, first, count, dwell, 1.0)
    elif means.egress == "hosting":
        run = int(rng.choice([1, 3, 12]))
        firsts = nets.hosting(rng, 4, run)
        routes.put(every, 0, firsts[rng.integers(0, 4, n)], run, 24.0, 1.0)
    elif means.egress == "a reseller's address":
        routes.put(every, 0, nets.reseller, 1, NEVER, 1.0, hosts=1)
    elif means.egress in ("one rented exit", "rented exits by turns"):
        count = 1 if means.egress == "one rented exit" else int(rng.integers(2, 4))
        for slot, rented in enumerate(nets.exits(rng, count)):
            routes.put(every, slot, rented, 1, NEVER, 1.0, hosts=1)
    else:
        routes.put(every, 3, nets.vpns(rng, n), VPN_EXITS, float(rng.choice([3.0, 24.0, NEVER])), 1.0)


def _equip(rng: Rng, market: Market, means: Means, accounts: Accounts, label: str) -> None:
    n, clients = len(accounts), market.clients
    if means.own_client:
        agent = str(rng.choice(["ModelSDK/Python {}", "python-httpx/{}", "Go-http-client/{}", "axios/{}"]))
        accounts.client[:] = clients.build(
            f"{label}-build", agent, str(rng.choice(["openssl", "go", "node"])), 20
        )
    else:
        accounts.client[:] = int(rng.choice(len(clients.popularity), p=clients.popularity))
    accounts.lag[:] = rng.exponential(40) if rng.random() < 0.7 else rng.exponential(20, n)
    accounts.params[:] = words(rng, 1)[0] if means.own_params else popular_params(rng, 1)[0]
    accounts.second_params[:] = accounts.params[0] if rng.random() < 0.5 else popular_params(rng, 1)[0]
    accounts.model[:] = int(rng.choice([0, 0, 1, 5, 2]))
    more = generator(market.seed, label, "models")
    if more.random() < 0.35:  # harvests two models or three, each from some of its accounts
        others = [int(accounts.model[0]), *more.choice(7, int(more.integers(1, 3)))]
        accounts.model[:] = more.choice(others, n)
    accounts.second_model[:] = accounts.model if rng.random() < 0.5 else accounts.second_model
