"""Sign-ups that come in a bunch for honest reasons: the news, a course's first day, a roll-out by invitation.

Part of those who came are busy at once, and most of them look at the same few examples first.
"""

from __future__ import annotations

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Floats, Rng, lognormal
from stream.simulate.cohorts import (
    CORPORATE,
    DISPOSABLE,
    EDUCATION,
    ENTERPRISE,
    FREE,
    FREEMAIL,
    NEVER,
    Accounts,
    Cohort,
    Market,
    habits,
    people,
)
from stream.simulate.lives import eager, mixed, together
from stream.simulate.workloads import SHARED, Workload


def news(rng: Rng, market: Market, n: int) -> Cohort:
    """Unrelated people who read of the API on one day: most try the quick start and leave, some stay."""
    accounts = people(rng, market, n, "honest/news")
    begins, fades = market.moment(rng, 0.5, 4), float(rng.uniform(0.3, 1.0))
    _signed_up(rng, accounts, begins + rng.exponential(fades, n))
    accounts.email[:] = np.where(rng.random(n) < 0.8, FREEMAIL, accounts.email)
    accounts.email[rng.random(n) < rng.uniform(0.02, 0.12)] = DISPOSABLE
    _on_trial(rng, accounts, 0.55)
    stays = rng.random(n) < rng.uniform(0.1, 0.3)
    accounts.closes[:] = np.where(stays, NEVER, accounts.opens + lognormal(rng, 0.3, 1.3, n))
    accounts.client[rng.random(n) < 0.6] = 0
    accounts.lag[:] = rng.exponential(1.0, n)  # they have installed it just now
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 0.9)
    own.rate[~stays] *= 4.0  # a dozen tries in the hours before they leave
    own.peak[~stays] = (24 * accounts.opens[~stays] + 1) % 24
    mixed(rng, own, [0, 0, 0, 1, 2], [1, 2, 3], 0.6)
    works = [work.QUICKSTART, work.TINKER, work.CHAT, work.BARE_SCRIPT]
    return Cohort("news", accounts, eager(rng, own, float(rng.uniform(0.05, 0.2))), works)


def course(rng: Rng, market: Market, n: int) -> Cohort:
    """An online course: learners anywhere, most from its first day, run its notebooks at one host."""
    accounts = people(rng, market, n, "honest/online-course")
    begins = market.moment(rng, 0.5, 5)
    late = rng.random(n) < rng.uniform(0.1, 0.4)
    first = begins + np.where(late, rng.exponential(4, n), rng.beta(1.5, 4, n))
    new = rng.random(n) < rng.uniform(0.6, 0.95)
    _signed_up(rng, accounts, np.where(new, first, np.minimum(accounts.created, first - 1)))
    accounts.opens[:] = np.maximum(accounts.opens, first)
    accounts.closes[:] = accounts.opens + rng.exponential(float(rng.uniform(3, 9)), n) + 0.3
    accounts.email[:] = np.where(rng.random(n) < 0.12, EDUCATION, accounts.email)
    _on_trial(rng, accounts, 0.4)
    host = market.networks.hosting(rng, 1, 12)[0]
    accounts.lag[:] = rng.exponential(20)  # of the image that the host keeps
    accounts.routes.put(np.arange(n), 2, host, 12, 3.0, rng.gamma(2.0, 2.0, n))
    own = habits(rng, accounts, np.zeros(n, np.int64), 14.0, 0.8)
    mixed(rng, own, [0], [1, 2], 0.4)
    cells = Workload(
        "notebook", market.seed, client=0, prefix=SHARED, prefixes=int(rng.choice([1, 4])), params=SHARED,
        fixed=float(rng.uniform(0.4, 0.9)), stock=int(rng.integers(10, 60)), stock_of=SHARED, topics=6,
        turns=1.4, gap_s=60, log_in=5.4, sd_in=0.6, log_out=5.2,
    )  # fmt: skip
    works = [work.preset(rng, cells, 0.4, 1.0), work.TINKER, work.CHAT]
    return Cohort("online-course", accounts, eager(rng, own, float(rng.uniform(0.1, 0.3))), works)


def rollout(rng: Rng, market: Market, n: int) -> Cohort:
    """A group of companies, each with an organisation and a card of its own, that invites staff in waves."""
    accounts = people(rng, market, n, "honest/rollout")
    companies = max(2, min(n // 2, int(rng.integers(4, 26))))
    together(rng, market, accounts, rng.integers(0, companies, n))
    accounts.plan[:], accounts.email[:] = ENTERPRISE, CORPORATE
    begins, waves = market.moment(rng, 0.5, 8), int(rng.integers(2, 5))
    wave = np.sort(rng.integers(0, waves, n))
    invited = begins + (wave * rng.uniform(1.5, 4.0)) + rng.exponential(0.15, n)
    _signed_up(rng, accounts, invited)
    accounts.opens[:] = accounts.created + rng.exponential(0.4, n) + 0.005
    gate = market.networks.exits(rng, 1)[0]
    through = np.flatnonzero(rng.random(n) < rng.uniform(0.3, 1.0))
    accounts.routes.put(through, 3, gate, 1, NEVER, rng.gamma(2.0, 2.0, len(through)), hosts=2)
    own = habits(rng, accounts, np.zeros(n, np.int64), 7.0, 1.1)
    own.weekend[:] = rng.choice([0.05, 0.3], n)
    mixed(rng, own, [0, 0, 0, 1], [1, 2], 0.4)
    house = Workload(
        "group-assistant", market.seed, client=work.front(rng, market, "group"), prefix=SHARED, prefixes=3,
        params=SHARED, topics=25, turns=3.0, log_in=7.0, stream=0.9, edit=0.02,
    )  # fmt: skip
    works = [work.preset(rng, house, 0.5, 1.0), work.harness(market, 1), work.CHAT]
    return Cohort("rollout", accounts, eager(rng, own, float(rng.uniform(0.05, 0.2))), works)


def _signed_up(rng: Rng, accounts: Accounts, created: Floats) -> None:
    """Sign-ups at these days, used minutes to hours later."""
    accounts.created[:] = created
    accounts.opens[:] = created + lognormal(rng, 0.01, 1.2, len(created)).clip(0.002, 1)


def _on_trial(rng: Rng, accounts: Accounts, share: float) -> None:
    """Give some the free plan: no card yet."""
    trial = rng.random(len(accounts)) < share
    accounts.plan[trial], accounts.payer[trial] = FREE, 0
