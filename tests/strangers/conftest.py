import pytest

from tests.strangers.__main__ import make
from tests.strangers.draws import draw
from tests.strangers.exchanges import Columns
from tests.strangers.operators import run
from tests.strangers.people import settle
from tests.strangers.world import World


@pytest.fixture(scope="package")
def world() -> World:
    """A small world with every crowd and eight campaigns, made once."""
    return make(seed=77, accounts=500, campaigns=8)


@pytest.fixture(scope="package")
def village() -> World:
    """A few accounts and one campaign, for what needs no crowds."""
    made = World(4)
    settle(made, 40)
    run(made, draw(made.rng, "T1", ("paraphrase",), largest=500))
    return made


@pytest.fixture(scope="package")
def columns(world: World) -> Columns:
    return world.columns()
