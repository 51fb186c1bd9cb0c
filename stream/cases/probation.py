"""Probation: whether the links of a young case stay suspicious with those whom it named among their members.

A link is named for at its luckiest hour. What a campaign does it goes on doing, and the more of its accounts
there are to see, the clearer; of honest accounts that looked alike for an hour the next look tells. Until a
link has held for a day nobody is named for joining it while it fails, and a case all of whose links fail for
a day is withdrawn.
"""

import numpy as np

from stream.cases.judging import Judging
from stream.cases.sticky import StickyLinks
from stream.learning.reference import Normality
from stream.links.seats import Seats
from stream.windows.slots import mix


def judge_again(
    judging: Judging, sticky: StickyLinks, seats: Seats, normality: Normality | None, now_ms: int
) -> bool:
    """Look again at the links on probation; whether there were any.

    A link with too few members to be judged, its accounts gone, is left as it is.
    """
    young = sticky.on_probation()
    if not young or normality is None:
        return False
    links = judging.state.links
    kinds, values = (np.array(column, np.uint64) for column in zip(*young, strict=True))
    slots = links.find(mix(kinds, values))
    campaign = np.zeros(len(links), np.int32)
    held = slots >= 0
    campaign[slots[held]] = np.array([link.campaign for link in young.values()], np.int32)[held]
    named, own = judging.state.profiles["campaign"][seats.account], campaign[seats.link]
    # other links are judged with them, for what members share beside a link is part of its evidence
    of_them = np.isin(named, [link.campaign for link in young.values()])
    units = judging.units(seats, (named == 0) | np.where(own != 0, named == own, of_them))
    judged, _ = judging.judged(units, normality, now_ms, whole=False)
    if judged is None:
        return False
    looked = dict(zip(judged.units.link.tolist(), np.round(judged.total - judged.need, 6), strict=True))
    for slot, link in zip(slots.tolist(), young.values(), strict=True):
        if slot in looked:
            link.see(float(looked[slot]))
    return True


__all__ = ["judge_again"]
