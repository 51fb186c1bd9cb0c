"""The campaigns stage: suspects in, findings and verdicts out.

The last station. Hot links that share named members are one campaign; its identity is that of its first
link and tick, and survives growth, merges, splits and returns, which its history records.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import orjson

from stream.blocks import Block, as_json
from stream.cases.campaign import Campaign, LinkKey, Named, Tie
from stream.cases.docket import Docket, day
from stream.cases.standing import Standing
from stream.cases.suspect import Activity, Suspect
from stream.cases.write import Exchanges, finding
from stream.findings import finding as said
from stream.findings.finding import Bar, Finding, LinkRef, Verdict
from stream.learning.verdicts import Confidence
from stream.links.kinds import LinkKind

NAME: Final = "campaigns"
_JOIN_SHARE: Final = 0.2
_JOIN_SHARE_OF_TOOL: Final = 1.0
"""Accounts of a campaign on a hot link, against the new ones there, that make the link part of it; two
campaigns may well use one popular tool, so there they have to be as many."""
_JOIN_LEAST: Final = 3
_MERGE_SHARE: Final = 0.5
"""Of the smaller campaign's accounts on one hot link: a popular value cannot glue two campaigns."""

Judge = Callable[[dict[str, float]], Confidence]
Ties = Callable[[Sequence[LinkKey], Sequence[int]], list[set[int]]]
"""(links, accounts) -> for each link, which of the accounts (by position) are on it."""


class Campaigns(Docket):
    """Which suspect belongs to which case."""

    def __init__(
        self,
        config_digest: str,
        judge: Judge,
        exchanges: Exchanges,
        kinds: Sequence[LinkKind],
        bar: Callable[[], Bar],
    ) -> None:
        """Start empty. `judge`: nats by piece -> how sure, the verdict learner's; `bar`: the budget's."""
        super().__init__()
        self._digest, self._judge, self._exchanges, self._bar = config_digest, judge, exchanges, bar
        self._ties = {kind.name for kind in kinds if kind.ties}
        self._merged: dict[int, int] = {}
        self._exempt: Standing[str] = Standing()

    def consider(self, suspects: Sequence[Suspect], now_ms: int) -> list[int]:
        """Number of the campaign that each suspect goes to, 0 where it has to wait."""
        self._changed |= self._exempt.expire(now_ms)
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
            case.note(f"{day(now_ms)} {suspect.reason}: {suspect.kind} {suspect.value:016x}")
        tie = Tie(_ref(suspect, len(members)), suspect.evidence)
        if suspect.reason == "hot" or key not in case.links:
            case.links[key] = tie
        for member in members:
            case.members[member.account] = named = Named(
                account_id=member.account_id,
                posterior=member.posterior,
                named_ms=now_ms,
                first_ms=member.first_ms,
                last_ms=member.last_ms,
                total=member.total,
                link=key,
            )
            self._name(case, named, tie, now_ms)
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
        return self._open((suspect.kind, suspect.value), now_ms) if suspect.certain else None

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
            older.note(f"{day(now_ms)} {kind} {value:016x} ties it to {younger.uid}")
            self._absorb(older, younger, now_ms)
            into[younger.number] = older.number

    def _lives(self, *numbers: int) -> bool:
        """Whether all are known still, and one is open: accounts keep the number of a case long gone."""
        cases = [self.cases[number] for number in numbers if number in self.cases]
        return len(cases) == len(numbers) and any(case.status == "open" for case in cases)

    def _absorb(self, case: Campaign, other: Campaign, now_ms: int) -> None:
        """`other` goes into `case`: its accounts' verdicts are told again under the new uid."""
        case.note(f"{day(now_ms)} merged with {other.uid} ({len(other.members)} accounts)")
        other.note(f"{day(now_ms)} merged into {case.uid}")
        for account, member in other.members.items():
            self._name(case, member, other.links.get(member.link) or other.strongest(), now_ms)
            case.members.setdefault(account, member)
        for key, tie in other.links.items():
            case.links.setdefault(key, tie)
        other.members.clear()
        self._merged[other.number] = other.into = case.number
        self._close(other, now_ms)
        # what comes back on one of its links belongs to the other case
        other.links.clear()

    def exempt(self, account_id: str, until_ms: int) -> None:
        """An analyst judged an account honest: it is not named again before `until_ms`."""
        self._exempt.hold(account_id, 0.0, until_ms)
        self._changed = True

    def admit(self, account_id: str) -> None:
        """An account that was judged honest may be named again."""
        self._exempt.drop(account_id)
        self._changed = True

    def spared(self, suspects: Sequence[Suspect]) -> list[int]:
        """Accounts among the suspects that an analyst judged honest."""
        return [m.account for suspect in suspects for m in suspect.members if m.account_id in self._exempt]

    def split(self, case: Campaign, removed: LinkKey, ties: Ties, now_ms: int) -> list[int]:
        """Take a link away; groups that nothing else ties become campaigns of their own.

        Accounts that no link holds any more are cleared; they are returned.
        """
        case.links.pop(removed, None)
        case.note(f"{day(now_ms)} link {removed[0]} {removed[1]:016x} was allowed")
        accounts, keys = list(case.members), list(case.links)
        groups = _components(ties(keys, accounts))
        held = {position for _, positions in groups for position in positions}
        cleared = self.withdraw(case, [a for i, a in enumerate(accounts) if i not in held], now_ms)
        for links, positions in groups[1:]:
            self._part(case, [keys[i] for i in links], [accounts[i] for i in positions], now_ms)
        return cleared

    def _part(self, case: Campaign, keys: list[LinkKey], accounts: list[int], now_ms: int) -> None:
        strongest = max(keys, key=lambda key: (case.links[key].ref.score, key))
        part = self._open(strongest, now_ms)
        part.snoozed_ms = case.snoozed_ms
        part.note(f"{day(now_ms)} split from {case.uid}")
        case.note(f"{day(now_ms)} split off {part.uid} ({len(accounts)} accounts)")
        part.links = {key: case.links.pop(key) for key in keys}
        for account in accounts:
            part.members[account] = member = case.members.pop(account)
            self._name(part, member, part.links[strongest], now_ms)

    def tick(self, activity: Sequence[Activity], now_ms: int) -> tuple[list[Finding], list[Verdict]]:
        """Findings and verdicts of this tick, after `consider` and the analysts' decisions."""
        self._follow(activity)
        return self._take_out(now_ms)

    def _follow(self, activity: Sequence[Activity]) -> None:
        by_account = {row.account: row for row in activity}
        for case in self.cases.values():
            for account in case.members.keys() & by_account.keys():
                member, row = case.members[account], by_account[account]
                member.total, member.last_ms = row.total, row.last_ms
                self._changed = True

    def _write(self, case: Campaign, activity: said.Activity, now_ms: int) -> Finding:
        nats = {piece.name: piece.feature for piece in case.strongest().evidence} if case.links else {}
        sure, bar = self._judge(nats), self._bar()
        return finding(case, activity, now_ms, sure, self._digest, self._exchanges, bar)

    def take_merged(self) -> dict[int, int]:
        """Campaigns that were merged since the last call, and into which."""
        merged, self._merged = self._merged, {}
        return merged

    def changes(self) -> list[Block]:
        """All cases, if any has changed."""
        return self.snapshot() if self._changed else []

    def snapshot(self) -> list[Block]:
        """All cases."""
        self._changed = False
        content = self._plain() | {"exempt": self._exempt.plain()}
        return [as_json(NAME, "cases", content)]

    def restore(self, blocks: Iterable[Block]) -> None:
        """Take over stored blocks, in order."""
        for block in blocks:
            content = orjson.loads(block.rows["json"][0])
            self._restore(content)
            self._exempt.restore(content["exempt"], str)
        self._changed = False


def _root(into: dict[int, int], number: int) -> int:
    while number in into:
        number = into[number]
    return number


def _ref(suspect: Suspect, members: int) -> LinkRef:
    return LinkRef(
        suspect.kind,
        f"{suspect.value:016x}",
        suspect.units,
        members,
        suspect.score,
        suspect.threshold,
        margin=suspect.margin,
        opinion=suspect.opinion,
    )


def _components(ties: Sequence[set[int]]) -> list[tuple[list[int], set[int]]]:
    """Connected groups of links by shared accounts, largest first: (links, accounts) by position."""
    groups: list[tuple[list[int], set[int]]] = []
    for link, accounts in enumerate(ties):
        joined = [group for group in groups if group[1] & accounts]
        groups = [group for group in groups if not group[1] & accounts]
        links = sorted([link, *(i for group in joined for i in group[0])])
        groups.append((links, accounts.union(*(group[1] for group in joined))))
    return sorted((g for g in groups if g[1]), key=lambda group: (-len(group[1]), group[0]))
