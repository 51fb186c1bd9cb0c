"""All honest accounts of a world: individuals, and every look-alike crowd in drawn numbers."""

from tests.strangers import crowds, people, trades
from tests.strangers.world import World


def populate(world: World, accounts: int) -> None:
    """About `accounts` honest accounts, near a third of them in crowds; small worlds have small crowds."""
    rng = world.rng
    scale = min(1.0, accounts / 2_000)

    def some(low: int, high: int) -> int:
        return max(2, int(rng.integers(low, high + 1) * scale))

    for _ in range(int(rng.integers(1, 4))):
        crowds.classroom(world, some(20, 60))
        crowds.office(world, some(15, 60))
        crowds.travellers(world, some(15, 50))
        trades.agency(world, some(8, 30))
        trades.fleet(world, some(5, 24))
        trades.aggregator(world)
        trades.balanced(world, some(3, 12))
    for _ in range(int(rng.integers(1, 3))):
        crowds.hackathon(world, some(20, 60))
        crowds.rollout(world, some(25, 90))
        trades.reseller(world, some(10, 35))
        trades.bots(world, some(10, 40))
    crowds.news(world, some(40, 120))
    crowds.tables(world, some(20, 60))
    trades.benchmark(world, some(6, 20))
    trades.own_key(world, some(25, 90), hosted=True)
    trades.own_key(world, some(25, 90), hosted=False)
    if rng.random() < 0.5:
        trades.migration(world, some(250, 320))
    for _ in range(some(6, 24)):
        crowds.family(world)
    for _ in range(some(3, 10)):
        crowds.passed_round(world)
    crowds.programme(world, max(100, some(200, 300)))
    for _ in range(some(8, 20)):
        crowds.embedded(world)
    for _ in range(some(4, 4)):
        crowds.at_work(world)
    trades.merge(world)
    people.settle(world, max(10, accounts - len(world.accounts)))
    for _ in range(int(rng.integers(1, 4))):
        crowds.trend(world, some(40, 250))
