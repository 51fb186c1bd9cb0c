"""Remains: is a link still suspicious without the accounts that stronger links have named?

Stands in naming, before a link's mixture is fitted: what a campaign brought to a link must not name those
who merely share it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stream.evidence.piece import binomial
from stream.evidence.units import Members, zeroed
from stream.windows.groups import Groups

_SHARE: Final = 0.6
"""Share of a link's trait evidence that must remain."""


def remains(
    free: Members,
    before: float,
    least: int,
    enough: int,
    traits: Sequence[str],
    shown: Mapping[str, float],
    rates: Mapping[str, float],
) -> bool:
    """Whether enough of the evidence is left among the `free` members.

    `before`: units when the link was judged; `least`: units that must be left if there were `enough`;
    `shown`: share of the traits then; `rates`: the population's.
    """
    groups = Groups(free.unit)
    votes = float(len(groups))
    if votes == before:
        return True
    if votes < least and before >= enough:
        return False
    now = then = 0.0
    for name in traits:
        values = zeroed(free.traits[name])
        hits = float((groups.sum(values) / groups.counts).sum())
        now += _nats(name, hits, votes, rates[name])
        then += _nats(name, shown[name] * before, before, rates[name])
    return now >= _SHARE * then


def _nats(name: str, hits: float, votes: float, rate: float) -> float:
    return float(binomial(name, np.array([hits]), np.array([votes]), rate).nats[0])
