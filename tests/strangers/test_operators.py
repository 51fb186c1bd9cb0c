import numpy as np
import pytest

from tests.strangers.draws import CONFINED, EVASIONS, LARGEST, RATES, draw, tricks
from tests.strangers.operators import run
from tests.strangers.people import settle
from tests.strangers.shapes import DAYS, HOUR_MS, at_day
from tests.strangers.world import World

SMALL = 5_000
"""Exchanges of a campaign here, near enough: tests are to be quick."""


@pytest.mark.parametrize("archetype", sorted(RATES))
def test_a_draw_stays_within_a_world(archetype: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        made = draw(rng, archetype, tricks(rng, archetype))
        assert 14 <= made.onset < made.onset + made.days <= DAYS + 1e-9
        assert 1 <= made.payers <= made.size
        assert made.size == 20 or made.days == 2 or made.size * made.rate * made.days < LARGEST * 1.05
        assert all(archetype in CONFINED.get(name, (archetype,)) for name in made.evasions)


@pytest.mark.parametrize("archetype", sorted(RATES))
def test_every_archetype_happens_plain(archetype: str) -> None:
    world = World(11)
    run(world, draw(world.rng, archetype, (), largest=SMALL))
    columns, operation = world.columns(), world.operations[0]
    acting = np.unique(columns["account"][columns["campaign"] == 0])
    assert len(acting) >= 0.9 * len(operation.accounts)
    assert (columns["campaign"] == 0).sum() >= 100


@pytest.mark.parametrize("evasion", EVASIONS)
def test_every_evasion_happens(evasion: str) -> None:
    world = World(12)
    settle(world, 60 if evasion == "stolen" else 1)
    run(world, draw(world.rng, CONFINED.get(evasion, ("T1",))[0], (evasion,), largest=SMALL))
    assert (world.columns()["campaign"] == 0).sum() >= 100


def test_a_banned_pool_falls_silent_and_another_works_within_two_hours() -> None:
    world = World(13)
    made = draw(world.rng, "T2", (), largest=SMALL)
    run(world, made)
    columns = world.columns()
    banned = at_day(made.onset + made.ban_after)
    half = len(world.operations[0].accounts) // 2
    working = (columns["campaign"] == 0) & (columns["status"] == 200)
    first = np.isin(columns["account"], world.operations[0].accounts[:half])
    assert columns["time_ms"][first & working].max() < banned + HOUR_MS / 6
    assert banned <= columns["time_ms"][~first & working].min() < banned + 2 * HOUR_MS
    assert (columns["status"][first & (columns["time_ms"] >= banned)] == 403).all()


def test_stolen_keys_are_those_of_old_accounts_and_keep_their_client() -> None:
    world = World(14)
    settle(world, 80)
    before = {number: seats[0].client for number, seats in enumerate(world.seats)}
    run(world, draw(world.rng, "T1", ("stolen",), largest=SMALL))
    stolen = [number for number, account in enumerate(world.accounts) if account.population == "stolen"]
    assert stolen == sorted(world.operations[0].accounts)
    assert all(world.accounts[number].created_ms < at_day(0) for number in stolen)
    assert all(world.seats[number][0].client == before[number] for number in stolen)
