"""Evasions of identity: who accounts seem to be, and since when."""

from __future__ import annotations

from copy import copy

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief
from stream.simulate.chance import Rng, lognormal, words
from stream.simulate.cohorts import (
    CORPORATE,
    ENTERPRISE,
    NEVER,
    PAYG,
    PREPAID,
    TEAM,
    Accounts,
    Cohort,
    Habits,
    Market,
    habits,
)
from stream.simulate.supply import owners

_TOOLING = ("client", "lag", "params", "second_params", "second_share", "model", "second_model")


def corporate(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Put accounts behind small firms with a domain, an organisation and a company card each."""
    accounts, n = cohort.accounts, len(cohort.accounts)
    seats = max(brief.means.cards, int(rng.integers(1, 4)))
    firm = np.arange(n) // seats
    firms = int(firm[-1]) + 1
    accounts.org[:], accounts.payer[:] = words(rng, firms)[firm], words(rng, firms)[firm]
    accounts.email[:] = CORPORATE
    accounts.plan[:] = rng.choice([PAYG, TEAM, ENTERPRISE], firms, p=[0.5, 0.45, 0.05])[firm]
    return f"{firms} firms with a domain, a mail host and a card"


def disjoint(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Give every account a card, an address and a device that no other one has."""
    accounts, n, nets = cohort.accounts, len(cohort.accounts), market.networks
    cards = len(np.unique(accounts.payer[accounts.payer != 0]))
    accounts.payer[:] = words(rng, n)
    accounts.plan[:] = np.where(np.isin(accounts.plan, (PREPAID, PAYG, TEAM)), accounts.plan, PAYG)
    first, count = nets.all_homes
    home = first + rng.permutation(count)[:n]
    accounts.country[:] = nets.country[home]
    accounts.routes.clear(np.arange(n))
    accounts.routes.put(np.arange(n), 0, home, 1, NEVER, 1.0)
    accounts.client[:] = rng.choice(len(market.clients.popularity), n, p=market.clients.popularity)
    accounts.lag[:] = np.where(rng.random(n) < 0.45, rng.exponential(5, n), rng.exponential(150, n))
    return f"{n} cards, homes and devices where {cards} cards and one device did"


def aged(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Let accounts be months old, with a light past like anybody's; half of the operators stop it."""
    accounts = cohort.accounts
    _grow_old(rng, accounts)
    past, kept = owners(rng, market, accounts, brief.label), rng.random() < 0.5
    if rng.random() < 0.5:  # farmed with the tooling and from the exits of the work to come
        past.routes = accounts.routes
        for name in _TOOLING:
            setattr(past, name, getattr(accounts, name))
    own, past.banned = _light(rng, past, 1.3), accounts.banned
    own.closes[:] = accounts.closes if kept else accounts.opens + rng.exponential(0.5, len(past))
    cohort.beside.append(_idle(market, f"{brief.name}-past", past, own))
    days = float(np.median(accounts.opens - accounts.created))
    return f"{len(past)} accounts kept {days:.0f} days before use, {own.rate.mean() * days:.0f} requests each"


def aggregator(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Be customers of a contracted aggregator: its organisation, card, servers and client."""
    accounts, host = cohort.accounts, brief.host
    if host is None:
        raise ValueError("there is no aggregator in this world to hide in")
    like = rng.integers(0, len(host), len(accounts))
    for name in ("org", "payer", "plan", "email", "country", "client", "lag", "front"):
        getattr(accounts, name)[:] = getattr(host, name)[like]
    accounts.created[:] = np.minimum(host.created[like], accounts.opens - 0.01)
    accounts.routes.clear(np.arange(len(accounts)))
    for column, theirs in zip(vars(accounts.routes).values(), vars(host.routes).values(), strict=True):
        column[:] = theirs[like]
    return f"the aggregator's margin, {rng.uniform(0.05, 0.2):.0%} of every request, and its rules of use"


def stolen(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Work with keys of old honest accounts, which go on with theirs; some owners notice."""
    accounts, n = cohort.accounts, len(cohort.accounts)
    notices = rng.random(n) < rng.uniform(0.1, 0.4)
    accounts.closes[notices] = np.minimum(accounts.closes, accounts.opens + rng.exponential(6, n))[notices]
    return f"{n} keys to steal or buy; {notices.mean():.0%} of the owners notice within days"


def imitated(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Stolen keys, each used with its victim's client, version, parameters and models."""
    price = stolen(rng, market, brief, cohort)
    theirs = next(c.accounts for c in cohort.beside if c.name == f"{brief.name}-owners")
    for name in _TOOLING:
        setattr(cohort.accounts, name, getattr(theirs, name).copy())
    return f"{price}; each victim's client and parameters to learn"


def novelty(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Bring in what is new one step at a time: client, then parameters, then network, then content."""
    accounts = cohort.accounts
    if not any(c.name == f"{brief.name}-past" for c in cohort.beside):
        _grow_old(rng, accounts)
    cohort.beside = [c for c in cohort.beside if c.name != f"{brief.name}-past"]
    past = owners(rng, market, accounts, brief.label)
    past.banned = accounts.banned
    step = max(0.3, min(float(rng.uniform(2.5, 6)), (brief.means.first - 1) / 3.5))
    edges = [past.opens, *(accounts.opens - k * step for k in (3, 2, 1)), accounts.closes]
    own = _light(rng, past, 2.5)
    dress = cohort.workloads[0].client
    for number in range(4):
        worn = copy(past)
        if number >= 1:
            worn.client = accounts.client if dress < 0 else np.full(len(past), dress)
            worn.lag = accounts.lag
        if number >= 2:
            worn.params, worn.second_params = accounts.params, accounts.second_params
            worn.second_share = accounts.second_share
        if number >= 3:
            worn.routes = accounts.routes
        during = own.twin()
        during.opens, during.closes = np.maximum(past.opens, edges[number]), edges[number + 1]
        worn.opens, worn.closes = during.opens, during.closes
        cohort.beside.append(_idle(market, f"{brief.name}-step{number}", worn, during))
    cohort.facts["days of a step"] = round(step, 2)
    requests = own.rate.mean() * 3 * step
    return f"{3 * step:.0f} days and {requests:.0f} requests of each account before its first useful one"


def _grow_old(rng: Rng, accounts: Accounts) -> None:
    accounts.created[:] = accounts.opens - (40 + lognormal(rng, 110, 0.6, len(accounts)))


def _light(rng: Rng, past: Accounts, median: float) -> Habits:
    """Ordinary people's habits at a few requests a day."""
    return habits(rng, past, rng.integers(0, 4, len(past)), median, 0.8)


def _idle(market: Market, name: str, accounts: Accounts, own: Habits) -> Cohort:
    tasks = [work.CHAT, work.TINKER, work.SCRIPT, work.harness(market, 0)]
    return Cohort(name, accounts, own, tasks, idle=True)
