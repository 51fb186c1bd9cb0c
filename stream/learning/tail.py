"""The tail of honest links: how many a week come how far over what a case needs.

Peaks over a threshold (Pickands 1975): above a level the nats of honest links fall off exponentially, with
their mean excess as the scale. Where more links than are granted get over the need, new cases have to get
over it by as many nats as the tail takes to thin out to the grant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log
from typing import Final, Literal, NamedTuple

FLOOR: Final = -8.0
"""Nats over the need from which on peaks are taken down: further below are links with next to no evidence."""
_CEILING: Final = -4.0
"""The level is at most that: what could make a case is left out, and how far the rest falls off to the need
is to be seen still."""
_FITTED: Final = 60
"""Peaks that are fitted at most, the highest. Further down fewer links have the two reasons of a case: on six
looked-at worlds 3 % of those 10 nats below the need, 10 % at 6, and 40 % at 4."""
LEAST_PEAKS: Final = 40
"""Peaks over FLOOR below which nothing is read; of 40 the scale is known to a sixth."""
LEAST_WEEKS: Final = 2
"""Weeks below which nothing is read: one may have been a holiday's."""
_PRIOR_PEAKS: Final = 10
"""Peaks that what is believed before any is seen counts for."""
_PRIOR_SCALE: Final = 1.0
"""A sum of nats that keeps its word is passed by e times fewer honest links with every nat."""
_PRIOR_ABLE: Final = 0.5
"""Share of the links near the need that have reasons enough for a case: nothing is known of it."""
_SCALES: Final = (0.1, 10.0)
_HALVINGS: Final = 40
"""Scales that are thinkable, nats, and halvings that tell one to the eleventh decimal."""
MOST_NATS: Final = 6.0
"""More is never asked for: whoever fills the tail with bait cannot raise the bar out of reach."""

Stage = Literal["warming up", "in use"]
"""Too few weeks or links to be read; enough."""


class Peak(NamedTuple):
    """The most nats over its need that a link had in a week, and the most while it could make a case."""

    nats: float
    able: float = -inf


@dataclass(frozen=True, slots=True)
class Tail:
    """Honest links a week that get x nats over their need: `at_need` exp(-x / `scale`)."""

    at_need: float = 0.0
    scale: float = _PRIOR_SCALE
    peaks: int = 0
    weeks: int = 0

    @property
    def stage(self) -> Stage:
        """Whether there are weeks and links enough."""
        return "in use" if self.weeks >= LEAST_WEEKS and self.peaks >= LEAST_PEAKS else "warming up"

    def margin(self, a_week: float, before: int = 0) -> float:
        """Nats over its need that a new case has to get for `a_week` links of honest traffic to do so.

        `before`: cases that the tick has opened already. The n-th of a tick may be n times as likely honest,
        which keeps the share of honest ones among all that it opens (Benjamini and Hochberg 1995; step down:
        Sarkar 2002).
        """
        granted = a_week * (before + 1)
        if self.stage == "warming up" or self.at_need <= granted:
            return 0.0
        return round(min(MOST_NATS, self.scale * log(self.at_need / granted)), 4)

    def expected(self, margin: float) -> float | None:
        """Honest links a week that get over the need by a margin; None while that is not known."""
        return None if self.stage == "warming up" else round(self.at_need * exp(-margin / self.scale), 6)


def fit(peaks: Sequence[Peak], weeks: int) -> Tail:
    """The tail of the peaks of some weeks.

    The scale is that of all links; how many there are, of those alone that could make a case. Of these what
    got over the need is missing, and is told from what did not. Where analysts judged more cases honest than
    that tells, their links are what is known of it.
    """
    if not peaks or not weeks:
        return Tail(weeks=weeks)
    highest = sorted((peak.nats for peak in peaks), reverse=True)[:_FITTED]
    level = min(highest[-1], _CEILING)
    over = [peak for peak in peaks if peak.nats >= level]
    judged = [peak for peak in over if peak.able >= 0]
    below = [peak for peak in over if peak.able < 0]
    cut = sum(peak.able >= level for peak in below)
    scale = _scale(below, level, cut)
    beyond = exp(level / scale)
    able = (cut + _PRIOR_ABLE * _PRIOR_PEAKS) / (len(below) + _PRIOR_PEAKS) * len(below)
    missing = able * beyond / (1 - beyond)
    if len(judged) > missing:
        missing, scale = len(judged), max(scale, _scale(over, level, 0))
    return Tail(round(missing / weeks, 6), round(scale, 4), len(peaks), weeks)


def _scale(peaks: Sequence[Peak], level: float, cut: int) -> float:
    """Mean nats over the level, were the exponential tail of `cut` of the peaks not cut off at the need.

    Of greatest likelihood: where the mean that a scale foretells is that scale.
    """
    # sorted: a sum of floats must not depend on the order of links
    excess = sum(sorted(peak.nats - level for peak in peaks)) + _PRIOR_PEAKS * _PRIOR_SCALE
    least, most = _SCALES
    for _ in range(_HALVINGS):
        scale = (least + most) / 2
        foretold = excess + cut * -level / expm1(-level / scale)
        least, most = (scale, most) if foretold > scale * (len(peaks) + _PRIOR_PEAKS) else (least, scale)
    return least
