"""A suspect: a hot link, why it is hot, and which of its accounts belong to it."""

from dataclasses import dataclass
from typing import Literal

from stream.findings.finding import Evidence
from stream.windows.slots import SlotTable

Reason = Literal["hot", "joined", "adherent"]
"""Hot by its own evidence; accounts that joined a link of an open campaign; the rest of a named link."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account that a suspect names. Times are ms since the epoch."""

    account: int
    account_id: str
    posterior: float
    first_ms: int
    last_ms: int
    total: int
    """Exchanges so far."""

    @staticmethod
    def of(profiles: SlotTable, slot: int, posterior: float) -> "Member":
        """The account of a slot of the profiles."""
        return Member(
            account=int(profiles.keys[slot]),
            account_id=profiles["account_id"][slot],
            posterior=round(posterior, 6),
            first_ms=int(profiles["first_ms"][slot]),
            last_ms=int(profiles["last_ms"][slot]),
            total=int(profiles["total"][slot]),
        )


@dataclass(frozen=True, slots=True)
class Suspect:
    """What the links stage tells the campaigns stage at a tick.

    `companions` are campaigns (number -> accounts on this link already named in it).
    """

    kind: str
    value: int
    reason: Reason
    score: float
    threshold: float
    units: int
    members: tuple[Member, ...]
    evidence: tuple[Evidence, ...]
    companions: tuple[tuple[int, int], ...]
    certain: bool
    """Evidence is nearly deterministic or well over the threshold: one tick is enough."""
    margin: float = 0.0
    """Nats over the threshold that a new case had to get at this tick."""
    opinion: float = 0.0
    """Nats of the score that the trees added."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a named account has done so far."""

    account: int
    total: int
    last_ms: int
