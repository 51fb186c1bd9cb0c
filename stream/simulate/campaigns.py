"""Campaigns: coordinated groups, each instance with means of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from stream.simulate import archetypes, dispatchers
from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief
from stream.simulate.chance import Rng, generator
from stream.simulate.cohorts import Accounts, Cohort, Market, habits
from stream.simulate.evasions import Plan
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
    "redemption": archetypes.redemption,
}
CAMPAIGNS: tuple[str, ...] = tuple(CAMPAIGN_TABLE)
USUAL: tuple[str, ...] = tuple(name for name in CAMPAIGNS if name != "redemption")
"""The campaigns of a world that asks for none in particular: few gateways log the ids of signed reasoning."""
HIDDEN = 0.25
"""Share of usual worlds with a campaign inside a contracted aggregator."""
FULL_SIZE = 2500  # honest accounts: a smaller world has none as busy as a campaign at its full rate


@dataclass(frozen=True)
class Drawn:
    """A campaign as it was drawn; `costs` says what each evasion costs its operator."""

    brief: Brief
    plan: Plan
    cohort: Cohort
    costs: dict[str, str]

    @property
    def working(self) -> list[Cohort]:
        """The cohorts that do its work: one, or a pool each."""
        beside = [c for c in self.cohort.beside if c.accounts.label[0] == f"campaign/{self.brief.uid}"]
        return [self.cohort, *(c for c in beside if not c.idle)]


def coordinated(
    market: Market, names: tuple[str, ...], honest: int, onset: float, host: Accounts | None = None
) -> list[Drawn]:
    """The campaigns of a market; together at most a quarter of all accounts."""
    names = _hidden(market, names, host)
    most = max(12, int(honest / 3 / max(1, len(names))))
    seen: Counter[str] = Counter()
    drawn = []
    for name in names:
        plan = Plan.parse(name, CAMPAIGNS)
        seen[plan.archetype] += 1
        uid = f"{plan.archetype}-{seen[plan.archetype]}"
        rng = generator(market.seed, "campaign", uid)
        size = min(most, round(float(np.exp(rng.uniform(np.log(25), np.log(150))))))
        if host is not None and "aggregator" in plan.evasions:
            size = min(size, max(12, 2 * len(host)))  # a customer among others
        means = plan.means(_fitting(rng, plan.archetype, Means.drawn(rng, market, onset)), market.days)
        brief = Brief(uid, means, size, float(np.clip((honest / FULL_SIZE) ** 2, 0.1, 1.0)), host=host)
        drawn.append(
            _split(market, brief, plan) if "split" in plan.evasions else _one(rng, market, brief, plan)
        )
    return drawn


def _hidden(market: Market, names: tuple[str, ...], host: Accounts | None) -> tuple[str, ...]:
    """The names; in a quarter of the usual worlds one campaign is a customer of the aggregator there."""
    rng = generator(market.seed, "hidden")
    if host is None or names != USUAL or rng.random() >= HIDDEN:
        return names
    which = int(rng.integers(0, len(names)))
    return tuple(f"{name}+aggregator" if i == which else name for i, name in enumerate(names))


def _one(rng: Rng, market: Market, brief: Brief, plan: Plan) -> Drawn:
    cohort = _finished(rng, market, brief, CAMPAIGN_TABLE[plan.archetype](rng, market, brief))
    return Drawn(brief, plan, cohort, plan.lay_over(market, brief, cohort))


def _split(market: Market, brief: Brief, plan: Plan) -> Drawn:
    """Pools of five to eight payers that share an operator's plan and clock, but nothing that is logged."""
    pools: list[Drawn] = []
    at_once = brief.means.cards * (2 if plan.archetype == "prefix" else 1)
    while len(pools) < 2 or sum(len(pool.cohort.accounts) for pool in pools) < brief.size:
        rng = generator(market.seed, "campaign", brief.uid, "pool", len(pools))
        tooling = Means.drawn(rng, market, brief.means.first)
        means = replace(brief.means, egress=tooling.egress, own_client=tooling.own_client,
                        own_params=tooling.own_params)  # fmt: skip
        size = at_once * int(rng.integers(5, 9))
        pools.append(_one(rng, market, replace(brief, means=means, size=size, pool=len(pools)), plan))
    whole = pools[0].cohort
    for pool in pools[1:]:
        pool.cohort.accounts.label = whole.accounts.label[:1] * len(pool.cohort.accounts)
        for idle in pool.cohort.beside:
            if idle.idle:
                idle.accounts.label = whole.accounts.label[:1] * len(idle.accounts)
        whole.beside += [*pool.cohort.beside, pool.cohort]
    whole.pools = sum(pool.cohort.pools for pool in pools)
    return replace(
        pools[0], costs=pools[0].costs | {"split": f"{pools[0].costs['split']}: {len(pools)} times"}
    )


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
        cohort.beside.append(Cohort(f"{brief.name}-owners", theirs, ordinary, tasks))
    _lose_some(generator(market.seed, "losses", brief.name), market, cohort.accounts)
    return cohort


def _lose_some(rng: Rng, market: Market, accounts: Accounts) -> None:
    """Accounts that fall out, as everybody's do: given up, out of money, or blocked."""
    n = len(accounts)
    ends = accounts.opens + rng.random(n) * (market.days - accounts.opens).clip(0)
    blocked, quits = rng.random(n) < 0.02, rng.random(n) < rng.uniform(0.05, 0.25)
    accounts.banned[blocked] = np.minimum(accounts.banned, ends)[blocked]
    ends[blocked] += rng.exponential(0.3, int(blocked.sum()))
    accounts.closes[blocked | quits] = np.minimum(accounts.closes, ends)[blocked | quits]
