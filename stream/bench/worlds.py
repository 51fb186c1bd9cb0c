"""Simulated worlds on disk: each is made once, and made again when its spec or the simulator changes."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import orjson
import polars as pl

import stream.simulate
from stream.simulate import CampaignTruth, Truth, WorldSpec, simulate, write_world

KEPT_BYTES: Final = 20 << 30
"""Worlds beyond this much leave the cache, those unused for longest first: each is .3 to 3 GB, every change
of the simulator makes all of them anew, and a disk that is full stops more than the bench."""


class StoredWorld(NamedTuple):
    """A world on disk."""

    events: Path
    truth: Truth

    def columns(self, *names: str) -> pl.DataFrame:
        """The records' columns `names`, with `time_ms` and `created_ms` (ms since the epoch) added.

        A field that no record has is a column of nulls.
        """
        wanted = ["time", "account_created_at", *names]
        schema = dict.fromkeys(wanted, pl.String)
        lines = pl.read_ndjson(self.events, schema=schema)
        return lines.select(*names, time_ms=_ms("time"), created_ms=_ms("account_created_at"))


def stored(spec: WorldSpec, cache: Path, kept_bytes: int = KEPT_BYTES) -> StoredWorld:
    """The world of `spec` from the cache, simulated first where it is not there.

    Processes that want the same world wait for the one that makes it. A new world takes the place of old
    ones that together are more than `kept_bytes`.
    """
    folder = _folder(spec, cache)
    with _alone(folder):
        if not is_stored(spec, cache):
            write_world(simulate(spec), folder)  # the truth is written last: it marks a whole world
            _make_room(cache, kept_bytes)
    return StoredWorld(folder / "events.ndjson", read_truth(folder / "truth.json"))


def _make_room(cache: Path, kept_bytes: int) -> None:
    """Takes out what is unused for longest; the lock's time is that of the last use."""
    newest = sorted(cache.glob("*/lock"), key=lambda lock: lock.stat().st_mtime_ns, reverse=True)
    total = 0
    for folder in (lock.parent for lock in newest):
        total += sum(file.stat().st_size for file in folder.iterdir())
        if total > kept_bytes and folder != newest[0].parent:
            shutil.rmtree(folder, ignore_errors=True)


def is_stored(spec: WorldSpec, cache: Path) -> bool:
    """Whether the cache has the world."""
    return (_folder(spec, cache) / "truth.json").exists()


def discard(spec: WorldSpec, cache: Path) -> None:
    """Takes a world out of the cache."""
    shutil.rmtree(_folder(spec, cache), ignore_errors=True)


@contextmanager
def without(world: StoredWorld, fields: Collection[str]) -> Iterator[StoredWorld]:
    """The same world with `fields` missing from every record, for as long as the block lasts."""
    if not fields:
        yield world
        return
    with TemporaryDirectory(dir=world.events.parent) as folder:
        thinned = Path(folder) / world.events.name
        with world.events.open("rb") as records, thinned.open("wb") as file:
            for line in records:
                file.write(_without(line, fields))
        yield StoredWorld(thinned, world.truth)


def _without(line: bytes, fields: Collection[str]) -> bytes:
    record = orjson.loads(line)
    return orjson.dumps({name: value for name, value in record.items() if name not in fields}) + b"\n"


def read_truth(path: Path) -> Truth:
    """A world's truth from its file."""
    content = orjson.loads(path.read_bytes())
    campaigns = {uid: CampaignTruth(**campaign) for uid, campaign in content["campaigns"].items()}
    return Truth(content["accounts"], campaigns)


def cache_folder() -> Path:
    """Where worlds are kept: `shoal/worlds` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoal" / "worlds"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds a folder against other processes; a process that dies lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(spec: WorldSpec, cache: Path) -> Path:
    return cache / _digest(spec)


def _digest(spec: WorldSpec) -> str:
    """Over the spec and the simulator's own source."""
    content = orjson.dumps(asdict(spec))
    for module in sorted(Path(stream.simulate.__path__[0]).glob("*.py")):
        content += module.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _ms(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", strict=False).cast(pl.Int64)
