"""Sticky links: those of open campaigns, which name who joins them later."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stream.cases.mixture import Mixture
from stream.findings.finding import Evidence


@dataclass(slots=True)
class Sticky:
    """A link of an open campaign: who joins it later is tested by the mixture fitted when it was hot."""

    mixture: Mixture
    campaign: int
    score: float
    threshold: float
    evidence: tuple[Evidence, ...]

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        evidence = [[getattr(e, name) for name in Evidence.__slots__] for e in self.evidence]
        return {
            "mixture": self.mixture.plain(), "campaign": self.campaign, "score": self.score,
            "threshold": self.threshold, "evidence": evidence,
        }  # fmt: skip

    @staticmethod
    def of(plain: dict[str, Any]) -> "Sticky":
        """Inverse of `plain`."""
        evidence = tuple(Evidence(*row) for row in plain["evidence"])
        return Sticky(
            Mixture.of(plain["mixture"]), plain["campaign"], plain["score"], plain["threshold"], evidence
        )


class StickyLinks(dict[tuple[int, int], Sticky]):
    """(kind number, value) -> the link."""

    def forget(self, campaign: int) -> None:
        """A campaign is closed or withdrawn: its links are as any other."""
        for key in [key for key, link in self.items() if link.campaign == campaign]:
            del self[key]

    def follow(self, old: int, new: int) -> bool:
        """A campaign became part of another; whether it had links."""
        moved = [link for link in self.values() if link.campaign == old]
        for link in moved:
            link.campaign = new
        return bool(moved)

    def plain(self) -> list[Any]:
        """For storing as JSON."""
        return [[*key, link.plain()] for key, link in sorted(self.items())]

    @staticmethod
    def of(plain: Iterable[Any]) -> "StickyLinks":
        """Inverse of `plain`."""
        return StickyLinks({(kind, value): Sticky.of(link) for kind, value, link in plain})
