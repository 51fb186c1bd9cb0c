"""What is said: findings of a campaign and verdicts of accounts."""

from dataclasses import dataclass
from typing import Literal

Activity = Literal["open", "update", "close"]
Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: what was seen, what was expected of honest traffic, and its weight.

    `nats` is the capped log-likelihood weight; `threshold` the observed value at which the piece
    would begin to count, in `unit`, at that moment. A piece with a `candidate` has no nats that add up: it is
    shown, and that figure is what trees, table of weights and verdict learner are told.
    """

    family: str
    name: str
    observed: float
    expected: float
    threshold: float
    unit: str
    nats: float
    sentence: str
    candidate: float | None = None
    trees: float | None = None
    """Nats that it is worth to the trees, which decide; None where they were not asked."""

    @property
    def feature(self) -> float:
        """What the verdict learner is told of it."""
        return self.nats if self.candidate is None else self.candidate


@dataclass(frozen=True, slots=True)
class LinkRef:
    """A link that ties accounts: its kind, its value as 16 hex digits, units and members on it.

    `exchanges` are all exchanges on it in each of the HORIZONS before the finding, whoever made them;
    None where they are not known. `margin` are the nats over the threshold that the budget asked of a new
    case when the link was at its hottest, `opinion` those of the score that are the trees'.
    """

    kind: str
    value: str
    units: int
    members: int
    score: float
    threshold: float
    exchanges: tuple[int, ...] | None = None
    margin: float = 0.0
    opinion: float = 0.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What the budget of cases asks of new ones at one time.

    `expected` are the honest links a week that get over need and `margin` (nats), None while that is not
    known; it rests on the peaks of so many `links` in so many `weeks`.
    """

    stage: Literal["warming up", "in use"]
    cases_per_week: float
    expected: float | None
    margin: float
    links: int
    weeks: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One change of a campaign's case. Times are ms since the epoch."""

    uid: str
    activity: Activity
    time_ms: int
    title: str
    severity: Severity
    confidence: float
    member_count: int
    members: tuple[str, ...]
    first_seen_ms: int
    last_seen_ms: int
    exchanges: int
    links: tuple[LinkRef, ...]
    evidence: tuple[Evidence, ...]
    history: tuple[str, ...]
    config_digest: str
    learner: str = "warming up"
    """Whether the confidence is the learner's (in use) or the table's (warming up, off)."""
    learner_verdicts: int = 0
    """Verdicts that it had learned by then."""
    bar: Bar | None = None
    """What the budget of cases asked of new ones at the time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An account named as a member of a campaign, or cleared again."""

    account_id: str
    campaign_uid: str
    time_ms: int
    score: float
    posterior: float
    evidence: tuple[Evidence, ...]
    cleared: bool = False
