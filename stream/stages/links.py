"""The links stage: sightings and profiles in, suspects out.

Stands between accounts and campaigns. At each tick it judges every link that joins enough unrelated
units, and names the accounts that belong to what makes a link hot.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import orjson

from stream.blocks import Block, as_json
from stream.cases.campaign import Campaign, LinkKey
from stream.cases.cleared import cleared
from stream.cases.hot import FEW_UNITS
from stream.cases.judging import SAMPLE, Judging
from stream.cases.naming import Naming
from stream.cases.opinion import Learned
from stream.cases.overlap import Overlap, named_links, overlaps
from stream.cases.probation import judge_again
from stream.cases.remembered import Remembered
from stream.cases.roll import Roll
from stream.cases.sticky import Sticky, StickyLinks
from stream.cases.suspect import Suspect
from stream.cases.unusual import with_unusual
from stream.config import config_path
from stream.evidence import PIECES
from stream.findings.cleared import Cleared
from stream.learning.baseline import Baseline, panel
from stream.learning.budget import Budget
from stream.learning.history import History
from stream.learning.reference import Record, Reference
from stream.learning.survey import survey
from stream.learning.trees import load_trees
from stream.learning.verdicts import VerdictLearner
from stream.learning.weights import load_weights
from stream.links.kinds import LinkKind
from stream.links.state import NAME, LinkState
from stream.settings import Settings
from stream.windows.memory import within
from stream.windows.slots import mix
from stream.windows.tiles import DAY_MS, HOUR_MS, begins

_RECORD_MS: Final = 6 * HOUR_MS
_IDLE_MS: Final = 28 * DAY_MS
_MEMORY: Final = "memory"
_CROWD_MS: Final = 3 * HOUR_MS
"""Links of more members than that are judged this often only: hundreds do not change within the hour."""


class Links:
    """State and judgement of links."""

    def __init__(self, settings: Settings, kinds: Sequence[LinkKind]) -> None:
        """Start empty."""
        self._alerts, self._kinds = settings.alerts, kinds
        self._tick_ms = round(settings.windows.tick_s * 1000)
        limits = within(settings.windows)
        self.state = LinkState(kinds, limits.max_accounts, limits.max_members)
        self.reference = Reference(warm_up_ms=round(settings.alerts.warm_up_days * DAY_MS))
        self.roll = Roll(self.state.profiles)
        table = load_weights(settings.alerts.weights)
        self.learner = VerdictLearner(table)
        self.baseline = Baseline()
        self.budget = Budget(settings.alerts.cases_per_week)
        self._others: dict[str, Baseline | Budget] = {"baseline": self.baseline, "budget": self.budget}
        self._history = History(NAME, PIECES)
        self._sticky = StickyLinks()
        self.remembered = Remembered(kinds)
        learned = Learned(table, load_trees(config_path("trees.json")))
        self._judging = Judging(self.state, self._alerts, self._history, self.remembered, learned)
        self._naming: Naming | None = None
        self._learned = True
        self.scored = self.hot = 0
        self.cleared: list[Cleared] = []
        """Of this tick: links that something spoke for; once a day of event time."""

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
        self._learned |= self.remembered.expire(now_ms)
        most = None if begins(_CROWD_MS, now_ms, self._tick_ms) else SAMPLE
        rows = self.state.active(now_ms, self._alerts.min_units - FEW_UNITS, most, sorted(self._sticky))
        members = self.state.seats(rows, now_ms)
        units = self._judging.units(members, self._judging.unnamed(members))
        normality, recorded = self.reference.at(now_ms), begins(_RECORD_MS, now_ms, self._tick_ms)
        # what is taken down for later is taken down of all links
        judged, pieces = self._judging.judged(units, normality, now_ms, whole=recorded)
        self.scored = len(units.start) if units is not None else 0
        self.hot = int(judged.hot.sum()) if judged is not None else 0
        if recorded:
            self._learned |= judge_again(self._judging, self._sticky, members, normality, now_ms)
            self._take_down(survey(self.state, members, units, judged, self._alerts.min_units, now_ms))
        if begins(DAY_MS, now_ms, self._tick_ms) and judged is not None:
            keys = self.state.links.keys[judged.units.link]
            # before anything may be named there is no case that could excuse itself
            calm = ~judged.hot | (not self.reference.warm(now_ms))
            self._history.keep(keys, pieces, calm, now_ms)
        self.cleared = []
        if normality is None or not self.reference.warm(now_ms):
            return []
        if begins(DAY_MS, now_ms, self._tick_ms) and judged is not None:
            remembered = self.remembered.nats(self.state.links)[judged.units.link]
            self.cleared = cleared(judged, pieces, remembered, self.state.links, self._alerts, now_ms)
        self.budget.read(now_ms)
        if judged is not None:
            keys = self.state.links.keys[judged.units.link]
            self.budget.note(keys, judged.total - judged.need, judged.able, now_ms)
        seats = self.remembered.without_allowed(members, self.state.links)
        self._naming = Naming(
            self.state,
            self._alerts,
            seats,
            judged,
            normality,
            self._sticky,
            self.budget,
            now_ms,
            self._tick_ms,
        )
        suspects = list(self._naming.suspects())
        self._learned |= self._naming.refitted
        return with_unusual(suspects, self.baseline, self.state.profiles, now_ms)

    def settle(self, suspects: Sequence[Suspect], campaigns: Sequence[int]) -> None:
        """Learn which campaign each suspect went to (0: none)."""
        if self._naming is not None:
            mixtures = dict(self._naming.mixtures)
            for suspect, campaign in zip(suspects, campaigns, strict=True):
                self.roll.name([member.account for member in suspect.members], campaign)
                key = (self._number(suspect.kind), suspect.value)
                if campaign and suspect.reason == "hot":
                    before = self._sticky.get(key)
                    held = before.held if before is not None and before.campaign == campaign else 0
                    self._sticky[key] = Sticky(
                        mixtures[key], campaign, suspect.score, suspect.threshold, suspect.evidence, held,
                        opinion=suspect.opinion,
                    )  # fmt: skip
                    self._learned = True

    def overlaps(self) -> list[Overlap]:
        """Campaigns that one link ties; call it between `settle` and `expire`."""
        return overlaps(self.state, self._naming.seats) if self._naming is not None else []

    def expire(self, now_ms: int) -> None:
        """The tick is over: drop what is idle or over budget."""
        if begins(_RECORD_MS, now_ms, self._tick_ms) and self._naming is not None:
            self.budget.accuse(named_links(self.state, self._naming.seats), now_ms)
        self._naming = None
        if begins(HOUR_MS, now_ms, self._tick_ms):
            self.baseline.hour(*panel(self.state.profiles, now_ms - HOUR_MS), now_ms)
        if begins(_RECORD_MS, now_ms, self._tick_ms):
            self.state.evict(now_ms, _IDLE_MS)
        else:
            self.trim(now_ms)

    def trim(self, now_ms: int) -> None:
        """Drop what is over budget."""
        if self.state.over_limits:
            self.state.evict(now_ms, _IDLE_MS)

    def key(self, kind: str, value: int) -> int:
        """Key of a link in the state."""
        number, values = np.array([self._number(kind)], np.uint64), np.array([value], np.uint64)
        return int(mix(number, values)[0])

    def _number(self, kind: str) -> int:
        return [row.name for row in self._kinds].index(kind)

    def clear(self, accounts: Sequence[int]) -> None:
        """An analyst cleared these accounts."""
        self.roll.name(accounts, 0)

    def forget(self, campaign: int) -> None:
        """A campaign is closed or withdrawn: its links no longer name who joins them."""
        self._sticky.forget(campaign)
        self._learned = True

    def fallen(self) -> list[int]:
        """Campaigns whose evidence fell away: see `probation`."""
        return self._sticky.fallen()

    def prove(self, campaign: int) -> None:
        """An analyst confirmed a campaign: its links need prove themselves no more."""
        self._learned |= self._sticky.prove(campaign)

    def remember(self, kind: str, value: int, nats: float, until_ms: int) -> None:
        """An analyst judged a link honest: it carries `nats` (negative) until then, even if it goes idle."""
        self.remembered.hold((kind, value), nats, until_ms)
        self._sticky.pop((self._number(kind), value), None)
        self._learned = True

    def recant(self, kind: str, value: int) -> None:
        """A link that was judged honest is judged by its evidence alone again."""
        self.remembered.drop((kind, value))
        self.budget.convict(self.key(kind, value))
        self._learned = True

    def knows(self, kind: str) -> bool:
        """Whether a link kind has this name."""
        return any(row.name == kind for row in self._kinds)

    def learn(self, nats: dict[str, float], guilty: bool, time_ms: int) -> None:
        """Teach the verdict learner."""
        self.learner.learn(nats, guilty, time_ms)
        self._learned = True

    def unlearn(self, time_ms: int) -> None:
        """Take the verdict learner back to what it was at a time."""
        self._learned |= self.learner.roll_back(time_ms)

    def merge(self, merged: dict[int, int]) -> None:
        """Campaigns became part of others: accounts and links follow."""
        for old, new in merged.items():
            self.roll.follow(old, new)
            self._learned |= self._sticky.follow(old, new)

    def renumber(self, cases: Iterable[Campaign]) -> None:
        """Campaigns were split: accounts and links follow."""
        for case in cases:
            self.roll.name(list(case.members), case.number)
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
            rows = self.state.members.find(mix(np.array([self.key(kind, value)], np.uint64), keys))
            tied.append(set(np.flatnonzero(rows >= 0).tolist()))
        return tied

    def exchanges(self, link: LinkKey, now_ms: int) -> tuple[int, ...] | None:
        """Exchanges on a link in each of the HORIZONS before; None where it is not held."""
        return self.state.exchanges(self._number(link[0]), link[1], now_ms)

    def _take_down(self, record: Record | None) -> None:
        if record is not None:
            self.reference.add(record)
            self._learned = True

    def state_bytes(self) -> dict[str, int]:
        """Bytes held by each table."""
        tables = (*self.state.tables, self._history.table)
        return {f"links_{table.name}": table.nbytes for table in tables}

    def changes(self) -> list[Block]:
        """Rows changed since the last call, and what was learned if that changed."""
        blocks = [*self.state.changes(), *self._history.table.changes()]
        if self._learned:
            blocks.append(self._memory())
        self._learned = False
        return blocks + [as_json(NAME, name, of.plain()) for name, of in self._others.items() if of.changed]

    def snapshot(self) -> list[Block]:
        """Everything."""
        self._learned = False
        whole = [*self.state.snapshot(), *self._history.table.snapshot(), self._memory()]
        return whole + [as_json(NAME, name, of.plain()) for name, of in self._others.items()]

    def _memory(self) -> Block:
        content = {
            "reference": self.reference.plain(), "learner": self.learner.plain(),
            "sticky": self._sticky.plain(), "remembered": self.remembered.plain(),
        }  # fmt: skip
        return as_json(NAME, _MEMORY, content)

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks, in order."""
        tables = {table.name: table for table in (*self.state.tables, self._history.table)}
        for block in blocks:
            if block.table in tables:
                tables[block.table].restore(block)
                continue
            content: dict[str, Any] = orjson.loads(block.rows["json"][0])
            if block.table in self._others:
                self._others[block.table].restore(content)
                continue
            self.reference.restore(content["reference"])
            self.learner.restore(content["learner"])
            self._sticky = StickyLinks.of(content["sticky"])
            self.remembered.restore(content["remembered"], lambda key: (key[0], key[1]))
        self._learned = False
