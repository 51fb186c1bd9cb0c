"""What the maker knows and the detector does not: populations, campaigns, and which exchanges were theirs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.strangers.exchanges import Columns
from tests.strangers.shapes import at_day
from tests.strangers.world import World

HARVEST = "campaign.parquet"
"""Account, campaign and time of each answer that a campaign got (its cover included)."""


def tell(world: World, columns: Columns, ids: list[str], folder: Path, seed: int) -> None:
    """Writes `truth.json` and `campaign.parquet`."""
    seen = np.bincount(columns["account"], minlength=len(ids))
    accounts = {
        ids[number]: {
            "population": account.population,
            "campaign": _name(account.campaign),
            "exchanges": int(seen[number]),
        }
        for number, account in enumerate(world.accounts)
    }
    campaigns = {_name(number): _campaign(world, columns, number) for number in range(len(world.operations))}
    told = {"seed": seed, "exchanges": len(columns["time_ms"]), "accounts": accounts, "campaigns": campaigns}
    (folder / "truth.json").write_text(json.dumps(told, indent=1))
    _harvest(columns, ids).write_parquet(folder / HARVEST)


def _name(campaign: int) -> str | None:
    return f"c{campaign + 1}" if campaign >= 0 else None


def _campaign(world: World, columns: Columns, number: int) -> dict[str, Any]:
    operation = world.operations[number]
    times = columns["time_ms"][columns["campaign"] == number]
    return {
        "archetype": operation.archetype,
        "evasions": list(operation.evasions),
        "onset_ms": at_day(operation.onset_day),
        "first_event_ms": int(times[0]) if len(times) else None,
        "accounts": len(operation.accounts),
        "exchanges": len(times),
        "draws": operation.draws,
    }


def _harvest(columns: Columns, ids: list[str]) -> pl.DataFrame:
    """Rows by time: account_id, campaign, time_ms."""
    rows = np.flatnonzero((columns["campaign"] >= 0) & (columns["status"] == 200))
    return pl.DataFrame(
        {
            "account_id": pl.Series(ids).gather(columns["account"][rows].astype(np.int64)),
            "campaign": pl.Series(columns["campaign"][rows]).cast(pl.Int64),
            "time_ms": pl.Series(columns["time_ms"][rows]),
        }
    ).select("account_id", pl.format("c{}", pl.col("campaign") + 1).alias("campaign"), "time_ms")
