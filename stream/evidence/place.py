"""Place (against): does a common place explain the group?

Sees whether more than half of the units spend a quarter of their traffic in one network: a classroom, an
office, an event. Students work at home too, so half of the traffic would be too much to ask. One network
operator explains nothing: a hosting company has room for any pool. Formula: minus 4 nats, and shared
templates and their breadth say nothing: a class works on one assignment. Fooled by renting one exit for
all, which in turn makes a network link of it. Needs: client_ip.
"""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stream.evidence import breadth
from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, fixed
from stream.evidence.units import Units
from stream.windows.groups import Groups, distinct, lengths, runs

PLACE_SHARE: Final = 0.25
_NATS: Final = -4.0
_HALF: Final = 0.5


class Sitting(Protocol):
    """Who sits where, sorted by link and unit; arrays of shape (members,)."""

    @property
    def link(self) -> NDArray[np.int32]:
        """Slot of the link."""

    @property
    def account(self) -> NDArray[np.int32]:
        """Slot of the account."""

    @property
    def unit(self) -> NDArray[np.uint64]:
        """Key of the unit."""


def most_together(members: Sitting, account: NDArray[np.int32], network: NDArray[np.int32]) -> Floats:
    """Most units of each link in one network. `account`, `network`: pairs of who stays where.

    Returns shape (links,), in the order of `members`.
    """
    links = runs(members.link)
    units = runs(members.link, members.unit)
    unit = np.repeat(np.arange(len(units)), lengths(units, len(members.unit)))
    position = np.searchsorted(links, units, "right") - 1  # of each unit's link
    pairs = Groups(account)
    first = np.full(int(max(members.account.max(), account.max(initial=0))) + 1, -1, np.int64)
    count = np.zeros(len(first), np.int64)
    first[pairs.first(account)], count[pairs.first(account)] = pairs.starts, pairs.counts
    times = count[members.account]
    row = np.repeat(np.arange(len(times)), times)
    step = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    where = network[pairs.order][first[members.account[row]] + step].astype(np.int64)
    # a pair of small numbers as one number
    base = int(where.max(initial=0)) + 1
    stays = distinct(unit[row] * base + where)
    crowd = position[stays // base] * base + stays % base
    crowd = np.sort(crowd)
    starts = runs(crowd)
    most = np.zeros(len(links))
    np.maximum.at(most, crowd[starts] // base, lengths(starts, len(crowd)).astype(np.float64))
    return most


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `place`."""
    at_one = units.by_kind(lambda kind: kind.fields == ("network",))
    together = np.where(at_one, 0.0, units.together)
    share = together / units.votes
    shared_work = lagged.trait("templated", units).nats + breadth.nats(units.companions)
    return [fixed("place", np.where(share > _HALF, _NATS - shared_work, 0.0), share, 0.0, _HALF)]
