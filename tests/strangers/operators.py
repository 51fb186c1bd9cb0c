"""Campaigns: pools are recruited, work is dealt out, bans are answered."""

from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np

from tests.strangers import rhythm
from tests.strangers.draws import LARGEST, RATES, Draw, draw, tricks
from tests.strangers.pools import recruit, settings
from tests.strangers.rhythm import Plan
from tests.strangers.shapes import DAYS, Flags, Floats, Ints, Rng, Shape, at_day, mix
from tests.strangers.style import Style
from tests.strangers.work import WORKS, base, customers, seen_by_thief, winner
from tests.strangers.world import Operation, World

HANDOVER_DAYS = 2 / 24
"""Within which a replacement pool works after a ban."""
KNOCKING_DAYS = 0.1
"""For which a banned pool goes on trying."""


def attack(world: World, count: int) -> None:
    """`count` campaigns, no archetype twice before all have been; smaller ones in a small world."""
    rng = world.rng
    largest = LARGEST * min(1.0, len(world.accounts) / 2_000)
    order = [str(name) for name in rng.permutation(list(RATES))]
    for place in range(count):
        archetype = order[place % len(order)]
        run(world, draw(rng, archetype, tricks(rng, archetype), largest))


def run(world: World, made: Draw) -> None:
    """One campaign from its first sign-up to its end."""
    number = len(world.operations)
    told = {name: value for name, value in asdict(made).items() if isinstance(value, str | int | float)}
    operation = Operation(made.archetype, made.evasions, made.onset, told)
    world.operations.append(operation)
    for part in range(made.parts):
        size = made.size // made.parts
        opens = made.onset + (float(world.rng.uniform(0, 2)) if part else 0.0)
        closes = min(opens + made.days, DAYS)
        style = WORKS[made.archetype](world, made, base(world, made))
        if made.ban_after and opens + made.ban_after < closes:
            banned = opens + made.ban_after
            before = len(world.parts)
            found = pool(world, made, style, number, size, (opens, min(banned + KNOCKING_DAYS, closes)))
            world.lock(before, banned, number)
            operation.accounts += found.tolist()
            again = banned + float(world.rng.uniform(0.1, 1.0)) * HANDOVER_DAYS
            operation.accounts += pool(world, made, style, number, size, (again, closes)).tolist()
        else:
            operation.accounts += pool(world, made, style, number, size, (opens, closes)).tolist()


def pool(world: World, made: Draw, style: Style, number: int, size: int, span: tuple[float, float]) -> Ints:
    """One pool's accounts and all that they do; returns the accounts."""
    rng = world.rng
    accounts = recruit(world, made, number, size, span[0])
    if not len(accounts):  # no key was left to steal
        return accounts
    load = rng.lognormal(0, made.evenness, len(accounts))
    load *= made.rate * (1 - made.filler) / load.mean()
    if made.archetype == "T8":
        load *= rng.uniform(0.1, 0.5)
    spans = _spans(rng, made, len(accounts), span)
    if made.archetype in ("T3", "T6"):
        _dealt(world, made, style, number, accounts, load, spans)
    else:
        _each(world, made, style, number, accounts, load, spans)
    for account, rate, own in zip(accounts.tolist(), load, spans, strict=True):
        cover = made.rate - rate if made.archetype == "T8" else rate * made.filler / (1 - made.filler)
        if cover > 0.2:
            customers(world, account, own, cover, number)
    return accounts


def _spans(rng: Rng, made: Draw, count: int, span: tuple[float, float]) -> list[tuple[float, float]]:
    """First and last day of each account."""
    first, last = span
    begins = np.full(count, first) + rng.exponential(0.03, count)
    if made.start == "trickle":
        begins = first + np.sort(rng.uniform(0, 0.6 * (last - first), count))
    ends = np.full(count, last)
    if "retire" in made.evasions:
        begins = first + np.arange(count) / count * max(0.0, last - first - 2)
        ends = np.minimum(begins + rng.uniform(1.0, 3.5, count), last)
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _each(
    world: World,
    made: Draw,
    style: Style,
    number: int,
    accounts: Ints,
    load: Floats,
    spans: list[tuple[float, float]],
) -> None:
    """Every account works off tasks of its own."""
    forms = settings(world, made, len(accounts))
    hours = rhythm.week(world.rng, made.hours, float(world.rng.integers(-8, 10)), 0.05)
    for place, account in enumerate(accounts.tolist()):
        own = replace(style, params=forms[place])
        if "shards" in made.evasions:
            own = replace(WORKS[made.archetype](world, made, base(world, made)), params=forms[place])
        if made.sign_up == "stolen":
            own = seen_by_thief(world, account, own)
        duty = Duty(number, account, float(load[place]), spans[place], hours)
        (_searched if made.archetype == "T7" else _worked)(world, made, own, duty)


class Duty(NamedTuple):
    """What one account has to do: `rate` exchanges a day within `span` (first and last day)."""

    number: int
    account: int
    rate: float
    span: tuple[float, float]
    hours: Floats


def _worked(world: World, made: Draw, style: Style, duty: Duty) -> None:
    times = rhythm.steady(world.rng, duty.rate, *duty.span, duty.hours, made.unrest)
    times = times[_ramped(world.rng, made, times)]
    turns = Shape(1.0, 0.5) if made.archetype == "T5" else Shape(1.0, 0.1)
    plan = rhythm.converse(world.rng, times, turns, Shape(20, 0.6))
    world.happen(_kept(plan, duty.span[1]), style, duty.account, campaign=duty.number)


def _searched(world: World, made: Draw, style: Style, duty: Duty) -> None:
    """Search for two fifths of the time, then scale what won; the winner is one for the whole pool."""
    begins, ends = duty.span
    turning = made.onset + (ends - made.onset) * 0.4
    first, second = (begins, min(turning, ends)), (max(begins, turning), ends)
    if first[1] > first[0]:
        _worked(world, made, style, duty._replace(span=first))
    if second[1] > second[0]:
        seed = np.random.default_rng(duty.number)
        scaled = replace(winner(world, made, style), lead=int(seed.integers(1, 2**63)) if style.lead else 0)
        _worked(world, made, scaled, duty._replace(rate=duty.rate * 6, span=second))


def _dealt(
    world: World,
    made: Draw,
    style: Style,
    number: int,
    accounts: Ints,
    load: Floats,
    spans: list[tuple[float, float]],
) -> None:
    """One queue of sessions is dealt out over the accounts, by their share of the load."""
    rng = world.rng
    turns = Shape(rng.uniform(2, 6), 0.7) if made.archetype == "T3" else Shape(2.0, 0.2)
    hours = rhythm.week(
        rng, made.hours if made.archetype == "T6" else "evening", float(rng.integers(5, 10)), 0.1
    )
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    begun = rhythm.steady(rng, float(load.sum() / turns.median), first, last, hours, 1.0)
    begun = begun[_ramped(rng, made, begun)]
    owners = _owners(rng, begun, accounts, load, spans)
    plan = rhythm.converse(rng, begun[owners >= 0], turns, Shape(rng.uniform(30, 400), 0.9))
    style = replace(style, params=mix(np.concatenate([form.values for form in settings(world, made, 5)])))
    world.happen(
        _kept(plan, last), style, _of_session(plan, owners[owners >= 0], last), accounts, campaign=number
    )


def _owners(rng: Rng, begun: Ints, accounts: Ints, load: Floats, spans: list[tuple[float, float]]) -> Ints:
    """Account of each session among those at work then; -1 where none is."""
    begins = np.array([at_day(begin) for begin, _ in spans])
    ends = np.array([at_day(end) for _, end in spans])
    at_work = (begun[:, None] >= begins) & (begun[:, None] < ends)
    share = np.cumsum(np.where(at_work, load, 0.0), axis=1)
    place = (share < (rng.random(len(begun)) * share[:, -1])[:, None]).sum(axis=1)
    return np.where(share[:, -1] > 0, accounts[np.minimum(place, len(accounts) - 1)], -1)


def _inside(plan: Plan, last: float) -> Flags:
    return plan.time_ms < at_day(last)


def _kept(plan: Plan, last: float) -> Plan:
    inside = _inside(plan, last)
    return Plan(plan.time_ms[inside], plan.session[inside], plan.turn[inside])


def _of_session(plan: Plan, owners: Ints, last: float) -> Ints:
    return owners[plan.session][_inside(plan, last)]


def _ramped(rng: Rng, made: Draw, times: Ints) -> Flags:
    """Which of the times remain while the operation grows."""
    if made.start != "ramp":
        return np.ones(len(times), dtype=bool)
    grown = (times - at_day(made.onset)) / (
        at_day(made.onset + max(made.days * 0.8, 0.5)) - at_day(made.onset)
    )
    return rng.random(len(times)) < np.clip(grown, 0.04, 1.0)
