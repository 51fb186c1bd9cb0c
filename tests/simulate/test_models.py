"""Which models are asked: a shared task comes set to one, and not every campaign keeps to one."""

import numpy as np
import polars as pl
import pytest

from stream.simulate.chance import generator
from stream.simulate.cohorts import Market
from stream.simulate.supply import Means, supplied
from tests.simulate.worlds import group

SEEDS = (1, 2, 3)


def most_asked(name: str, seed: int) -> float:
    """Share of a group's accounts, on the head that most of them use, that ask the most popular model."""
    held = group(name, seed).filter(pl.col("prompt_prefix_hash").is_not_null())
    heads = held.group_by("prompt_prefix_hash").agg(pl.col("account_id").n_unique())
    head = heads.sort("account_id", "prompt_prefix_hash")["prompt_prefix_hash"][-1]
    asked = held.filter(pl.col("prompt_prefix_hash") == head).group_by("account_id").agg(
        pl.col("model").mode().sort().first()
    )  # fmt: skip
    return float(np.unique(asked["model"].to_numpy(), return_counts=True)[1].max() / len(asked))


@pytest.mark.parametrize("name", ["classroom", "online-course", "rollout", "hackathon"])
def test_most_of_those_at_one_task_ask_the_model_that_it_comes_set_to(name: str) -> None:
    shares = [most_asked(name, seed) for seed in SEEDS]
    assert np.mean(shares) > 0.5
    assert min(shares) < 1


def test_about_a_quarter_of_campaigns_asks_several_models() -> None:
    market, several = Market.of(1, 28), []
    for seed in range(200):
        rng = generator(seed, "supply")
        accounts = supplied(rng, market, Means.drawn(rng, market, 14.0), 20, f"campaign/{seed}")
        several.append(len(np.unique(accounts.model)) > 1)
    assert 0.15 < np.mean(several) < 0.45
