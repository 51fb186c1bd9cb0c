"""Players hold long conversations under shared cards, rewrite them, and carry them between accounts."""

import numpy as np
import polars as pl

from tests.simulate.worlds import group


def test_conversations_are_long_and_their_past_was_often_never_sent() -> None:
    played = group("role-play")
    assert float(np.median(played["message_count"].drop_nulls().to_numpy())) > 15
    assert played["orphan"].to_numpy().mean() > 0.04
    shares = played.group_by("account_id").agg(pl.len(), pl.col("orphan").mean()).filter(pl.col("len") > 100)
    assert (shares["orphan"] > 0).all()


def test_unrelated_players_share_the_card_of_a_character() -> None:
    cards = (
        group("role-play").group_by("prompt_prefix_hash").agg(pl.col("account_id", "payment_hash").n_unique())
    )
    assert cards["account_id"].to_numpy().max() >= 15
    assert cards["payment_hash"].to_numpy().max() >= 10
    assert (cards["account_id"] == 1).sum() >= 10  # most cards are of one's own making


def test_some_conversations_go_on_under_the_players_second_account() -> None:
    moved = group("role-play").filter(pl.col("maker") != pl.col("account_id"))
    pairs = {tuple(sorted(pair)) for pair in moved.select("maker", "account_id").iter_rows()}
    players = [account for pair in pairs for account in pair]
    assert len(pairs) >= 2
    assert len(players) == len(set(players))  # nobody has a third one
    assert (moved["plan"] == "free").all()


def test_a_card_comes_out_and_is_taken_up_within_days() -> None:
    first = group("role-play").group_by("prompt_prefix_hash", "account_id").agg(pl.col("day").min())
    spread = first.group_by("prompt_prefix_hash").agg(
        pl.len(), pl.col("day").min().alias("out"), pl.col("day").median().alias("middle")
    )  # fmt: skip
    newest = spread.filter((pl.col("len") >= 5) & (pl.col("out") > 1)).sort("len")
    assert len(newest) >= 1
    assert (newest["middle"] - newest["out"]).to_numpy()[-1] < 6
