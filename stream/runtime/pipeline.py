"""The pipeline: the four stages in a row, driven by records and event time alone.

Both runtimes use only this. It knows no file, no broker and no clock: the same records give the same
findings and verdicts, whatever the batches, the split over sources, and the restarts between.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from stream.blocks import Block, as_json
from stream.config import digest, links_path
from stream.errors import StateError
from stream.event.batch import Reject
from stream.event.columns import to_columns
from stream.evidence import fields_needed
from stream.findings.cleared import Cleared
from stream.findings.finding import Finding, Verdict
from stream.links.kinds import load_kinds
from stream.runtime.agenda import Agenda, Due
from stream.runtime.held import NAME, Held
from stream.runtime.inbox import Inbox
from stream.runtime.learned import blind, budgeted, learned
from stream.runtime.parcel import Parcel
from stream.runtime.shedding import Keep
from stream.runtime.stats import Stats
from stream.settings import Settings
from stream.stages.accounts import Accounts
from stream.stages.campaigns import Campaigns
from stream.stages.decisions import apply, withdraw_fallen
from stream.stages.intake import Intake
from stream.stages.links import Links
from stream.windows.memory import piece
from stream.windows.tiles import DAY_MS

_META: Final = "meta"


class Outputs(NamedTuple):
    """What came out, in the order in which it was decided."""

    findings: list[Finding]
    verdicts: list[Verdict]
    rejects: list[Reject]
    cleared: Sequence[Cleared] = ()
    """Links that were left alone, and why: once a day of event time."""


class Pipeline:
    """All stages and what is held before them."""

    def __init__(self, settings: Settings) -> None:
        """Start empty; raises ConfigError where the link kinds are wrong."""
        kinds = load_kinds(links_path(settings))
        self._tick_ms = round(settings.windows.tick_s * 1000)
        self._decision_ms = round(settings.alerts.decision_days * DAY_MS)
        self._intake = Intake(settings)
        self._held = Held(round(settings.intake.max_disorder_s * 1000))
        self._agenda = Agenda(self._held, self._tick_ms, piece(settings.windows))
        self._needed = fields_needed(kinds)
        self._accounts = Accounts(settings.windows, kinds)
        self._links = Links(settings, kinds)
        self._campaigns = Campaigns(
            digest(settings),
            self._links.learner.confidence,
            self._links.exchanges,
            kinds,
            lambda: self._links.budget.bar,
        )
        self._inbox = Inbox()
        self._rejects: list[Reject] = []
        self._ticks: list[float] = []
        self.ticks = self.progress = self._links_scored = 0
        self.behind = False
        self._tick_seconds = 0.0

    def open(self, source: str) -> None:
        """Declare a source before its first record: it holds time until it has one or is idle."""
        self._held.open(source)

    def idle(self, source: str) -> None:
        """A drained source no longer holds time, until its next record."""
        self._held.open(source).idle = True

    def absorb(
        self, source: str, records: Sequence[bytes], offsets: Sequence[int], keep: Keep | None = None
    ) -> None:
        """Decode records and hold their events that are kept; rejects come with the next Outputs."""
        if not records:
            return
        decoded = self._intake.decode(source, records, offsets)
        self._rejects += decoded.rejects
        self._held.hold(source, decoded.events, self._agenda.decided_ms or 0, keep)
        self._held.open(source).position = max(offsets) + 1

    def receive(self, parcel: Parcel, keep: Keep | None = None) -> None:
        """Hold events that an intake of its own has decoded.

        Raises StateError where the parcel does not begin where the source's last one ended.
        """
        of = self._held.open(parcel.source)
        if of.position not in (0, parcel.first):
            raise StateError(f"{parcel.source} goes on at offset {of.position}, not at {parcel.first}")
        self._intake.credit(parcel.events.height, parcel.present)
        self._held.hold(parcel.source, parcel.events, self._agenda.decided_ms or 0, keep)
        of.position = parcel.end
        of.idle = of.idle or parcel.idle

    def feedback(self, records: Sequence[bytes]) -> None:
        """Take analysts' decisions, JSON each; they count from the first tick after their own time."""
        self._rejects += self._inbox.take(records)

    def advance(self, most: int | None = None) -> Outputs:
        """Run every tick of event time that all sources' watermarks have passed.

        With `most` only so many, or a piece of a busy one; `behind` then tells whether there are more.
        """
        outputs, cleared = Outputs([], [], self._rejects), list[Cleared]()
        self._rejects = []
        begun, absorbed = self.ticks, 0
        while most is None or (self.ticks - begun < most and absorbed < self._agenda.piece):
            due = self._agenda.next()
            if due is None:
                break
            self._do(due, outputs)
            cleared += self._links.cleared if due.ends else []
            absorbed += due.events.height
        self.behind = self._agenda.behind
        return outputs._replace(cleared=cleared)

    def finish(self) -> Outputs:
        """Every source is at its end."""
        for source in self._held.sources.values():
            source.idle = True
        return self.advance()

    def _do(self, due: Due, outputs: Outputs) -> None:
        """Absorb a piece of a tick, and decide where it is the last one."""
        started = time.perf_counter()
        self._accounts.absorb(to_columns(due.events), due.events["account_id"])
        if due.ends:
            self._tick(due.tick_ms, outputs)
        else:
            self._hand_on(self._accounts.tell(due.tick_ms))
            self._accounts.trim(due.tick_ms)
            self._links.trim(due.tick_ms)
        seconds = time.perf_counter() - started
        self._tick_seconds += seconds
        self.progress += 1
        if due.ends:
            self._ticks.append(seconds)
            self.ticks += 1

    def _hand_on(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self._links.absorb(block)

    def _tick(self, now_ms: int, outputs: Outputs) -> None:
        self._hand_on(self._accounts.tick(now_ms))
        for row in self._inbox.due(now_ms):
            apply(row, self._links, self._campaigns, now_ms, self._decision_ms)
        suspects = self._links.tick(now_ms)
        given = self._campaigns.consider(suspects, now_ms)
        self._links.settle(suspects, given)
        self._links.clear(self._campaigns.spared(suspects))
        self._links.merge(self._campaigns.take_merged())
        self._campaigns.unite(self._links.overlaps(), now_ms)
        self._links.merge(self._campaigns.take_merged())
        withdraw_fallen(self._links, self._campaigns, now_ms)
        self._links_scored += self._links.scored
        told, named = self._campaigns.tick(self._links.roll.activity(now_ms - self._tick_ms), now_ms)
        for case in self._campaigns.closed_now(now_ms):
            self._links.forget(case.number)
        self._links.clear(self._campaigns.take_buried())
        self._links.expire(now_ms)
        outputs.findings.extend(told)
        outputs.verdicts.extend(named)

    @property
    def watermark_ms(self) -> int | None:
        """Event time that no source will go behind; None while a source has yet to speak."""
        return self._held.watermark_ms

    @property
    def held_events(self) -> int:
        """Events that wait for their tick."""
        return self._held.count

    @property
    def idle_sources(self) -> int:
        """How many sources hold no time."""
        return sum(source.idle for source in self._held.sources.values())

    def waiting(self, most_held: int) -> set[str]:
        """Sources not to be read on in while more events than that are held: the slowest goes first."""
        return self._held.leading() if self._held.count > most_held else set()

    def positions(self) -> dict[str, int]:
        """Source -> next offset to read."""
        return {name: source.position for name, source in self._held.sources.items()}

    def changes(self) -> list[Block]:
        """What changed since the last `changes`, `snapshot` or `restore`."""
        parts = (self._held, self._accounts, self._links, self._campaigns)
        blocks = [block for part in parts for block in part.changes()]
        return [*blocks, self._meta()]

    def snapshot(self) -> list[Block]:
        """Everything, in whole blocks."""
        parts = (self._held, self._accounts, self._links, self._campaigns)
        blocks = [block for part in parts for block in part.snapshot()]
        return [*blocks, self._meta()]

    def _meta(self) -> Block:
        content = {
            "sources": self._held.plain(),
            "decided_ms": self._agenda.decided_ms,
            "active_ms": self._agenda.active_ms,
            "rejects": [[getattr(row, name) for name in Reject.__slots__] for row in self._rejects],
        }
        return as_json(NAME, _META, content | self._inbox.plain())

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks in order: whole ones replace, others overwrite rows by slot."""
        meta: dict[str, Any] | None = None
        stages: dict[str, Accounts | Links | Campaigns] = {
            "accounts": self._accounts, "links": self._links, "campaigns": self._campaigns,
        }  # fmt: skip
        for block in blocks:
            if block.stage in stages:
                stages[block.stage].restore([block])
            elif block.table == _META:
                meta = orjson.loads(block.rows["json"][0])
            else:
                self._held.restore(block)
        if meta is not None:
            self._held.restore_sources(meta["sources"])
            self._agenda.decided_ms, self._agenda.active_ms = meta["decided_ms"], meta["active_ms"]
            self._rejects = [Reject(*row) for row in meta["rejects"]]
            self._inbox.restore(meta)

    def weights(self) -> str:
        """What the learner has come to, as the file that `alerts.weights` names."""
        return self._links.learner.as_toml()

    def stats(self) -> Stats:
        """Numbers for metrics; the tick durations since the last call go with it."""
        durations, self._ticks = self._ticks, []
        decided, state = self._agenda.decided_ms, self._links.state
        reference = self._links.reference.age_ms(decided) / 1000 if decided is not None else None
        return Stats(
            events=self._intake.events,
            late=self._held.late,
            ahead=self._held.ahead,
            duplicates=self._accounts.duplicates,
            rejects=dict(self._intake.rejects + self._inbox.refused),
            # a field that was never malformed is known to be at zero
            malformed=dict.fromkeys(self._intake.coverage(), 0) | dict(self._intake.malformed),
            coverage=self._intake.coverage(),
            accounts=len(self._accounts.table),
            links=len(state.links),
            members=len(state.members),
            state_bytes=self._accounts.state_bytes() | self._links.state_bytes() | self._held.state_bytes(),
            evictions=self._accounts.evictions + state.evictions,
            ticks=self.ticks,
            tick_seconds=self._tick_seconds,
            tick_durations_s=durations,
            links_scored=self._links_scored,
            hot_links=self._links.hot,
            campaigns_open=self._campaigns.open_count,
            accounts_named=self._campaigns.named_count,
            watermark_ms=self.watermark_ms,
            reference_age_s=reference,
            **learned(self._links, decided),
            **budgeted(self._links.budget, self._campaigns, decided or 0),
            degraded=blind(self._needed, self._intake.coverage()),
        )
