"""Evasions: what an operator does so as not to be found, what each costs, and what each can be put on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias

from stream.simulate import guises, pacing, wording
from stream.simulate.briefs import Brief
from stream.simulate.chance import Rng, generator
from stream.simulate.cohorts import Cohort, Market
from stream.simulate.supply import Means

MONTH = 30.0
Shape: TypeAlias = Callable[[Rng, Market, Brief, Cohort], str]
"""Changes a drawn cohort and says what that costs the operator."""


def _unsplit(*_: object) -> str:
    return "tooling, prompts and cards once more for every pool"


def _as_drawn(means: Means, days: int) -> Means:
    return means


def _own_accounts(means: Means, days: int) -> Means:
    """No accounts taken over: they are to look like something else."""
    return replace(means, signup="aged") if means.signup == "taken" else means


def _taken(means: Means, days: int) -> Means:
    return replace(means, signup="taken", cards=1)


def _uncovered(means: Means, days: int) -> Means:
    return replace(means, cover=0.0)


def _slow(means: Means, days: int) -> Means:
    return replace(means, ramp_days=min(MONTH, max(1.0, days - means.first)))


@dataclass(frozen=True)
class Evasion:
    """One evasion: how it changes a drawn cohort (it returns its price in words) and, before, the means.

    `unfit` names the archetypes that it cannot be put on, with the reason; `against` the evasions that
    contradict it.
    """

    shape: Shape
    means: Callable[[Means, int], Means] = _as_drawn
    unfit: dict[str, str] = field(default_factory=dict)
    against: tuple[str, ...] = ()


_BY_CARD = "its accounts are bought by the card"
_HUMAN = "most of its traffic is people's already"
_UNSHARED = "its accounts share no task"
_UNDISPATCHED = "it has no dispatcher"
_IDENTITY = ("aged", "corporate", "disjoint", "novelty", "aggregator")

EVASIONS: dict[str, Evasion] = {
    "split": Evasion(_unsplit),
    "corporate": Evasion(guises.corporate, _own_accounts),
    "disjoint": Evasion(guises.disjoint, _own_accounts, {"reseller": _BY_CARD}),
    "aggregator": Evasion(
        guises.aggregator, _own_accounts, against=("aged", "corporate", "disjoint", "novelty", "split")
    ),
    "stolen": Evasion(guises.stolen, _taken, {"reseller": _BY_CARD}, _IDENTITY),
    "stolen-imitate": Evasion(
        guises.imitated, _taken,
        {"reseller": _BY_CARD, "replay": "its client is the harness's"}, (*_IDENTITY, "stolen"),
    ),
    "ramp": Evasion(pacing.ramp, _slow),
    "retire": Evasion(pacing.retire, against=("ramp",)),
    "aged": Evasion(guises.aged, _own_accounts),
    "novelty": Evasion(guises.novelty, _own_accounts),
    "paraphrase": Evasion(wording.paraphrase, unfit={"replay": "its prompts were written long ago"}),
    "shards": Evasion(
        wording.shards,
        unfit=dict.fromkeys(("prefix", "relay", "replay", "reseller", "redemption"), _UNSHARED),
    ),
    "sticky": Evasion(
        wording.sticky,
        unfit=dict.fromkeys(("sweep", "prefix", "judge", "replay", "search", "redemption"), _UNDISPATCHED),
    ),
    "jitter": Evasion(pacing.jitter, unfit={"relay": "its users wait for their answers"}),
    "budgets": Evasion(pacing.budgets),
    "filler": Evasion(pacing.filler, _uncovered, {"relay": _HUMAN, "reseller": _HUMAN}),
}  # fmt: skip
"""Every evasion, in the order in which they are laid over a campaign."""


@dataclass(frozen=True)
class Plan:
    """A campaign to draw: its archetype and its evasions, in the table's order."""

    archetype: str
    evasions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, archetypes: tuple[str, ...]) -> Plan:
        """A plan from its short form; ValueError where it makes no sense.

        >>> Plan.parse("sweep+jitter+aged", ("sweep",))
        Plan(archetype='sweep', evasions=('aged', 'jitter'))
        """
        archetype, *evasions = text.split("+")
        _known("campaign", archetype, archetypes)
        for name in evasions:
            _known("evasion", name, tuple(EVASIONS))
            if archetype in EVASIONS[name].unfit:
                raise ValueError(f"{name} cannot be put on {archetype}: {EVASIONS[name].unfit[archetype]}")
        for one, other in combinations(evasions, 2):
            if one == other or one in EVASIONS[other].against or other in EVASIONS[one].against:
                raise ValueError(f"{one} and {other} cannot be joined")
        return cls(archetype, tuple(name for name in EVASIONS if name in evasions))

    def means(self, means: Means, days: int) -> Means:
        """The means, as its evasions want them."""
        for name in self.evasions:
            means = EVASIONS[name].means(means, days)
        return means

    def lay_over(self, market: Market, brief: Brief, cohort: Cohort) -> dict[str, str]:
        """Change a drawn cohort; what each evasion costs, in words."""
        return {
            name: EVASIONS[name].shape(
                generator(market.seed, "evasion", brief.name, name), market, brief, cohort
            )
            for name in self.evasions
        }


def _known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"unknown {what} {name}: choose from {', '.join(known)}")
