"""A campaign: links that share named members, judged together, with one identity for its life."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from stream.findings.finding import Evidence, LinkRef, Severity

Status = Literal["open", "closed"]
LinkKey = tuple[str, int]
"""(kind, value)."""

_HISTORY_KEPT: Final = 50
_SEVERITIES: Final[tuple[tuple[int, int, Severity], ...]] = (
    (500, 1_000_000, "critical"),
    (50, 10_000, "high"),
    (10, 1_000, "medium"),
    (0, 0, "low"),
)
"""Accounts or exchanges at which a case is that severe; the disclosed campaigns are all critical."""


@dataclass(slots=True)
class Named:
    """An account named in a campaign. Times are ms since the epoch."""

    account_id: str
    posterior: float
    named_ms: int
    first_ms: int
    last_ms: int
    total: int
    link: LinkKey


@dataclass(slots=True)
class Tie:
    """A link of a campaign, as it was when it was hottest."""

    ref: LinkRef
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class Campaign:
    """State of one case."""

    number: int
    uid: str
    opened_ms: int
    status: Status = "open"
    closed_ms: int = 0
    members: dict[int, Named] = field(default_factory=dict)
    links: dict[LinkKey, Tie] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    told_members: int = 0
    told_links: int = 0
    told_ms: int = 0
    told: bool = False
    into: int = 0
    """Number of the case that it was merged into; 0: none."""
    snoozed_ms: int = 0
    """Event time before which no finding is told, an analyst's wish; 0: none."""
    held: bool = False
    """Whether a finding was held back since."""
    honest: bool = False
    """Whether an analyst judged it so, and nobody has taken that back."""

    def note(self, line: str) -> None:
        """Add to the history, which keeps its first and its newest lines."""
        self.history.append(line)
        if len(self.history) > _HISTORY_KEPT:
            del self.history[1]

    @property
    def exchanges(self) -> int:
        """Exchanges of its accounts so far."""
        return sum(member.total for member in self.members.values())

    @property
    def last_ms(self) -> int:
        """Newest event of its accounts."""
        return max((member.last_ms for member in self.members.values()), default=self.opened_ms)

    @property
    def first_ms(self) -> int:
        """Oldest event of its accounts."""
        return min((member.first_ms for member in self.members.values()), default=self.opened_ms)

    def strongest(self) -> Tie:
        """The link with the most nats, of those that have any: adherence to a case is no evidence for it."""
        return max(
            self.links.values(),
            key=lambda tie: (
                any(piece.nats > 0 for piece in tie.evidence), tie.ref.score, tie.ref.kind, tie.ref.value
            ),
        )  # fmt: skip

    def severity(self) -> Severity:
        """By size."""
        count, exchanges = len(self.members), self.exchanges
        return next(name for most, many, name in _SEVERITIES if count >= most or exchanges >= many)

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in ("members", "links")},
            "members": [[k, *(getattr(m, n) for n in Named.__slots__)] for k, m in self.members.items()],
            "links": [
                [
                    *key,
                    [getattr(tie.ref, name) for name in LinkRef.__slots__],
                    [[getattr(e, name) for name in Evidence.__slots__] for e in tie.evidence],
                ]
                for key, tie in self.links.items()
            ],
        }

    @staticmethod
    def of(plain: dict[str, Any]) -> "Campaign":
        """Inverse of `plain`."""
        members = {
            account: Named(**dict(zip(Named.__slots__, values, strict=True)))
            for account, *values in plain["members"]
        }
        for member in members.values():
            member.link = (member.link[0], member.link[1])
        links = {
            (kind, value): Tie(LinkRef(*ref), tuple(Evidence(*row) for row in evidence))
            for kind, value, ref, evidence in plain["links"]
        }
        return Campaign(**{**plain, "members": members, "links": links})
