"""Each campaign and look-alike has the property that it is named for."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from stream.simulate import CAMPAIGNS, LOOKALIKES, MORE_LOOKALIKES, World, WorldSpec, simulate

SPEC = WorldSpec(seed=31, days=20, accounts=750, onset_day=9.0)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SPEC)


@pytest.fixture(scope="module")
def events(world: World) -> pl.DataFrame:
    truth = world.truth.accounts
    labels = pl.DataFrame({"account_id": truth.keys(), "label": truth.values()})
    at = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ")
    past = pl.col("conversation_prev").is_not_null()
    made = (
        world.events.select("conversation_next", maker="account_id").drop_nulls().unique("conversation_next")
    )
    return (
        world.events.join(labels, on="account_id", how="left")
        .join(made, left_on="conversation_prev", right_on="conversation_next", how="left")
        .with_columns(
            at.alias("at"),
            (past & pl.col("maker").is_null()).alias("orphan"),
            (past & (pl.col("maker") != pl.col("account_id"))).fill_null(False).alias("handed"),
            pl.col("client_ip").str.replace(r"[.:]\w+$", "").alias("net"),
        )
    )  # fmt: skip


def of(events: pl.DataFrame, label: str) -> pl.DataFrame:
    return events.filter(pl.col("label").str.starts_with(label))


def mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def middle(values: pl.Series) -> float:
    return float(np.median(values.drop_nulls().to_numpy()))


def most_accounts(group: pl.DataFrame, field: str) -> int:
    """How many accounts the most shared value of a field has."""
    held = group.filter(pl.col(field).is_not_null()).group_by(field).agg(pl.col("account_id").n_unique())
    return int(held["account_id"].to_numpy().max())


def day(number: str | int | float) -> pl.Expr:
    return pl.lit(SPEC.start + int(float(number) * 86_400_000)).cast(pl.Datetime("ms"))


def distances(simhashes: list[str]) -> npt.NDArray[np.uint8]:
    bits = np.array([int(h, 16) for h in simhashes], np.uint64)
    apart: npt.NDArray[np.uint8] = np.bitwise_count(bits[:, None] ^ bits[None, :])
    return apart[np.triu_indices(len(bits), 1)]


def test_prompts_of_one_template_are_near_and_others_far(events: pl.DataFrame) -> None:
    sample = of(events, "campaign/judge")["prompt_simhash"].drop_nulls().sample(800, seed=1).to_list()
    far = distances(sample)
    near = far[far <= 17]
    assert 0.01 < len(near) / len(far) < 0.6
    assert 5 < near.mean() < 13
    unrelated = events["prompt_simhash"].drop_nulls().sample(600, seed=1).to_list()
    assert 30 < np.median(distances(unrelated)) < 34


def first(world: World, archetype: str) -> str:
    return min(c.first_exchange or "" for c in world.truth.campaigns.values() if c.archetype == archetype)


def test_sweep_shares_templates_and_has_no_conversation(world: World, events: pl.DataFrame) -> None:
    sweep = of(events, "campaign/sweep")
    assert sweep["account_id"].n_unique() >= 12
    near = distances(sweep["prompt_simhash"].drop_nulls().sample(800, seed=1).to_list()) <= 17
    assert near.mean() > 0.002
    assert mean(sweep.filter(pl.col("time") >= first(world, "sweep"))["conversation_prev"].is_null()) > 0.6


def test_prefix_replaces_its_pool_within_two_hours(world: World, events: pl.DataFrame) -> None:
    uid = next(uid for uid, c in world.truth.campaigns.items() if c.archetype == "prefix")
    mine, drawn = of(events, f"campaign/{uid}"), world.truth.campaigns[uid].drawn
    head = mine["prompt_prefix_hash"].drop_nulls().mode()[0]
    ban = day(drawn["ban day"])
    first = mine.filter(pl.col("prompt_prefix_hash") == head).group_by("account_id").agg(pl.col("at").min())
    second = first.filter(pl.col("at") > ban)
    assert second.select(pl.col("at").min() - ban).item().total_seconds() < 7200
    banned = mine.filter((pl.col("at") > ban + pl.duration(hours=1)) & (pl.col("status") == 200))
    assert not set(banned["account_id"]) & set(first.filter(pl.col("at") < ban)["account_id"])


def test_relay_hops_between_accounts_and_fails_over(events: pl.DataFrame) -> None:
    relay = of(events, "campaign/relay")
    assert mean(relay["handed"]) > 0.01
    refused = relay.filter(pl.col("status").is_in([403, 429])).select("prompt_hash", "at", "account_id")
    served = relay.filter(pl.col("status") == 200).join(refused, on="prompt_hash", suffix="_refused")
    other = served.filter(pl.col("account_id") != pl.col("account_id_refused"))
    assert len(other) > 10
    assert mean((other["at"] - other["at_refused"]).dt.total_seconds().is_between(0, 60)) > 0.9


def test_replay_begins_deep_in_a_popular_harness(events: pl.DataFrame) -> None:
    replay = of(events, "campaign/replay").filter(pl.col("tools_hash").is_not_null())
    deep = replay.filter("orphan")
    assert len(deep) / len(replay) > 0.3
    assert middle(deep["message_count"]) > 8
    honest = set(of(events, "honest/")["tools_hash"])
    assert mean(replay["tools_hash"].is_in(list(honest))) > 0.95


def test_judge_reads_much_and_says_little(events: pl.DataFrame) -> None:
    judge = of(events, "campaign/judge")
    assert middle(judge["input_tokens"]) > 8 * middle(judge["output_tokens"])


def test_search_is_refused_and_then_scaled_up(world: World, events: pl.DataFrame) -> None:
    uid = next(uid for uid, c in world.truth.campaigns.items() if c.archetype == "search")
    scaled = world.truth.campaigns[uid].drawn["scaled up on day"]
    turn = day(scaled)
    mine = of(events, f"campaign/{uid}").filter(pl.col("time") >= world.truth.campaigns[uid].first_exchange)
    before, after = mine.filter(pl.col("at") < turn), mine.filter(pl.col("at") >= turn)
    refused = pl.col("safety_code").is_not_null().mean()
    assert before.select(refused).item() > 0.1 > after.select(refused).item()


def test_reseller_has_several_accounts_per_card(world: World, events: pl.DataFrame) -> None:
    pool = of(events, "campaign/reseller").group_by("payment_hash").agg(pl.col("account_id").n_unique())
    assert middle(pool.drop_nulls()["account_id"]) >= 3


def test_share_of_a_classroom_on_campus(events: pl.DataFrame) -> None:
    course = of(events, "honest/classroom")
    assert course["net"].unique_counts().to_numpy().max() / len(course) > 0.4
    assert mean(course["email_class"].fill_null("") == "education") > 0.6


@pytest.mark.parametrize(
    ("name", "field"),
    [("enterprise-wave", "org_id"), ("aggregator", "payment_hash"), ("agency", "payment_hash"),
     ("hackathon", "prompt_prefix_hash"), ("harness-launch", "tools_hash"),
     ("migration", "params_hash"), ("ci-fleet", "prompt_prefix_hash"), ("benchmark", "prompt_prefix_hash"),
     ("classroom", "prompt_prefix_hash"), ("vpn", "asn")],
)  # fmt: skip
def test_accounts_of_a_look_alike_share_what_joins_them(events: pl.DataFrame, name: str, field: str) -> None:
    group = of(events, f"honest/{name}")
    assert most_accounts(group, field) >= 0.4 * group["account_id"].n_unique()


@pytest.mark.parametrize("name", LOOKALIKES)
def test_look_alikes_can_be_switched_off(name: str) -> None:
    spec = WorldSpec(seed=2, days=3, accounts=60, campaigns=(), lookalikes=tuple(set(LOOKALIKES) - {name}))
    assert f"honest/{name}" not in simulate(spec).truth.accounts.values()


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaigns_come_alone_or_twice(name: str) -> None:
    spec = WorldSpec(seed=2, days=8, accounts=60, onset_day=3, lookalikes=(), campaigns=(name, name))
    assert set(simulate(spec).truth.campaigns) == {f"{name}-1", f"{name}-2"}


def test_onsets_of_look_alikes_fall_on_both_sides_of_the_onset() -> None:
    sides = []
    for seed in range(6):
        spec = replace(SPEC, seed=seed, days=12, accounts=50, lookalikes=("classroom",), campaigns=())
        world = simulate(spec)
        group = [a for a, label in world.truth.accounts.items() if label == "honest/classroom"]
        first = world.events.filter(pl.col("account_id").is_in(group))["time"].min()
        sides.append(str(first) < "2026-04-13")
    assert 0 < sum(sides) < 6


def test_a_mass_migration_changes_client_gateway_and_model_in_a_week() -> None:
    spec = replace(SPEC, accounts=300, campaigns=(), lookalikes=MORE_LOOKALIKES)
    world = simulate(spec)
    group = {a for a, label in world.truth.accounts.items() if label == "honest/mass-migration"}
    mine = world.events.filter(pl.col("account_id").is_in(list(group)))
    gateway = mine["user_agent"].str.starts_with("estuary-gateway").fill_null(False)
    before, after = mine.filter(~gateway), mine.filter(gateway)
    both = set(before["account_id"]) & set(after["account_id"])
    assert len(both) > 0.7 * len(group)
    assert after["asn"].drop_nulls().n_unique() == 1 < before["asn"].drop_nulls().n_unique()
    assert after["model"].unique_counts().to_numpy().max() > 0.6 * len(after)
    first = after.group_by("account_id").agg(pl.col("time").min())["time"].str.slice(0, 10).str.to_date()
    assert float(first.to_frame().select(pl.all().quantile(0.9) - pl.all().quantile(0.1)).item().days) <= 7
