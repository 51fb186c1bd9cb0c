"""Roster: who sits on one link, told as naming sees them.

Beside what evidence knows of a member it marks newcomers, and takes back what neighbours share because
they are neighbours.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stream.cases.mixture import NEWCOMER
from stream.evidence.piece import Floats
from stream.evidence.place import PLACE_SHARE
from stream.evidence.units import Members
from stream.learning.reference import LAG_MS
from stream.links.seats import Seats
from stream.links.state import LinkState
from stream.windows.groups import Groups


class Roster:
    """Seats of one tick, by link; they are sorted by kind and value."""

    def __init__(self, state: LinkState, seats: Seats, now_ms: int, crowd: int) -> None:
        """`crowd`: units of one link in one home network from which they are neighbours."""
        self._state, self._seats, self._crowd = state, seats, crowd
        self._since_ms = now_ms - LAG_MS

    def seats(self, number: int, value: int) -> Seats:
        """Who sits on a link of kind `number`."""
        low, high = np.searchsorted(self._seats.kind, [number, number + 1])
        values = self._state.links["value"][self._seats.link[low:high]]
        first, last = (low + np.searchsorted(values, np.uint64(value), side) for side in ("left", "right"))
        return self._seats.where(np.arange(first, last))

    def on(self, number: int, value: int) -> Members:
        """Members of a link of kind `number`, with the trait `newcomer`."""
        return self.told(self.seats(number, value))

    def told(self, seats: Seats) -> Members:
        """All that is known of who sits on one link, with the trait `newcomer`."""
        members = self._state.describe(seats)
        # a class works on one assignment: of neighbours, a common template says nothing
        templated = np.where(self._neighbours(members), np.nan, members.traits["templated"])
        traits = {NEWCOMER: self._joined(seats), "templated": templated}
        return replace(members, traits=members.traits | traits)

    def newcomers(self, number: int, campaign: NDArray[np.int32]) -> float:
        """Share of a kind's members that joined their link lately, of those without a campaign."""
        low, high = np.searchsorted(self._seats.kind, [number, number + 1])
        seats = self._seats.where(np.arange(low, high))
        joined = self._joined(seats.where(campaign[seats.account] == 0))
        return float(joined.mean()) if len(joined) else 1.0

    def _joined(self, seats: Seats) -> Floats:
        return self._state.newcomers(seats, self._since_ms).astype(np.float64)

    @cached_property
    def _homes(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return self._state.homes(PLACE_SHARE)

    def _neighbours(self, members: Members) -> NDArray[np.bool_]:
        """Who shares a home network with a crowd of other units of the link."""
        account, network = self._homes
        # a table of who is here, as large as there are accounts: quicker than to sort them all
        seated = np.zeros(len(self._state.profiles), np.bool_)
        seated[members.account] = True
        here = seated[account]
        account, network = account[here], network[here]
        order = np.argsort(members.account, kind="stable")
        unit = members.unit[order[np.searchsorted(members.account[order], account)]]
        of_unit = Groups(network, unit).first(network)
        homes = Groups(of_unit)
        crowded = homes.first(of_unit)[homes.counts >= self._crowd]
        return np.isin(members.account, account[np.isin(network, crowded)])
