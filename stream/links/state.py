"""State of the links stage: links, their members, and the profiles of accounts.

A membership is a row (link, account) with rolling counts of the account's events on the link. All rows
refer to one another by slot; an eviction tells them their new slots.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.blocks import Block
from stream.evidence.traits import TRAITS, Profile
from stream.evidence.units import Members
from stream.links.kinds import TYPICAL_SHARE, LinkKind
from stream.links.profile import ASIDE, PROFILE
from stream.links.seats import Seats, who_votes
from stream.links.tables import LINK, MEMBER, WINDOW
from stream.links.tokens import Tokens
from stream.windows.groups import Groups, distinct, lengths, order_by, places, runs
from stream.windows.slots import SlotTable, evict_idle, mix
from stream.windows.tiles import HOUR_MS
from stream.windows.volumes import RINGS, volumes

NAME: Final = "links"
_SPAN: Final = 12  # tiles of the window beside the running one: three days
_LOG_UNIT: Final = 256


class LinkState:
    """Tables of links, members and profiles."""

    def __init__(self, kinds: Sequence[LinkKind], max_accounts: int, max_members: int) -> None:
        """Start empty."""
        self.kinds = kinds
        self._max_accounts, self._max_members = max_accounts, max_members
        self.links = SlotTable(NAME, "links", LINK)
        self.members = SlotTable(NAME, "members", MEMBER)
        self.profiles = SlotTable(NAME, "profiles", PROFILE)
        self._min_events = np.array([kind.min_events for kind in kinds])
        self._min_share = np.array([kind.min_share for kind in kinds])
        self._usual = np.array([TYPICAL_SHARE / kind.typical_share for kind in kinds])
        self._tokens = Tokens(kinds)
        self._least_ever = np.where(self._tokens.pooled, 1, self._min_events)
        self.at_network = np.array([kind.fields == ("network",) for kind in kinds])
        """Which kinds are networks."""
        self._by_org = np.array([kind.unit == "org" for kind in kinds])
        self.tables = (self.links, self.members, self.profiles)
        self.evictions = 0
        self._began_ms: int | None = None

    @property
    def began_ms(self) -> int:
        """When the first of all accounts was seen, as far as any is remembered."""
        if self._began_ms is None:
            first = self.profiles["first_ms"][: len(self.profiles)]
            self._began_ms = int(first.min(initial=np.iinfo(np.int64).max))
        return self._began_ms

    def meet(self, profiles: pl.DataFrame) -> None:
        """Take over the newest profiles of accounts."""
        slots, made = self.profiles.claim(profiles["account"].to_numpy())
        for name in PROFILE:
            if name not in ("campaign", "account_id"):
                self.profiles[name][slots] = profiles[name].to_numpy()
        if made.any():
            ids = profiles["account_id"].filter(pl.Series(made))
            self.profiles["account_id"][slots[made]] = ids.to_list()
        self._began_ms = None

    def sight(self, rows: pl.DataFrame) -> None:
        """Add sightings: rows (kind, value, account, tile), sorted by these; their accounts are known."""
        column = {name: rows[name].to_numpy() for name in rows.columns}
        if not rows.height:
            return
        starts = runs(column["kind"], column["value"])
        keys = mix(column["kind"][starts].astype(np.uint64), column["value"][starts])
        link_of = self._sight_links(column, starts, keys)
        self._sight_members(column, keys.repeat(lengths(starts, rows.height)), link_of)

    def _sight_links(
        self, column: dict[str, NDArray[Any]], starts: NDArray[np.int64], keys: NDArray[np.uint64]
    ) -> NDArray[np.int32]:
        """Slots of the links whose rows start at `starts`."""
        slots, made = self.links.claim(keys)
        for name in ("kind", "value"):
            self.links[name][slots[made]] = column[name][starts[made]]
        link_of = slots.repeat(lengths(starts, len(column["kind"])))
        # a sighting tells its newest ten minutes; the rest of it counts there at its first event, and all
        # of it in hours and days at its last
        rest = np.flatnonzero(column["events"] > column["latest"])
        before = (column["events"] - column["latest"])[rest]
        self._count("minutes", link_of[rest], column["first_ms"][rest], before)
        self._count("minutes", link_of, column["last_ms"], column["latest"])
        for name in ("hours", "days"):
            self._count(name, link_of, column["last_ms"], column["events"])
        return link_of

    def _count(
        self, name: str, links: NDArray[np.int32], time_ms: NDArray[np.int64], amounts: NDArray[np.int32]
    ) -> None:
        """Add amounts to tiles of links, whose rows stand together."""
        ring = RINGS[name]
        tiles = time_ms // ring.tile_ms
        for tile in distinct(tiles).tolist():
            of = np.flatnonzero(tiles == tile)
            by_link = runs(links[of])
            newest, sums = self.links[f"{name}_newest"], np.add.reduceat(amounts[of], by_link)[:, None]
            ring.add(self.links[name], newest, links[of[by_link]], tile, sums)

    def exchanges(self, kind: int, value: int, now_ms: int) -> tuple[int, ...] | None:
        """Events on a link in each of the HORIZONS; None where the link is not held."""
        slots = self.links.find(mix(np.array([kind], np.uint64), np.array([value], np.uint64)))
        return tuple(volumes(self.links, slots, now_ms)[0].tolist()) if slots[0] >= 0 else None

    def _sight_members(
        self, column: dict[str, NDArray[Any]], link_keys: NDArray[np.uint64], link_of: NDArray[np.int32]
    ) -> None:
        starts = runs(link_of, column["account"])
        slots, made = self.members.claim(mix(link_keys[starts], column["account"][starts]))
        members, fresh, first = self.members, slots[made], starts[made]
        members["link"][fresh] = link_of[first]
        members["account"][fresh] = self.profiles.find(column["account"][first])
        members["first_ms"][fresh] = np.minimum.reduceat(column["first_ms"], starts)[made]
        np.add.at(self.links["members"], members["link"][fresh], 1)
        for name in ("log_in", "log_out", "streamed", "events"):
            members[name][slots] += np.add.reduceat(column[name], starts)
        counts = np.stack([column["events"], column["foreign"]], axis=1)
        slot_of = slots.repeat(lengths(starts, len(link_of)))
        for tile in distinct(column["tile"]).tolist():
            of = column["tile"] == tile
            # (link, account, tile) are unique, so rows of one tile have different slots
            WINDOW.add(members["counts"], members["counts_newest"], slot_of[of], tile, counts[of])

    def active(
        self, now_ms: int, least: int, most: int | None = None, always: Sequence[tuple[int, int]] = ()
    ) -> NDArray[np.int64]:
        """Memberships seen within the window on links that ever had `least` members: their slots.

        Links of more than `most` members are left out, but for those in `always`: (kind number, value).
        """
        recent = np.flatnonzero(self.members["counts_newest"] > WINDOW.tile(now_ms - 1) - WINDOW.length)
        link = self.members["link"][recent]
        members = self.links["members"]
        wanted = members >= least
        if most is not None:
            wanted &= members <= most
            kind, value = np.array(always, np.uint64).reshape(-1, 2).T
            kept = self.links.find(mix(kind, value))
            wanted[kept[kept >= 0]] = True
        # whoever has too few events ever has too few of late
        often = self.members["events"][recent] >= self._least_ever[self.links["kind"][link]]
        rows = np.flatnonzero(often & wanted[link])
        links, at = places(link[rows])
        popular = self._tokens.popular(self.links["kind"][links], self.links["value"][links])
        return np.asarray(recent[rows[~popular[at]]], np.int64)

    def homes(self, least_share: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Accounts and the networks that hold at least a share of all their events so far, pair by pair."""
        members = self.members
        rows = np.flatnonzero(self.at_network[self.links["kind"][members["link"]]])
        account = members["account"][rows]
        held = members["events"][rows] >= least_share * self.profiles["total"][account]
        return account[held], members["link"][rows[held]]

    def veterans(self, since_ms: int) -> NDArray[np.int64]:
        """Accounts not named that were on each link before a time; shape (links,)."""
        members = self.members
        old = (members["first_ms"] <= since_ms) & (self.profiles["campaign"][members["account"]] == 0)
        return np.bincount(members["link"][old], minlength=len(self.links))

    def seats(self, rows: NDArray[np.int64], now_ms: int) -> Seats:
        """Who sits on which link among membership slots `rows`; sorted by kind, value, unit and account."""
        members, profiles = self.members, self.profiles
        link, account = members["link"][rows], members["account"][rows]
        on = WINDOW.total(
            members["counts"].take(rows, axis=0),
            members["counts_newest"][rows],
            WINDOW.tile(now_ms - 1),
            _SPAN + 1,
        )
        changed = TRAITS["changed"].shows({"on_events": on[:, 0], "on_foreign": on[:, 1]})
        whole = np.where(changed, profiles["foreign"][account], profiles["events"][account])
        kind = self.links["kind"][link]
        usual = self._tokens.usual(self.links, self.members, len(profiles), self.began_ms, now_ms)
        events = self._tokens.news(kind, account, on[:, 0], usual)
        share = np.clip(events / np.maximum(whole, 1), 0, 1)
        keep = np.flatnonzero((events >= self._min_events[kind]) & (share >= self._min_share[kind]))
        # fewer links, units and accounts than seats: they are ranked, and small ranks are sorted
        links, link_at = places(link[keep])
        accounts, account_at = places(account[keep])
        keys = profiles.keys[accounts]
        units = who_votes(keys, profiles["org"][accounts], profiles["payment"][accounts])
        vote = self._by_org[kind[keep]].astype(np.int64), account_at
        order = order_by(
            Groups(self.links["kind"][links], self.links["value"][links]).ids[link_at],
            Groups(units.ravel()).ids.reshape(units.shape)[vote],
            Groups(keys).ids[account_at],
        )
        picked = keep[order]
        return Seats(
            rows[picked], kind[picked], link[picked], account[picked], units[vote][order],
            on.take(picked, axis=0), share[picked] * self._usual[kind[picked]], changed[picked],
        )  # fmt: skip

    def profile(self, account: NDArray[np.int32]) -> Profile:
        """Profile columns of accounts given by slot."""
        columns = {name: self.profiles[name].take(account, axis=0) for name in PROFILE if name not in ASIDE}
        return columns | {"began_ms": np.full(len(account), self.began_ms)}

    def newcomers(self, seats: Seats, since_ms: int) -> NDArray[np.bool_]:
        """Which accounts joined their link after a time."""
        joined: NDArray[np.bool_] = self.members["first_ms"][seats.row] > since_ms
        return joined

    def describe(self, seats: Seats) -> Members:
        """All that is known of the accounts on some seats."""
        # what is known of an account is worked out once, on however many links it sits
        accounts, at = places(seats.account)
        profile = self.profile(accounts)
        traits = {name: trait.of(profile)[at] for name, trait in TRAITS.items() if name != "changed"}
        changed = np.flatnonzero(seats.changed)
        table, rows = self.members, seats.row[changed]

        def habit(name: str, scale: int, of: str) -> NDArray[np.float64]:
            known = np.where(profile[of] > 0, profile[of], np.nan)
            told: NDArray[np.float64] = (profile[name] / known / scale)[at]
            # a changed member is described by its events on the link alone
            told[changed] = table[name][rows] / np.maximum(table["events"][rows], 1) / scale
            return told

        return Members(
            link=seats.link,
            account=seats.account,
            unit=seats.unit,
            share=seats.share,
            events=np.where(seats.changed, seats.on[:, 0], profile["events"][at]),
            traits=traits | {"changed": seats.changed.astype(np.float64)},
            log_in=habit("log_in", _LOG_UNIT, "sized"),
            log_out=habit("log_out", _LOG_UNIT, "sized"),
            streamed=habit("streamed", 1, "events"),
            copied=(profile["log_copied"] / np.maximum(profile["log_out"], 1))[at],
            tool=profile["tool"][at],
            began_h=table["first_ms"][seats.row] / HOUR_MS,
            last_h=(profile["last_ms"] / HOUR_MS)[at],
            **{name: profile[name].astype(np.float64)[at] for name in ("active_hours", "goes_on", "away")},
            histograms=profile["histograms"].take(at, axis=0),
        )

    @property
    def over_limits(self) -> bool:
        """Whether there are more rows than there is room for."""
        return len(self.members) > self._max_members or len(self.profiles) > self._max_accounts

    def evict(self, now_ms: int, idle_ms: int) -> None:
        """Drop memberships idle for longer than `idle_ms`, then accounts and what is left over budget."""
        before = len(self.members)
        keep = (self.members["counts_newest"] >= WINDOW.tile(now_ms - idle_ms)) & ~self._alone(now_ms)
        if keep.sum() * 8 < len(keep) * 7:
            self._drop_members(keep)
        accounts = evict_idle(self.profiles, self._max_accounts)
        self._began_ms = None
        if accounts is not None:
            self._drop_members(accounts[self.members["account"]] >= 0)
            self.members["account"][:] = accounts[self.members["account"]]
            self.members.touch(np.arange(len(self.members)))
        if evict_idle(self.members, self._max_members, "counts_newest") is not None:
            self._recount()
        self.evictions += before - len(self.members)

    def _alone(self, now_ms: int) -> NDArray[np.bool_]:
        """Memberships of synchrony tokens that are over and had one account: nobody else can share them."""
        link = self.members["link"]
        over = self.members["counts_newest"] < WINDOW.tile(now_ms - 1)
        return np.asarray(
            self._tokens.short_lived[self.links["kind"][link]] & over & (self.links["members"][link] < 2)
        )

    def _drop_members(self, keep: NDArray[np.bool_]) -> None:
        self.members.retain(keep)
        self._recount()

    def _recount(self) -> None:
        """Links without members go with them."""
        counts = np.bincount(self.members["link"], minlength=len(self.links)).astype(np.int32)
        self.links["members"][:] = counts
        self.links.touch(np.arange(len(self.links)))
        moved = self.links.retain(counts > 0)
        self.members["link"][:] = moved[self.members["link"]]
        self.members.touch(np.arange(len(self.members)))

    def changes(self) -> list[Block]:
        """Rows changed since the last call."""
        return [block for table in self.tables for block in table.changes()]

    def snapshot(self) -> list[Block]:
        """Every row."""
        return [block for table in self.tables for block in table.snapshot()]
