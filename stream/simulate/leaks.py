"""Leaks: what one figure of one account gives away.

A world is only worth detecting in if no figure of a single account does the work. For each figure and each
direction a threshold is set that one honest account in a thousand passes; the leak is the share of campaign
accounts beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stream.simulate.chance import Floats
from stream.simulate.figures import figures
from stream.simulate.world import World

FPR = 0.001


@dataclass(frozen=True)
class Leak:
    """One figure: the share of campaign accounts beyond its threshold, the side, and the worst campaign."""

    figure: str
    separated: float
    direction: str
    threshold: float
    worst_campaign: str
    worst_separated: float


def leaks(world: World, fpr: float = FPR) -> list[Leak]:
    """Every figure's leak on its worse side, the worst first."""
    table = figures(world.events)
    labels = table["account_id"].replace_strict(world.truth.accounts)
    campaign = labels.str.extract(r"^campaign/(.*)").fill_null("").to_numpy().astype(str)
    columns = table.drop("account_id").get_columns()
    values = {column.name: column.to_numpy().astype(np.float64) for column in columns}
    found = [_leak(name, sign, values[name], campaign, fpr) for name in values for sign in (1, -1)]
    worse = {leak.figure: leak for leak in sorted(found, key=lambda leak: leak.separated)}
    return sorted(worse.values(), key=lambda leak: (-leak.separated, leak.figure))


def _leak(name: str, sign: int, values: Floats, campaign: npt.NDArray[np.str_], fpr: float) -> Leak:
    direction, guilty, x = "above" if sign > 0 else "below", campaign != "", sign * values
    honest = np.sort(x[~guilty & np.isfinite(x)])[::-1]
    if not len(honest) or not guilty.any():
        return Leak(name, 0.0, direction, float("nan"), "", 0.0)
    threshold = honest[int(fpr * len(honest))]
    beyond = x > threshold
    shares = {str(uid): float(beyond[campaign == uid].mean()) for uid in np.unique(campaign[guilty])}
    worst = max(shares, key=lambda uid: shares[uid])
    separated = float(beyond[guilty].mean())
    return Leak(name, separated, direction, sign * float(threshold), worst, shares[worst])
