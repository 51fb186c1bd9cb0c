"""Customers of a hosted product, old and new, are seen on its maker's servers, and old ones elsewhere too."""

import numpy as np
import polars as pl
import pytest

from stream.simulate.chance import generator
from stream.simulate.cohorts import NEVER, Market
from stream.simulate.lookalikes import LOOKALIKE_TABLE
from stream.simulate.products import Uptake
from tests.simulate.worlds import group

AGENTS = {"own-key": "Sandbar", "agent-product": "trawl", "ci-product": "merge", "notes-product": "minutely"}
UPTAKES = [Uptake.drawn(generator(seed, "uptake"), Market.of(1, 28), 100) for seed in range(40)]


def sent(name: str, seed: int = 1) -> pl.DataFrame:
    """What the group's accounts sent; `served` where the maker's servers did it for them."""
    by = pl.col("user_agent").str.starts_with(AGENTS[name]).fill_null(False)
    return group(name, seed, 2500).with_columns(by.alias("served"))


@pytest.mark.parametrize("name", AGENTS)
def test_requests_of_a_product_come_from_its_makers_networks_with_its_head_and_parameters(name: str) -> None:
    events = sent(name).filter(pl.col("user_agent").is_not_null())
    served, own = events.filter("served"), events.filter(~pl.col("served"))
    assert served["account_id"].n_unique() >= 5
    assert served["params_hash"].n_unique() == 1
    assert served["prompt_prefix_hash"].n_unique() < 20
    assert served["net"].n_unique() <= 12 < own["net"].n_unique()
    assert served["client_ip"].n_unique() <= 4 * served["net"].n_unique()


@pytest.mark.parametrize("name", AGENTS)
def test_old_customers_go_on_with_their_own_work_beside_it(name: str) -> None:
    taken = sent(name).filter("served").group_by("account_id").agg(pl.col("day").min().alias("taken"))
    events = sent(name).join(taken, on="account_id")
    since = pl.col("day") >= pl.col("taken")
    shares = events.group_by("account_id").agg(
        since.sum().alias("since"), (~since).sum().alias("before"), pl.col("served").filter(since).mean()
    ).filter((pl.col("before") >= 5) & (pl.col("since") >= 40))["served"].to_numpy()  # fmt: skip
    assert len(shares) >= 3
    assert ((shares > 0.02) & (shares < 0.98)).mean() > 0.7
    assert shares.max() - shares.min() > 0.2


def test_new_accounts_and_old_ones_take_it_up() -> None:
    new = np.array([uptake.fresh.mean() for uptake in UPTAKES])
    assert new.min() > 0.02
    assert new.max() < 0.98
    assert (new < 0.4).any()
    assert (new > 0.5).any()


def test_it_is_taken_up_in_a_bunch_or_slowly() -> None:
    """Days that hold half of the customers: a few after a launch, weeks or months otherwise."""
    half = [np.subtract(*np.quantile(uptake.taken, [0.75, 0.25])) for uptake in UPTAKES]
    bunched = np.mean(np.array(half) < 8)
    assert 0.3 < bunched < 0.9
    launch = min(UPTAKES, key=lambda uptake: float(np.subtract(*np.quantile(uptake.taken, [0.75, 0.25]))))
    assert launch.taken.max() - launch.taken.min() > 3  # an exponential tail


def test_own_work_keeps_a_tenth_to_nine_tenths() -> None:
    shares = np.concatenate([uptake.share[~uptake.fresh] for uptake in UPTAKES])
    assert shares.min() >= 0.1
    assert shares.max() <= 0.9
    assert np.concatenate([uptake.share[uptake.fresh] for uptake in UPTAKES]).max() == 1.0


def test_some_drop_it_after_days() -> None:
    for uptake in UPTAKES:
        left = uptake.dropped < NEVER
        assert 0.02 < left.mean() < 0.7
        assert 0.5 < np.median((uptake.dropped - uptake.taken)[left]) < 9


def test_products_have_ten_to_a_hundred_customers() -> None:
    for name in AGENTS:
        assert (LOOKALIKE_TABLE[name].least, LOOKALIKE_TABLE[name].most) == (10, 100)
    sizes = [sent("own-key", seed)["account_id"].n_unique() for seed in (1, 2, 3)]
    assert all(5 <= size <= 110 for size in sizes)


def test_some_makers_have_one_exit_and_some_have_several() -> None:
    exits = [sent(name, seed).filter("served")["net"].n_unique() for name in AGENTS for seed in (1, 2)]
    assert 1 in exits
    assert max(exits) >= 3
