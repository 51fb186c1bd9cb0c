"""How a campaign comes by its networks."""

from collections import Counter

import polars as pl
import pytest

from stream.simulate import CAMPAIGNS, World, WorldSpec, simulate
from stream.simulate.chance import generator
from stream.simulate.cohorts import Market
from stream.simulate.supply import EGRESS, Means

BEHIND = {"one rented exit": 1, "rented exits by turns": 3, "a reseller's address": 1}


def drawn(seed: int) -> Means:
    return Means.drawn(generator(seed, "means"), Market.of(1, 28), 14.0)


def test_about_a_quarter_of_campaigns_sits_behind_one_to_three_exits() -> None:
    means = Counter(drawn(seed).egress for seed in range(600))
    assert set(means) == set(EGRESS)
    assert 0.2 < sum(means[name] for name in BEHIND) / 600 < 0.3


def behind(egress: str, monkeypatch: pytest.MonkeyPatch, campaigns: tuple[str, ...]) -> World:
    """A world all of whose campaigns have one way out; honest people use the reseller's address beside."""
    monkeypatch.setattr("stream.simulate.supply._EGRESS", {name: float(name == egress) for name in EGRESS})
    return simulate(
        WorldSpec(
            seed=2, days=12, accounts=300, onset_day=5.0, campaigns=campaigns, lookalikes=("shared-exit",)
        )
    )  # fmt: skip


@pytest.mark.parametrize("egress", BEHIND)
def test_all_accounts_of_any_archetype_show_the_same_few_addresses(
    egress: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = behind(egress, monkeypatch, CAMPAIGNS)
    for truth in made.truth.campaigns.values():
        mine = made.events.filter(pl.col("account_id").is_in(truth.accounts))
        assert len(truth.accounts) > 8
        # owners of keys that were taken over go on from home; a second pool may have an exit of its own
        assert (
            truth.drawn["sign-up"] == "taken" or mine["client_ip"].n_unique() <= truth.pools * BEHIND[egress]
        )


def test_rented_exits_are_used_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    made = behind("rented exits by turns", monkeypatch, ("judge",))
    (truth,) = made.truth.campaigns.values()
    mine = made.events.filter(pl.col("account_id").is_in(truth.accounts))
    exits = mine.group_by("account_id").agg(pl.len(), pl.col("client_ip").n_unique())
    busy = exits.filter(pl.col("len") > 40)["client_ip"].to_numpy()
    assert mine["client_ip"].n_unique() >= 2
    assert (busy == mine["client_ip"].n_unique()).mean() > 0.8


def test_honest_people_use_the_resellers_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = behind("a reseller's address", monkeypatch, ("sweep",))
    (truth,) = made.truth.campaigns.values()
    (address,) = made.events.filter(pl.col("account_id").is_in(truth.accounts))["client_ip"].unique()
    there = made.events.filter(pl.col("client_ip") == address)["account_id"].unique()
    assert sum(made.truth.accounts[account] == "honest/shared-exit" for account in there) >= 8
