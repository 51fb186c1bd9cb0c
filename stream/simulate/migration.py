"""A mass migration: honest accounts whose client, gateway and model change in one week."""

from __future__ import annotations

from copy import copy

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.chance import Rng, words
from stream.simulate.cohorts import NEVER, Cohort, Market, habits, people
from stream.simulate.lives import mixed
from stream.simulate.networks import Routes


def mass_migration(rng: Rng, market: Market, n: int) -> Cohort:
    """Established accounts that all move behind one new gateway within a week: its client, servers, default
    parameters and a new model; their prompts stay their own. The cohort beside is the same accounts after it.
    """
    begins = market.moment(rng, 3, 8)
    accounts = people(rng, market, n, "honest/mass-migration")
    accounts.created[:] = np.minimum(accounts.created, begins - rng.uniform(20, 300, n))
    accounts.opens[:] = np.minimum(accounts.opens, begins - rng.uniform(4, 30, n))
    tasks = [work.CHAT, work.BACKEND, work.TOOLED, work.EXTRACT, work.SCRIPT, work.WRITE]
    own = habits(rng, accounts, np.zeros(n, np.int64), 8.0, 1.2)
    mixed(rng, own, range(len(tasks)), range(len(tasks)), 0.4)
    turn = begins + 7 * rng.beta(1.5, 2.5, n)
    after, moved = own.twin(), copy(accounts)
    own.closes[:], after.opens[:] = np.maximum(turn, accounts.opens), turn
    moved.client = np.full(
        n, market.clients.build(f"gateway-{market.seed}", "estuary-gateway/{} (sdk)", "go", 9)
    )
    moved.lag = np.full(n, float(rng.exponential(2)))
    moved.model = np.full(n, int(rng.integers(0, 3)))
    moved.second_model = np.where(rng.random(n) < 0.6, moved.model, accounts.second_model)
    defaults = rng.random(n) < 0.7
    moved.params = np.where(defaults, words(rng, 1)[0], accounts.params).astype(np.uint64)
    run = int(rng.choice([2, 6]))
    moved.routes = Routes.empty(n)
    moved.routes.put(np.arange(n), 0, market.networks.hosting(rng, 1, run)[0], run, 1.0, 1.0)
    moved.leaves, moved.returns = np.full(n, NEVER), np.full(n, NEVER)  # the gateway does not travel
    return Cohort(
        "mass-migration", accounts, own, tasks, beside=[Cohort("mass-migration-after", moved, after, tasks)]
    )
