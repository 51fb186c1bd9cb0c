"""Campaigns: coordinated groups, each instance with means of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Rng, generator, lognormal, words
from stream.simulate.cohorts import NEVER, Accounts, Cohort, Dispatch, Facts, Habits, Market, habits, people
from stream.simulate.lives import mixed
from stream.simulate.supply import Means, owners, supplied
from stream.simulate.workloads import NONE, SHARED, Workload


@dataclass(frozen=True)
class Brief:
    """One instance to draw: uid, means, number of accounts, and how far a small world scales rates down."""

    uid: str
    means: Means
    size: int
    scale: float

    @property
    def label(self) -> str:
        """The label of its accounts."""
        return f"campaign/{self.uid}"


def _paced(rng: Rng, brief: Brief, accounts: Accounts, rate: float) -> Habits:
    """One habit per account at about `rate` requests a day, as even and as daily as the campaign drew."""
    means, n = brief.means, len(accounts)
    own = habits(rng, accounts, np.zeros(n, np.int64), rate, means.evenness)
    own.rate *= np.exp(-(means.evenness**2) / 2)
    own.ramp[:] = means.ramp_days
    own.day_sigma[:] = lognormal(rng, 0.2 + 0.5 * means.evenness, 0.3, n)
    own.depth[:] = rng.beta(1, 5, n) if means.flat else rng.beta(3, 1.5, n)
    own.peak[:] = (means.peak + rng.standard_normal(n)) % 24
    own.weekend[:] = 1.0 if means.flat else float(rng.choice([0.5, 1.0]))
    own.refuse[:] *= 0.5
    own.stream[:] = 0.0 if rng.random() < 0.6 else own.stream
    return own


def _sweep(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Dozens of templates with varied slots over all accounts; no conversation."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    rate, templates = float(np.exp(rng.uniform(np.log(13), np.log(60)))), int(rng.integers(24, 61))
    task = Workload(
        brief.uid, market.seed, prefix=int(rng.choice([NONE, SHARED])),
        template=float(rng.uniform(0.8, 1.0)), templates=templates, template_of=SHARED,
        loose=bool(rng.random() < 0.5), topics=30, log_in=float(rng.uniform(5.6, 7.2)),
        log_out=float(rng.uniform(5.4, 6.6)), stream=float(rng.choice([0.0, 0.5, 1.0])),
    )  # fmt: skip
    return Cohort(brief.uid, accounts, _paced(rng, brief, accounts, rate), [task],
                  facts={"templates": templates, "requests a day": round(rate, 1)})  # fmt: skip


def _prefix(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """One injected head over diverse tasks; a second pool is up within two hours of the first one's ban."""
    means, half = brief.means, max(8, brief.size // 2)
    ban = float(max(means.first + 0.5, min(means.first + rng.uniform(2.5, 6), market.days - 2)))
    second_at = ban + float(rng.uniform(0.2, 1.2)) / 24
    accounts = supplied(rng, market, means, half, brief.label)
    accounts.banned[:] = ban + rng.uniform(0, 0.3, half) / 24
    # whoever runs it notices the 403s within minutes to hours
    accounts.closes[:] = accounts.banned + rng.exponential(0.08, half)
    spare = supplied(rng, market, means, brief.size - half, brief.label, second_at)
    spare.params[:], spare.client[:], spare.lag[:] = accounts.params[0], accounts.client[0], accounts.lag[0]
    rate = float(rng.uniform(300, 900)) * brief.scale
    heads = int(rng.choice([1, 1, 1, 3]))
    task = Workload(
        brief.uid, market.seed, prefix=SHARED, prefixes=heads, topics=60,
        turns=float(rng.choice([1.0, 1.5])), log_in=float(rng.uniform(6.4, 7.6)),
        log_out=float(rng.uniform(5.2, 6.5)), stream=float(rng.choice([0.0, 0.4, 1.0])),
    )  # fmt: skip
    both = accounts.and_(spare)
    own = _paced(rng, brief, both, rate)
    own.shape[:] = np.maximum(own.shape, 0.8)
    own.depth *= 0.5
    facts: Facts = {"ban day": round(ban, 3), "second pool day": round(second_at, 3)}
    return Cohort(brief.uid, both, own, [task], pools=2, facts=facts)


def _relay(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Another product's users, relayed live: sticky conversations that fail over to other accounts."""
    means = brief.means
    accounts = supplied(rng, market, means, brief.size, brief.label)
    accounts.weight = lognormal(rng, 1.0, means.evenness, brief.size)
    rate, users = float(rng.uniform(14, 50)), brief.size * int(rng.integers(3, 7))
    own = habits(rng, people(rng, market, users, ""), np.zeros(users, np.int64), 1.0, 1.0)
    own.rate *= rate * brief.size / own.rate.sum()
    own.peak[:] = (means.peak + 2 * rng.standard_normal(users)) % 24
    own.depth[:] = rng.beta(4, 2, users)
    own.opens[:], own.closes[:], own.ramp[:] = means.first, NEVER, means.ramp_days
    product = Workload(
        brief.uid, market.seed, prefix=int(rng.choice([NONE, SHARED, SHARED])), topics=12,
        turns=float(rng.uniform(3, 6)), log_in=6.9, log_out=5.3, stream=float(rng.choice([0.2, 0.95])),
    )  # fmt: skip
    dispatch = Dispatch(failover=float(rng.uniform(0.04, 0.15)), hop=float(rng.uniform(0.03, 0.2)))
    facts = _told(dispatch) | {"users": users, "requests a day": round(rate, 1)}
    return Cohort(brief.uid, accounts, own, [product], dispatch, facts)


def _told(dispatch: Dispatch) -> Facts:
    return {"failover share": round(dispatch.failover, 3), "hop share": round(dispatch.hop, 3)}


def _judge(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A judge or cleaner of data: long inputs, short structured outputs, few templates."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    rate, templates = float(rng.uniform(15, 70)), int(rng.integers(3, 9))
    task = Workload(
        brief.uid, market.seed, prefix=int(rng.choice([NONE, SHARED])),
        template=float(rng.uniform(0.85, 1)), templates=templates, template_of=SHARED, loose=True,
        topics=20, log_in=float(rng.uniform(7.6, 8.6)), sd_in=0.6, log_out=float(rng.uniform(2.4, 3.6)),
        sd_out=0.4, stream=float(rng.choice([0.0, 0.0, 0.5])),
    )  # fmt: skip
    return Cohort(brief.uid, accounts, _paced(rng, brief, accounts, rate), [task],
                  facts={"templates": templates, "requests a day": round(rate, 1)})  # fmt: skip


def _replay(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Stored sessions sent again in a popular harness's dress: deep first turns of unknown past."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    which, rate = int(rng.choice([0, 0, 1, 2])), float(rng.uniform(12, 45))
    dress = work.harness(market, which)
    turns, resumed, depth = (float(rng.uniform(*span)) for span in ((1.0, 2.0), (0.75, 0.95), (7, 20)))
    task = replace(dress, turns=turns, resume=resumed, resume_depth=depth, topics=80, gap_s=25.0)
    facts: Facts = {"harness": market.clients.families[dress.client].name, "requests a day": round(rate, 1)}
    return Cohort(brief.uid, accounts, _paced(rng, brief, accounts, rate), [task], facts=facts)


def _search(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A search for a technique that gets past refusals; what wins is then run on every account."""
    means, n = brief.means, brief.size
    accounts = supplied(rng, market, means, n, brief.label)
    families = int(rng.integers(6, 20))
    tried = Workload(
        brief.uid, market.seed, prefix=NONE, template=0.8, templates=families, template_of=SHARED,
        loose=True, topics=4, turns=1.5, log_in=6.3, log_out=5.2, stream=float(rng.choice([0.0, 0.6])),
    )  # fmt: skip
    winner = Workload(
        f"{brief.uid}-won", market.seed, prefix=int(rng.choice([NONE, SHARED])), template=0.85,
        templates=int(rng.integers(2, 6)), template_of=SHARED, loose=True, topics=20, turns=1.2, log_in=6.6,
        log_out=6.2, stream=float(rng.choice([0.0, 0.6])),
    )  # fmt: skip
    scaled = float(means.first + rng.uniform(3, 6))
    search = _paced(rng, brief, accounts, 12.0)
    search.refuse[:] = rng.beta(4, 12, n)
    search.closes[:] = scaled
    harvest = search.twin()
    harvest.work[:] = 1
    harvest.rate *= float(rng.uniform(1.5, 4))
    harvest.refuse[:] = rng.beta(1, 30, n)
    harvest.opens[:], harvest.closes[:] = np.maximum(scaled, search.opens), NEVER
    return Cohort(brief.uid, accounts, search.and_(harvest), [tried, winner],
                  facts={"technique families": families, "scaled up on day": round(scaled, 2)})  # fmt: skip


def _reseller(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A pool that sells access and mines on the side; most of its traffic is of honest people."""
    means, n = brief.means, brief.size
    accounts = supplied(rng, market, means, n, brief.label)
    honest, rate = float(rng.uniform(0.5, 0.9)), float(rng.uniform(15, 50))
    users = 4 * n
    own = habits(rng, people(rng, market, users, ""), np.zeros(users, np.int64), 1.0, 1.1)
    mixed(rng, own, [1, 2, 3], [1, 2, 3], 0.3)
    own.rate *= honest * rate * n / own.rate.sum()
    job = _paced(rng, brief, accounts, (1 - honest) * rate)
    job.key[:] = words(rng, 1)[0]
    task = Workload(
        brief.uid, market.seed, prefix=int(rng.choice([NONE, SHARED])), template=0.9,
        templates=int(rng.integers(12, 40)), template_of=SHARED, loose=True, log_in=6.4, log_out=6.0,
        stream=0.1,
    )  # fmt: skip
    both = own.and_(job)
    both.opens[:], both.closes[:], both.ramp[:] = means.first, NEVER, means.ramp_days
    accounts.weight = lognormal(rng, 1.0, means.evenness, n)
    dispatch = Dispatch(failover=float(rng.uniform(0.01, 0.06)), hop=float(rng.uniform(0.0, 0.06)))
    customers = _customers(rng, market, brief, accounts, int(rng.uniform(0, 0.6) * n))
    sold: Facts = {
        "resold share of traffic": round(honest, 2),
        "customers with accounts": len(customers.accounts),
    }
    tasks = [task, work.CHAT, work.TINKER, work.harness(market, 0)]
    beside = [customers] if len(customers.accounts) else []
    return Cohort(brief.uid, accounts, both, tasks, dispatch, _told(dispatch) | sold, beside=beside)


def _customers(rng: Rng, market: Market, brief: Brief, pool: Accounts, count: int) -> Cohort:
    """Customers to whom the reseller sold an account of their own, paid by its cards."""
    theirs = people(rng, market, count, "honest/resold")
    theirs.created[:] = brief.means.first - rng.uniform(-6, 4, count)
    theirs.opens[:] = np.maximum(theirs.created + 0.1, brief.means.first)
    theirs.payer[:] = pool.payer[rng.integers(0, len(pool), count)]
    own = habits(rng, theirs, rng.integers(0, 3, count), 6.0, 1.1)
    return Cohort(f"{brief.uid}-customers", theirs, own, [work.CHAT, work.TINKER, work.harness(market, 0)])


Draw = Callable[[Rng, Market, Brief], Cohort]
CAMPAIGN_TABLE: dict[str, Draw] = {
    "sweep": _sweep,
    "prefix": _prefix,
    "relay": _relay,
    "judge": _judge,
    "replay": _replay,
    "search": _search,
    "reseller": _reseller,
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
