"""The docket: every case, open and closed, and what of it has yet to be told."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from stream.cases.campaign import Campaign, LinkKey, Named, Tie
from stream.evidence import LIKENESS
from stream.findings.finding import Activity, Finding, Verdict
from stream.windows.tiles import DAY_MS

_CLOSE_MS: Final = 7 * DAY_MS  # silence after which a case is closed
_TOMBSTONE_MS: Final = 90 * DAY_MS
_UPDATE_GROWTH: Final = 1.1
_UPDATE_MS: Final = DAY_MS
"""An update is told when a case has grown by a tenth, or a day after the last one if it grew at all."""


class Docket(ABC):
    """Cases by number; whoever keeps it says how a finding is written."""

    def __init__(self) -> None:
        """Start empty."""
        self.cases: dict[int, Campaign] = {}
        self._next = 1
        self._buried: list[int] = []
        self._findings: list[Finding] = []
        self._verdicts: list[Verdict] = []
        self._changed = True

    @abstractmethod
    def _write(self, case: Campaign, activity: Activity, now_ms: int) -> Finding:
        """The case as it stands."""

    @property
    def open_count(self) -> int:
        """Open cases."""
        return sum(case.status == "open" for case in self.cases.values())

    @property
    def named_count(self) -> int:
        """Accounts named in cases."""
        return sum(len(case.members) for case in self.cases.values())

    def since(self, time_ms: int) -> tuple[int, int]:
        """Cases opened since a time that were not merged into others; those that analysts judged honest."""
        opened = [case for case in self.cases.values() if case.opened_ms > time_ms and not case.into]
        return len(opened), sum(case.honest for case in opened)

    def by_uid(self, uid: str) -> Campaign | None:
        """The case with a uid, or the one that it was merged into."""
        case = next((case for case in self.cases.values() if case.uid == uid), None)
        while case is not None and case.into:
            case = self.cases.get(case.into)
        return case

    def closed_now(self, now_ms: int) -> list[Campaign]:
        """Cases that this tick closed."""
        return [c for c in self.cases.values() if c.status == "closed" and c.closed_ms == now_ms]

    def _open(self, link: LinkKey, now_ms: int) -> Campaign:
        """A new case; its identity is that of its first link and tick."""
        identity = f"{link[0]}/{link[1]:016x}/{now_ms}".encode()
        case = Campaign(self._next, "c-" + hashlib.sha256(identity).hexdigest()[:16], now_ms)
        self.cases[self._next] = case
        self._next += 1
        return case

    def _awake(self, case: Campaign, now_ms: int) -> Campaign:
        if case.status == "closed":
            case.status = "open"
            case.note(f"{day(now_ms)} returned after it was closed")
        return case

    def close(self, case: Campaign, now_ms: int, why: str) -> None:
        """Close a case for a reason that its history keeps."""
        if case.status == "open":
            case.note(f"{day(now_ms)} closed: {why}")
            self._close(case, now_ms)

    def _close(self, case: Campaign, now_ms: int) -> None:
        case.status, case.closed_ms = "closed", now_ms
        self._changed = True
        if case.told:
            self._tell(case, "close", now_ms)

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

    def _name(self, case: Campaign, member: Named, tie: Tie, now_ms: int) -> None:
        """Say that an account belongs to a case, by one of its links and what adds up against it."""
        adds_up = tuple(piece for piece in tie.evidence if piece.name not in LIKENESS)
        self._verdicts.append(
            Verdict(member.account_id, case.uid, now_ms, tie.ref.score, member.posterior, adds_up)
        )

    def snooze(self, case: Campaign, until_ms: int) -> None:
        """Tell no finding of a case before a time; verdicts go on. The newest word counts."""
        case.snoozed_ms = until_ms
        self._changed = True

    def rouse(self, case: Campaign) -> None:
        """Findings of a case are told again; what was held back is let go."""
        case.snoozed_ms, case.held = 0, False
        self._changed = True

    def _take_out(self, now_ms: int) -> tuple[list[Finding], list[Verdict]]:
        """Look at every case; findings and verdicts since the last tick."""
        for case in list(self.cases.values()):
            if case.snoozed_ms and case.snoozed_ms <= now_ms:
                self._wake(case, now_ms)
            if case.status == "open":
                self._review(case, now_ms)
            elif case.members and case.last_ms > case.closed_ms:
                self._awake(case, now_ms)
                self._tell(case, "update", now_ms)
            elif case.closed_ms < now_ms - _TOMBSTONE_MS and not case.snoozed_ms:
                self._buried += list(case.members)
                del self.cases[case.number]
                self._changed = True
        findings, verdicts = self._findings, self._verdicts
        self._findings, self._verdicts = [], []
        return findings, verdicts

    def _wake(self, case: Campaign, now_ms: int) -> None:
        """A snooze is over: tell what was held back, and growth however small."""
        held, case.snoozed_ms, case.held = case.held, 0, False
        self._changed = True
        if not case.told:
            return
        if case.status == "closed":
            if held:
                self._tell(case, "close", now_ms)
        elif held or _size(case) != (case.told_members, case.told_links):
            self._tell(case, "update", now_ms)

    def _review(self, case: Campaign, now_ms: int) -> None:
        members, links = _size(case)
        if not case.told:
            self._tell(case, "open", now_ms)
        elif not members:
            self.close(case, now_ms, "no account is left in it")
        elif now_ms - case.last_ms > _CLOSE_MS:
            self.close(case, now_ms, "no exchange for seven days")
        elif (members, links) != (case.told_members, case.told_links):
            grown = members >= case.told_members * _UPDATE_GROWTH or members < case.told_members
            if grown or now_ms - case.told_ms >= _UPDATE_MS:
                self._tell(case, "update", now_ms)

    def _tell(self, case: Campaign, activity: Activity, now_ms: int) -> None:
        if now_ms < case.snoozed_ms:
            self._changed |= not case.held
            case.held = True
            return
        self._findings.append(self._write(case, activity, now_ms))
        case.told, case.told_ms = True, now_ms
        case.told_members, case.told_links = _size(case)
        self._changed = True

    def take_buried(self) -> list[int]:
        """Accounts whose case is past its tombstone since the last call: they may be named anew."""
        buried, self._buried = self._buried, []
        return buried

    def _plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        return {"cases": [case.plain() for case in self.cases.values()], "next": self._next}

    def _restore(self, plain: dict[str, Any]) -> None:
        """Inverse of `_plain`."""
        self.cases = {row["number"]: Campaign.of(row) for row in plain["cases"]}
        self._next = plain["next"]


def day(time_ms: int) -> str:
    """Day and minute, as a history says them."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"


def _size(case: Campaign) -> tuple[int, int]:
    return len(case.members), len(case.links)
