"""Overlap: two campaigns that one link ties are one.

The link has to be theirs: most of its members are named, and it has the majority of both campaigns. So
neither a single shared account nor a popular value can glue two.
"""

from typing import Final

import numpy as np

from stream.cases.campaign import LinkKey
from stream.links.seats import Seats
from stream.links.state import LinkState
from stream.windows.groups import Groups

_MAJORITY: Final = 0.5
_THEIR_OWN: Final = 0.6
_THEIR_OWN_TOOL: Final = 0.9
"""Share of a link's members that are named, from which it belongs to campaigns; more of a mere tool."""
_GUILTY: Final = 0.2
"""Share from which a link's evidence may be a campaign's; links that grow hold half of one soon."""

Overlap = tuple[int, int, LinkKey]
"""Two campaigns by number, and the link that ties them."""


def overlaps(state: LinkState, seats: Seats) -> list[Overlap]:
    """Pairs of campaigns to merge, sorted."""
    links, campaign = state.links, state.profiles["campaign"][seats.account]
    named = np.flatnonzero(campaign > 0)
    if not len(named):
        return []
    members = np.bincount(seats.link, minlength=len(links))
    share = np.bincount(seats.link[named], minlength=len(links)) / np.maximum(members, 1)
    _, first = np.unique(seats.account[named], return_index=True)
    size = np.bincount(campaign[named[first]])
    groups = Groups(seats.link[named], campaign[named])
    link, number = groups.first(seats.link[named]), groups.first(campaign[named])
    ties = np.array([kind.ties for kind in state.kinds])[links["kind"][link]]
    theirs = share[link] >= np.where(ties, _THEIR_OWN, _THEIR_OWN_TOOL)
    most = theirs & (groups.counts >= _MAJORITY * size[number])
    link, number = link[most], number[most]
    same = np.flatnonzero(link[1:] == link[:-1])
    return sorted((int(number[i]), int(number[i + 1]), _key(state, int(link[i]))) for i in same)


def named_links(state: LinkState, seats: Seats) -> list[int]:
    """Keys of the links of cases: those with so many named members that they are no honest link."""
    members = np.bincount(seats.link, minlength=len(state.links))
    named = np.bincount(seats.link, state.profiles["campaign"][seats.account] > 0, len(state.links))
    guilty = np.flatnonzero((named > 0) & (named >= _GUILTY * members))
    keys: list[int] = state.links.keys[guilty].tolist()
    return keys


def _key(state: LinkState, slot: int) -> LinkKey:
    return state.kinds[int(state.links["kind"][slot])].name, int(state.links["value"][slot])
