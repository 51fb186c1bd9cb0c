"""The world: cohorts drawn, their traffic laid into one stream, and written out with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from stream.simulate.campaigns import CAMPAIGNS, USUAL, Drawn, coordinated
from stream.simulate.chance import Floats, Rng, generator
from stream.simulate.cohorts import Cohort, Market
from stream.simulate.conversations import converse
from stream.simulate.evasions import Plan
from stream.simulate.lookalikes import LOOKALIKE_TABLE, LOOKALIKES, resembling
from stream.simulate.populations import honest
from stream.simulate.records import COLUMNS, account_ids, records, rfc3339
from stream.simulate.truth import CampaignTruth, Truth
from stream.simulate.workloads import WorkloadTable

DAY_MS = 86_400_000
START_MS = 1_775_606_400_000  # 2026-04-08T00:00:00Z, a Wednesday


@dataclass(frozen=True)
class WorldSpec:
    """A world to simulate; the same spec gives the same bytes.

    `accounts` counts honest ones, look-alikes included (campaigns come on top); `mean_requests_per_day` is
    of an honest account over the whole world; `drop_fields` are left out of the records. A campaign is an
    archetype, with `+` and an evasion as often as wanted: `sweep+paraphrase+aged`.
    """

    seed: int = 1
    days: int = 28
    accounts: int = 2500
    campaigns: tuple[str, ...] = USUAL
    onset_day: float = 14.0
    start: int = START_MS
    mean_requests_per_day: float = 14.0
    lookalikes: tuple[str, ...] = LOOKALIKES
    drop_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that do not exist, and evasions that make no sense."""
        plans = [Plan.parse(name, CAMPAIGNS) for name in self.campaigns]
        _known("look-alike", self.lookalikes, tuple(LOOKALIKE_TABLE))
        if any("aggregator" in plan.evasions for plan in plans) and "aggregator" not in self.lookalikes:
            raise ValueError("hiding in an aggregator needs the look-alike aggregator")
        _known("field to drop", self.drop_fields, COLUMNS[3:])


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"unknown {what} {', '.join(unknown)}: choose from {', '.join(known)}")


@dataclass(frozen=True)
class World:
    """Events in order of time with the columns of the native record, and the truth about them."""

    spec: WorldSpec
    events: pl.DataFrame
    truth: Truth


@dataclass(frozen=True)
class WorldFiles:
    """Where a world was written."""

    events: Path
    truth: Path


def simulate(spec: WorldSpec = WorldSpec()) -> World:
    """Simulate a world."""
    market = Market.of(spec.seed, spec.days)
    similar = resembling(market, spec.lookalikes, spec.accounts)
    ordinary = honest(market, max(40, spec.accounts - sum(len(c.accounts) for c in similar)))
    _temper(spec, ordinary, similar)
    host = next((cohort.accounts for cohort in similar if cohort.name == "aggregator"), None)
    campaigns = coordinated(market, spec.campaigns, spec.accounts, spec.onset_day, host)
    guilty = [drawn.cohort for drawn in campaigns]
    beside = [c for cohort in similar + guilty for c in cohort.beside]
    incidents = _incidents(generator(spec.seed, "incidents"), spec.days)
    # the guilty come last: an account that was taken over is theirs from its first exchange for them
    cohorts = ordinary + similar + beside + guilty
    parts = {cohort.name: _traffic(spec, market, cohort, incidents) for cohort in cohorts}
    events = _stream(list(parts.values()))
    return World(spec, events.drop(spec.drop_fields), _truth(cohorts, campaigns, parts))


def write_world(world: World, out: Path, compress: bool = False) -> WorldFiles:
    """Write events (NDJSON, with zstd on request) and truth.json into a directory."""
    out.mkdir(parents=True, exist_ok=True)
    files = WorldFiles(out / ("events.ndjson.zst" if compress else "events.ndjson"), out / "truth.json")
    if compress:
        world.events.lazy().sink_ndjson(files.events, compression="zstd", maintain_order=True)
    else:
        world.events.write_ndjson(files.events)
    files.truth.write_bytes(world.truth.to_json() + b"\n")
    return files


def _temper(spec: WorldSpec, ordinary: list[Cohort], similar: list[Cohort]) -> None:
    """Scale ordinary rates so that an honest account makes the mean number of requests."""
    wanted = spec.mean_requests_per_day * spec.accounts * spec.days
    given = sum(_expected(c, spec.days) for cohort in similar for c in (cohort, *cohort.beside))
    factor = np.clip((wanted - given) / sum(_expected(c, spec.days) for c in ordinary), 0.25, 4.0)
    for cohort in ordinary:
        cohort.habits.rate *= factor


def _expected(cohort: Cohort, days: int) -> float:
    own = cohort.habits
    span = (np.minimum(own.closes, days) - np.maximum(own.opens, 0)).clip(0)
    return float((own.rate * span).sum())


def _incidents(rng: Rng, days: int) -> Floats:
    """Share of requests that fail in each hour: bad hours come about every three days."""
    share = np.zeros(24 * days)
    for first in rng.integers(0, 24 * days, max(1, days // 3)):
        share[first : first + int(rng.integers(1, 4))] = rng.uniform(0.03, 0.4)
    return share


def _traffic(spec: WorldSpec, market: Market, cohort: Cohort, incidents: Floats) -> pl.DataFrame:
    rng = generator(spec.seed, "traffic", cohort.name)
    table = WorkloadTable(cohort.workloads)
    weekday = (spec.start // DAY_MS + 3) % 7
    turns = converse(rng, cohort, table, spec.days, weekday, incidents)
    return records(rng, market, cohort, turns, table, spec.start)


def _stream(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """All traffic in order of time; ties by event id, so that the order tells nothing of who is who."""
    events = pl.concat(parts, rechunk=False).sort("time", "event_id")
    return events.with_columns(rfc3339(pl.col("time")).alias("time"))


def _truth(cohorts: list[Cohort], campaigns: list[Drawn], parts: dict[str, pl.DataFrame]) -> Truth:
    labels: dict[str, str] = {}
    for cohort in cohorts:
        present = set(parts[cohort.name]["account_id"].unique())
        named = zip(account_ids(cohort.accounts).to_list(), cohort.accounts.label, strict=True)
        labels |= {account: label for account, label in named if account in present}
    return Truth(dict(sorted(labels.items())), {d.brief.uid: _campaign(d, labels, parts) for d in campaigns})


def _campaign(drawn: Drawn, labels: dict[str, str], parts: dict[str, pl.DataFrame]) -> CampaignTruth:
    brief, cohort = drawn.brief, drawn.cohort
    began = pl.concat([parts[c.name].select(pl.col("time").min()) for c in drawn.working])
    first_pool = [c.accounts.opens[: c.first_pool or None] for c in drawn.working]
    signed_up = [c.accounts.created[: c.first_pool or None] for c in drawn.working]
    return CampaignTruth(
        archetype=drawn.plan.archetype, pools=cohort.pools,
        first_exchange=began.select(rfc3339(pl.col("time").min())).item(),
        accounts=sorted(a for a, label in labels.items() if label == f"campaign/{brief.uid}"),
        drawn=brief.means.words() | cohort.facts, evasions=list(drawn.plan.evasions), costs=drawn.costs,
        ramp_days=round(brief.means.ramp_days, 1), signup_days=_spread(signed_up),
        joining_days=_spread(first_pool),
    )  # fmt: skip


def _spread(days: list[Floats]) -> float:
    """Days that nine tenths fall into."""
    low, high = np.quantile(np.concatenate(days), [0.05, 0.95])
    return round(float(high - low), 2)
