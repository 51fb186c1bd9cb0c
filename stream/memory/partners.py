"""Partners: who has two accounts hands conversations to himself, and that is no news after the first time.

Players and developers use up the allowance of one account and go on under their second one, day after day; a
dispatcher hands on to whichever account is free. So hand-overs from the payer from whom an account had its
first one count once. Fooled by a pool that hands on within fixed pairs.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups
from stream.windows.slots import Column, SlotTable

COLUMNS: Final = {"partner": Column(np.uint64)}
"""What the table of accounts keeps for it: the unit that handed it its first conversation."""


def keep_strangers(table: SlotTable, events: Columns, slots: NDArray[np.int32]) -> None:
    """Leave `handed_over` to first hand-overs, and to those from others than an account's partner.

    `slots`: of each event's account, in canonical order; shape (n,). `giver`: the unit that it was left by.
    """
    rows = np.flatnonzero(events["handed_over"])
    if not len(rows):
        return
    groups = Groups(slots[rows])
    accounts, first = groups.first(slots[rows]), rows[groups.rows]
    alone = table["partner"][accounts] == 0
    table["partner"][accounts[alone]] = events["giver"][first[alone]]
    partner = table["partner"][accounts][groups.ids]
    events["handed_over"][rows] = events["giver"][rows] != partner
    events["handed_over"][first[alone]] = True
