"""Routine: what an account did weeks ago already is no news about it.

Whoever routes between several vendors continues conversations begun elsewhere all year, and a safety team
is refused every day. So of some flags only those events count whose account did not do so as a routine
before. Lagged by a week at least, and by share: one such event a month ago excuses nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, SlotTable
from stream.windows.tiles import DAY_MS, NEVER, Ring

ROUTINE: Final = {"orphaned": 0.125, "refused": 0.1}
"""Flag -> share of an account's past events that makes it a routine: half of what makes it a trait."""
_LEAST_EVENTS: Final = 3  # below, a share means nothing
_WEEKS: Final = Ring(7 * DAY_MS, 4)
_LAG_WEEKS: Final = 2  # the running week and the one before excuse nothing: seven days at least
_PAST_WEEKS: Final = 2

COLUMNS: Final = {
    "weeks": Column(np.uint16, (1 + len(ROUTINE)) * _WEEKS.length),
    "weeks_newest": Column(np.int32, fill=NEVER),
}
"""What the table of accounts keeps for it: events, and those with each flag, by week."""


def keep_news(table: SlotTable, events: Columns, slots: NDArray[np.int32]) -> None:
    """Count the flags of a slice of events, then take those away that are a routine of their account.

    `slots`: of each event's account; shape (n,).
    """
    groups = Groups(slots)
    unique = groups.first(slots)
    flags = [groups.sum(events[name]) for name in ROUTINE]
    week = _WEEKS.tile(int(events["time_ms"][-1]))
    tiles, newest = table["weeks"], table["weeks_newest"]
    past = _WEEKS.total(tiles.take(unique, axis=0), newest[unique], week - _LAG_WEEKS, _PAST_WEEKS)
    for number, (name, share) in enumerate(ROUTINE.items(), 1):
        routine = past[:, number] >= np.maximum(share * past[:, 0], _LEAST_EVENTS)
        if routine.any():
            events[name] = events[name] & ~routine[groups.ids]
    _WEEKS.add(tiles, newest, unique, week, np.stack([groups.counts, *flags], axis=1))
