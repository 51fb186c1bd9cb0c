"""The accounts stage: events in, sightings and profiles out.

Stands between intake and links. It keeps rolling windows, habits and a profile of each account, and says
at each tick which account was seen with which link and what the account looks like by now.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.blocks import Block
from stream.config import Windows
from stream.event.columns import Columns, take
from stream.links.kinds import LinkKind
from stream.links.sightings import TILE_MS, merged, sight
from stream.memory import histograms, partners, regimes, routine
from stream.memory.bodies import Bodies
from stream.memory.exchanges import Exchanges
from stream.memory.habits import Habits
from stream.memory.templates import COMMON_MS, Templates
from stream.memory.turns import Turns
from stream.windows.groups import Groups, distinct, runs
from stream.windows.memory import within
from stream.windows.slots import TEXT, Column, SlotTable, evict_idle, mix
from stream.windows.tiles import DAY_MS, HORIZONS, HOUR_MS, NEVER, Ring, begins
from stream.windows.volumes import RINGS, ring_columns, volumes

NAME: Final = "accounts"
COUNTS: Final = (
    "events", "sized", "streamed", "orphaned", "handed_over", "failed_over", "refused", "foreign",
    "templated",
)  # fmt: skip
"""Counted over the trailing three days."""
SUMS: Final = ("log_in", "log_out", "log_copied")
LOG_UNIT: Final = 256
"""Logarithms of token counts are kept as integers in 1/256, so that sums have no order."""
WINDOW: Final = Ring(TILE_MS, 13)
PAST_EVENTS: Final = 10
"""An account has a past once it has this many events."""
_SIGN_UP: Final = (("org", 0), ("payment", 0), ("created_ms", -1), ("email_class", 255))
"""What an account keeps of its newest event, and what stands for absent there."""
_SIGNUP_SLOT_MS: Final = 3 * HOUR_MS
_SEARCH_MS: Final = 6 * HOUR_MS  # templates are looked for this often: a search is a pass over three days
_BODY_MS: Final = DAY_MS
_TURN_MS: Final = 7 * DAY_MS
_IDLE_VALUE_MS: Final = 28 * DAY_MS


def _columns() -> dict[str, Column]:
    return {
        "account_id": Column(TEXT, fill=""),
        "org": Column(np.uint64),
        "payment": Column(np.uint64),
        "created_ms": Column(np.int64, fill=-1),
        "email_class": Column(np.uint8, fill=255),
        "tool": Column(np.uint64),
        "first_ms": Column(np.int64),
        "last_ms": Column(np.int64),
        "total": Column(np.int32),
        **ring_columns(np.uint32),
        "counts": Column(np.uint16, len(COUNTS) * WINDOW.length),
        "sums": Column(np.int32, len(SUMS) * WINDOW.length),
        "counts_newest": Column(np.int32, fill=NEVER),
        "sums_newest": Column(np.int32, fill=NEVER),
        "histograms": Column(np.uint8, histograms.WIDTH),
        **partners.COLUMNS,
        **routine.COLUMNS,
        **regimes.COLUMNS,
    }


class Accounts:
    """State of the accounts; `absorb` a canonical slice of events, then `tick`."""

    def __init__(self, windows: Windows, kinds: Sequence[LinkKind]) -> None:
        """Start empty."""
        limits = within(windows)
        self._kinds, self._limit = kinds, limits.max_accounts
        self._tick_ms = round(windows.tick_s * 1000)
        self.table = SlotTable(NAME, "accounts", _columns())
        self._per_event = per_event = limits.max_exchanges
        self._exchanges = Exchanges(NAME, int(windows.dedupe_retention_s * 1000), per_event)
        self._turns = Turns(NAME, _TURN_MS, per_event, self._units)
        self._bodies = Bodies(NAME, _BODY_MS, per_event)
        self._habits = Habits(NAME)
        self._templates = Templates(NAME, windows.max_templates, windows.max_loose_prompts)
        self._sightings: list[pl.DataFrame] = []
        self._seen: list[NDArray[np.int32]] = []
        self.duplicates = 0
        self.evictions = 0

    @property
    def _tables(self) -> tuple[SlotTable, ...]:
        return (
            self.table,
            self._exchanges.table,
            self._turns.table,
            *self._bodies.tables,
            self._habits.table,
            *self._templates.tables,
        )

    def absorb(self, events: Columns, account_ids: pl.Series) -> None:
        """Take a slice of events in canonical order, and the ids of their accounts."""
        fresh = self._exchanges.fresh(events)
        self.duplicates += int((~fresh).sum())
        ids = account_ids if fresh.all() else account_ids.filter(pl.Series(fresh))
        events = take(events, fresh)
        if not len(ids):
            return
        slots = self._meet(events, ids)
        self._derive(events, slots)
        self._accumulate(events, slots)
        self._sightings.append(sight(self._kinds, events))
        self._seen.append(distinct(slots))

    def _meet(self, events: Columns, ids: pl.Series) -> NDArray[np.int32]:
        """Slot of each event's account, made where it is new; sign-up data follow the newest event."""
        groups = Groups(events["account"])
        slots, made = self.table.claim(groups.first(events["account"]))
        first_rows = groups.order[groups.starts]
        for slot, row in zip(slots[made].tolist(), first_rows[made].tolist(), strict=True):
            self.table["account_id"][slot] = ids[row]
        self.table["first_ms"][slots[made]] = events["time_ms"][first_rows[made]]
        of_event = slots[groups.ids]
        for name, absent in _SIGN_UP:
            known = events[name] != absent
            # rows ascend in time and the last write wins: the newest known value stays
            self.table[name][of_event[known]] = events[name][known]
        self.table["last_ms"][slots] = np.maximum(self.table["last_ms"][slots], groups.max(events["time_ms"]))
        return of_event

    def _unit(self, slots: NDArray[np.int32]) -> NDArray[np.uint64]:
        """Who pays: the means of payment, else the organisation, else the account itself."""
        unit, org, payment = self.table.keys[slots], self.table["org"][slots], self.table["payment"][slots]
        unit = np.where(org != 0, org, unit)
        return np.where(payment != 0, payment, unit)

    def _units(self, accounts: NDArray[np.uint64]) -> NDArray[np.uint64]:
        slots = self.table.find(accounts)
        # an account that was evicted meanwhile stands for itself
        return np.where(slots >= 0, self._unit(slots), accounts) if len(self.table) else accounts

    def _derive(self, events: Columns, slots: NDArray[np.int32]) -> None:
        """Add the columns that links, habits and windows are made of."""
        zero = np.uint64(0)
        agent, ja4 = events["user_agent"], events["ja4"]
        events["client"] = np.where((agent | ja4) != 0, mix(agent, ja4), zero)
        known = (events["client"] | events["params"]) != 0
        events["tool"] = np.where(known, mix(events["params"], events["client"]), zero)
        created = events["created_ms"]
        events["signup_slot"] = np.where(created >= 0, created // _SIGNUP_SLOT_MS + 1, 0).astype(np.uint64)
        for tokens, name in (("input_tokens", "log_in"), ("output_tokens", "log_out")):
            logs = np.log1p(np.maximum(events[tokens], 0)) * LOG_UNIT
            events[name] = np.rint(logs).astype(np.int64)
        events["unit"] = self._unit(slots)
        turns, repeats = self._turns.resolve(events), self._bodies.resolve(events)
        events |= turns._asdict() | repeats._asdict()
        events["log_copied"] = np.where(events["repeated"], events["log_out"], 0)
        events["refused"] = events["safety"] != 0
        partners.keep_strangers(self.table, events, slots)
        routine.keep_news(self.table, events, slots)
        events["streamed"] = events["stream"] == 1
        events["sized"] = events["input_tokens"] >= 0
        events["template"] = self._templates.assign(events)
        # a template known for a week is common ground: a quick start, a harness, a benchmark
        age_ms = self._templates.age_ms(events["template"], int(events["time_ms"][-1]))
        events["templated"] = (events["template"] != 0) & (age_ms < COMMON_MS)
        known_tool = events["tool"] != 0
        self.table["tool"][slots[known_tool]] = events["tool"][known_tool]
        novelty = self._habits.observe(events, slots)
        events |= regimes.ways(self.table, events, slots, novelty)._asdict()

    def _accumulate(self, events: Columns, slots: NDArray[np.int32]) -> None:
        time_ms, table = events["time_ms"], self.table
        groups = Groups(slots)
        unique, order = groups.first(slots), groups.order
        one = np.ones(len(slots), np.int64)
        counts = np.stack([one, *(events[name][order] for name in COUNTS[1:])], axis=1)
        sums = np.stack([events[name][order] for name in SUMS], axis=1)
        for ring, name, amounts in (
            *((ring, name, counts[:, :1]) for name, ring in RINGS.items()),
            (WINDOW, "counts", counts),
            (WINDOW, "sums", sums),
        ):
            # an account's events ascend in time: those of one tile stand together
            tile = time_ms[order] // ring.tile_ms
            starts = runs(slots[order], tile)
            of, number = slots[order][starts], tile[starts]
            totals = np.add.reduceat(amounts, starts, axis=0)
            for each in distinct(number).tolist():
                rows = np.flatnonzero(number == each)
                ring.add(table[name], table[f"{name}_newest"], of[rows], each, totals[rows])
        drawn = np.where(events["telling"][:, None], histograms.bins(events), histograms.UNKNOWN)
        histograms.add(table["histograms"], unique, histograms.count(drawn, groups.ids, len(groups)))
        before = table["total"][unique]
        table["total"][unique] = before + groups.counts.astype(np.int32)
        reached = (before < PAST_EVENTS) & (table["total"][unique] >= PAST_EVENTS)
        table["past_ms"][unique[reached]] = groups.max(time_ms)[reached]

    def tell(self, now_ms: int) -> list[Block]:
        """Sightings since the last call, and the profiles of the accounts that were seen."""
        if not self._sightings:
            return []
        seen = distinct(np.concatenate(self._seen))
        blocks = [
            Block(NAME, "profiles", self._profiles(seen, now_ms)),
            Block(NAME, "sightings", merged(self._sightings)),
        ]
        self._sightings, self._seen = [], []
        return blocks

    def tick(self, now_ms: int) -> list[Block]:
        """What is left to `tell`; templates are looked for and what is too old goes, when it is time."""
        blocks = self.tell(now_ms)
        if begins(_SEARCH_MS, now_ms, self._tick_ms):
            self._templates.search(now_ms)
            self._expire(now_ms)
        else:
            self.trim(now_ms)
        return blocks

    def trim(self, now_ms: int) -> None:
        """Drop what is over the limits."""
        if self._over_limits:
            self._expire(now_ms)

    @property
    def _over_limits(self) -> bool:
        """What a tick or a piece of it brought may be more than there is room for until the next search."""
        of_events = (self._exchanges.table, self._turns.table, *self._bodies.tables)
        return len(self.table) > self._limit or max(map(len, of_events)) > self._per_event

    def _profiles(self, slots: NDArray[np.int32], now_ms: int) -> pl.DataFrame:
        # by account, so that nothing downstream can see the order of slots
        slots = slots[np.argsort(self.table.keys[slots], kind="stable")]
        table, tile = self.table, WINDOW.tile(now_ms - 1)
        home = self._habits.favourite("network", slots, len(table), now_ms)
        counts = WINDOW.total(table["counts"].take(slots, axis=0), table["counts_newest"][slots], tile)
        sums = WINDOW.total(table["sums"].take(slots, axis=0), table["sums_newest"][slots], tile)
        data: dict[str, Any] = {"account": table.keys[slots]}
        data["account_id"] = table["account_id"][slots].tolist()
        for name in (*(name for name, _ in _SIGN_UP), "tool", "first_ms", "last_ms", "total"):
            data[name] = table[name][slots]
        data["goes_on"] = regimes.goes_on(table, slots).astype(np.uint8)
        data["away"] = regimes.away(table, slots).astype(np.uint8)
        data["home_share"] = home.astype(np.float32)
        data |= {name: counts[:, i].astype(np.int32) for i, name in enumerate(COUNTS)}
        sums = np.minimum(sums, np.iinfo(np.int32).max)
        data |= {name: sums[:, i].astype(np.int32) for i, name in enumerate(SUMS)}
        data["active_hours"] = self._active_hours(slots, now_ms)
        horizons = np.minimum(volumes(table, slots, now_ms), np.iinfo(np.int32).max).astype(np.int32)
        data["volumes"] = pl.Series(horizons, dtype=pl.Array(pl.Int32, len(HORIZONS)))
        data["histograms"] = pl.Series(
            table["histograms"].take(slots, axis=0), dtype=pl.Array(pl.UInt8, histograms.WIDTH)
        )
        return pl.DataFrame(data)

    def _active_hours(self, slots: NDArray[np.int32], now_ms: int) -> NDArray[np.int32]:
        """Hours of the last day with traffic."""
        hour, ring = RINGS["hours"].tile(now_ms - 1), self.table["hours"].take(slots, axis=0)
        behind = hour - self.table["hours_newest"][slots].astype(np.int64)
        # column of a tile is its number modulo the ring; the newest `behind` of them are stale
        age = (hour - np.arange(ring.shape[1])) % ring.shape[1]
        fresh = age[None, :] >= behind[:, None]
        return np.asarray(((ring > 0) & fresh).sum(axis=1), np.int32)

    def _expire(self, now_ms: int) -> None:
        self._exchanges.expire(now_ms)
        self._turns.expire(now_ms)
        self._bodies.expire(now_ms)
        self._habits.expire(now_ms, _IDLE_VALUE_MS)
        before = len(self.table)
        moved = evict_idle(self.table, self._limit)
        if moved is not None:
            self.evictions += before - len(self.table)
            self._habits.moved(moved)

    def state_bytes(self) -> dict[str, int]:
        """Bytes held by each table."""
        return {table.name: table.nbytes for table in self._tables}

    def changes(self) -> list[Block]:
        """Rows changed since the last call."""
        return [block for table in self._tables for block in table.changes()]

    def snapshot(self) -> list[Block]:
        """Every row."""
        return [block for table in self._tables for block in table.snapshot()]

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks, in order."""
        tables = {table.name: table for table in self._tables}
        for block in blocks:
            tables[block.table].restore(block)
