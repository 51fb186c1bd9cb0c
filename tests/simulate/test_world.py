import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from stream.simulate import LOOKALIKES, USUAL, World, WorldSpec, leaks, simulate, write_world
from stream.simulate.cohorts import Market
from stream.simulate.lookalikes import LOOKALIKE_TABLE, resembling

SMALL = WorldSpec(seed=5, days=20, accounts=600, onset_day=10.0)
TINY = WorldSpec(seed=9, days=6, accounts=120, onset_day=3.0, campaigns=("sweep", "relay"))


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def labelled(world: World) -> pl.DataFrame:
    truth = world.truth.accounts
    labels = pl.DataFrame({"account_id": truth.keys(), "label": truth.values()})
    at = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ")
    return world.events.join(labels, on="account_id", how="left").with_columns(at.alias("at"))


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_world(simulate(TINY), tmp_path / "a")
    code = (
        "from pathlib import Path; from stream.simulate import *; "
        f"write_world(simulate({TINY!r}), Path({str(tmp_path / 'b')!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert first.events.read_bytes() == (tmp_path / "b" / "events.ndjson").read_bytes()
    assert first.truth.read_bytes() == (tmp_path / "b" / "truth.json").read_bytes()


def test_another_seed_gives_another_world() -> None:
    assert not simulate(TINY).events.equals(simulate(WorldSpec(**{**vars(TINY), "seed": 10})).events)


def test_campaigns_leave_the_honest_world_as_it_was() -> None:
    with_them, without = simulate(TINY), simulate(WorldSpec(**{**vars(TINY), "campaigns": ()}))
    honest = with_them.events.filter(pl.col("account_id").is_in(list(without.truth.accounts)))
    assert honest.equals(without.events)


def test_truth_covers_every_account(world: World, labelled: pl.DataFrame) -> None:
    assert set(world.truth.accounts) == set(world.events["account_id"])
    members = {a: uid for uid, c in world.truth.campaigns.items() for a in c.accounts}
    guilty = {a: label for a, label in world.truth.accounts.items() if label.startswith("campaign/")}
    assert {a: f"campaign/{uid}" for a, uid in members.items()} == guilty
    assert set(labelled["label"].str.split("/").list.first()) == {"honest", "campaign"}


def test_every_population_is_there(world: World) -> None:
    labels = set(world.truth.accounts.values())
    always = [name for name in LOOKALIKES if LOOKALIKE_TABLE[name].chance == 1]
    assert len(always) >= 10
    assert {f"honest/{name}" for name in always} <= labels
    assert {c.archetype for c in world.truth.campaigns.values()} == set(USUAL)


def test_other_look_alikes_come_in_a_good_part_of_the_worlds_or_when_they_are_named() -> None:
    sometimes = [name for name in LOOKALIKES if LOOKALIKE_TABLE[name].chance < 1]
    worlds = 40
    drawn = [resembling(Market.of(seed, 10), LOOKALIKES, 300) for seed in range(worlds)]
    seen = Counter(cohort.name for cohorts in drawn for cohort in cohorts)
    assert all(0.25 < seen[name] / worlds < 0.95 for name in sometimes)
    named = tuple(sometimes)
    assert [cohort.name for cohort in resembling(Market.of(1, 10), named, 300)] == sometimes


def test_campaigns_begin_after_the_onset(world: World) -> None:
    assert all(c.first_exchange and c.first_exchange >= "2026-04-18" for c in world.truth.campaigns.values())


def test_campaigns_are_at_most_a_quarter_of_the_accounts(world: World) -> None:
    guilty = sum(label.startswith("campaign/") for label in world.truth.accounts.values())
    assert 0.01 < guilty / (SMALL.accounts + guilty) <= 0.26


def test_events_are_ordered_and_identified(world: World) -> None:
    assert world.events["time"].is_sorted()
    assert world.events["event_id"].is_unique().all()


def test_identifiers_tell_nothing(labelled: pl.DataFrame) -> None:
    lengths = labelled.group_by("label").agg(pl.col("account_id").str.len_chars().unique().implode())
    assert lengths["account_id"].n_unique() == 1


MISSING = ["ja4", "email_class", "asn", "user_agent", "prompt_simhash", "duration_ms"]


@pytest.mark.parametrize("field", MISSING)
def test_fields_are_missing_as_often_in_campaigns(labelled: pl.DataFrame, field: str) -> None:
    guilty = pl.col("label").str.starts_with("campaign/")
    absent = pl.col(field).is_null().mean()
    accounts = labelled.group_by("account_id").agg(guilty.first().alias("guilty"), absent)
    shares = dict(accounts.group_by("guilty").agg(pl.col(field).mean()).iter_rows())
    assert abs(shares[True] - shares[False]) < 0.08


def test_no_figure_of_one_account_gives_a_campaign_away(world: World) -> None:
    found = leaks(world)
    assert len(found) >= 90
    assert found[0].separated <= 0.20, found[:3]


def test_fields_can_be_left_out(tmp_path: Path) -> None:
    world = simulate(WorldSpec(**{**vars(TINY), "drop_fields": ("ja4", "conversation_prev", "client_ip")}))
    record = json.loads(write_world(world, tmp_path).events.read_text().splitlines()[0])
    assert not {"ja4", "conversation_prev", "client_ip"} & set(record)
    assert leaks(world)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown campaign sweeep: choose from sweep"):
        WorldSpec(campaigns=("sweeep",))
    with pytest.raises(ValueError, match="unknown field to drop time"):
        WorldSpec(drop_fields=("time",))


def test_absent_is_null(world: World) -> None:
    failed = world.events.filter(pl.col("status") != 200)
    assert failed["output_tokens"].is_null().all()
    assert failed["conversation_next"].is_null().all()


def test_compressed_worlds_hold_the_same_events(tmp_path: Path) -> None:
    world = simulate(TINY)
    plain, packed = write_world(world, tmp_path / "a"), write_world(world, tmp_path / "b", compress=True)
    assert packed.events.suffix == ".zst"
    assert pl.read_ndjson(packed.events, infer_schema_length=None).equals(
        pl.read_ndjson(plain.events, infer_schema_length=None)
    )
