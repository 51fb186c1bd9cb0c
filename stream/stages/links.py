"""The links stage: sightings and profiles in, suspects out.

Stands between accounts and campaigns. At each tick it judges every link that joins enough unrelated
units, and names the accounts that belong to what makes a link hot.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from stream.cases.campaign import Campaign, LinkKey
from stream.cases.hot import FEW_UNITS, HARD, Judged, judge
from stream.cases.mixture import HABITS
from stream.cases.naming import Naming, Sticky, StickyLinks
from stream.cases.suspect import Activity, Suspect
from stream.evidence import PIECES, RANKED, Lagged, Piece, score
from stream.evidence.exchangeability import ALIKE_CAP, dissimilarity, normalise, tool_diversity
from stream.evidence.piece import Floats
from stream.evidence.place import PLACE_SHARE, most_together
from stream.evidence.rhythm import excess_spread
from stream.evidence.traits import TRAITS
from stream.evidence.units import Units, units_of, zeroed
from stream.evidence.widen import upper_deviation
from stream.learning.history import History
from stream.learning.reference import LAG_MS, LINKS_KEPT, Normality, Record, Reference
from stream.learning.verdicts import VerdictLearner
from stream.links.kinds import LinkKind
from stream.links.state import NAME, WINDOW, LinkState, Seats
from stream.runtime.blocks import Block
from stream.settings import Settings
from stream.windows.groups import Groups
from stream.windows.slots import mix
from stream.windows.tiles import DAY_MS, HOUR_MS, begins

_RECORD_MS: Final = 6 * HOUR_MS
_IDLE_MS: Final = 28 * DAY_MS
_MEMORY: Final = "memory"
SAMPLE: Final = 256
"""Units of a link that are judged: more votes than the evidence counts, however popular the link."""
_REACH: Final = 2.0 + ALIKE_CAP
"""Nats below the threshold from which `alike`, and the relief of hard evidence, can lift a link over it."""
_MAJORITY: Final = 0.5
_THEIR_OWN: Final = 0.6
_THEIR_OWN_TOOL: Final = 0.9
"""Share of a link's members that are named, from which it belongs to campaigns; more of a mere tool."""


class Links:
    """State and judgement of links."""

    def __init__(self, settings: Settings, kinds: Sequence[LinkKind]) -> None:
        """Start empty."""
        self._alerts, self._kinds = settings.alerts, kinds
        self._tick_ms = round(settings.windows.tick_s * 1000)
        self.state = LinkState(kinds, settings.windows.max_accounts, settings.windows.max_members)
        self.reference, self.learner = Reference(), VerdictLearner()
        self._history = History(NAME, PIECES)
        self._sticky: StickyLinks = {}
        self._naming: Naming | None = None
        self._learned = True
        self.scored = self.hot = 0

    def absorb(self, block: Block) -> None:
        """Take a block of `profiles` or `sightings`; profiles come first."""
        if block.table == "profiles":
            self.state.meet(block.rows)
        else:
            self.state.sight(block.rows)

    def tick(self, now_ms: int) -> list[Suspect]:
        """Suspects of this tick, strongest first; none during warm-up, while nothing is old enough.

        `settle` must follow, with the campaign that each suspect went to.
        """
        rows = self.state.active(now_ms, self._alerts.min_units - FEW_UNITS)
        members = self.state.seats(rows, now_ms)
        units = self._units(members)
        normality = self.reference.at(now_ms)
        judged, pieces = self._judge(units, normality, now_ms)
        self.scored = len(units.start) if units is not None else 0
        self.hot = int(judged.hot.sum()) if judged is not None else 0
        if begins(_RECORD_MS, now_ms, self._tick_ms):
            self._record(members, units, judged, now_ms)
        if begins(DAY_MS, now_ms, self._tick_ms) and judged is not None:
            keys = self.state.links.keys[judged.units.link]
            # before anything may be named there is no case that could excuse itself
            calm = ~judged.hot | (not self.reference.warm(now_ms))
            self._history.keep(keys, pieces, calm, now_ms)
        if normality is None or not self.reference.warm(now_ms):
            return []
        self._naming = Naming(
            self.state, self._alerts, members, judged, normality, self._sticky, now_ms, self._tick_ms
        )
        return list(self._naming.suspects())

    def settle(self, suspects: Sequence[Suspect], campaigns: Sequence[int]) -> None:
        """Learn which campaign each suspect went to (0: none)."""
        if self._naming is not None:
            mixtures = dict(self._naming.mixtures)
            for suspect, campaign in zip(suspects, campaigns, strict=True):
                self._name([member.account for member in suspect.members], campaign)
                key = (self._number(suspect.kind), suspect.value)
                if campaign and suspect.reason == "hot":
                    self._sticky[key] = Sticky(
                        mixtures[key], campaign, suspect.score, suspect.threshold, suspect.evidence
                    )
                    self._learned = True

    def overlaps(self) -> list[tuple[int, int, LinkKey]]:
        """Pairs of campaigns that one link ties, and the link; call it between `settle` and `expire`.

        The link is theirs: most of its members are named, and it has the majority of both. So neither a
        single shared account nor a popular value can glue two campaigns.
        """
        if self._naming is None:
            return []
        members, links = self._naming.seats, self.state.links
        campaign = self.state.profiles["campaign"][members.account]
        named = np.flatnonzero(campaign > 0)
        if not len(named):
            return []
        share = np.bincount(members.link[named], minlength=len(links)) / np.maximum(
            np.bincount(members.link, minlength=len(links)), 1
        )
        _, first = np.unique(members.account[named], return_index=True)
        size = np.bincount(campaign[named[first]])
        groups = Groups(members.link[named], campaign[named])
        link, number = groups.first(members.link[named]), groups.first(campaign[named])
        ties = np.array([kind.ties for kind in self._kinds])[links["kind"][link]]
        theirs = share[link] >= np.where(ties, _THEIR_OWN, _THEIR_OWN_TOOL)
        most = theirs & (groups.counts >= _MAJORITY * size[number])
        link, number = link[most], number[most]
        same = np.flatnonzero(link[1:] == link[:-1])
        pairs = [
            (int(number[i]), int(number[i + 1]), self._key(int(link[i]))) for i in same
        ]
        return sorted(pairs)

    def _key(self, slot: int) -> LinkKey:
        links = self.state.links
        return self._kinds[int(links["kind"][slot])].name, int(links["value"][slot])

    def expire(self, now_ms: int) -> None:
        """The tick is over: drop what is idle or over budget."""
        self._naming = None
        if begins(_RECORD_MS, now_ms, self._tick_ms):
            self.state.evict(now_ms, _IDLE_MS)

    def _number(self, kind: str) -> int:
        return [row.name for row in self._kinds].index(kind)

    def _name(self, accounts: Sequence[int], campaign: int) -> None:
        slots = self.state.profiles.find(np.array(accounts, np.uint64))
        slots = slots[slots >= 0]
        self.state.profiles["campaign"][slots] = campaign
        self.state.profiles.touch(slots)

    def clear(self, accounts: Sequence[int]) -> None:
        """An analyst cleared these accounts."""
        self._name(accounts, 0)

    def forget(self, campaign: int) -> None:
        """A campaign is closed or withdrawn: its links no longer name who joins them."""
        self._sticky = {key: link for key, link in self._sticky.items() if link.campaign != campaign}
        self._learned = True

    def remember(self, kind: str, value: int, nats: float) -> None:
        """An analyst judged a link honest: it carries `nats` (negative) from now on."""
        key = mix(np.array([self._number(kind)], np.uint64), np.array([value], np.uint64))
        slots = self.state.links.find(key)
        slots = slots[slots >= 0]
        self.state.links["remembered"][slots] = nats
        self.state.links.touch(slots)
        self._sticky.pop((self._number(kind), value), None)
        self._learned = True

    def knows(self, kind: str) -> bool:
        """Whether a link kind has this name."""
        return any(row.name == kind for row in self._kinds)

    def learn(self, nats: dict[str, float], guilty: bool, time_ms: int) -> None:
        """Teach the verdict learner."""
        self.learner.learn(nats, guilty, time_ms)
        self._learned = True

    def merge(self, merged: dict[int, int]) -> None:
        """Campaigns became part of others: accounts and links follow."""
        for old, new in merged.items():
            slots = np.flatnonzero(self.state.profiles["campaign"] == old)
            self.state.profiles["campaign"][slots] = new
            self.state.profiles.touch(slots)
            for link in self._sticky.values():
                if link.campaign == old:
                    link.campaign = new
                    self._learned = True

    def renumber(self, cases: Iterable[Campaign]) -> None:
        """Campaigns were split: accounts and links follow."""
        for case in cases:
            self._name(list(case.members), case.number)
            for kind, value in case.links:
                link = self._sticky.get((self._number(kind), value))
                if link is not None:
                    link.campaign = case.number
                    self._learned = True

    def ties(self, links: Sequence[LinkKey], accounts: Sequence[int]) -> list[set[int]]:
        """For each link, which of the accounts (by position) are its members."""
        keys = np.array(accounts, np.uint64)
        tied = []
        for kind, value in links:
            number, values = np.array([self._number(kind)], np.uint64), np.array([value], np.uint64)
            rows = self.state.members.find(mix(mix(number, values), keys))
            tied.append(set(np.flatnonzero(rows >= 0).tolist()))
        return tied

    def activity(self, since_ms: int) -> list[Activity]:
        """What named accounts did that were seen after `since_ms`, by account."""
        profiles = self.state.profiles
        slots = np.flatnonzero((profiles["campaign"] > 0) & (profiles["last_ms"] >= since_ms))
        slots = slots[np.argsort(profiles.keys[slots], kind="stable")]
        return [
            Activity(int(profiles.keys[s]), int(profiles["total"][s]), int(profiles["last_ms"][s]))
            for s in slots
        ]

    def _units(self, seats: Seats) -> Units | None:
        """Units of the links that join enough of them, without accounts that are named already."""
        free = seats.where(self.state.profiles["campaign"][seats.account] == 0)
        # sorted by link and unit: a new unit starts where either changes
        fresh = np.ones(len(free.link), np.bool_)
        fresh[1:] = (free.link[1:] != free.link[:-1]) | (free.unit[1:] != free.unit[:-1])
        votes = np.bincount(free.link[fresh], minlength=len(self.state.links))
        free = free.where(votes[free.link] >= self._alerts.min_units - FEW_UNITS)
        free = self._sample(free, votes)
        if not len(free.link):
            return None
        members = self.state.describe(free)
        return units_of(self._kinds, free.kind, members, self._together(seats, free))

    def _sample(self, seats: Seats, votes: NDArray[np.int64]) -> Seats:
        """At most about SAMPLE units of each link, the same on every link: those of the lowest keys.

        Units and not accounts, or one firm's seats would crowd out the unrelated members.
        """
        wanted = SAMPLE / np.maximum(votes, SAMPLE)
        return seats.where(seats.unit / 2.0**64 < wanted[seats.link])

    def _together(self, seats: Seats, free: Seats) -> Floats:
        """Most units of each link that one network holds a quarter of; shape (links,)."""
        stays = seats.where(self.state.at_network[seats.kind] & (seats.share >= PLACE_SHARE))
        # the quarter may be of the last days or of all days: a class that has gone home is still a class
        account, network = self.state.homes(PLACE_SHARE)
        return most_together(free, np.append(account, stays.account), np.append(network, stays.link))

    def _judge(
        self, units: Units | None, normality: Normality | None, now_ms: int
    ) -> tuple[Judged | None, dict[str, Piece]]:
        """Links as judged by what is new about them, and all of their evidence."""
        if units is None or normality is None:
            return None, {}
        alerts = self._alerts
        rates = normality.rates_by_kind([kind.name for kind in self._kinds], units.kind)
        veterans = self.state.veterans(now_ms - LAG_MS)[units.link]
        lagged = Lagged(rates, normality.ranked, normality.contrast, veterans)
        # what is taken down for later is taken down of all links; what only decides, where it can
        reach = -np.inf if begins(_RECORD_MS, now_ms, self._tick_ms) else alerts.threshold_nats - _REACH
        pieces = score(units, lagged, reach)
        news = self._history.news(self.state.links.keys[units.link], pieces, now_ms)
        remembered = self.state.links["remembered"][units.link].astype(np.float64)
        return judge(units, news, remembered, alerts.threshold_nats, alerts.min_units), pieces

    def _record(
        self,
        seats: Seats,
        units: Units | None,
        judged: Judged | None,
        now_ms: int,
    ) -> None:
        """Take down what is normal now, for a week later: links that are not hot, accounts not named."""
        profiles = self.state.profiles
        recent = (profiles["last_ms"] >= now_ms - WINDOW.tile_ms * 12) & (profiles["campaign"] == 0)
        slots = np.flatnonzero(recent).astype(np.int32)
        if not len(slots):
            return
        slots = slots[np.argsort(profiles.keys[slots], kind="stable")]
        profile = self.state.profile(slots)
        profile |= {"on_events": profile["events"], "on_foreign": profile["foreign"]}
        contrast = _contrast(profile["histograms"])
        self.reference.add(
            Record(
                time_ms=now_ms,
                rates={
                    name: _mean(trait.of(profile)) for name, trait in TRAITS.items() if name != "changed"
                },
                by_kind=self._by_kind(seats),
                habits=_habits(profile),
                contrast=[float(value) for value in contrast],
                look=zeroed(normalise(profile["histograms"])[0]).mean(axis=0).tolist(),
                ranked=_ranked(units, judged, contrast, self._alerts.min_units),
            )
        )
        self._learned = True

    def _by_kind(self, seats: Seats) -> dict[str, dict[str, float]]:
        """Trait -> kind -> share of its members that show it, for traits that the kinds may select."""
        free = seats.where(self.state.profiles["campaign"][seats.account] == 0)
        traits = self.state.describe(free).traits
        rates: dict[str, dict[str, float]] = {}
        for name in ("changed", "orphaned", *HARD):
            shows = {kind.name: traits[name][free.kind == i] for i, kind in enumerate(self._kinds)}
            rates[name] = {kind: _mean(values) for kind, values in shows.items() if len(values)}
        return rates

    def changes(self) -> list[Block]:
        """Rows changed since the last call, and what was learned if that changed."""
        blocks = [*self.state.changes(), *self._history.table.changes()]
        if self._learned:
            blocks.append(self._memory())
        self._learned = False
        return blocks

    def snapshot(self) -> list[Block]:
        """Everything."""
        self._learned = False
        return [*self.state.snapshot(), *self._history.table.snapshot(), self._memory()]

    def _memory(self) -> Block:
        sticky = [[*key, link.plain()] for key, link in sorted(self._sticky.items())]
        content = {
            "reference": self.reference.plain(), "learner": self.learner.plain(), "sticky": sticky,
        }  # fmt: skip
        return Block(NAME, _MEMORY, pl.DataFrame({"json": [orjson.dumps(content).decode()]}), True)

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks, in order."""
        tables = {table.name: table for table in (*self.state.tables, self._history.table)}
        for block in blocks:
            if block.table != _MEMORY:
                tables[block.table].restore(block)
                continue
            content: dict[str, Any] = orjson.loads(block.rows["json"][0])
            self.reference.restore(content["reference"])
            self.learner.restore(content["learner"])
            self._sticky = {(kind, value): Sticky.of(link) for kind, value, link in content["sticky"]}
        self._learned = False


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0


def _habits(profile: dict[str, NDArray[Any]]) -> dict[str, tuple[float, float]]:
    sized = np.where(profile["sized"] > 0, profile["sized"], np.nan) * 256
    events = np.maximum(profile["events"], 1)
    values = {
        "log_rate": np.log(events),
        "log_in": profile["log_in"] / sized,
        "log_out": profile["log_out"] / sized,
        "streamed": profile["streamed"] / events,
    }  # fmt: skip
    known = {name: values[name][np.isfinite(values[name])] for name in HABITS}
    return {
        name: (float(of.mean()), max(float(of.std()), 0.05)) if len(of) else (0.0, 1.0)
        for name, of in known.items()
    }


def _contrast(histograms: NDArray[np.uint8]) -> Floats:
    """Between minus within disagreement of all accounts, as if they were the units of one link."""
    shape, spread = normalise(histograms)
    known = np.isfinite(shape[:, ::8])
    clean = zeroed(shape).reshape(len(shape), -1, 8)
    votes = known.sum(axis=0).astype(np.float64)
    same = (clean.sum(axis=0) ** 2).sum(axis=1) - (clean**2).sum(axis=(0, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        between = 1 - same / (votes * (votes - 1))
        within = zeroed(spread).sum(axis=0) / np.isfinite(spread).sum(axis=0)
    contrast = between - within
    return np.where(np.isfinite(contrast), contrast, 0.0)


def _ranked(
    units: Units | None, judged: Judged | None, contrast: Floats, min_units: int
) -> dict[str, list[float]]:
    """Ranked evidence of links that are not hot, a bounded number."""
    if units is None:
        return {name: [] for name in RANKED}
    calm = (units.votes >= min_units) | units.by_kind(lambda kind: kind.few_units)
    if judged is not None:
        calm &= ~judged.hot
    values = {
        "even": excess_spread(units),
        "tokens_in": upper_deviation(units, units.log_in),
        "tokens_out": upper_deviation(units, units.log_out),
        "alike": dissimilarity(units, contrast),
        "uniform_tool": tool_diversity(units),
    }
    ranked = {}
    for name, column in values.items():
        kept = np.sort(column[calm & np.isfinite(column)])
        # every n-th, by size: the distribution stays, the record is bounded
        ranked[name] = [round(float(value), 6) for value in kept[:: len(kept) // LINKS_KEPT + 1]]
    return ranked
