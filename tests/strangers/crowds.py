"""Honest people who look alike because they are in one place, or of one mind on one day."""

from dataclasses import replace

import numpy as np

from tests.strangers import people, rhythm, styles
from tests.strangers.clients import Seat
from tests.strangers.people import daily
from tests.strangers.shapes import DAYS, Shape, at_day, fresh, mix
from tests.strangers.style import Style
from tests.strangers.texts import theme
from tests.strangers.world import World


def classroom(world: World, size: int) -> None:
    """One course: weekly exercises on the school's line, the rest at home; the template is the sheet's."""
    rng, country = world.rng, world.country()
    school, client = world.atlas.office(country), world.catalogue.some("sdk", "raw")
    begins, grant = float(rng.uniform(0, 14)), int(fresh(rng, 1)[0])
    sheets = [theme(rng, rng.uniform(0.3, 0.8)) for _ in range(4)]
    heads = fresh(rng, 4)
    pays = rng.random() < 0.4
    base = styles.script(world, country)
    for _ in range(size):
        seats = [
            world.seat(client, school),
            world.seat(client, world.atlas.home(country), rng.uniform(0.1, 1.5)),
        ]
        account = world.enrol(
            "classroom",
            seats,
            country,
            plan=0 if not pays else 1,
            age_days=-begins + float(rng.exponential(3)),
            email=3,
            payment=grant if pays else None,
        )
        world.accounts[account].org = 0
        for week, (sheet, head) in enumerate(zip(sheets, heads, strict=True)):
            day = max(world.born(account), begins + 7 * week)
            style = replace(
                base,
                voice=styles.voice(world, country).with_part(sheet),
                params=styles.params(world),
                heads=mix([head]) if rng.random() < 0.7 else base.heads,
            )
            if rng.random() < 0.85 and day < DAYS - 1:
                people.talk(
                    world, account, style, (day, day + 2, daily(rng, 20, 0.8)), Shape(2, 0.6), Shape(50, 0.9)
                )


def hackathon(world: World, size: int) -> None:
    """A weekend in one hall: new accounts on the organiser's credits, everybody another idea."""
    rng, country = world.rng, world.country()
    day = float(rng.choice([4.4, 11.4, 18.4, 25.4]))
    hall, credits = world.atlas.office(country, 2), int(fresh(rng, 1)[0])
    for _ in range(size):
        kind = int(rng.choice([0, 2, 2, 3]))
        name, use = people.KINDS[kind][:2]
        sorts = {"chat": ("chat",), "developer": ("sdk",), "coding agent": ("harness",)}[name]
        client = world.catalogue.some(*sorts)  # type: ignore[arg-type]
        seats = [world.seat(client, hall, moves=0.01), world.seat(client, world.atlas.phone(country), 0.15)]
        account = world.enrol(
            "hackathon", seats, country, 1, -day + float(rng.exponential(0.7)), None, credits
        )
        use(world, account, max(day, world.born(account)), min(day + 2, DAYS), daily(rng, 60, 0.8))


def news(world: World, size: int) -> None:
    """A model makes the headlines: newcomers of the whole world paste the same quick start."""
    rng = world.rng
    snippets = rng.integers(0, 8, 2)
    for _ in range(size):
        country = world.country()
        day = min(world.news_day + float(rng.exponential(1.2)), DAYS - 0.6)
        account = world.enrol(
            "quick start",
            world.person(country, "sdk", "raw", vpn=0.1),
            country,
            int(rng.integers(0, 2)),
            -day,
        )
        style = styles.with_new_model(styles.quick_start(world, int(rng.choice(snippets))), 0.8)
        first = world.born(account)
        people.talk(
            world,
            account,
            style,
            (first, first + rng.uniform(0.1, 2), daily(rng, 12)),
            Shape(2, 0.7),
            Shape(90, 1),
        )
        if rng.random() < 0.4:
            people.KINDS[int(rng.integers(4))][1](world, account, first, DAYS, daily(rng, 4))


def office(world: World, size: int) -> None:
    """Colleagues with accounts of their own behind one egress."""
    rng, country = world.rng, world.country()
    egress = world.atlas.office(country, int(rng.integers(1, 3)))
    one_org = int(fresh(rng, 1)[0]) if rng.random() < 0.5 else None
    for _ in range(size):
        kind = int(rng.choice([0, 2, 3, 3]))
        sorts = {0: "chat", 2: "sdk", 3: "harness"}[kind]
        client = world.catalogue.some(sorts)  # type: ignore[arg-type]
        seats = [world.seat(client, egress)]
        if rng.random() < 0.6:
            seats.append(world.seat(client, world.atlas.home(country), rng.uniform(0.1, 0.8)))
        account = world.enrol("office", seats, country, int(rng.integers(1, 4)), email=0, org=one_org)
        people.live(world, account, people.KINDS[kind][1], daily(rng, people.KINDS[kind][3]))


def rollout(world: World, size: int) -> None:
    """A company takes up an assistant of its own: one card, one program, one week of sign-ups."""
    rng, country = world.rng, world.country()
    egress, client = world.atlas.office(country, int(rng.integers(1, 4))), world.catalogue.own(sort="chat")
    day, card, org = float(rng.uniform(-60, 18)), int(fresh(rng, 1)[0]), int(fresh(rng, 1)[0])
    head, settings = fresh(rng, 2), styles.params(world)
    tools = fresh(rng, 1)
    for _ in range(size):
        seats = [
            world.seat(client, egress),
            world.seat(client, world.atlas.home(country), rng.uniform(0.05, 0.5)),
        ]
        account = world.enrol("roll-out", seats, country, 4, -day - float(rng.uniform(0, 7)), 0, card, org)
        style = replace(
            styles.chat(world, country), heads=mix(head, [3, 1]), params=settings, tools=mix(tools)
        )
        first = max(0.0, day, world.born(account))
        people.talk(world, account, style, (first, DAYS, daily(rng, 8, 1.0)), Shape(3, 0.8), Shape(90, 1))


def family(world: World) -> None:
    """Two to five people of one household on one card."""
    rng, country = world.rng, world.country()
    home, card = world.atlas.home(country), int(fresh(rng, 1)[0])
    for _ in range(int(rng.integers(2, 6))):
        kind = int(rng.choice([0, 0, 1, 2, 7]))
        name, use, _, median = people.KINDS[kind]
        sort = {"chat": "chat", "roleplay": "roleplay"}.get(name, "sdk")
        client = world.catalogue.some(sort)  # type: ignore[arg-type]
        seats = [
            world.seat(client, home),
            world.seat(client, world.atlas.phone(country), rng.uniform(0.05, 0.7)),
        ]
        account = world.enrol("family", seats, country, 1, payment=card)
        people.live(world, account, use, daily(rng, median))


def passed_round(world: World) -> None:
    """One account that a group of students shares: many lines, many programs, all hours."""
    rng, country = world.rng, world.country()
    seats: list[Seat] = []
    for _ in range(int(rng.integers(3, 15))):
        ranges = world.atlas.phone(country) if rng.random() < 0.3 else world.atlas.home(country)
        seats.append(world.seat(world.catalogue.some("chat", "sdk", "browser"), ranges))
    account = world.enrol("shared by students", seats, country, 1, email=int(rng.choice([1, 3])))
    for _ in range(len(seats)):
        people.chat(world, account, world.born(account), DAYS, daily(rng, 4))


def programme(world: World, size: int) -> None:
    """A sponsor's credits for many young companies: one means of payment, all else their own."""
    rng, card = world.rng, int(fresh(world.rng, 1)[0])
    since = float(rng.uniform(-10, 200))
    for _ in range(size):
        name, use, _, median = people.KINDS[int(rng.choice([0, 2, 3, 4, 5]))]
        account = people.enrol(world, name)
        one = world.accounts[account]
        one.population, one.payment, one.plan = "programme", card, 2
        one.created_ms = max(one.created_ms, at_day(-since - float(rng.exponential(8))))
        people.live(world, account, use, daily(rng, median))


def embedded(world: World) -> None:
    """An app that carries its maker's key: every user's own line, phone and system."""
    rng, client = world.rng, world.catalogue.own(str(world.rng.choice(["apple", "electron", "edge"])))
    country = world.country()
    far = rng.random() < 0.5
    lines = (
        world.atlas.proxies(400) if far else np.concatenate([world.atlas.home(country) for _ in range(300)])
    )
    seats = [
        world.seat(client, lines, lag=float(lag), moves=float(rng.choice([0.0, 1.0]))) for lag in (0, 9, 99)
    ]
    account = world.enrol("key in an app", seats, country, plan=int(rng.integers(1, 4)))
    people.product(world, account, world.born(account), DAYS, daily(rng, 15))


def trend(world: World, size: int) -> None:
    """A prompt goes round: people who have nothing in common paste it within some days."""
    rng, day = world.rng, float(world.rng.uniform(1, 26))
    text = world.languages.voice(rng, 0).with_part(theme(rng, 0.5)).with_stock(rng, 3, walks=False)
    curious = [
        number for number, one in enumerate(world.accounts) if one.population in ("chat", "vpn", "newcomer")
    ]
    for account in rng.choice(curious, min(size, len(curious)), replace=False).tolist():
        when = max(world.born(account), day + float(rng.exponential(1.5)))
        style = replace(styles.chat(world, world.accounts[account].country), voice=text, deep=None)
        turns = rhythm.converse(rng, np.array([at_day(when)]), Shape(1.3, 0.5), Shape(60, 0.8))
        world.happen(turns, style, account)


def travellers(world: World, size: int) -> None:
    """People behind one VPN's few exits, all else their own."""
    rng = world.rng
    exits = world.atlas.exits(int(rng.integers(3, 20)))
    for _ in range(size):
        name, use, _, median = people.KINDS[int(rng.choice([0, 1, 2, 3]))]
        account = people.enrol(world, name)
        world.accounts[account].population = "vpn"
        world.seats[account] = [
            seat._replace(ranges=exits, moves=float(rng.choice([0, 0.05]))) for seat in world.seats[account]
        ]
        people.live(world, account, use, daily(rng, median))


def tables(world: World, size: int) -> None:
    """Role-players who share a popular character card and a preset of parameters."""
    rng = world.rng
    cards, presets = fresh(rng, 5), fresh(rng, 3)
    for _ in range(size):
        country = world.country()
        account = world.enrol("role-play circle", world.person(country, "roleplay", vpn=0.25), country)
        own = styles.roleplay(world, country)
        heads = np.append(rng.choice(cards, 2), own.heads.values)
        style: Style = replace(own, heads=mix(heads), params=mix(rng.choice(presets, 1)))
        first = world.born(account)
        people.talk(
            world,
            account,
            style,
            (first, DAYS, daily(rng, 18)),
            Shape(rng.uniform(6, 30), 0.7),
            Shape(60, 0.8),
        )


def at_work(world: World) -> None:
    """Programs' makers who call by many keys a day, so that no rate, hour or depth is a campaign's alone."""
    rng = world.rng
    for name, use, median in (
        ("product", people.product, 60.0),
        ("batch", people.batch, 90.0),
        ("bot", people.bot, 500.0),
    ):
        account = people.enrol(world, name)
        use(world, account, world.born(account), float(DAYS), float(median * rng.lognormal(0, 0.6)))
