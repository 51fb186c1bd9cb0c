"""Each evasion does what it is named for, and says what it costs."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from stream.simulate import CAMPAIGNS, EVASIONS, World, WorldSpec, simulate
from stream.simulate.evasions import Plan

SPEC = {"seed": 4, "days": 22, "accounts": 240, "onset_day": 10.0, "lookalikes": ("aggregator",)}
BUSY = {
    "sticky": "relay", "stolen-imitate": "judge", "retire": "sweep", "filler": "judge", "ramp": "judge",
    "split": "prefix",
}  # fmt: skip


@cache
def world(campaign: str) -> World:
    return simulate(WorldSpec(**SPEC, campaigns=(campaign,)))  # type: ignore[arg-type]


def work(campaign: str) -> pl.DataFrame:
    """What the campaign's accounts send from its first exchange on."""
    made = world(campaign)
    (truth,) = made.truth.campaigns.values()
    mine = made.events.filter(pl.col("account_id").is_in(truth.accounts))
    return mine.filter(pl.col("time") >= (truth.first_exchange or ""))


def near_pairs(events: pl.DataFrame) -> float:
    bits = np.array([int(h, 16) for h in events["prompt_simhash"].drop_nulls().to_list()[:700]], np.uint64)
    apart = np.bitwise_count(bits[:, None] ^ bits[None, :])[np.triu_indices(len(bits), 1)]
    return float((apart <= 14).mean())


def per_account(events: pl.DataFrame, field: str) -> pl.Series:
    """The value that each account has most often."""
    return events.group_by("account_id").agg(pl.col(field).drop_nulls().mode().first())[field].drop_nulls()


def sharing(events: pl.DataFrame, field: str) -> float:
    """Accounts that share their usual value with the most others, as a share of all."""
    usual = per_account(events, field)
    return int(usual.value_counts()["count"].to_numpy().max()) / max(1, len(usual))


def age_days(events: pl.DataFrame) -> float:
    form = "%Y-%m-%dT%H:%M:%S%.3fZ"
    first = events.group_by("account_id").agg(
        (pl.col("time").str.to_datetime(form) - pl.col("account_created_at").str.to_datetime(form))
        .min()
        .alias("age")
    )
    return float(first["age"].drop_nulls().dt.total_seconds().to_numpy().min()) / 86_400


@pytest.mark.parametrize("name", EVASIONS)
def test_each_can_be_put_on_a_campaign_and_has_a_price(name: str) -> None:
    archetype = BUSY.get(name, "sweep")
    (truth,) = world(f"{archetype}+{name}").truth.campaigns.values()
    assert (truth.archetype, truth.evasions, list(truth.costs)) == (archetype, [name], [name])
    assert len(truth.costs[name]) > 10
    assert len(truth.accounts) >= 8


def test_paraphrased_prompts_are_no_near_duplicates() -> None:
    assert near_pairs(work("sweep")) > 0.005 > 5 * near_pairs(work("sweep+paraphrase"))


def test_a_paraphrasing_relay_sends_no_body_twice() -> None:
    def again(campaign: str) -> int:
        bodies = work(campaign).group_by("prompt_hash").agg(pl.col("account_id").n_unique().alias("accounts"))
        return bodies.filter(pl.col("accounts") > 1).height

    assert again("relay") > 20 > again("relay+paraphrase")


def test_sharded_templates_stay_with_one_account() -> None:
    def far_apart(campaign: str) -> float:
        return near_pairs(work(campaign).unique("account_id", keep="first", maintain_order=True))

    assert far_apart("judge") > far_apart("judge+shards")
    one = work("judge+shards").filter(pl.col("account_id") == pl.col("account_id").mode().first())
    assert near_pairs(one) > 0.2


def test_sticky_sessions_are_never_continued_elsewhere() -> None:
    events = work("relay+sticky")
    made = events.select("conversation_next", maker="account_id").drop_nulls()
    kept = events.join(made, left_on="conversation_prev", right_on="conversation_next")
    assert len(kept) > 100
    assert (kept["maker"] == kept["account_id"]).all()


def test_disjoint_accounts_share_no_card_address_or_device() -> None:
    events = work("sweep+disjoint")
    assert per_account(events, "payment_hash").is_unique().all()
    assert per_account(events, "client_ip").is_unique().all()
    assert sharing(events, "user_agent") < 0.5 < sharing(work("sweep"), "ja4")


def test_aged_accounts_have_months_and_a_light_past() -> None:
    made = world("sweep+aged")
    (truth,) = made.truth.campaigns.values()
    before = made.events.filter(
        pl.col("account_id").is_in(truth.accounts) & (pl.col("time") < (truth.first_exchange or ""))
    )
    assert age_days(work("sweep+aged")) > 30
    assert before["account_id"].n_unique() > len(truth.accounts) / 2
    assert len(before) < 10 * len(truth.accounts) * 3


def test_corporate_accounts_look_like_firms() -> None:
    events = work("sweep+corporate")
    assert (events["email_class"].drop_nulls() == "corporate").all()
    assert (events["org_id"].is_not_null() & events["payment_hash"].is_not_null()).all()


def test_the_aggregator_hides_its_customers() -> None:
    made = world("sweep+aggregator")
    host = [a for a, label in made.truth.accounts.items() if label == "honest/aggregator"]
    theirs = set(made.events.filter(pl.col("account_id").is_in(host))["payment_hash"])
    assert len(set(work("sweep+aggregator")["payment_hash"])) == 1
    assert set(work("sweep+aggregator")["payment_hash"]) <= theirs
    with pytest.raises(ValueError, match="needs the look-alike aggregator"):
        WorldSpec(campaigns=("sweep+aggregator",), lookalikes=())


def test_an_imitating_thief_uses_his_victims_clients() -> None:
    assert (
        sharing(work("judge+stolen"), "params_hash")
        > 0.5
        > sharing(work("judge+stolen-imitate"), "params_hash")
    )
    owned = [v for v in world("judge+stolen").truth.accounts.values() if v == "honest/owner"]
    assert len(owned) < 10  # nearly all are the thief's from his first exchange on


def test_retired_accounts_are_replaced() -> None:
    lives = work("sweep+retire").group_by("account_id").agg(
        pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ").alias("at")
    ).select(first=pl.col("at").list.min(), last=pl.col("at").list.max())  # fmt: skip
    days = (lives["last"] - lives["first"]).dt.total_seconds().to_numpy() / 86_400
    assert days.max() < 3
    assert lives["first"].dt.date().n_unique() >= 4


def test_a_slow_ramp_grows_to_the_end() -> None:
    daily = work("judge+ramp").group_by(pl.col("time").str.slice(0, 10).alias("day")).len().sort("day")["len"]
    counts = daily.to_numpy()
    assert counts[:3].sum() < counts[-4:-1].sum() / 4
    (truth,) = world("judge+ramp").truth.campaigns.values()
    assert truth.ramp_days > 5 < truth.joining_days + 2


def test_filler_is_half_or_more() -> None:
    assert near_pairs(work("judge+filler")) < near_pairs(work("judge")) / 2


def test_budgets_are_heavy_tailed() -> None:
    def spread(campaign: str) -> float:
        return float(np.log(work(campaign).group_by("account_id").len()["len"].to_numpy()).std())

    assert spread("judge+budgets") > 0.8


def test_jitter_follows_a_day() -> None:
    hours = work("sweep+jitter").select(pl.col("time").str.slice(11, 2).cast(pl.Int64))["time"]
    counts = np.bincount(hours.to_numpy(), minlength=24)
    assert counts.max() > 2 * counts.min()


def test_split_pools_are_small_and_share_nothing() -> None:
    (truth,) = world("prefix+split").truth.campaigns.values()
    assert truth.pools >= 4
    heads = work("prefix+split").drop_nulls("prompt_prefix_hash").group_by("prompt_prefix_hash")
    users = heads.agg(pl.col("account_id").n_unique())["account_id"].to_numpy()
    assert int(users.max()) <= 2 * 8 * int(truth.drawn["accounts per card"])  # a pool and its replacement


def test_novelty_comes_one_step_at_a_time() -> None:
    made = world("sweep+novelty")
    (truth,) = made.truth.campaigns.values()
    mine = made.events.filter(pl.col("account_id").is_in(truth.accounts)).sort("time")
    step = float(truth.drawn["days of a step"])
    start = made.events.select(pl.lit(truth.first_exchange).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ")).item()
    at = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ")
    usual = {}
    for name, since, until in (("old", -4.0, -3.2), ("client", -2.6, -2.1), ("params", -1.6, -1.1)):
        day = pl.duration(seconds=int(86_400 * step))
        usual[name] = mine.filter((at > start + since * day) & (at < start + until * day))
    assert sharing(usual["client"], "ja4") > sharing(usual["old"], "ja4")
    assert sharing(usual["params"], "params_hash") > sharing(usual["client"], "params_hash")


def test_plans_that_make_no_sense_are_refused() -> None:
    for text, message in {
        "sweep+haste": "unknown evasion haste: choose from split",
        "sweep+sticky": "sticky cannot be put on sweep: it has no dispatcher",
        "judge+stolen+aged": "stolen and aged cannot be joined",
        "judge+aged+aged": "aged and aged cannot be joined",
    }.items():
        with pytest.raises(ValueError, match=message.replace("+", r"\+")):
            Plan.parse(text, CAMPAIGNS)


def test_evasions_leave_the_rest_of_the_world_as_it_was() -> None:
    plain, evading = world("sweep"), world("sweep+aged+paraphrase+jitter")
    honest = [a for a, label in plain.truth.accounts.items() if label.startswith("honest/")]
    kept = pl.col("account_id").is_in(honest)
    assert plain.events.filter(kept).equals(evading.events.filter(kept))


def test_redemption_shows_answers_of_other_accounts_under_other_bodies() -> None:
    events = work("redemption")
    made = events.filter(pl.col("status") == 200).select(
        "conversation_next", maker="account_id", model_asked="model", head="prompt_prefix_hash", asked="time"
    )  # fmt: skip
    shown = events.join(
        made.drop_nulls("conversation_next"), left_on="conversation_prev", right_on="conversation_next"
    )
    shown = shown.filter(pl.col("maker") != pl.col("account_id"))
    assert len(shown) > 50
    assert (shown["time"] > shown["asked"]).all()
    assert shown.filter(
        pl.col("head").eq_missing(pl.col("prompt_prefix_hash")) & pl.col("head").is_not_null()
    ).is_empty()
