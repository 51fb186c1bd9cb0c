"""Mates: who on a shared card works with what the others on it work with.

Stands in naming, between a link's mixture and its suspects. Whoever holds a card pays for others too: a
reseller's customers with accounts of their own sit on it beside its pool, as young as the pool and of the
same days. Being young is no reason to name them for; the tool of a good part of the card is one.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.units import Members
from stream.links.kinds import LinkKind

_LEAST: Final = 3  # two may meet by chance
_SHARE: Final = 0.25
"""On three looked-at worlds it spared all 12 customers named for a card, and lost no account of a pool."""


def pays_for_others(kind: LinkKind) -> bool:
    """Whether what a link of this kind joins may be the customers of one of its members."""
    return kind.unit == "org"


def mates(everyone: Members, members: Members) -> NDArray[np.bool_]:
    """Who of `members` has a tool that three accounts, and a quarter of `everyone` on the link, have."""
    tools, counts = np.unique(everyone.tool[everyone.tool != 0], return_counts=True)
    return np.isin(members.tool, tools[(counts >= _LEAST) & (counts >= _SHARE * counts.sum())])
