"""News, courses and roll-outs bring unrelated accounts in a bunch, and part of them are busy at once."""

import numpy as np
import polars as pl
import pytest

from tests.simulate.worlds import group

BUNCHED = ("news", "online-course", "rollout")


def people(name: str, seed: int = 1) -> pl.DataFrame:
    """One row an account: sign-up, first day, and requests of its first three days."""
    young = pl.col("day") < pl.col("day").min() + 3
    return group(name, seed, 2500).group_by("account_id").agg(
        pl.col("born").first(), pl.col("day").min().alias("first"), young.sum().alias("soon"),
        pl.col("payment_hash", "org_id", "email_class").first(),
    ).drop_nulls("born")  # fmt: skip


@pytest.mark.parametrize("name", BUNCHED)
def test_part_of_them_make_hundreds_of_requests_in_their_first_days(name: str) -> None:
    soon = people(name)["soon"].to_numpy()
    assert 0.02 < (soon >= 150).mean() < 0.5
    assert np.median(soon) < 100


def test_the_news_bring_a_hundred_a_day_and_more_for_a_day_or_two() -> None:
    days = [np.floor(people("news", seed)["born"].to_numpy()) for seed in (1, 2, 3)]
    assert max(np.unique(day, return_counts=True)[1].max() for day in days) >= 70
    for day in days:
        first, last = np.quantile(day, [0.1, 0.9])
        assert last - first <= 4


def test_who_read_of_it_pays_alone_and_tries_the_quick_start() -> None:
    held = group("news", 1, 2500).filter(pl.col("prompt_prefix_hash").is_not_null())
    shared = held.group_by("prompt_prefix_hash").agg(pl.col("account_id").n_unique())["account_id"].max()
    assert shared is not None
    assert int(str(shared)) > 0.3 * held["account_id"].n_unique()
    assert people("news")["payment_hash"].drop_nulls().is_unique().all()


def test_most_who_read_of_it_leave_within_days() -> None:
    stayed = group("news", 1, 2500).group_by("account_id").agg(pl.col("day").max() - pl.col("day").min())
    assert np.median(stayed["day"].to_numpy()) < 2.5
    assert (stayed["day"].to_numpy() > 5).any()


def test_learners_sign_up_on_the_first_day_of_their_course_and_send_its_notebooks() -> None:
    learners = people("online-course")
    new = learners.filter(pl.col("born") > pl.col("first").min() - 1)["born"].to_numpy()
    begins = np.quantile(new, 0.05)
    assert ((new >= begins - 0.2) & (new <= begins + 1)).mean() > 0.4
    sent = group("online-course", 1, 2500).group_by("prompt_hash").agg(pl.col("account_id").n_unique())
    assert sent["account_id"].to_numpy().max() > 0.4 * len(learners)


def test_learners_are_anywhere() -> None:
    countries = group("online-course", 1, 2500).drop_nulls("country").group_by("account_id").agg(
        pl.col("country").unique()
    ).explode("country")["country"].value_counts()["count"].to_numpy()  # fmt: skip
    assert len(countries) >= 6


def test_staff_is_invited_in_waves() -> None:
    born = np.sort(people("rollout")["born"].to_numpy())
    gaps = np.diff(born)
    waves = np.split(born, np.flatnonzero(gaps > 0.6) + 1)
    large = [wave for wave in waves if len(wave) >= 8]
    assert 2 <= len(large) <= 4
    assert all(np.quantile(wave, 0.9) - wave[0] < 1 for wave in large)


def test_companies_of_a_group_pay_apart_and_share_the_assistant() -> None:
    staff = people("rollout")
    assert staff["payment_hash"].n_unique() == staff["org_id"].n_unique() >= 4
    heads = group("rollout", 1, 2500).drop_nulls("prompt_prefix_hash")
    users = heads.group_by("prompt_prefix_hash").agg(pl.col("payment_hash").n_unique())["payment_hash"]
    assert users.to_numpy().max() >= 0.7 * staff["payment_hash"].n_unique()
