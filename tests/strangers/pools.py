"""The accounts of an operation: bought, farmed, aged or stolen, and the machines that drive them."""

from dataclasses import replace

import numpy as np

from tests.strangers import people, trades
from tests.strangers.clients import Seat, Sort
from tests.strangers.draws import Draw
from tests.strangers.people import daily
from tests.strangers.shapes import START_MS, Ints, Mix, at_day, fresh, log_uniform, mix
from tests.strangers.world import World

SORTS: dict[str, tuple[Sort, ...]] = {"T3": ("chat", "sdk"), "T5": ("harness",), "T8": ("sdk", "raw")}
"""What an archetype is driven with; else any kit."""


def recruit(world: World, made: Draw, campaign: int, count: int, opens: float) -> Ints:
    """`count` accounts of one pool that begin on day `opens`."""
    if made.sign_up == "stolen":
        return _stolen(world, campaign, count, made)
    if made.sign_up == "contract":
        found = trades.reseller(world, int(world.rng.integers(15, 35)), campaign_seats=count)
        for account in found:
            world.accounts[account].population, world.accounts[account].campaign = "campaign", campaign
            day = min(opens - 0.02, sign_up_day(world, replace(made, sign_up="trickled"), opens))
            world.accounts[account].created_ms = at_day(day)
        return np.array(found)
    return _farmed(world, made, campaign, count, opens)


def _farmed(world: World, made: Draw, campaign: int, count: int, opens: float) -> Ints:
    rng = world.rng
    cards = fresh(rng, max(1, round(made.payers * count / made.size)))
    seats = machines(world, made, count)
    plans = rng.choice([0, 1, 2, 3], 4, p=[0.15, 0.55, 0.2, 0.1])
    orgs = rng.random() < 0.3
    country = world.country()
    found = []
    for place in range(count):
        plan = int(rng.choice(plans))
        found.append(
            world.enrol(
                "campaign",
                seats[place],
                world.country() if made.network.endswith("residential") else country,
                plan,
                -sign_up_day(world, made, opens),
                int(rng.choice(4, p=made.email)),
                int(cards[place % len(cards)]) if plan or rng.random() < 0.3 else 0,
                None if orgs else 0,
                campaign,
            )
        )
    if made.sign_up == "aged":
        _past(world, found, opens)
    return np.array(found)


def sign_up_day(world: World, made: Draw, opens: float) -> float:
    """Day of the world on which an account of the pool is made; negative is before it."""
    rng = world.rng
    if made.sign_up == "aged":
        return -float(rng.uniform(40, 500))
    if made.sign_up == "trickled":
        return opens - float(rng.uniform(0.05, 45))
    return opens - 0.02 - float(rng.gamma(1.5, 0.7))


def _past(world: World, accounts: list[int], opens: float) -> None:
    """Months of light use that looks like a person's, by hand or by the pool's machines; some have none."""
    by_hand = world.rng.random() < 0.5
    for account in accounts:
        name, use, _, _ = people.KINDS[int(world.rng.choice([0, 2]))]
        machine = world.seats[account]
        if by_hand:
            world.seats[account] = people.devices(world, name, world.accounts[account].country)
        if world.rng.random() < 0.75:
            use(world, account, 0.0, opens, daily(world.rng, 2))
        world.seats[account] = machine


def machines(world: World, made: Draw, count: int) -> list[list[Seat]]:
    """One seat for each account, by the draw's network and tooling."""
    rng, catalogue = world.rng, world.catalogue
    sorts = SORTS.get(made.archetype, ("sdk", "raw") if rng.random() < 0.7 else ("sdk", "harness", "chat"))
    kits = {"one": 1, "few": int(rng.integers(2, 6)), "varied": count}[made.tooling]
    own = made.tooling == "one" and rng.random() < 0.2
    programs = [catalogue.own() if own else catalogue.some(*sorts) for _ in range(kits)]
    lag = float(rng.choice([0.0, 99.0])) if made.tooling == "one" else None
    models = [world.seat(program, world.atlas.home(0), lag=lag) for program in programs]
    ranges = networks(world, made, count)
    moves = {
        "rotating residential": float(rng.choice([0.2, 1.0])),
        "few exits": float(rng.choice([0.0, 0.05, 1.0])),
    }
    hosts = rng.integers(2, 255, count)
    turn = log_uniform(rng, 1, 48) if made.network == "few exits" and rng.random() < 0.5 else 0.0
    return [
        [
            models[place % kits]._replace(
                ranges=ranges[place],
                host=int(hosts[place]),
                moves=moves.get(made.network, 0.0),
                turn_hours=turn,
            )
        ]
        for place in rng.permutation(count)
    ]


def networks(world: World, made: Draw, count: int) -> list[Ints]:
    """The ranges of each account."""
    rng, atlas = world.rng, world.atlas
    if made.network == "sticky residential":
        return [atlas.proxies(1) for _ in range(count)]
    if made.network == "rotating residential":
        return [atlas.proxies(int(rng.integers(4, 60))) for _ in range(count)]
    if made.network == "homes":
        return [atlas.home(world.country()) for _ in range(count)]
    if made.network == "one exit":
        exit_ = atlas.servers(1, 0.8) if rng.random() < 0.7 else atlas.exits(1)
        return [exit_] * count
    if made.network == "few exits":
        exits = (
            atlas.servers(int(rng.integers(2, 8)), 0.6)
            if rng.random() < 0.6
            else atlas.exits(int(rng.integers(2, 8)))
        )
        return [exits] * count
    rack = atlas.servers(int(rng.integers(2, max(3, count // 2))), 0.7)
    return [rng.choice(rack, 1) for _ in range(count)]


def settings(world: World, made: Draw, count: int) -> list[Mix]:
    """Sampling parameters of each account."""
    rng = world.rng
    common = rng.random() < 0.5
    kinds = {"one": 1, "few": int(rng.integers(2, 6)), "varied": count}[made.settings]
    values = world.palette.pick(rng, kinds) if common or made.settings == "varied" else fresh(rng, kinds)
    return [mix([values[place % kinds]]) for place in rng.permutation(count)]


def _stolen(world: World, campaign: int, count: int, made: Draw) -> Ints:
    """Keys of old honest accounts that nobody watches; the thief copies their client, or does not care."""
    rng = world.rng
    likely = [
        number for number, account in enumerate(world.accounts)
        if account.population in ("chat", "developer", "product", "batch", "coding agent")
        and account.campaign < 0 and account.created_ms < START_MS and number in world.habits
    ]  # fmt: skip
    victims = rng.choice(likely, min(count, len(likely)), replace=False)
    seats = machines(world, made, len(victims))
    for place, account in enumerate(victims.tolist()):
        world.accounts[account].population, world.accounts[account].campaign = "stolen", campaign
        victim = world.seats[account][0]
        world.seats[account] = [
            seats[place][0]._replace(client=victim.client, system=victim.system, lag_days=victim.lag_days)
        ]
    return victims
