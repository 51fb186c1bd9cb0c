"""Runs: one world, one way to look at it, one outcome; carried out over processes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from stream.bench.ablation import silenced
from stream.bench.compare import PAYER, compare
from stream.bench.detection import Trial
from stream.bench.naive import naive
from stream.bench.tuning import scaled
from stream.bench.worlds import discard, is_stored, stored, without
from stream.config import Settings
from stream.runtime.local import Collected, replay
from stream.simulate import WorldSpec

AS_IT_IS: Final = "as it is"
_COLUMNS: Final = ("account_id", "org_id", "payment_hash", "prompt_prefix_hash", "client_ip", "params_hash")


@dataclass(frozen=True)
class Change:
    """What a run does otherwise: nothing, unless it says so.

    `fields` are missing from every record, the evidence of `silent` families weighs nothing, the number
    `constant` (as `tuning.numbers` calls it) is multiplied by `factor`.
    """

    fields: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    constant: str | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Run:
    """A world, the settings and the change under which it is replayed; `name` is for reading alone."""

    name: str = field(compare=False)
    spec: WorldSpec
    settings: Settings
    change: Change = Change()


class Done(NamedTuple):
    """A run with its outcome."""

    run: Run
    trial: Trial


def executed(runs: Iterable[Run], cache: Path, jobs: int, *, keep: bool = True) -> Iterator[Done]:
    """Carries out every run, `jobs` at a time in processes of their own; yields as they end.

    Runs that are the same but for their name are carried out once. Unless `keep`, a world that was not in
    the cache before is taken out again after its last run.
    """
    listed = _by_world(runs)
    left = Counter(run.spec for run in listed)
    made_here = {spec for spec in left if not is_stored(spec, cache)}
    spare = set() if keep else made_here
    try:
        for done in _outcomes(listed, cache, jobs):
            left[done.run.spec] -= 1
            if not left[done.run.spec] and done.run.spec in spare:
                discard(done.run.spec, cache)
            yield done
    finally:
        for spec in spare:  # of runs that were cut short
            discard(spec, cache)


def carried_out(run: Run, cache: Path) -> Trial:
    """Simulates (or fetches) the world, replays its records and compares with the truth."""
    said = Collected()
    change = run.change
    with ExitStack() as stack:
        world = stack.enter_context(without(stored(run.spec, cache), change.fields))
        settings = stack.enter_context(scaled(change.constant, change.factor, run.settings))
        stack.enter_context(silenced(change.silent))
        replay([str(world.events)], settings, sinks=[said])
        events = world.columns(*_COLUMNS).with_columns(PAYER)
    least = run.settings.alerts.min_units
    found = compare(said.outputs.findings, said.outputs.verdicts, world.truth, events, least)
    return Trial(run.spec, events.height, found, naive(events, world.truth))


def _by_world(runs: Iterable[Run]) -> list[Run]:
    """Each run once; those of one world follow one another, so that few worlds are needed at a time."""
    worlds: dict[WorldSpec, dict[Run, None]] = {}
    for run in runs:
        worlds.setdefault(run.spec, {}).setdefault(run)
    return [run for alike in worlds.values() for run in alike]


def _outcomes(runs: list[Run], cache: Path, jobs: int) -> Iterator[Done]:
    if jobs == 1 or len(runs) <= 1:
        for run in runs:
            yield Done(run, carried_out(run, cache))
        return
    with ProcessPoolExecutor(min(jobs, len(runs)), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(carried_out, run, cache): run for run in runs}
        try:
            for future in as_completed(running):
                yield Done(running[future], future.result())
        finally:
            pool.shutdown(cancel_futures=True)  # where one has failed, hundreds need not begin
