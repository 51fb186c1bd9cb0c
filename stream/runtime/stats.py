"""What a pipeline counts of itself, for `/metrics`: plain numbers, no account and no link value."""

from dataclasses import dataclass, field

from stream.runtime.stage import Stage


@dataclass(slots=True)
class Stats:
    """One reading of a pipeline's numbers.

    Counters run from the start of the process and never fall; everything else is the value of now.
    Absent (None) is not zero: a gauge without a value is NaN on `/metrics`.
    """

    stage: Stage = "all"
    """Whose numbers these are; a worker's metrics set it."""
    events: int = 0
    """Counter: events taken in, before duplicates are dropped."""
    late: int = 0
    """Counter: events older than a decision that had been made when they came."""
    ahead: int = 0
    """Counter: events too far ahead of their source to move its time on their own."""
    shed: dict[str, int] = field(default_factory=dict)
    """Counter by source: events left out by the operator's rule since the state began."""
    shedding: tuple[str, ...] = ()
    """Sources of which events are left out now."""
    duplicates: int = 0
    """Counter: events dropped because their id was seen within the retention."""
    rejects: dict[str, int] = field(default_factory=dict)
    """Counter by reason: records refused."""
    malformed: dict[str, int] = field(default_factory=dict)
    """Counter by field of the record: values that made no sense and were dropped, their event kept."""
    coverage: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Per field of the record: (events that had it, events)."""

    accounts: int = 0
    """Accounts held."""
    links: int = 0
    """Links held."""
    members: int = 0
    """(link, account) rows held."""
    state_bytes: dict[str, int] = field(default_factory=dict)
    """Bytes of memory by part of the state: accounts, links, members, events held, ..."""
    evictions: int = 0
    """Counter: rows dropped to keep within the budget."""

    ticks: int = 0
    """Counter: ticks decided."""
    tick_seconds: float = 0.0
    """Counter: seconds spent in ticks, in total."""
    tick_durations_s: list[float] = field(default_factory=list)
    """Seconds of each tick since the last reading; a reading takes them."""
    links_scored: int = 0
    """Counter: links judged, over all ticks."""
    hot_links: int = 0
    """Links above their threshold at the last tick."""
    campaigns_open: int = 0
    """Campaigns with an open case."""
    accounts_named: int = 0
    """Accounts whose verdict stands."""
    watermark_ms: int | None = None
    """Event time up to which everything is decided, ms since the epoch."""

    reference_age_s: float | None = None
    """Event time between the newest reference link and the watermark, s."""
    learner_updates: int = 0
    """Counter: verdicts that the online learner took."""
    learner_rollbacks: int = 0
    """Counter: times that it was taken back to what it had been."""
    learner_in_use: bool = False
    """Whether it foretells verdicts better than the table, and so says how sure findings are."""
    learner_loss: dict[str, float | None] = field(default_factory=dict)
    """By learner and table: mean log loss of foretelling the last verdicts, nats."""
    learner_area: dict[str, float | None] = field(default_factory=dict)
    """By learner and table: area under the ROC curve over the last verdicts."""
    learner_age_s: float | None = None
    """Event time since the learner's last update, s."""
    baseline_updates: int = 0
    """Counter: account hours that the online baseline learned from."""
    baseline_score_mean: float | None = None
    """Mean anomaly score of the account hours closed at the last tick; no unit."""

    cases: dict[str, float | None] = field(default_factory=dict)
    """In the four weeks before, by granted (honest ones, by the budget), expected (honest ones, by the tail),
    opened (of any sort) and honest (as analysts judged)."""
    margin_nats: float = 0.0
    """Nats over its need that the budget asks of a new case."""

    degraded: dict[str, bool] = field(default_factory=dict)
    """Per family of evidence: whether it is blind, because its fields do not come."""
