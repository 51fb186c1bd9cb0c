"""Worlds of one kind of honest group, with what tests ask of their events."""

from functools import cache

import polars as pl

from stream.simulate import World, WorldSpec, simulate

DAYS = 20


def world(name: str, seed: int = 1, accounts: int = 1200) -> World:
    """A world whose only look-alike is `name`, and in which others do little."""
    return simulate(
        WorldSpec(
            seed=seed, days=DAYS, accounts=accounts, campaigns=(), lookalikes=(name,),
            mean_requests_per_day=1.0,
        )
    )  # fmt: skip


@cache
def group(name: str, seed: int = 1, accounts: int = 1200) -> pl.DataFrame:
    """The events of its accounts, with day (of the world), net, maker (of the turn before) and orphan."""
    made = world(name, seed, accounts)
    mine = [a for a, label in made.truth.accounts.items() if label == f"honest/{name}"]
    answers = made.events.select("conversation_next", maker="account_id").drop_nulls()
    events = made.events.filter(pl.col("account_id").is_in(mine)).join(
        answers.unique("conversation_next"), left_on="conversation_prev", right_on="conversation_next",
        how="left", maintain_order="left",
    )  # fmt: skip
    orphan = pl.col("conversation_prev").is_not_null() & pl.col("maker").is_null()
    return events.with_columns(
        _day("time", made.spec.start).alias("day"),
        _day("account_created_at", made.spec.start).alias("born"),
        pl.col("client_ip").str.replace(r"[.:]\w+$", "").alias("net"), orphan.alias("orphan"),
    )  # fmt: skip


def _day(field: str, start_ms: int) -> pl.Expr:
    at = pl.col(field).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms").dt.epoch("ms")
    return (at - start_ms) / 86_400_000
