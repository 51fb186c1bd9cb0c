"""Honest accounts bound by business: one card, one program, one vendor's servers, one benchmark."""

from dataclasses import replace

import numpy as np

from tests.strangers import people, rhythm, styles
from tests.strangers.people import daily
from tests.strangers.shapes import DAYS, Shape, at_day, fresh, log_uniform, mix
from tests.strangers.texts import theme
from tests.strangers.world import World


def agency(world: World, size: int) -> None:
    """An agency runs its clients' accounts: one card, one server, one tool, each client's own texts."""
    rng, country = world.rng, world.country()
    ranges, card = world.atlas.servers(int(rng.integers(1, 3)), 0.5), int(fresh(rng, 1)[0])
    client, tools = (
        world.catalogue.own() if rng.random() < 0.5 else world.catalogue.some("sdk"),
        fresh(rng, 2),
    )
    since = log_uniform(rng, 20, 500)
    base = styles.product(world, country)
    for _ in range(size):
        age = float(rng.uniform(-10, since))
        account = world.enrol(
            "agency", [world.seat(client, ranges)], country, int(rng.integers(1, 4)), age, 0, card
        )
        own = styles.product(world, country)
        style = replace(base, voice=own.voice, heads=own.heads, tools=mix(tools), size_in=own.size_in)
        hours = rhythm.week(rng, "office", 1)
        times = rhythm.steady(rng, daily(rng, 12), world.born(account), DAYS, hours, log_uniform(rng, 0.1, 2))
        people.act(world, account, style, rhythm.singly(times))


def aggregator(world: World) -> None:
    """One account under contract that carries the users of many: all voices, all parameters."""
    rng, country = world.rng, world.country()
    ranges = world.atlas.servers(int(rng.integers(2, 9)), 0.0)
    client = world.catalogue.some("sdk")
    account = world.enrol(
        "aggregator", [world.seat(client, ranges, moves=1.0)], country, 4, float(rng.uniform(60, 600)), 0
    )
    for _ in range(int(rng.integers(8, 16))):
        _, use, _, median = people.KINDS[int(rng.choice([0, 1, 2, 4]))]
        use(world, account, 0.0, DAYS, daily(rng, median * 2))


def fleet(world: World, size: int) -> None:
    """Service accounts of one company's build machines: the same checks on every commit."""
    rng, country = world.rng, world.country()
    ranges = world.atlas.servers(int(rng.choice([1, 3, 20])), 0.1)
    client, card, org = world.catalogue.some("sdk", "harness"), int(fresh(rng, 1)[0]), int(fresh(rng, 1)[0])
    base = replace(styles.batch(world, country), fails=float(rng.uniform(0, 0.03)))
    hours = rhythm.week(rng, "office", int(rng.integers(-8, 9)))
    commits = rhythm.starts(rng, rng.uniform(2, 12), 0, DAYS, hours)
    for _ in range(size):
        seats = [world.seat(client, ranges, moves=0.5, lag=3.0)]
        account = world.enrol("ci fleet", seats, country, 4, float(rng.uniform(5, 200)), 0, card, org)
        seen = commits[rng.random(len(commits)) < rng.uniform(0.2, 1.0)] + int(rng.uniform(5, 900) * 1000)
        plan = rhythm.converse(rng, seen, Shape(rng.uniform(1, 8), 0.5), Shape(5, 0.7))
        world.happen(rhythm.singly(plan.time_ms), base, account)


def benchmark(world: World, teams: int) -> None:
    """Teams without acquaintance run one public benchmark: the same items in the same frame."""
    rng = world.rng
    items = (
        world.languages.voice(rng, 0)
        .with_part(theme(rng, rng.uniform(0.1, 0.6)))
        .with_stock(rng, 900, walks=True)
    )
    head, harness, settings = fresh(rng, 1), world.catalogue.some("sdk"), mix(world.palette.values[3:4])
    examples = int(fresh(rng, 1)[0])
    for _ in range(teams):
        country, card = world.country(), int(fresh(rng, 1)[0])
        ranges = world.atlas.servers(2) if rng.random() < 0.6 else world.atlas.home(country)
        for _ in range(int(rng.choice([1, 1, 2, 4]))):
            account = world.enrol("evaluation team", [world.seat(harness, ranges)], country, payment=card)
            style = styles.batch(world, country)
            style = replace(
                style,
                voice=items,
                heads=mix(head) if rng.random() < 0.8 else style.heads,
                params=settings,
                size_in=Shape(250, 0.8),
                size_out=Shape(300, 0.9),
                shots=int(rng.choice([0, 5])),
                examples=examples,
                lead=0,
            )
            hours = rhythm.week(rng, "office", 0)
            begun = max(world.born(account), rng.uniform(0, 24))
            times = rhythm.jobs(
                rng, rng.uniform(0.1, 0.6), begun, DAYS, hours, Shape(250, 0.6), log_uniform(rng, 0.4, 6)
            )
            people.act(world, account, style, rhythm.singly(times))
            people.script(world, account, world.born(account), DAYS, daily(rng, 4))


def own_key(world: World, size: int, hosted: bool) -> None:
    """A product that works with its users' own keys: on the vendor's servers, or on their desks."""
    rng = world.rng
    ranges = world.atlas.servers(int(rng.choice([1, 4, 12])), 0.3)
    client, heads, tools = world.catalogue.own(), fresh(rng, int(rng.integers(1, 5))), fresh(rng, 2)
    settings = mix(fresh(rng, 2))
    launch = float(rng.uniform(-20, 20))
    kind = styles.chat if rng.random() < 0.5 else styles.script
    has_tools = rng.random() < 0.5
    for _ in range(size):
        country = world.country()
        day = max(0.0, launch + float(rng.gamma(1.2, 6)))
        if day > DAYS - 1:
            continue
        age = -day + float(rng.exponential(0.5)) if rng.random() < 0.4 else None
        mine = world.person(country, "sdk", "chat")
        account = world.enrol("own-key product", mine, country, age_days=age)
        born = world.born(account)
        if rng.random() < 0.4:
            people.KINDS[int(rng.integers(4))][1](world, account, born, DAYS, daily(rng, 3))
        place = ranges if hosted else mine[0].ranges
        world.seats[account] = [world.seat(client, place, moves=0.2 if hosted else 0.0)]
        style = replace(
            kind(world, country),
            heads=mix(heads),
            params=settings,
            tools=mix(tools) if has_tools else mix([0]),
        )
        first = max(day, born)
        people.talk(
            world, account, style, (first, DAYS, daily(rng, 7)), Shape(rng.uniform(1, 6), 0.8), Shape(60, 1)
        )


def migration(world: World, size: int) -> None:
    """A popular client dies: its users move to another, its gateway and its default model in a week."""
    rng = world.rng
    old, new = world.catalogue.some("chat"), world.catalogue.own(sort="chat")
    ranges = world.atlas.servers(int(rng.choice([1, 3, 8])), 0.0)
    day = float(rng.uniform(6, 19))
    model, settings, heads = int(rng.integers(0, 6)), mix(fresh(rng, 1)), fresh(rng, 2)
    for _ in range(size):
        country = world.country()
        account = world.enrol(
            "migration", world.person(country, "chat"), country, age_days=float(rng.gamma(1.5, 120))
        )
        if rng.random() < 0.8:
            world.seats[account] = [seat._replace(client=old) for seat in world.seats[account]]
        style, turns, gap = styles.chat(world, country), Shape(rng.uniform(1.5, 7), 0.8), Shape(90, 0.9)
        moved, rate = day + float(rng.gamma(2, 1.4)), daily(rng, 5)
        people.talk(world, account, style, (0, moved, rate), turns, gap)
        home = world.seats[account][0].ranges
        place = ranges if rng.random() < 0.9 else home
        world.seats[account] = [world.seat(new, place, moves=0.3, lag=0.0)]
        after = replace(
            style,
            params=settings,
            heads=mix([heads[0]]) if rng.random() < 0.6 else style.heads,
            models=mix([model, *style.models.values], [4, *style.models.weights]),
        )
        people.talk(world, account, after, (moved, DAYS, rate), turns, gap)


def reseller(world: World, size: int, campaign_seats: int = 0) -> list[int]:
    """A reseller under contract: an account for each customer on its own card and gateway.

    Returns `campaign_seats` more accounts of the same make, on which nothing has happened yet.
    """
    rng, country = world.rng, world.country()
    ranges, card = world.atlas.servers(int(rng.integers(1, 6)), 0.2), int(fresh(rng, 1)[0])
    client, since = world.catalogue.some("sdk"), log_uniform(rng, 40, 600)
    org = int(fresh(rng, 1)[0]) if rng.random() < 0.5 else None
    free: list[int] = []
    for place in range(size + campaign_seats):
        age = float(rng.uniform(-14, since))
        seats = [world.seat(client, ranges, moves=0.5, lag=5.0)]
        account = world.enrol("reseller", seats, country, 4, age, 0, card, org)
        if place >= size:
            free.append(account)
            continue
        _, use, _, median = people.KINDS[int(rng.choice([0, 1, 2, 4, 5]))]
        people.live(world, account, use, daily(rng, median))
    return free


def bots(world: World, size: int) -> None:
    """Owners of one open-source bot: the same program and prompt on everybody's own little machine."""
    rng = world.rng
    client, heads = world.catalogue.own(), fresh(rng, 1)
    base = styles.clockwork(world, 0)
    period = float(rng.choice([0.5, 1, 6, 24]))
    for _ in range(size):
        country = world.country()
        place = world.atlas.servers(1, 0.6) if rng.random() < 0.6 else world.atlas.home(country)
        account = world.enrol("cron bot", [world.seat(client, place)], country)
        own = styles.clockwork(world, country)
        style = replace(
            base, voice=own.voice if rng.random() < 0.5 else base.voice, heads=mix(heads), models=own.models
        )
        first = max(world.born(account), float(rng.choice([0, rng.uniform(0, 25)])))
        times = rhythm.clockwork(rng, period, first, DAYS, rng.choice([1, 20]), int(rng.integers(1, 6)))
        world.happen(rhythm.singly(times[times < at_day(DAYS)]), style, account)


def balanced(world: World, size: int) -> None:
    """One company's product over several of its own keys: what one refuses or delays, another is asked."""
    rng, country = world.rng, world.country()
    ranges, client = world.atlas.servers(int(rng.integers(1, 5))), world.catalogue.some("sdk")
    card, org, age = int(fresh(rng, 1)[0]), int(fresh(rng, 1)[0]), float(rng.uniform(5, 400))
    accounts = np.empty(size, np.int64)
    for place in range(size):
        seats = [world.seat(client, ranges, lag=9.0)]
        made = age - float(rng.uniform(0, 4))
        accounts[place] = world.enrol("balanced keys", seats, country, 3, made, 0, card, org)
    kind = styles.chat if rng.random() < 0.5 else styles.product
    style = replace(
        kind(world, country), failover=0.9, drift=float(rng.choice([0.0, 0.1, 0.6])), head_day=0.0
    )
    hours = rhythm.week(rng, "day", float(rng.integers(-8, 9)), 0.2)
    begun = rhythm.steady(rng, daily(rng, 40) * size, 0, DAYS, hours, 1.0)
    plan = rhythm.converse(rng, begun, Shape(rng.uniform(1, 5), 0.7), Shape(60, 0.8))
    world.happen(plan, style, rng.choice(accounts, len(begun))[plan.session], accounts)


def merge(world: World) -> None:
    """Two companies become one: the accounts of both move to one card (nothing else changes)."""
    rng = world.rng
    picked = rng.choice(len(world.accounts), min(6, len(world.accounts)), replace=False)
    card = int(fresh(rng, 1)[0])
    for account in np.atleast_1d(picked).tolist():
        if world.accounts[account].payment:
            world.accounts[account].payment = card
