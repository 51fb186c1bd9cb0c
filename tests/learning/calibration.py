"""Promised and realised: `python -m tests.learning.calibration` replays worlds without a campaign.

Prints, for thresholds and budgets, what the weeks in which the budget was calibrated had: honest links that
got over need and margin, by the tail of the time and in fact; of each world alone, and of all worlds as one
operator's. A threshold set too low stands for traffic that is worse than the default thinks. Nobody judges a
case there. `--cases` replays each world once more for each threshold and budget, and counts cases.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.bench.worlds import cache_folder, discard, stored
from stream.config import Settings
from stream.evidence.piece import Floats
from stream.learning.budget import WEEK_MS, Budget
from stream.learning.tail import FLOOR
from stream.runtime.pipeline import Pipeline
from stream.simulate import WorldSpec
from stream.windows.slots import Keys

_CHUNK: Final = 4096
_APART: Final = 0x9E3779B97F4A7C15
"""Tells links of several worlds apart."""
_LOWER: Final = 8.0
"""Nats by which a threshold may be lower than the one that was replayed."""


class Noted(NamedTuple):
    """What a tick told the budget."""

    now_ms: int
    keys: Keys
    nats: Floats
    able: NDArray[np.bool_]


class Realised(NamedTuple):
    """Under one budget, in the weeks in which it was calibrated."""

    weeks: float
    expected: float
    """Honest links, by the tail of the time."""
    links: int
    margin: float
    """Mean nats."""
    begun_ms: int


class Watched(Pipeline):
    """A pipeline that keeps what its ticks told the budget."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.noted: list[Noted] = []
        self._budget_note = self._links.budget.note
        self._links.budget.note = self._note  # type: ignore[method-assign]

    def _note(self, keys: Keys, nats: Floats, able: NDArray[np.bool_], now_ms: int) -> None:
        high = nats >= FLOOR - _LOWER
        self.noted.append(Noted(now_ms, keys[high].copy(), nats[high], able[high]))
        self._budget_note(keys, nats, able, now_ms)


def replayed(spec: WorldSpec, settings: Settings, cache: Path) -> tuple[list[Noted], list[int]]:
    """What ticks told the budget, and when cases opened."""
    pipeline, opened = Watched(settings), []
    lines = stored(spec, cache).events.read_bytes().splitlines()
    for start in range(0, len(lines) + _CHUNK, _CHUNK):
        chunk = lines[start : start + _CHUNK]
        pipeline.absorb("world", chunk, range(start, start + len(chunk)))
        outputs = pipeline.advance() if chunk else pipeline.finish()
        opened += [finding.time_ms for finding in outputs.findings if finding.activity == "open"]
    return pipeline.noted, opened


def realised(noted: Iterable[Noted], lower: float, cases_per_week: float) -> Realised:
    """What gets over the bar of a budget where the threshold is `lower` nats below the replayed one."""
    budget, over = Budget(cases_per_week), set()
    expected, margins = [], []
    begun_ms = now_ms = 0
    for now_ms, keys, nats, able in noted:
        budget.read(now_ms)
        bar = budget.bar
        if bar.expected is not None:
            begun_ms = begun_ms or now_ms
            week = (now_ms - begun_ms) // WEEK_MS
            high = able & (np.round(nats + lower, 4) >= bar.margin)
            over |= {(key, week) for key in keys[high].tolist()}
            margins.append(bar.margin)
            expected.append(bar.expected)
        budget.note(keys, nats + lower, able, now_ms)
    weeks = (now_ms - begun_ms) / WEEK_MS if begun_ms else 0.0
    return Realised(weeks, _mean(expected) * weeks, len(over), _mean(margins), begun_ms)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def together(worlds: Sequence[list[Noted]]) -> Iterator[Noted]:
    """The worlds as those of one operator."""
    at: dict[int, list[Noted]] = {}
    for number, noted in enumerate(worlds):
        apart = np.uint64(number * _APART % 2**64)
        for tick in noted:
            at.setdefault(tick.now_ms, []).append(tick._replace(keys=tick.keys ^ apart))
    for now_ms, ticks in sorted(at.items()):
        keys, nats, able = (np.concatenate(of) for of in list(zip(*ticks, strict=True))[1:])
        yield Noted(now_ms, keys, nats, able)


def _told(rows: Sequence[Realised], budget: float) -> str:
    weeks, expected, links = (sum(row[i] for row in rows) for i in range(3))
    margin = np.mean([row.margin for row in rows])
    return (
        f"{weeks:.1f} weeks, promised {budget * weeks:.1f}, expected {expected:.1f}, {links} links over it, "
        f"margin {margin:.1f} nats"
    )


def main() -> None:
    """Prints one line for each threshold, budget and way to look at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="11,12,13,14,15,16")
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--thresholds", default="10,6,2", help="down to 8 nats below the default")
    parser.add_argument("--budgets", default="0.25,1,4,16")
    parser.add_argument("--cases", action="store_true")
    options = parser.parse_args()
    default = Settings().alerts.threshold_nats
    budgets = [float(budget) for budget in options.budgets.split(",")]
    thresholds = [float(threshold) for threshold in options.thresholds.split(",")]
    worlds, cache = [], cache_folder()
    for seed in map(int, options.seeds.split(",")):
        spec = WorldSpec(seed=seed, days=options.days, accounts=options.accounts, campaigns=())
        worlds.append(replayed(spec, Settings(), cache)[0])
        for threshold, budget in [(t, b) for t in thresholds for b in budgets if options.cases]:
            alerts = {"threshold_nats": threshold, "cases_per_week": budget}
            noted, opened = replayed(spec, Settings.model_validate({"alerts": alerts}), cache)
            row = realised(noted, 0.0, budget)
            cases = sum(0 < row.begun_ms <= time_ms for time_ms in opened)
            run = f"seed {seed}, threshold {threshold:g}, budget {budget:g}"
            print(f"{run}: {_told([row], budget)}, {cases} cases", flush=True)
        discard(spec, cache)
    for threshold in thresholds:
        for budget in budgets:
            lower = default - threshold
            alone = [realised(world, lower, budget) for world in worlds]
            one = [realised(together(worlds), lower, budget)]
            print(f"threshold {threshold:g}, budget {budget:g}: alone {_told(alone, budget)}")
            print(f"threshold {threshold:g}, budget {budget:g}: as one {_told(one, budget)}")


if __name__ == "__main__":
    main()
