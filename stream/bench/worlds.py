"""Simulated worlds on disk: each is made once, and made again when its spec or the simulator changes."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl

import stream.simulate
from stream.simulate import CampaignTruth, Truth, WorldSpec, simulate, write_world


class StoredWorld(NamedTuple):
    """A world on disk."""

    events: Path
    truth: Truth

    def columns(self, *names: str) -> pl.DataFrame:
        """The records' columns `names`, with `time_ms` and `created_ms` (ms since the epoch) added."""
        wanted = ["time", "account_created_at", *names]
        schema = dict.fromkeys(wanted, pl.String)
        lines = pl.read_ndjson(self.events, schema=schema)
        return lines.select(*names, time_ms=_ms("time"), created_ms=_ms("account_created_at"))


def stored(spec: WorldSpec, cache: Path) -> StoredWorld:
    """The world of `spec` from the cache, simulated first where it is not there."""
    folder = cache / _digest(spec)
    if not (folder / "truth.json").exists():
        write_world(simulate(spec), folder)  # the truth is written last: it marks a whole world
    return StoredWorld(folder / "events.ndjson", read_truth(folder / "truth.json"))


def read_truth(path: Path) -> Truth:
    """A world's truth from its file."""
    content = orjson.loads(path.read_bytes())
    campaigns = {uid: CampaignTruth(**campaign) for uid, campaign in content["campaigns"].items()}
    return Truth(content["accounts"], campaigns)


def cache_folder() -> Path:
    """Where worlds are kept: `shoal/worlds` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoal" / "worlds"


def _digest(spec: WorldSpec) -> str:
    """Over the spec and the simulator's own source."""
    content = orjson.dumps(asdict(spec))
    for module in sorted(Path(stream.simulate.__path__[0]).glob("*.py")):
        content += module.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _ms(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", strict=False).cast(pl.Int64)
