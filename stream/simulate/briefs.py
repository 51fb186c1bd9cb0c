"""Briefs: what one campaign is drawn from, and the pace that its accounts are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream.simulate.chance import Rng, lognormal
from stream.simulate.cohorts import Accounts, Habits, habits
from stream.simulate.supply import Means


@dataclass(frozen=True)
class Brief:
    """One instance to draw: uid, means, number of accounts, and how far a small world scales rates down.

    `pool` tells the pools apart that share nothing; `host` holds the accounts of a contracted aggregator.
    """

    uid: str
    means: Means
    size: int
    scale: float
    pool: int = 0
    host: Accounts | None = None

    @property
    def name(self) -> str:
        """The name of its cohort and of its work."""
        return f"{self.uid}.{self.pool}" if self.pool else self.uid

    @property
    def label(self) -> str:
        """The label of its accounts as they are drawn."""
        return f"campaign/{self.name}"


def paced(rng: Rng, brief: Brief, accounts: Accounts, rate: float) -> Habits:
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
