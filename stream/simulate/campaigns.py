"""Campaigns: coordinated groups, each instance with means of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stream.simulate import archetypes, dispatchers
from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief
from stream.simulate.chance import Rng, generator
from stream.simulate.cohorts import Cohort, Market, habits
from stream.simulate.supply import Means, owners

Draw = Callable[[Rng, Market, Brief], Cohort]
CAMPAIGN_TABLE: dict[str, Draw] = {
    "sweep": archetypes.sweep,
    "prefix": archetypes.prefix,
    "relay": dispatchers.relay,
    "judge": archetypes.judge,
    "replay": archetypes.replay,
    "search": archetypes.search,
    "reseller": dispatchers.reseller,
}
CAMPAIGNS: tuple[str, ...] = tuple(CAMPAIGN_TABLE)


def coordinated(
    market: Market, names: tuple[str, ...], honest: int, onset: float
) -> list[tuple[Brief, Cohort]]:
    """The campaigns of a market; together at most a quarter of all accounts."""
    most = max(12, int(honest / 3 / max(1, len(names))))
    seen: dict[str, int] = {}
    drawn = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        uid = f"{name}-{seen[name]}"
        rng = generator(market.seed, "campaign", uid)
        size = min(most, round(float(np.exp(rng.uniform(np.log(25), np.log(150))))))
        means = _fitting(rng, name, Means.drawn(rng, market, onset))
        brief = Brief(uid, means, size, float(np.clip(honest / 10_000, 0.1, 1.0)))
        drawn.append((brief, _finished(rng, market, brief, CAMPAIGN_TABLE[name](rng, market, brief))))
    return drawn


def _fitting(rng: Rng, archetype: str, means: Means) -> Means:
    """Means as the archetype can have them: a reseller buys cards in bulk, a relay's cover is its users."""
    if archetype == "reseller":
        signup = "aged" if means.signup == "taken" else means.signup
        return replace(means, cards=int(rng.integers(3, 7)), signup=signup, cover=0.0)
    if archetype == "relay":
        return replace(means, cover=0.0)
    if archetype == "prefix":
        return replace(means, ramp_days=0.01)
    return means


def _finished(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> Cohort:
    """Add cover traffic, and to accounts taken over their owners' traffic."""
    own, means = cohort.habits, brief.means
    if means.cover and cohort.dispatch is None:
        own.work[:, 1] = len(cohort.workloads) + rng.integers(0, 2, len(own))
        own.share[:, 1] = rng.beta(2, 2, len(own)) * 2 * means.cover
        cohort.workloads += [work.CHAT, work.TINKER]
    if means.signup == "taken":
        theirs = owners(rng, market, cohort.accounts)
        ordinary = habits(rng, theirs, rng.integers(0, 4, len(theirs)), 5.0, 1.2)
        tasks = [work.CHAT, work.TINKER, work.SCRIPT, work.harness(market, 0)]
        cohort.beside.append(Cohort(f"{brief.uid}-owners", theirs, ordinary, tasks))
    return cohort
