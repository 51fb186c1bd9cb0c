"""Naming: from judged links to suspects, strongest first, each explained away by those before it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.cases.joining import of_newcomers, share_of_own
from stream.cases.judged import Judged
from stream.cases.mates import mates, pays_for_others
from stream.cases.mixture import NEWCOMER, Mixture, fit, posterior, refit
from stream.cases.remains import remains
from stream.cases.roster import Roster
from stream.cases.sticky import Sticky, StickyLinks
from stream.cases.suspect import Member, Reason, Suspect
from stream.cases.tell import tell
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS
from stream.evidence.units import Members
from stream.findings.finding import Evidence
from stream.learning.budget import Budget
from stream.learning.reference import Normality
from stream.links.kinds import LinkKind
from stream.links.seats import Seats
from stream.links.state import LinkState
from stream.settings import Alerts
from stream.windows.tiles import DAY_MS, HOUR_MS, begins

LEAST_NAMED: Final = 5
"""Accounts below which a hot link names nobody: the size of a household."""
_CONFIRM_MS: Final = 3 * HOUR_MS
"""A new case needs its link hot on two ticks this far apart, unless it is certain. At one hour first cases
came half an hour sooner on nine looked-at worlds of another make, and five were false instead of two."""
_CONFIRM_WITHIN_MS: Final = 3 * DAY_MS  # the window: longer ago it was another group
_CERTAIN_NATS: Final = 5.0
_HARD_NATS: Final = 3.0
_ADHERENT_SHARE: Final = 0.6
_ADHERENT_POSTERIOR: Final = 0.9995
"""The link is nearly the campaign's own: its share alone carries most of 0.95. On nine looked-at worlds of
another make 15 of 59 accounts named from 0.99 were honest, from 0.9995 one of 29."""
_ADHERENT_TRAFFIC: Final = 0.1
"""Of a member's own traffic: of 69 named with less on a campaign's template 10 were honest."""
_ADHERENT_SCORE: Final = 30.0
_SELDOM_MS: Final = 6 * HOUR_MS  # what passes over all members need not be done at every tick


@dataclass(slots=True)
class Naming:
    """One tick's naming. `campaign` is of each account: 0 none, -n the n-th suspect of this tick."""

    state: LinkState
    alerts: Alerts
    seats: Seats
    judged: Judged | None
    normality: Normality
    sticky: StickyLinks
    budget: Budget
    now_ms: int
    tick_ms: int
    campaign: NDArray[np.int32] = field(init=False)
    mixtures: list[tuple[tuple[int, int], Mixture]] = field(default_factory=list)
    refitted: bool = False
    """Whether the mixture of a sticky link has changed."""
    _count: int = 0
    _opened: int = 0  # cases, by this tick
    _roster: Roster = field(init=False)

    def __post_init__(self) -> None:
        """Start from who is named already."""
        self.campaign = self.state.profiles["campaign"].copy()
        self._roster = Roster(self.state, self.seats, self.now_ms, self.alerts.min_units)

    def suspects(self) -> Iterator[Suspect]:
        """Accounts that joined links of open campaigns, then hot links, then the rest of named links."""
        yield from self._joined()
        yield from self._hot()
        yield from self._adherent()

    def _rates(self, number: int) -> dict[str, float]:
        """Lagged rates of the traits, and how many of the kind's members joined their link lately."""
        rates = self.normality.rates_within(self.state.kinds[number].name)
        return rates | {NEWCOMER: self._roster.newcomers(number, self.campaign)}

    def _free(self, members: Members) -> Members:
        return members.where(self.campaign[members.account] == 0)

    def _named(
        self,
        number: int,
        everyone: Members,
        free: Members,
        probability: NDArray[np.float64],
        strong: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Who of the free members of a link is named; `strong`: who shows a trait that the campaign has."""
        if pays_for_others(self.state.kinds[number]):
            strong = strong | mates(everyone, free)
        return (probability >= self.alerts.posterior) & strong & self._does(number, free)

    def _does(self, number: int, members: Members) -> NDArray[np.bool_]:
        """Who does what such a link is made of, more than now and then; everybody on a link of no deed."""
        deed = self.state.kinds[number].when
        return members.traits[deed] > 0 if deed in TRAITS else np.ones(len(members.account), np.bool_)

    def _traits(self, kind: LinkKind) -> list[str]:
        return [*(name for name in TRAITS if name not in kind.blind_to), NEWCOMER]

    def _joined(self) -> Iterator[Suspect]:
        for (number, value), link in sorted(self.sticky.items()):
            seats = self._roster.seats(number, value)
            if link.failed or not (self.campaign[seats.account] == 0).any():
                continue
            members = self._roster.told(seats)
            free = self._free(members)
            if begins(_SELDOM_MS, self.now_ms, self.tick_ms):
                self._refit(link, members)
            settled = ~self.state.newcomers(seats, self.now_ms - DAY_MS)
            share = share_of_own(link, self.state.kinds[number], self.campaign[seats.account], settled)
            probability, strong = posterior(of_newcomers(link.mixture, share), free)
            strong |= share > 0
            named = self._named(number, members, free, probability, strong)
            if named.any():
                companions = ((link.campaign, LEAST_NAMED),)
                joined = self._suspect(
                    "joined", number, value, link.score, link.threshold, link.evidence, free, named,
                    probability, companions, True,
                )  # fmt: skip
                yield replace(joined, opinion=link.opinion)

    def _refit(self, link: Sticky, members: Members) -> None:
        named = members.where(self.campaign[members.account] == link.campaign)
        if len(named.account) >= LEAST_NAMED:
            link.mixture = refit(link.mixture, named, self.normality.look)
            self.refitted = True

    def _hot(self) -> Iterator[Suspect]:
        if self.judged is None:
            return
        links, judged = self.state.links, self.judged
        positions = np.flatnonzero(judged.hot)
        slots = judged.units.link[positions]
        total = np.round(judged.total[positions], 6)
        # the strongest first; ties by kind and value, which no arrival order can change
        for i in np.lexsort((links["value"][slots], links["kind"][slots], -total)):
            number, value = int(links["kind"][slots[i]]), int(links["value"][slots[i]])
            suspect = self._judge(number, value, int(positions[i]), judged)
            if suspect is not None:
                yield suspect

    def _judge(self, number: int, value: int, i: int, judged: Judged) -> Suspect | None:
        kind, everyone = self.state.kinds[number], self._roster.on(number, value)
        free = self._free(everyone)
        score, need, opinion = (float(of[i]) for of in (judged.total, judged.need, judged.opinion))
        rates = self._rates(number)
        shown = {name: self._shown(judged, name, i, rates[name]) for name in TRAITS}
        shown[NEWCOMER] = float(free.traits[NEWCOMER].mean()) if len(free.account) else 1.0
        votes = float(judged.units.votes[i])
        if len(free.account) < LEAST_NAMED or not self._remains(kind, votes, free, shown, rates):
            return None
        mixture, probability, strong = fit(
            free,
            self._traits(kind),
            shown,
            rates,
            self.normality.normal,
            self.normality.look,
            score - opinion,
            judged.identity_tells(i, kind, free) and not pays_for_others(kind),
            judged.drawn(i),
        )
        if judged.pieces["breadth"].nats[i] > 2:
            strong[:] = True
        named = self._named(number, everyone, free, probability, strong)
        if named.sum() < LEAST_NAMED:
            return None
        link = int(judged.units.link[i])
        hard = float(judged.hard[i]) > _HARD_NATS
        certain = hard or score >= need + _CERTAIN_NATS or self._confirmed(link)
        margin, companions = self.budget.margin(self._opened), self._companions(everyone)
        certain &= round(score, 6) >= round(need + margin, 6)
        self.mixtures.append(((number, value), mixture))
        if not certain and not companions:
            return None
        self._opened += not companions
        suspect = self._suspect(
            "hot", number, value, score, need, tell(judged, i), free, named, probability, companions, certain
        )
        return replace(suspect, margin=margin, opinion=round(opinion, 6))

    def _shown(self, judged: Judged, name: str, i: int, rate: float) -> float:
        """Share of the link's units that show a trait, drawn a little towards the population's."""
        observed, votes = float(judged.pieces[name].observed[i]), float(judged.units.votes[i])
        if not np.isfinite(observed):
            return rate
        return (observed * votes + 0.5 * rate) / (votes + 0.5)

    def _confirmed(self, link: int) -> bool:
        first = self.state.links["hot_ms"]
        if first[link] < 0 or self.now_ms - first[link] > _CONFIRM_WITHIN_MS:
            first[link] = self.now_ms
            self.state.links.touch(np.array([link]))
        return bool(self.now_ms - first[link] >= _CONFIRM_MS)

    def _remains(
        self, kind: LinkKind, before: float, free: Members, shown: dict[str, float], rates: dict[str, float]
    ) -> bool:
        """Whether the link is still as suspicious without accounts that stronger links have named."""
        enough = self.alerts.min_units
        least = LEAST_NAMED if kind.few_units else enough
        return remains(free, before, least, enough, self._traits(kind)[:-1], shown, rates)

    def _companions(self, members: Members) -> tuple[tuple[int, int], ...]:
        campaigns = self.campaign[members.account]
        return tuple(sorted(Counter(campaigns[campaigns != 0].tolist()).items()))

    def _adherent(self) -> Iterator[Suspect]:
        """Accounts on links most of whose members are named; a pass over all, so not at every tick."""
        if not begins(_SELDOM_MS, self.now_ms, self.tick_ms):
            return
        links, link = self.state.links, self.seats.link
        named = np.bincount(link, self.campaign[self.seats.account] != 0, len(links))
        count = np.bincount(link, minlength=len(links))
        adherence = np.array([kind.adherence for kind in self.state.kinds])[links["kind"]]
        slots = np.flatnonzero(
            adherence & (named >= LEAST_NAMED) & (named >= _ADHERENT_SHARE * count) & (named < count)
        )
        for slot in slots[np.lexsort((links["value"][slots], links["kind"][slots]))]:
            number = int(links["kind"][slot])
            suspect = self._adhere(number, self.state.kinds[number], int(links["value"][slot]))
            if suspect is not None:
                yield suspect

    def _adhere(self, number: int, kind: LinkKind, value: int) -> Suspect | None:
        members = self._roster.on(number, value)
        top, count = max(self._companions(members), key=lambda row: (row[1], -row[0]))
        enough = count >= LEAST_NAMED and count >= _ADHERENT_SHARE * len(members.account)
        if not enough or len(np.unique(members.unit)) < self.alerts.min_units:
            return None
        rates, traits = self._rates(number), self._traits(kind)
        shown = {name: _share(members.traits[name]) for name in traits}
        _, probability, strong = fit(
            members, traits, shown, rates, self.normality.normal, self.normality.look, _ADHERENT_SCORE
        )
        named = (probability >= max(_ADHERENT_POSTERIOR, self.alerts.posterior)) & strong
        named &= (members.share >= _ADHERENT_TRAFFIC) & (self.campaign[members.account] == 0)
        if not named.any():
            return None
        share = round(count / len(members.account), 6)
        evidence = Evidence(
            "relation", "adherence", share, 0.0, _ADHERENT_SHARE, "share", 0.0,
            "most accounts on this link are named in one campaign",
        )  # fmt: skip
        return self._suspect(
            "adherent", number, value, _ADHERENT_SCORE, _ADHERENT_SCORE, (evidence,), members, named,
            probability, ((top, count),), True,
        )  # fmt: skip

    def _suspect(
        self,
        reason: Reason,
        number: int,
        value: int,
        score: float,
        threshold: float,
        evidence: tuple[Evidence, ...],
        members: Members,
        named: NDArray[np.bool_],
        probability: NDArray[np.float64],
        companions: tuple[tuple[int, int], ...],
        certain: bool,
    ) -> Suspect:
        self._count += 1
        self.campaign[members.account[named]] = -self._count
        return Suspect(
            kind=self.state.kinds[number].name,
            value=value,
            reason=reason,
            score=round(score, 6),
            threshold=round(threshold, 6),
            units=len(np.unique(members.unit)),
            members=tuple(
                Member.of(self.state.profiles, int(members.account[i]), float(probability[i]))
                for i in np.flatnonzero(named)
            ),
            evidence=evidence,
            companions=companions,
            certain=certain,
        )


def _share(trait: Floats) -> float:
    """Share of the accounts of which it is known that show a trait; 0 where it is known of none."""
    known = trait[np.isfinite(trait)]
    return float(known.mean()) if len(known) else 0.0


__all__ = ["LEAST_NAMED", "Naming"]
