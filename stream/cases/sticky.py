"""Sticky links: those of open campaigns, which name who joins them later."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from stream.cases.mixture import Mixture
from stream.findings.finding import Evidence

_PROVEN_NATS: Final = 5.0
"""Over the need, at which one look is enough; as for a new case (`naming`)."""
_DAY: Final = 4
"""Looks, one every six hours: a link is proven once it held for a day, and fallen once it failed for one.
On five looked-at worlds links of campaigns held at 177 of 206 looks, and four of 67 failed for a day; of the
eight false cases on eleven worlds of another make six fell."""


@dataclass(slots=True)
class Sticky:
    """A link of an open campaign: who joins it later is tested by the mixture fitted when it was hot.

    While it is young it is on probation: judged again with those whom it named.
    """

    mixture: Mixture
    campaign: int
    score: float
    threshold: float
    evidence: tuple[Evidence, ...]
    held: int = 0
    """Looks in a row at which its evidence held; _DAY once it is proven."""
    failed: int = 0
    """Looks in a row at which it did not."""
    opinion: float = 0.0
    """Nats of the score that the trees added."""

    @property
    def proven(self) -> bool:
        """Whether it is past its probation."""
        return self.held >= _DAY

    def see(self, margin: float) -> None:
        """Another look: nats over the need, or under it."""
        holds = margin >= 0
        self.failed = 0 if holds else self.failed + 1
        self.held = (_DAY if margin >= _PROVEN_NATS else self.held + 1) if holds else 0

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        evidence = [[getattr(e, name) for name in Evidence.__slots__] for e in self.evidence]
        return {
            "mixture": self.mixture.plain(), "campaign": self.campaign, "score": self.score,
            "threshold": self.threshold, "evidence": evidence,
            "looks": [self.held, self.failed, self.opinion],
        }  # fmt: skip

    @staticmethod
    def of(plain: dict[str, Any]) -> "Sticky":
        """Inverse of `plain`."""
        evidence = tuple(Evidence(*row) for row in plain["evidence"])
        return Sticky(
            Mixture.of(plain["mixture"]), plain["campaign"], plain["score"], plain["threshold"], evidence,
            *plain["looks"],
        )  # fmt: skip


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

    def on_probation(self) -> dict[tuple[int, int], Sticky]:
        """Links that have not proven themselves yet."""
        return {key: link for key, link in self.items() if not link.proven}

    def prove(self, campaign: int) -> bool:
        """A campaign is what it seems; whether it had links that were to prove it."""
        mine = [link for link in self.on_probation().values() if link.campaign == campaign]
        for link in mine:
            link.held, link.failed = _DAY, 0
        return bool(mine)

    def fallen(self) -> list[int]:
        """Campaigns of which every link has failed for a day."""
        stands = {link.campaign for link in self.values() if link.failed < _DAY}
        return sorted({link.campaign for link in self.values()} - stands)

    def plain(self) -> list[Any]:
        """For storing as JSON."""
        return [[*key, link.plain()] for key, link in sorted(self.items())]

    @staticmethod
    def of(plain: Iterable[Any]) -> "StickyLinks":
        """Inverse of `plain`."""
        return StickyLinks({(kind, value): Sticky.of(link) for kind, value, link in plain})
