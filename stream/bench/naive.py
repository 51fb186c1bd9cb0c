"""Rules that everyone tries first: many young accounts on one shared value. The yardstick beside ours."""

from typing import Final

import polars as pl

from stream.bench.compare import PAYER, Named, populations, total
from stream.simulate import Truth

YOUNG_DAYS: Final = 14
"""Age up to which an account counts as young, at the time of the exchange."""

LEAST_PAYERS: Final = 12
"""Young payers on one value that make the rule fire."""

RULES: Final[dict[str, pl.Expr]] = {
    "young payers per prompt prefix": pl.col("prompt_prefix_hash"),
    "young payers per network": pl.col("client_ip").str.replace(r"\.\d+$", ""),
    "young payers per parameters": pl.col("params_hash"),
}


def naive(events: pl.DataFrame, truth: Truth) -> dict[str, tuple[Named, Named]]:
    """For each rule the campaign accounts and the honest ones that it names.

    `events` are records in the native format with `time_ms` and `created_ms` added.
    """
    age_ms = pl.col("time_ms") - pl.col("created_ms")
    young = events.filter(age_ms < YOUNG_DAYS * 86_400_000)
    return {name: _scored(_named(young, value), truth) for name, value in RULES.items()}


def _named(young: pl.DataFrame, value: pl.Expr) -> set[str]:
    seen = young.select("account_id", PAYER, value.alias("value")).drop_nulls().unique()
    crowded = seen.group_by("value").agg(pl.col("payer").n_unique().alias("payers"))
    hot = seen.join(crowded.filter(pl.col("payers") >= LEAST_PAYERS), on="value", how="semi")
    return set(hot["account_id"].to_list())


def _scored(named: set[str], truth: Truth) -> tuple[Named, Named]:
    guilty = [account for account, label in truth.accounts.items() if label.startswith("campaign/")]
    hits = sum(account in named for account in guilty)
    return Named(len(guilty), hits), total(populations(named, truth).values())
