import numpy as np
import polars as pl
import pytest

from tests.strangers.crowds import classroom
from tests.strangers.draws import draw
from tests.strangers.exchanges import Columns
from tests.strangers.operators import run
from tests.strangers.people import settle
from tests.strangers.shapes import DAYS, at_day
from tests.strangers.singles import separations
from tests.strangers.world import World


def test_a_seed_makes_one_world() -> None:
    def made() -> Columns:
        world = World(3)
        settle(world, 10)
        classroom(world, 3)
        run(world, draw(world.rng, "T3", (), largest=500))
        return world.columns()

    first, second = made(), made()
    assert all((first[name] == second[name]).all() for name in first)


def test_nobody_calls_before_sign_up_or_outside_the_days(world: World, columns: Columns) -> None:
    created = np.array([account.created_ms for account in world.accounts])
    assert (columns["time_ms"] >= created[columns["account"]]).all()
    assert columns["time_ms"].min() >= at_day(0)
    assert columns["time_ms"].max() < at_day(DAYS)
    assert (np.diff(columns["time_ms"]) >= 0).all()


def test_no_campaign_begins_in_the_first_fortnight(columns: Columns) -> None:
    assert columns["time_ms"][columns["campaign"] >= 0].min() >= at_day(14)


@pytest.mark.parametrize("name", ["tools", "prefix", "prev", "next", "safety", "params", "simhash", "body"])
def test_what_is_absent_is_so_for_both_sides(columns: Columns, name: str) -> None:
    guilty = columns["campaign"] >= 0
    shares = [float((columns[name][side] != 0).mean()) for side in (guilty, ~guilty)]
    assert (min(shares) > 0) == (max(shares) > 0)
    assert (min(shares) < 1) == (max(shares) < 1)


def test_sign_up_fields_are_absent_for_both_sides(world: World) -> None:
    for name in ("payment", "org"):
        sides = [
            {bool(getattr(account, name)) for account in world.accounts if (account.campaign >= 0) == side}
            for side in (True, False)
        ]
        assert sides == [{True, False}, {True, False}]


def test_no_single_figure_gives_the_campaigns_away(world: World, columns: Columns) -> None:
    found = separations(world, columns)
    assert max(found.values()) <= 0.2, {name: share for name, share in found.items() if share > 0.2}


def test_honest_accounts_share_what_campaigns_share(world: World, columns: Columns) -> None:
    """Prefixes, tools, ranges and cards that several accounts have are no campaign's mark."""
    honest = columns["campaign"] < 0
    for name in ("prefix", "tools", "params", "range", "client"):
        pairs = pl.DataFrame({"value": columns[name][honest], "account": columns["account"][honest]}).unique()
        values, holders = np.unique(pairs["value"].to_numpy(), return_counts=True)
        assert (holders[values != 0] >= 5).sum() >= 3, name
