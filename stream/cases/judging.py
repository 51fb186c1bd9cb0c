"""Judging: seats of one tick in, judged links out.

Stands between the memberships that are held and what is named for them. Links are judged against what was
normal a week ago, and by what is new about them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.cases.hot import FEW_UNITS, judge
from stream.cases.judged import Judged
from stream.cases.opinion import SOME_NATS, Learned, heard
from stream.cases.remembered import Remembered
from stream.evidence import Lagged, Piece, score
from stream.evidence.piece import Floats
from stream.evidence.place import PLACE_SHARE, most_together
from stream.evidence.units import Units, units_of
from stream.learning.history import History
from stream.learning.reference import LAG_MS, Normality
from stream.links.seats import Seats, sampled
from stream.links.state import LinkState
from stream.settings import Alerts

SAMPLE: Final = 256
"""Units of a link that are judged: more votes than the evidence counts, however popular the link."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges links; what it stands on is held elsewhere."""

    state: LinkState
    alerts: Alerts
    history: History
    remembered: Remembered
    learned: Learned

    def unnamed(self, seats: Seats) -> NDArray[np.bool_]:
        """Seats of accounts that are in no case."""
        return np.asarray(self.state.profiles["campaign"][seats.account] == 0)

    def units(self, seats: Seats, counted: NDArray[np.bool_]) -> Units | None:
        """Units of the links that join enough of them, of the `counted` seats alone; None without any."""
        free = seats.where(counted)
        # sorted by link and unit: a new unit starts where either changes
        fresh = np.ones(len(free.link), np.bool_)
        fresh[1:] = (free.link[1:] != free.link[:-1]) | (free.unit[1:] != free.unit[:-1])
        votes = np.bincount(free.link[fresh], minlength=len(self.state.links))
        free = free.where(votes[free.link] >= self.alerts.min_units - FEW_UNITS)
        free = sampled(free, votes, SAMPLE)
        if not len(free.link):
            return None
        members = self.state.describe(free)
        return units_of(self.state.kinds, free.kind, members, self._together(seats, free))

    def _together(self, seats: Seats, free: Seats) -> Floats:
        """Most units of each link that one network holds a quarter of; shape (links,)."""
        stays = seats.where(self.state.at_network[seats.kind] & (seats.share >= PLACE_SHARE))
        # the quarter may be of the last days or of all days: a class that has gone home is still a class
        account, network = self.state.homes(PLACE_SHARE)
        return most_together(free, np.append(account, stays.account), np.append(network, stays.link))

    def judged(
        self, units: Units | None, normality: Normality | None, now_ms: int, *, whole: bool
    ) -> tuple[Judged | None, dict[str, Piece]]:
        """Links as judged by what is new about them, and all of their evidence.

        Unless `whole`, costly evidence is worked out only where it can decide.
        """
        if units is None or normality is None:
            return None, {}
        links, alerts = self.state.links, self.alerts
        rates = normality.rates_by_kind([kind.name for kind in self.state.kinds], units.kind)
        veterans = self.state.veterans(now_ms - LAG_MS)[units.link]
        lagged = Lagged(rates, normality.ranked, normality.of_newcomers, normality.contrast, veterans)
        pieces, likeness = score(units, lagged, -np.inf if whole else SOME_NATS)
        news = self.history.news(links.keys[units.link], pieces, now_ms)
        remembered = self.remembered.nats(links)[units.link]
        judged = judge(units, news, remembered, alerts.threshold_nats, alerts.min_units)
        return heard(judged, likeness, remembered, self.learned), pieces
