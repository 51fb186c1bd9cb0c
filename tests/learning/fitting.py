"""Fits the table of weights: `python -m tests.learning.fitting WORLD... > weights.toml`.

Each WORLD is a folder with a log and its truth, as `shoal simulate` and `tests.strangers` write them. It is
replayed with nobody named, so that a campaign's links stay to be looked at; every six hours each link that
has some evidence is one look. A logistic regression tells a campaign's links, in its first six days, from
links of honest accounts alone. No weight is negative, and none of the pieces that add up is below a tenth of
their greatest: what is evidence by its family is not to be forgotten because these worlds have little of it.
Links with both are left out. The bias is then set by honest links alone: a group of them gets over it in
every fourth of these worlds.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.optimize import minimize

from stream.cases.judging import Judging
from stream.cases.naming import Naming
from stream.cases.opinion import SOME_NATS, against
from stream.cases.outline import FEATURES as OUTLINE
from stream.cases.outline import outline
from stream.config import Settings
from stream.evidence import LIKENESS, PIECES
from stream.evidence.piece import Floats
from stream.learning.weights import Weights
from stream.runtime.local import Collected, replay
from stream.windows.tiles import DAY_MS

_FROM_DAY: Final = 12
"""Before there is a reference a week old, links look odd for no reason of theirs."""
_FIRST_MS: Final = 6 * DAY_MS
"""Of a campaign: a week on, its own links are part of what is normal, for nobody is named."""
_LEAST_UNITS: Final = 5
_RIDGE: Final = 5e-3
"""Penalty on squared weights of one spread each, to a mean loss of one look."""
_SHRUNK: Final = 2 / 3
"""Looks at one link are hardly independent, and the learner may move a weight by half without passing 1."""


TOLD: Final = (*PIECES, *LIKENESS)
"""What the table weighs."""
_OVER: Final = 1 / 4
"""Honest groups over the threshold, to a world."""


class Look(NamedTuple):
    """A link at one time; `group` is its campaign, else the honest population that most on it are of.

    `able`: whether it has units and reasons enough to be hot; `outline`: its figures, in the order of
    `stream.cases.outline.FEATURES`.
    """

    time_ms: int
    group: str
    value: int
    guilty: bool
    nats: Floats
    able: bool
    outline: Floats


def labels(truth: Path) -> dict[str, str]:
    """Account -> its campaign after `campaign/`, or its population."""
    told = orjson.loads(truth.read_bytes())["accounts"].items()
    return {account: of if isinstance(of, str) else _label(of) for account, of in told}


def _label(of: dict[str, Any]) -> str:
    return f"campaign/{of['campaign']}" if of["campaign"] else f"honest/{of['population']}"


def looks(world: Path) -> list[Look]:
    """The looks at the links of a world."""
    log = next(path for path in sorted(world.iterdir()) if path.name.startswith("events.ndjson"))
    found: list[Look] = []
    with _watched(labels(world / "truth.json"), found), patch.object(Naming, "suspects", lambda _: iter(())):
        replay([str(log)], Settings(), sinks=[Collected()])
    start = min((look.time_ms for look in found), default=0)
    begun: dict[str, int] = {}
    for look in found:
        begun.setdefault(look.group, look.time_ms)
    return [
        look
        for look in found
        if look.time_ms >= start + _FROM_DAY * DAY_MS
        and (not look.guilty or look.time_ms < begun[look.group] + _FIRST_MS)
    ]


@contextmanager
def _watched(label: dict[str, str], found: list[Look]) -> Iterator[None]:
    judged, units = Judging.judged, Judging.units
    seats: list[Any] = []

    def keep(self: Judging, all_seats: Any, counted: Any) -> Any:
        seats[:] = [all_seats.where(counted)]
        return units(self, all_seats, counted)

    def look(self: Judging, units: Any, normality: Any, now_ms: int, *, whole: bool) -> Any:
        told = judged(self, units, normality, now_ms, whole=whole)
        if whole and told[0] is not None:
            ids, links = self.state.profiles["account_id"], self.state.links
            members: dict[int, list[str]] = {}
            for link, account in zip(seats[0].link.tolist(), seats[0].account.tolist(), strict=True):
                members.setdefault(link, []).append(label[ids[account]])
            judged_now = told[0]
            pieces = judged_now.pieces | judged_now.likeness
            nats = np.stack([pieces[name].nats for name in TOLD], axis=1)
            some = (against(judged_now.pieces) >= SOME_NATS) & (units.votes >= _LEAST_UNITS)
            drawn = outline(judged_now, judged_now.likeness)
            rows = np.stack([drawn[name] for name in OUTLINE], axis=1)
            for i in np.flatnonzero(some).tolist():
                slot = int(units.link[i])
                group = _group(members[slot])
                if group:
                    value = int(links["value"][slot])
                    guilty = group.startswith("campaign/")
                    able = bool(judged_now.able[i])
                    found.append(Look(now_ms, group, value, guilty, nats[i], able, rows[i]))
        return told

    with patch.object(Judging, "units", keep), patch.object(Judging, "judged", look):
        yield


def _group(members: Sequence[str]) -> str | None:
    """Whose link it is; None where a campaign is on it and is not most of it."""
    guilty = [name for name in members if name.startswith("campaign/")]
    if not guilty:
        return Counter(members).most_common(1)[0][0]
    return Counter(guilty).most_common(1)[0][0] if len(guilty) * 2 > len(members) else None


def fitted(worlds: Sequence[Sequence[Look]]) -> Weights:
    """The table: both sides weigh the same, and a link that is looked at n times weighs sqrt(n)."""
    rows = [look for world in worlds for look in world]
    guilty = np.array([look.guilty for look in rows], np.float64)
    often = Counter((number, look.value) for number, world in enumerate(worlds) for look in world)
    weight = np.array(
        [often[number, look.value] ** -0.5 for number, world in enumerate(worlds) for look in world]
    )
    for side in (guilty > 0, guilty == 0):
        weight[side] /= 2 * weight[side].sum()
    nats = np.stack([look.nats for look in rows])
    spread = nats.std(axis=0) + 1e-9
    scaled = np.column_stack([nats / spread, np.ones(len(rows))])

    def loss(b: Floats) -> tuple[float, Floats]:
        odds = scaled @ b
        mean = float((weight * (np.logaddexp(0, odds) - guilty * odds)).sum())
        slope = scaled.T @ (weight * (1 / (1 + np.exp(-odds)) - guilty))
        penalised = np.append(b[:-1], 0.0)
        return mean + _RIDGE / 2 * float(penalised @ penalised), slope + _RIDGE * penalised

    adds_up = np.arange(len(TOLD)) < len(PIECES)
    found = _bounded(loss, spread, np.zeros(len(spread)))
    least = np.where(adds_up, (found[:-1] / spread)[adds_up].max() / 10, 0.0)
    weights = (_SHRUNK * _bounded(loss, spread, least)[:-1] / spread).round(2)
    return Weights(_bias(worlds, weights), tuple(zip(TOLD, weights.tolist(), strict=True)))


def _bias(worlds: Sequence[Sequence[Look]], weights: Floats) -> float:
    """The bias at which some groups of honest accounts get over the threshold, with the rules heard."""
    told = [
        np.array([float(look.nats @ weights) if look.able else -np.inf for look in world]) for world in worlds
    ]
    return -over_by_honest(worlds, told)


def over_by_honest(worlds: Sequence[Sequence[Look]], told: Sequence[Floats], a_world: float = _OVER) -> float:
    """The log odds that `a_world` groups of honest accounts get over in each world.

    `told`: log odds of the looks of each world, shape (looks,).
    """
    peak: dict[tuple[int, str], float] = {}
    for number, (world, odds) in enumerate(zip(worlds, told, strict=True)):
        for look, most in zip(world, odds.tolist(), strict=True):
            if not look.guilty:
                peak[number, look.group] = max(peak.get((number, look.group), -np.inf), most)
    highest = sorted(peak.values(), reverse=True)
    return round(highest[min(int(len(worlds) * a_world), len(highest) - 1)] + 0.005, 2)


def _bounded(loss: Any, spread: Floats, least: Floats) -> NDArray[np.float64]:
    bounds = [*((low * width, None) for low, width in zip(least, spread, strict=True)), (None, None)]
    return np.asarray(minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x)


def _usual(worlds: Sequence[Sequence[Look]]) -> str:
    """Mean nats of what speaks against campaigns' links, a look weighing as in the fit."""
    often = Counter((number, look.value) for number, world in enumerate(worlds) for look in world)
    guilty = [(n, look) for n, world in enumerate(worlds) for look in world if look.guilty]
    weight = [often[number, look.value] ** -0.5 for number, look in guilty]
    mean = np.average([look.nats for _, look in guilty], axis=0, weights=weight)
    return ", ".join(f"{name} {nats:.1f}" for name, nats in zip(TOLD, mean, strict=True) if nats >= 0.05)


def asked(arguments: Sequence[str], about: str | None) -> tuple[list[list[Look]], str]:
    """Looks at the worlds that a command line names, and what was fitted to them, in a line."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "worlds", nargs="+", type=Path, metavar="WORLD", help="folder with a log and its truth"
    )
    worlds = [looks(world) for world in parser.parse_args(arguments).worlds]
    count = sum(len(world) for world in worlds)
    return worlds, f"fitted to {count:,} looks at links of {len(worlds)} worlds"


def main(arguments: Sequence[str]) -> None:
    """Print a table fitted to the worlds, as a file for `alerts.weights`."""
    worlds, origin = asked(arguments, __doc__)
    print(f"# a campaign's links have {_usual(worlds)}")
    print(fitted(worlds).as_toml(origin), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
