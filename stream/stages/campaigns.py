"""The campaigns stage: suspects in, findings and verdicts out.

The last station. Hot links that share named members are one campaign; its identity is that of its first
link and tick, and survives growth, merges, splits and returns, which its history records.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import polars as pl

from stream.blocks import Block
from stream.cases.campaign import Campaign, LinkKey, Named, Tie
from stream.cases.suspect import Activity, Suspect
from stream.cases.write import finding
from stream.findings.finding import Finding, LinkRef, Verdict
from stream.links.kinds import LinkKind
from stream.windows.tiles import DAY_MS

NAME: Final = "campaigns"
_CLOSE_MS: Final = 7 * DAY_MS  # silence after which a case is closed
_TOMBSTONE_MS: Final = 90 * DAY_MS
_JOIN_SHARE: Final = 0.2
_JOIN_SHARE_OF_TOOL: Final = 1.0
"""Accounts of a campaign on a hot link, against the new ones there, that make the link part of it; two
campaigns may well use one popular tool, so there they have to be as many."""
_JOIN_LEAST: Final = 3
_MERGE_SHARE: Final = 0.5
"""Of the smaller campaign's accounts on one hot link: a popular value cannot glue two campaigns."""
_UPDATE_GROWTH: Final = 1.1
_UPDATE_MS: Final = DAY_MS
"""An update is told when a case has grown by a tenth, or a day after the last one if it grew at all."""

Confidence = Callable[[dict[str, float]], float]
Ties = Callable[[Sequence[LinkKey], Sequence[int]], list[set[int]]]
"""(links, accounts) -> for each link, which of the accounts (by position) are on it."""


class Campaigns:
    """Open and closed cases."""

    def __init__(self, config_digest: str, confidence: Confidence, kinds: Sequence[LinkKind]) -> None:
        """Start empty. `confidence`: nats by piece -> probability, the verdict learner's."""
        self._digest, self._confidence = config_digest, confidence
        self._ties = {kind.name for kind in kinds if kind.ties}
        self.cases: dict[int, Campaign] = {}
        self._next = 1
        self._merged: dict[int, int] = {}
        self._buried: list[int] = []
        self._exempt: set[str] = set()
        self._findings: list[Finding] = []
        self._verdicts: list[Verdict] = []
        self._changed = True

    @property
    def open_count(self) -> int:
        """Open cases."""
        return sum(case.status == "open" for case in self.cases.values())

    @property
    def named_count(self) -> int:
        """Accounts named in cases."""
        return sum(len(case.members) for case in self.cases.values())

    def consider(self, suspects: Sequence[Suspect], now_ms: int) -> list[int]:
        """Number of the campaign that each suspect goes to, 0 where it has to wait."""
        given: list[int] = []
        for suspect in suspects:
            given.append(self._place(suspect, given, now_ms))
        return given

    def _place(self, suspect: Suspect, given: Sequence[int], now_ms: int) -> int:
        members = [member for member in suspect.members if member.account_id not in self._exempt]
        if not members:
            return 0
        companions = self._companions(suspect, given)
        case = self._case_for(suspect, companions, len(members), now_ms)
        if case is None:
            return 0
        if suspect.kind in self._ties:
            case = self._merge(case, len(members), companions, now_ms)
        key = (suspect.kind, suspect.value)
        if key not in case.links:
            case.note(f"{_day(now_ms)} {suspect.reason}: {suspect.kind} {suspect.value:016x}")
        if suspect.reason == "hot" or key not in case.links:
            case.links[key] = Tie(_ref(suspect, len(members)), suspect.evidence)
        for member in members:
            case.members[member.account] = Named(
                account_id=member.account_id,
                posterior=member.posterior,
                named_ms=now_ms,
                first_ms=member.first_ms,
                last_ms=member.last_ms,
                total=member.total,
                link=key,
            )
            self._verdicts.append(
                Verdict(
                    member.account_id, case.uid, now_ms, suspect.score, member.posterior, suspect.evidence
                )
            )
        self._changed = True
        return case.number

    def _companions(self, suspect: Suspect, given: Sequence[int]) -> Counter[int]:
        """Campaigns that accounts on the link belong to; -n is whatever the n-th suspect went to."""
        companions: Counter[int] = Counter()
        for number, count in suspect.companions:
            number = given[-number - 1] if number < 0 else number
            # an earlier suspect of this tick may have merged it
            number = _root(self._merged, number)
            if number in self.cases:
                companions[number] += count
        return companions

    def _case_for(
        self, suspect: Suspect, companions: Counter[int], members: int, now_ms: int
    ) -> Campaign | None:
        top = max(companions, key=lambda number: (companions[number], -number), default=0)
        share = _JOIN_SHARE if suspect.kind in self._ties else _JOIN_SHARE_OF_TOOL
        if top and (suspect.reason != "hot" or companions[top] >= max(_JOIN_LEAST, share * members)):
            return self._awake(self.cases[top], now_ms)
        if suspect.reason != "hot":
            return None
        for case in self.cases.values():
            if (suspect.kind, suspect.value) in case.links:
                return self._awake(case, now_ms)
        return self._open(suspect, now_ms) if suspect.certain else None

    def _open(self, suspect: Suspect, now_ms: int) -> Campaign:
        identity = f"{suspect.kind}/{suspect.value:016x}/{now_ms}".encode()
        uid = "c-" + hashlib.sha256(identity).hexdigest()[:16]
        case = Campaign(self._next, uid, now_ms)
        self.cases[self._next] = case
        self._next += 1
        return case

    def _awake(self, case: Campaign, now_ms: int) -> Campaign:
        if case.status == "closed":
            case.status = "open"
            case.note(f"{_day(now_ms)} returned after it was closed")
        return case

    def _merge(self, case: Campaign, joining: int, companions: Counter[int], now_ms: int) -> Campaign:
        """Unite with campaigns the majority of whose accounts are on a link of this one; the oldest stays."""
        for number, count in sorted(companions.items()):
            other = self.cases.get(number)
            if other is None or other is case or other.status != "open":
                continue
            smaller = min(len(other.members), len(case.members) or joining)
            if count < max(_JOIN_LEAST, _MERGE_SHARE * smaller):
                continue
            older, younger = sorted((case, other), key=lambda one: one.number)
            self._absorb(older, younger, now_ms)
            case = older
        return case

    def unite(self, pairs: Sequence[tuple[int, int, LinkKey]], now_ms: int) -> None:
        """Merge pairs of campaigns that a link ties: the younger into the older."""
        into: dict[int, int] = {}
        for first, second, (kind, value) in pairs:
            one, two = _root(into, first), _root(into, second)
            if one == two or not self._lives(one, two):
                continue
            older, younger = self.cases[min(one, two)], self.cases[max(one, two)]
            self._awake(older, now_ms)
            older.note(f"{_day(now_ms)} {kind} {value:016x} ties it to {younger.uid}")
            self._absorb(older, younger, now_ms)
            into[younger.number] = older.number

    def _lives(self, *numbers: int) -> bool:
        """Whether all are known still, and one is open: accounts keep the number of a case long gone."""
        cases = [self.cases[number] for number in numbers if number in self.cases]
        return len(cases) == len(numbers) and any(case.status == "open" for case in cases)

    def _absorb(self, case: Campaign, other: Campaign, now_ms: int) -> None:
        """`other` goes into `case`: its accounts' verdicts are told again under the new uid."""
        case.note(f"{_day(now_ms)} merged with {other.uid} ({len(other.members)} accounts)")
        other.note(f"{_day(now_ms)} merged into {case.uid}")
        for account, member in other.members.items():
            tie = other.links.get(member.link) or other.strongest()
            self._verdicts.append(
                Verdict(member.account_id, case.uid, now_ms, tie.ref.score, member.posterior, tie.evidence)
            )
            case.members.setdefault(account, member)
        for key, tie in other.links.items():
            case.links.setdefault(key, tie)
        other.members.clear()
        self._merged[other.number] = other.into = case.number
        self._close(other, now_ms)
        # what comes back on one of its links belongs to the other case
        other.links.clear()

    def withdraw(self, case: Campaign, accounts: Iterable[int], now_ms: int) -> list[int]:
        """Clear accounts of a case; those that were in it."""
        cleared = [account for account in accounts if account in case.members]
        for account in cleared:
            member = case.members.pop(account)
            self._verdicts.append(
                Verdict(member.account_id, case.uid, now_ms, 0.0, member.posterior, (), cleared=True)
            )
        self._changed = True
        return cleared

    def exempt(self, account_id: str) -> None:
        """An analyst judged an account honest: it is not named again."""
        self._exempt.add(account_id)
        self._changed = True

    def spared(self, suspects: Sequence[Suspect]) -> list[int]:
        """Accounts among the suspects that an analyst judged honest."""
        return [m.account for suspect in suspects for m in suspect.members if m.account_id in self._exempt]

    def split(self, case: Campaign, removed: LinkKey, ties: Ties, now_ms: int) -> list[int]:
        """Take a link away; groups that nothing else ties become campaigns of their own.

        Accounts that no link holds any more are cleared; they are returned.
        """
        case.links.pop(removed, None)
        case.note(f"{_day(now_ms)} link {removed[0]} {removed[1]:016x} was allowed")
        accounts, keys = list(case.members), list(case.links)
        groups = _components(ties(keys, accounts))
        held = {position for _, positions in groups for position in positions}
        cleared = self.withdraw(case, [a for i, a in enumerate(accounts) if i not in held], now_ms)
        for links, positions in groups[1:]:
            self._part(case, [keys[i] for i in links], [accounts[i] for i in positions], now_ms)
        return cleared

    def _part(self, case: Campaign, keys: list[LinkKey], accounts: list[int], now_ms: int) -> None:
        strongest = max(keys, key=lambda key: (case.links[key].ref.score, key))
        identity = f"{strongest[0]}/{strongest[1]:016x}/{now_ms}".encode()
        part = Campaign(self._next, "c-" + hashlib.sha256(identity).hexdigest()[:16], now_ms)
        self.cases[self._next] = part
        self._next += 1
        part.note(f"{_day(now_ms)} split from {case.uid}")
        case.note(f"{_day(now_ms)} split off {part.uid} ({len(accounts)} accounts)")
        part.links = {key: case.links.pop(key) for key in keys}
        for account in accounts:
            part.members[account] = member = case.members.pop(account)
            tie = part.links[strongest]
            self._verdicts.append(
                Verdict(member.account_id, part.uid, now_ms, tie.ref.score, member.posterior, tie.evidence)
            )

    def close(self, case: Campaign, now_ms: int, why: str) -> None:
        """Close a case for a reason that its history keeps."""
        if case.status == "open":
            case.note(f"{_day(now_ms)} closed: {why}")
            self._close(case, now_ms)

    def _close(self, case: Campaign, now_ms: int) -> None:
        case.status, case.closed_ms = "closed", now_ms
        self._changed = True
        if case.told:
            self._tell(case, "close", now_ms)

    def tick(self, activity: Sequence[Activity], now_ms: int) -> tuple[list[Finding], list[Verdict]]:
        """Findings and verdicts of this tick, after `consider` and the analysts' decisions."""
        self._follow(activity)
        for case in list(self.cases.values()):
            if case.status == "open":
                self._review(case, now_ms)
            elif case.members and case.last_ms > case.closed_ms:
                self._awake(case, now_ms)
                self._tell(case, "update", now_ms)
            elif case.closed_ms < now_ms - _TOMBSTONE_MS:
                self._buried += list(case.members)
                del self.cases[case.number]
                self._changed = True
        findings, verdicts = self._findings, self._verdicts
        self._findings, self._verdicts = [], []
        return findings, verdicts

    def _follow(self, activity: Sequence[Activity]) -> None:
        by_account = {row.account: row for row in activity}
        for case in self.cases.values():
            for account in case.members.keys() & by_account.keys():
                member, row = case.members[account], by_account[account]
                member.total, member.last_ms = row.total, row.last_ms
                self._changed = True

    def _review(self, case: Campaign, now_ms: int) -> None:
        members, links = len(case.members), len(case.links)
        if not case.told:
            self._tell(case, "open", now_ms)
        elif not members:
            self.close(case, now_ms, "no account is left in it")
        elif now_ms - case.last_ms > _CLOSE_MS:
            self.close(case, now_ms, "no exchange for seven days")
        elif members != case.told_members or links != case.told_links:
            grown = members >= case.told_members * _UPDATE_GROWTH or members < case.told_members
            if grown or now_ms - case.told_ms >= _UPDATE_MS:
                self._tell(case, "update", now_ms)

    def _tell(self, case: Campaign, activity: Any, now_ms: int) -> None:
        nats = {piece.name: piece.nats for piece in case.strongest().evidence} if case.links else {}
        self._findings.append(finding(case, activity, now_ms, self._confidence(nats), self._digest))
        case.told, case.told_ms = True, now_ms
        case.told_members, case.told_links = len(case.members), len(case.links)
        self._changed = True

    def take_merged(self) -> dict[int, int]:
        """Campaigns that were merged since the last call, and into which."""
        merged, self._merged = self._merged, {}
        return merged

    def take_buried(self) -> list[int]:
        """Accounts whose case is past its tombstone since the last call: they may be named anew."""
        buried, self._buried = self._buried, []
        return buried

    def closed_now(self, now_ms: int) -> list[Campaign]:
        """Cases that this tick closed."""
        return [c for c in self.cases.values() if c.status == "closed" and c.closed_ms == now_ms]

    def by_uid(self, uid: str) -> Campaign | None:
        """The case with a uid, or the one that it was merged into."""
        case = next((case for case in self.cases.values() if case.uid == uid), None)
        while case is not None and case.into:
            case = self.cases.get(case.into)
        return case

    def changes(self) -> list[Block]:
        """All cases, if any has changed."""
        return self.snapshot() if self._changed else []

    def snapshot(self) -> list[Block]:
        """All cases."""
        self._changed = False
        content = {
            "cases": [case.plain() for case in self.cases.values()],
            "next": self._next,
            "exempt": sorted(self._exempt),
        }
        return [Block(NAME, "cases", pl.DataFrame({"json": [orjson.dumps(content).decode()]}), True)]

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks, in order."""
        for block in blocks:
            content = orjson.loads(block.rows["json"][0])
            self.cases = {row["number"]: Campaign.of(row) for row in content["cases"]}
            self._next, self._exempt = content["next"], set(content["exempt"])
        self._changed = False


def _root(into: dict[int, int], number: int) -> int:
    while number in into:
        number = into[number]
    return number


def _ref(suspect: Suspect, members: int) -> LinkRef:
    return LinkRef(
        suspect.kind, f"{suspect.value:016x}", suspect.units, members, suspect.score, suspect.threshold
    )


def _day(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"


def _components(ties: Sequence[set[int]]) -> list[tuple[list[int], set[int]]]:
    """Connected groups of links by shared accounts, largest first: (links, accounts) by position."""
    groups: list[tuple[list[int], set[int]]] = []
    for link, accounts in enumerate(ties):
        joined = [group for group in groups if group[1] & accounts]
        groups = [group for group in groups if not group[1] & accounts]
        links = sorted([link, *(i for group in joined for i in group[0])])
        groups.append((links, accounts.union(*(group[1] for group in joined))))
    return sorted((g for g in groups if g[1]), key=lambda group: (-len(group[1]), group[0]))
