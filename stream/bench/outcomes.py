"""Outcomes on disk: a run that ended need not be carried out again by the same code and settings."""

import hashlib
import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import orjson

import stream
from stream.bench.detection import Trial
from stream.bench.runs import Done, Run, executed
from stream.config import digest


def gathered(
    runs: Sequence[Run],
    cache: Path,
    jobs: int,
    *,
    keep_worlds: bool,
    resume: bool,
    told: Callable[[Done], None],
) -> dict[Run, Trial]:
    """The outcome of every run; `told` hears of each that ends, and its outcome is kept at once.

    To `resume` is to take over what ended before.
    """
    before = {run: ended(run, cache) for run in runs} if resume else {}
    outcomes = {run: trial for run, trial in before.items() if trial is not None}
    left = [run for run in runs if run not in outcomes]
    for done in executed(left, cache, jobs, keep=keep_worlds):
        keep(*done, cache)
        outcomes[done.run] = done.trial
        told(done)
    return outcomes


def ended(run: Run, cache: Path) -> Trial | None:
    """The outcome of a run that ended before, None if none did."""
    path = _path(run, cache)
    if not path.exists():
        return None
    outcome: Trial = pickle.loads(path.read_bytes())
    return outcome


def keep(run: Run, trial: Trial, cache: Path) -> None:
    """Writes an outcome down, whole or not at all."""
    path = _path(run, cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(pickle.dumps(trial))
    unfinished.replace(path)


def _path(run: Run, cache: Path) -> Path:
    """Named by all that an outcome depends on."""
    content = orjson.dumps([asdict(run.spec), asdict(run.change), digest(run.settings), _source()])
    return cache / "outcomes" / f"{hashlib.sha256(content).hexdigest()[:16]}.pickle"


@lru_cache
def _source() -> str:
    """Over all of our code: what was not decided by the same code is no outcome."""
    content = hashlib.sha256()
    for module in sorted(Path(stream.__path__[0]).rglob("*.py")):
        content.update(module.read_bytes())
    return content.hexdigest()
