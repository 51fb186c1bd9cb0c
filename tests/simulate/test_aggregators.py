"""Contracted aggregators: some accounts of one organisation or several, and what anybody sends."""

import numpy as np
import polars as pl

from stream.simulate import CAMPAIGNS, USUAL
from stream.simulate.aggregators import LEAST, MOST, parts
from stream.simulate.campaigns import HIDDEN, coordinated
from stream.simulate.chance import generator
from stream.simulate.cohorts import Accounts, Market, people
from tests.simulate.worlds import group, world


def drawn(n: int) -> list[list[int]]:
    return [parts(generator(seed, "parts"), n) for seed in range(60)]


def test_an_organisation_has_five_to_thirty_accounts() -> None:
    for n in (5, 9, 20, 31, 60):
        sizes = [size for firms in drawn(n) for size in firms]
        assert min(sizes) >= LEAST
        assert max(sizes) <= MOST
        assert all(sum(firms) <= n for firms in drawn(n))


def test_one_organisation_or_several() -> None:
    firms = [len(sizes) for sizes in drawn(25)]
    assert set(firms) == {1, 2, 3}


def test_accounts_of_one_share_card_and_servers() -> None:
    for seed in (1, 2, 3):
        cards = group("aggregator", seed).group_by("org_id").agg(
            pl.col("payment_hash").n_unique(), pl.col("asn").drop_nulls().n_unique()
        )  # fmt: skip
        assert (cards["payment_hash"] == 1).all()
        assert (cards["asn"] <= MOST).all()


def test_what_its_users_send_looks_like_anyones() -> None:
    """As many heads and as long conversations as ordinary people have, over all of its accounts."""
    users = group("aggregator")
    heads = users.drop_nulls("prompt_prefix_hash").group_by("prompt_prefix_hash").agg(pl.len())
    assert len(heads) > 40
    assert heads["len"].to_numpy().max() / len(users) < 0.5
    moved = users.filter(pl.col("maker").is_not_null() & (pl.col("maker") != pl.col("account_id")))
    assert len(moved) > 20
    depths = [
        float(np.log(e["message_count"].drop_nulls().to_numpy()).std())
        for e in (users, world("aggregator").events)
    ]
    assert 0.5 < depths[0] / depths[1] < 2


def hidden(names: tuple[str, ...], host: Accounts | None) -> list[str]:
    campaigns = [
        coordinated(Market.of(seed, 20), names, 300, 9.0, host) for seed in range(24)
    ]  # fmt: skip
    return [drawn.plan.archetype for world in campaigns for drawn in world if drawn.plan.evasions]


def test_in_some_worlds_one_campaign_is_a_customer_of_it() -> None:
    host = people(generator(1, "host"), Market.of(1, 20), 12, "honest/aggregator")
    found = hidden(USUAL, host)
    assert 0.3 * HIDDEN < len(found) / 24 < 2.5 * HIDDEN
    assert len(set(found)) > 1


def test_no_campaign_hides_where_there_is_no_aggregator_or_campaigns_were_named() -> None:
    host = people(generator(1, "host"), Market.of(1, 20), 12, "honest/aggregator")
    assert hidden(USUAL, None) == hidden(CAMPAIGNS, host) == []
