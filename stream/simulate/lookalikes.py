"""Look-alikes: honest groups that resemble a campaign in one or more ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.aggregators import aggregator
from stream.simulate.chance import Rng, generator, lognormal, words
from stream.simulate.cohorts import (
    DISPOSABLE,
    EDUCATION,
    ENTERPRISE,
    FREE,
    NEVER,
    Cohort,
    Market,
    habits,
    people,
    served,
)
from stream.simulate.lives import live, mixed, settled, steady, together
from stream.simulate.migration import mass_migration
from stream.simulate.networks import COUNTRIES
from stream.simulate.products import agent, notes, own_key, review
from stream.simulate.roleplay import role_play
from stream.simulate.signups import course, news, rollout
from stream.simulate.workloads import NONE, OWN, SHARED, Workload


def _classroom(rng: Rng, market: Market, n: int) -> Cohort:
    """A course: one campus, one assignment, accounts signed up in one week."""
    begins = market.moment(rng, 0.5, 5)
    accounts = people(rng, market, n, "honest/classroom")
    accounts.country[:] = rng.integers(0, 5)
    campus = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.created[:] = begins + rng.beta(1.2, 3, n) * 7
    accounts.opens[:] = accounts.created + rng.exponential(0.5, n)
    accounts.closes[:] = begins + rng.uniform(7, 16, n)
    accounts.email[:] = np.where(rng.random(n) < 0.9, EDUCATION, 1)
    accounts.plan[:] = np.where(rng.random(n) < 0.8, FREE, 1)
    accounts.payer[accounts.plan == FREE] = 0
    accounts.org[:] = 0
    accounts.routes.put(np.arange(n), 1, campus, 1, NEVER, rng.gamma(3, 1.0, n))
    accounts.client[rng.random(n) < 0.85] = 0
    accounts.lag[:] = rng.exponential(3, 1 if rng.random() < 0.4 else n)  # the lab's machines, or their own
    task = Workload(
        "assignment", market.seed, prefix=SHARED, params=SHARED, template=0.75, templates=6,
        template_of=SHARED, loose=True, topics=3, turns=1.7, log_in=5.8, log_out=5.2,
    )  # fmt: skip
    own = habits(rng, accounts, np.zeros(n, np.int64), 9.0, 0.8)
    mixed(rng, own, [0], [1], 0.4)
    return Cohort("classroom", accounts, own, [work.preset(rng, task, 0.3, 1.0), work.TINKER])


def _wave(rng: Rng, market: Market, n: int) -> Cohort:
    """An enterprise that gives seats to all its people in one week."""
    begins = market.moment(rng, 0.5, 5)
    accounts = people(rng, market, n, "honest/enterprise-wave")
    together(rng, market, accounts, np.zeros(n, np.int64))
    accounts.plan[:] = ENTERPRISE
    accounts.routes.weight[:, 1] = np.where(rng.random(n) < 0.9, 5.0, accounts.routes.weight[:, 1])
    accounts.created[:] = begins + rng.beta(1.5, 2, n) * 6
    accounts.opens[:] = accounts.created + rng.exponential(1.0, n)
    own = habits(rng, accounts, np.zeros(n, np.int64), 7.0, 1.1)
    mixed(rng, own, [0, 0, 1], [1, 2], 0.4)
    house = Workload(
        "house-assistant", market.seed, client=work.front(rng, market, "house"), prefix=SHARED,
        params=SHARED, topics=25, turns=3.2, log_in=7.0, stream=0.9,
    )  # fmt: skip
    works = [work.preset(rng, house, 0.5, 1.0), work.harness(market, 2), work.CHAT]
    return Cohort("enterprise-wave", accounts, own, works)


def _fleet(rng: Rng, market: Market, n: int) -> Cohort:
    """Continuous integration that firms run themselves: even load around the clock from hosting."""
    accounts = people(rng, market, n, "honest/ci-fleet")
    firm = rng.integers(0, int(rng.choice([1, 3, 8])), n)
    together(rng, market, accounts, firm)
    served(rng, market, accounts, np.arange(n), 12)
    accounts.client[:] = int(rng.integers(0, 3))
    own = habits(rng, accounts, np.zeros(n, np.int64), 25.0, float(rng.uniform(0.1, 0.6)))
    # firms differ in size: rates of ServeGen's clients span orders of magnitude
    own.rate *= lognormal(rng, 1.0, float(rng.uniform(0.7, 1.5)), int(firm.max()) + 1)[firm]
    steady(rng, own, np.ones(n, bool))
    review = Workload(
        "review", market.seed, prefix=SHARED, params=SHARED, template=0.6, templates=8, template_of=SHARED,
        loose=True, log_in=8.0, log_out=5.0, stream=0.0,
    )  # fmt: skip
    return Cohort("ci-fleet", accounts, own, [work.preset(rng, review, 0.2, 0.9)])


def _agency(rng: Rng, market: Market, n: int) -> Cohort:
    """An agency that runs its clients' accounts on its own card."""
    accounts = people(rng, market, n, "honest/agency")
    accounts.org[:], accounts.payer[:] = words(rng, n), words(rng, 1)[0]
    accounts.plan[:] = 2
    office = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.routes.put(np.arange(n), 1, office, 1, NEVER, rng.gamma(1.0, 1.0, n))
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.4))
    accounts.params[:] = words(rng, 1)[0]
    own = habits(rng, accounts, np.zeros(n, np.int64), 9.0, 1.2)
    kit = Workload("agency-kit", market.seed, prefix=SHARED, topics=6, turns=2.5, log_in=6.9, stream=0.7)
    mixed(rng, own, [0, 0, 1, 2], [1, 2, 3], 0.4)
    works = [work.preset(rng, kit, 0.3, 1.0), work.BACKEND, work.EXTRACT, work.SCRIPT]
    return Cohort("agency", accounts, own, works)


def _hackathon(rng: Rng, market: Market, n: int) -> Cohort:
    """48 hours in one hall: the same starter kit, accounts minutes old."""
    begins = market.moment(rng, 0.5, 3)
    accounts = people(rng, market, n, "honest/hackathon")
    accounts.country[:] = rng.integers(0, 6)
    hall = market.networks.offices(rng, accounts.country[:1])[0]
    accounts.created[:] = np.where(rng.random(n) < 0.75, begins + rng.exponential(0.25, n), accounts.created)
    accounts.opens[:] = np.maximum(accounts.created + 0.01, begins)
    accounts.closes[:] = begins + np.where(rng.random(n) < 0.85, 2.0, rng.uniform(3, 12, n))
    accounts.email[rng.random(n) < 0.25] = DISPOSABLE
    accounts.routes.put(np.arange(n), 1, hall, 1, NEVER, 6.0)
    accounts.lag[:] = rng.exponential(1.0, n)
    own = habits(rng, accounts, np.zeros(n, np.int64), 40.0, 0.9)
    own.depth[:] = rng.beta(1, 3, n)
    kit = Workload(
        "starter-kit", market.seed, prefix=SHARED, params=SHARED, tools=SHARED, template=0.35, templates=5,
        template_of=SHARED, topics=4, turns=2.4, log_in=6.8, stream=0.6,
    )  # fmt: skip
    mixed(rng, own, [0], [1, 2], 0.5)
    works = [work.preset(rng, kit, 0.2, 0.9), work.TINKER, work.harness(market, 0)]
    return Cohort("hackathon", accounts, own, works)


def _benchmark(rng: Rng, market: Market, n: int) -> Cohort:
    """Unrelated teams that run one public benchmark: the same prompts, word for word."""
    accounts = people(rng, market, n, "honest/benchmark")
    own = habits(rng, accounts, np.zeros(n, np.int64), 18.0, 1.0)
    served(rng, market, accounts, np.flatnonzero(rng.random(n) < 0.4))
    own.day_sigma[:] = 1.6
    runs = Workload(
        "benchmark", market.seed, prefix=SHARED, fixed=0.97, stock=1500, stock_of=SHARED, log_in=5.8,
        sd_in=0.5, log_out=5.4, stream=0.0,
    )  # fmt: skip
    bare = Workload(
        "benchmark-bare", market.seed, prefix=NONE, fixed=0.97, stock=600, stock_of=SHARED, log_in=5.5,
        stream=0.0,
    )  # fmt: skip
    mixed(rng, own, [0, 1], [2], 0.6)
    works = [work.preset(rng, runs, 0.0, 0.6), bare, work.TINKER]
    return Cohort("benchmark", accounts, own, works)


def _vpn(rng: Rng, market: Market, n: int) -> Cohort:
    """Users of one VPN operator, on the same few exits."""
    accounts = people(rng, market, n, "honest/vpn")
    exits = market.networks.vpns(rng, 1)[0] + int(rng.integers(0, 20))
    accounts.routes.put(np.arange(n), 3, exits, 8, rng.choice([2.0, 12.0], n), rng.gamma(2.0, 4.0, n))
    own = habits(rng, accounts, np.zeros(n, np.int64), 6.0, 1.3)
    mixed(rng, own, [0, 1, 2], [0, 1, 3], 0.5)
    return Cohort("vpn", accounts, own, [work.CHAT, work.TINKER, work.harness(market, 0), work.SCRIPT])


def _shared_exit(rng: Rng, market: Market, n: int) -> Cohort:
    """People whose country the API does not serve, behind one reseller's address, with keys of their own."""
    accounts = people(rng, market, n, "honest/shared-exit")
    accounts.country[rng.random(n) < 0.7] = rng.integers(0, len(COUNTRIES))
    often = rng.gamma(2.0, 3.0, n)
    accounts.routes.put(np.arange(n), 3, market.networks.reseller, 1, NEVER, often, hosts=1)
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 1.2)
    mixed(rng, own, [0, 0, 1, 2, 3], [0, 1, 2, 3], 0.5)
    works = [work.CHAT, work.TINKER, work.harness(market, 0), work.harness(market, 1)]
    return Cohort("shared-exit", accounts, own, works)


def _launch(rng: Rng, market: Market, n: int) -> Cohort:
    """A new harness that hundreds of unrelated accounts, old and new, take up within days."""
    begins = market.moment(rng, 1, 4)
    accounts = people(rng, market, n, "honest/harness-launch")
    fresh = rng.random(n) < 0.35
    accounts.created[fresh] = begins + rng.exponential(2.5, int(fresh.sum()))
    accounts.opens[:] = np.where(fresh, accounts.created + 0.02, accounts.opens)
    client = market.clients.build(f"launch-{market.seed}", "kelp/{} (cli)", "go", 1.5)
    accounts.lag[:] = rng.exponential(1.5, n)
    new = Workload(
        "launched-harness", market.seed, client=client, prefix=SHARED, params=SHARED, tools=SHARED,
        versioned=True, topics=15, turns=8.0, turn_sigma=1.0, gap_s=12, log_in=8.5, log_out=4.9,
        growth=0.45, stream=0.97, resume=0.08, resume_depth=10,
    )  # fmt: skip
    return _turned(
        rng,
        Cohort(
            "harness-launch",
            accounts,
            habits(rng, accounts, np.zeros(n, np.int64), 9.0, 1.2),
            [work.preset(rng, new, 0.4, 1.0), work.CHAT, work.TINKER, work.harness(market, 0), work.SCRIPT],
        ),
        begins,
        2.5,
        0.7,
    )


def _migration(rng: Rng, market: Market, n: int) -> Cohort:
    """Many honest accounts that move to a new client, model and set of parameters within a week."""
    begins = market.moment(rng, 2, 5)
    accounts = people(rng, market, n, "honest/migration")
    accounts.created[:] = np.minimum(accounts.created, begins - rng.uniform(5, 40, n))
    accounts.opens[:] = np.minimum(accounts.opens, begins - rng.uniform(0, 6, n))
    client = market.clients.build(f"migration-{market.seed}", "ModelSDK/Python {} gateway", "openssl", 12)
    accounts.model[:] = int(rng.integers(0, 3))
    gateway = Workload(
        "migrated", market.seed, client=client, prefix=OWN, params=SHARED, topics=8, turns=2.4, log_in=6.9,
        stream=0.6,
    )  # fmt: skip
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 1.3)
    tasks = [gateway, work.CHAT, work.BACKEND, work.TOOLED, work.BATCH]
    return _turned(rng, Cohort("migration", accounts, own, tasks), begins, 2.0, 1.0)


def _turned(rng: Rng, cohort: Cohort, begins: float, spread_days: float, share: float) -> Cohort:
    """Let every account do its old work until it takes up workload 0, some days after `begins`."""
    old, n = cohort.habits, len(cohort.habits)
    old.work[:, 0] = rng.integers(1, len(cohort.workloads), n)
    new = old.twin()
    new.work[:, 0] = 0
    turn = begins + rng.gamma(1.5, spread_days / 1.5, n)
    new.opens = np.maximum(turn, old.opens)
    old.closes = np.where(rng.random(n) < share, turn, NEVER)
    cohort.habits = old.and_(new)
    return cohort


@dataclass(frozen=True)
class Kind:
    """How a look-alike is drawn, its accounts in a world of 2,500 and its chance to be in a world."""

    draw: Callable[[Rng, Market, int], Cohort]
    least: int
    most: int
    chance: float = 1.0


LOOKALIKE_TABLE: dict[str, Kind] = {
    "classroom": Kind(_classroom, 34, 58),
    "enterprise-wave": Kind(_wave, 105, 180),
    "ci-fleet": Kind(_fleet, 22, 39),
    "aggregator": Kind(aggregator, 5, 60),
    "agency": Kind(_agency, 19, 34),
    "hackathon": Kind(_hackathon, 34, 58),
    "benchmark": Kind(_benchmark, 18, 31),
    "vpn": Kind(_vpn, 37, 65),
    "harness-launch": Kind(_launch, 150, 260),
    "migration": Kind(_migration, 90, 156),
    "own-key": Kind(own_key, 10, 100, 0.7),
    "agent-product": Kind(agent, 10, 100, 0.6),
    "ci-product": Kind(review, 10, 100, 0.6),
    "notes-product": Kind(notes, 10, 100, 0.5),
    "role-play": Kind(role_play, 40, 160, 0.7),
    "shared-exit": Kind(_shared_exit, 12, 60, 0.5),
    "news": Kind(news, 130, 320, 0.4),
    "online-course": Kind(course, 25, 140, 0.5),
    "rollout": Kind(rollout, 40, 150, 0.5),
    "mass-migration": Kind(mass_migration, 190, 325),
}
"""Every look-alike."""
MORE_LOOKALIKES: tuple[str, ...] = ("mass-migration",)
"""Look-alikes that a world has only when it asks for them."""
LOOKALIKES: tuple[str, ...] = tuple(name for name in LOOKALIKE_TABLE if name not in MORE_LOOKALIKES)
"""The look-alikes of a world that asks for none in particular: each by its chance. Who asks for some has all
that he names.
"""


def resembling(market: Market, names: tuple[str, ...], accounts: int) -> list[Cohort]:
    """The look-alikes of a market, sized to a world of `accounts`."""
    cohorts = []
    for name in names:
        kind, rng = LOOKALIKE_TABLE[name], generator(market.seed, "lookalike", name)
        scale = min(1.5, accounts / 2500) ** 0.8
        n = round(float(np.exp(rng.uniform(np.log(kind.least), np.log(kind.most)))) * scale)
        if rng.random() >= kind.chance and names == LOOKALIKES:
            continue
        cohort = kind.draw(rng, market, max(3, min(16, kind.least, accounts // 25), n))
        live(rng, market, cohort.accounts)
        cohort.beside = [settled(other) for other in cohort.beside]
        cohorts.append(settled(cohort))
    return cohorts
