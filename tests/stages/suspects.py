"""Suspects as the links stage tells them."""

from stream.cases.suspect import Activity, Member, Reason, Suspect
from stream.findings.finding import Bar, Evidence

START_MS = 1_775_606_400_000  # 2026-04-08T00:00:00Z
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

BAR = Bar("in use", 1.0, 0.25, 0.5, 120, 4)

YOUNG = Evidence("identity", "young", 0.9, 0.1, 0.3, "share", 5.0, "accounts younger than 45 days")
ALIKE = Evidence("exchangeability", "alike", 0.1, 0.9, 0.5, "rho", 3.0, "they are interchangeable")


def member(account: int, *, last_ms: int = START_MS) -> Member:
    return Member(
        account=account,
        account_id=f"acc-{account}",
        posterior=0.99,
        first_ms=START_MS - DAY_MS,
        last_ms=last_ms,
        total=7,
    )


def suspect(
    accounts: range | tuple[int, ...],
    value: int = 1,
    kind: str = "prompt_prefix",
    reason: Reason = "hot",
    score: float = 12.0,
    companions: tuple[tuple[int, int], ...] = (),
    certain: bool = True,
    last_ms: int = START_MS,
) -> Suspect:
    return Suspect(
        kind=kind,
        value=value,
        reason=reason,
        score=score,
        threshold=10.0,
        units=len(accounts),
        members=tuple(member(account, last_ms=last_ms) for account in accounts),
        evidence=(YOUNG, ALIKE),
        companions=companions,
        certain=certain,
    )


def active(accounts: range | tuple[int, ...], now_ms: int, total: int = 10) -> list[Activity]:
    return [Activity(account, total, now_ms) for account in accounts]
