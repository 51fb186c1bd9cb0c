"""Honest accounts one by one: each with its own habit, rate, devices and days."""

from collections.abc import Callable
from typing import Final

import numpy as np

from tests.strangers import rhythm, styles
from tests.strangers.clients import Seat, Sort
from tests.strangers.networks import COUNTRIES
from tests.strangers.rhythm import Habit, Plan
from tests.strangers.shapes import DAYS, Rng, Shape, at_day, log_uniform
from tests.strangers.style import Style
from tests.strangers.world import World

Use = Callable[[World, int, float, float, float], None]
"""(world, account, first day, last day, exchanges a day) -> the account's exchanges happen."""

UNPAID: Final = 0.03
"""Share of honest accounts that are closed for a while: a card that expired, a limit that was reached."""

BUSIEST: Final = 1_500.0
"""Exchanges a day of the busiest account; ServeGen's clients go far beyond, but a world has to end."""

SORTS: Final[dict[str, tuple[Sort, ...]]] = {
    "chat": ("chat", "browser"), "roleplay": ("roleplay",), "developer": ("sdk", "raw"),
    "coding agent": ("harness",), "newcomer": ("sdk", "raw", "chat"),
}  # fmt: skip
"""Programs with which people do it; the other kinds run on servers."""


def habit(rng: Rng) -> Habit:
    """The day of some person."""
    names: list[Habit] = ["office", "evening", "day", "owl"]
    return names[int(rng.choice(4, p=[0.4, 0.25, 0.25, 0.1]))]


def daily(rng: Rng, median: float, sigma: float = 1.2) -> float:
    """Exchanges a day: most accounts are small, some are huge."""
    return float(min(Shape(median * 0.27, sigma).one(rng), BUSIEST))


def act(world: World, account: int, style: Style, plan: Plan) -> None:
    """The plan happens, with the new model for some of those who hear of it."""
    news = at_day(world.news_day + world.rng.gamma(1.5, 2.0))
    if world.rng.random() < 0.3:
        before, after = styles.later(plan, news)
        world.happen(before, style, account)
        world.happen(after, styles.with_new_model(style, world.rng.uniform(0.1, 1.0)), account)
    else:
        world.happen(plan, style, account)


def talk(
    world: World, account: int, style: Style, span: tuple[float, float, float], turns: Shape, gap: Shape
) -> None:
    """Sessions of several turns by a person's day; `span` is first day, last day, exchanges a day."""
    rng = world.rng
    first, last, rate = span
    offset = _offset(world, account)
    hours = rhythm.week(rng, habit(rng), offset, floor=rng.uniform(0.001, 0.05))
    begun = rhythm.starts(rng, rate / max(turns.median, 1), first, last, hours, rng.uniform(0.3, 2.0))
    act(world, account, style, rhythm.converse(rng, begun, turns, gap))


def _offset(world: World, account: int) -> float:
    return COUNTRIES[world.accounts[account].country][1]


def chat(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Talks with a model."""
    rng = world.rng
    style = styles.chat(world, world.accounts[account].country)
    talk(
        world,
        account,
        style,
        (first, last, rate),
        Shape(rng.uniform(1.5, 7), 0.8),
        Shape(rng.uniform(40, 180), 0.9),
    )


def roleplay(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Tells tales."""
    rng = world.rng
    style = styles.roleplay(world, world.accounts[account].country)
    talk(
        world,
        account,
        style,
        (first, last, rate * 2),
        Shape(rng.uniform(6, 40), 0.7),
        Shape(rng.uniform(30, 120), 0.8),
    )


def coding(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Lets an agent program."""
    rng = world.rng
    style = styles.coding(world, world.accounts[account].country)
    talk(
        world,
        account,
        style,
        (first, last, rate * 2),
        Shape(rng.uniform(6, 40), 0.9),
        Shape(rng.uniform(6, 30), 0.9),
    )


def script(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Develops: single calls in flurries."""
    rng = world.rng
    style = styles.script(world, world.accounts[account].country)
    hours = rhythm.week(rng, habit(rng), _offset(world, account))
    size = Shape(rng.uniform(2, 25), 1.0)
    times = rhythm.jobs(rng, rate / (size.median * 1.6), first, last, hours, size, rng.uniform(2, 60))
    act(world, account, style, rhythm.singly(times))


def product(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Serves the users of a product around their clock."""
    rng = world.rng
    style = styles.product(world, world.accounts[account].country)
    hours = rhythm.week(
        rng, "flat" if rng.random() < 0.25 else "day", _offset(world, account), rng.uniform(0.05, 1)
    )
    times = rhythm.steady(rng, rate * 6, first, last, hours, shape=log_uniform(rng, 0.05, 4))
    if rng.random() < 0.3:
        plan = rhythm.converse(rng, times[:: max(1, int(rng.integers(2, 6)))], Shape(3, 0.6), Shape(60, 0.8))
    else:
        plan = rhythm.singly(times)
    act(world, account, style, plan)


def batch(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Runs a template over what has gathered."""
    rng = world.rng
    style = styles.batch(world, world.accounts[account].country)
    hours = rhythm.week(rng, "office" if rng.random() < 0.5 else "flat", _offset(world, account))
    size = Shape(log_uniform(rng, 20, 300), 0.8)
    times = rhythm.jobs(
        rng, rate * 5 / (size.median * 1.4), first, last, hours, size, log_uniform(rng, 0.5, 20)
    )
    act(world, account, style, rhythm.singly(times))


def bot(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Wakes by the clock."""
    rng = world.rng
    style = styles.clockwork(world, world.accounts[account].country)
    period = float(rng.choice([0.1, 0.25, 0.5, 1, 2, 4, 6, 12, 24]))
    calls = int(np.clip(rate * period / 24, 1, 60))
    times = rhythm.clockwork(rng, period, first, last, rng.choice([0.5, 5, 60]), calls)
    act(world, account, style, rhythm.singly(times))


def tinker(world: World, account: int, first: float, last: float, rate: float) -> None:
    """Comes by on a day or two, and forgets."""
    rng = world.rng
    day = rng.uniform(first, last)
    style = styles.quick_start(world, int(rng.integers(8))) if rng.random() < 0.3 else styles.script(world, 0)
    talk(
        world,
        account,
        style,
        (day, min(last, day + rng.uniform(0.3, 4)), rate),
        Shape(1.5, 0.7),
        Shape(60, 1.2),
    )


KINDS: Final[tuple[tuple[str, Use, float, float], ...]] = (
    ("chat", chat, 0.24, 5.0), ("roleplay", roleplay, 0.06, 9.0), ("developer", script, 0.20, 4.0),
    ("coding agent", coding, 0.15, 9.0), ("product", product, 0.09, 4.0), ("batch", batch, 0.05, 5.0),
    ("bot", bot, 0.05, 15.0), ("newcomer", tinker, 0.16, 5.0),
)  # fmt: skip
"""Population, what it does, its share of the individuals, its median of exchanges a day."""


def settle(world: World, count: int) -> None:
    """Enrols `count` unconnected honest accounts and lets them live."""
    rng = world.rng
    for kind in rng.choice(len(KINDS), count, p=[row[2] for row in KINDS]):
        name, use, _, median = KINDS[kind]
        live(world, enrol(world, name), use, daily(rng, median))


def enrol(world: World, name: str, vpn: float = 0.06) -> int:
    """An account with the devices of its kind."""
    rng, country = world.rng, world.country()
    age = float(-rng.uniform(0, DAYS - 1)) if name == "newcomer" and rng.random() < 0.6 else None
    return world.enrol(name, devices(world, name, country, vpn), country=country, age_days=age)


def devices(world: World, name: str, country: int, vpn: float = 0.06) -> list[Seat]:
    """Those of a person for what persons do, machines for the rest."""
    if name not in SORTS:
        return servers(world)
    return world.person(country, *SORTS[name], vpn=max(vpn, 0.2) if name == "roleplay" else vpn)


def servers(world: World) -> list[Seat]:
    """Machines of one customer: mostly in one range, sometimes in as many as a function service has."""
    rng, client = (
        world.rng,
        world.catalogue.own() if world.rng.random() < 0.15 else world.catalogue.some("sdk", "raw"),
    )
    ranges = world.atlas.servers(int(rng.choice([1, 2, 4, 30], p=[0.55, 0.2, 0.15, 0.1])))
    lag = 99.0 if rng.random() < 0.5 else None
    seat = world.seat(client, ranges, moves=float(rng.choice([0.0, 0.3, 1.0])), lag=lag)
    return [seat._replace(turn_hours=float(rng.choice([0, 0, 0, 0, 12, 72])))]


def live(world: World, account: int, use: Use, rate: float) -> None:
    """From its sign-up, for its time: some stay, some come late, some leave."""
    rng = world.rng
    first = max(world.born(account), rng.choice([0.0, rng.uniform(0, 24)], p=[0.75, 0.25]))
    last = DAYS if rng.random() < 0.75 else min(DAYS, first + rng.exponential(10) + 0.5)
    before = len(world.parts)
    use(world, account, first, last, rate)
    if rng.random() < UNPAID:
        world.lock(before, rng.uniform(first, last))
    if rng.random() < 0.08:
        name, other, _, _ = KINDS[int(rng.integers(len(KINDS)))]
        kept, world.seats[account] = (
            world.seats[account],
            devices(world, name, world.accounts[account].country),
        )
        other(world, account, first, last, rate * 0.5)
        world.seats[account] = kept
