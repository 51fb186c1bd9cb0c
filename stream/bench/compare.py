"""What was found, held against the truth of a simulated world."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from stream.findings.finding import Finding, Verdict
from stream.simulate import CampaignTruth, Truth

HOUR_MS: Final = 3_600_000
AT_ONCE_DAYS: Final = 0.5
LEAK_HOURS: Final = (0, 1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336)
"""Hours since a campaign's first exchange at which its leak is measured: a fifth to a third apart."""

EXCHANGES_TO_SEE: Final = 3
"""Exchanges by which a payer is at work: one may be a trial, and a member of a link has made two or three."""

_GUILTY: Final = "campaign/"

PAYER: Final = pl.coalesce("payment_hash", "org_id", "account_id").alias("payer")
"""Who pays for a record: the means of payment, else the organisation, else the account."""


@dataclass(frozen=True)
class CampaignOutcome:
    """What became of one campaign.

    `first_case_ms` is the opening of the first case that is mostly about it, None if there is none;
    `exchanges_before` counts its exchanges until then; `harvest` is the share of its exchanges that
    each account could make before it was named. Both leave out what its accounts did before its work
    began. `staggered_days` is how long it took to be at full strength, by ramps or by trickling accounts.
    `seen_ms` is when it could be seen at the earliest: as many payers as a case needs were at work; None if
    there never were. `costs` says what each of its evasions costs the operator. `leaked` is the harvest as
    it grows: the share of all its exchanges made by LEAK_HOURS after the first, by accounts not named yet.
    """

    uid: str
    archetype: str
    accounts: int
    named: int
    cases: tuple[str, ...]
    first_exchange_ms: int
    first_case_ms: int | None
    exchanges_before: int
    harvest: float
    staggered_days: float = 0.0
    seen_ms: int | None = None
    costs: dict[str, str] = field(default_factory=dict)
    leaked: tuple[float, ...] = ()

    @property
    def at_once(self) -> bool:
        """Whether it worked at full strength within half a day."""
        return self.staggered_days <= AT_ONCE_DAYS

    @property
    def hours_to_case(self) -> float | None:
        """Hours from the first exchange to the first case."""
        return None if self.first_case_ms is None else (self.first_case_ms - self.first_exchange_ms) / HOUR_MS

    @property
    def hours_after_seen(self) -> float | None:
        """Hours from when it could be seen to the first case; negative where hard evidence needed fewer."""
        if self.first_case_ms is None or self.seen_ms is None:
            return None
        return (self.first_case_ms - self.seen_ms) / HOUR_MS


@dataclass(frozen=True)
class Named:
    """Accounts of one population, and how many of them were ever named."""

    accounts: int
    named: int

    @property
    def share(self) -> float:
        """Named share; 0 for an empty population."""
        return self.named / max(self.accounts, 1)


@dataclass(frozen=True)
class Held:
    """Whom a case ever held: its accounts, how many of them are honest, and of how many campaigns others are.

    `about` is the campaign of most of the guilty ones; None if most members are honest: a false case.
    """

    uid: str
    about: str | None
    members: int
    honest: int
    campaigns: int


@dataclass(frozen=True)
class Comparison:
    """Outcome of each campaign, each honest population and each case.

    `scores` has the highest score of a verdict of every named account, in nats, and whether it is guilty.
    """

    campaigns: tuple[CampaignOutcome, ...]
    populations: dict[str, Named]
    false_cases: tuple[str, ...]
    cases: int
    held: tuple[Held, ...] = ()
    scores: tuple[tuple[float, bool], ...] = ()

    @property
    def guilty(self) -> Named:
        """All accounts of campaigns: `share` is the recall."""
        return total(Named(outcome.accounts, outcome.named) for outcome in self.campaigns)

    @property
    def honest(self) -> Named:
        """All honest accounts."""
        return total(self.populations.values())


def total(parts: Iterable[Named]) -> Named:
    """The sum of several populations."""
    listed = list(parts)
    return Named(sum(part.accounts for part in listed), sum(part.named for part in listed))


def compare(
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    truth: Truth,
    exchanges: pl.DataFrame,
    least_payers: int,
) -> Comparison:
    """Holds what was said against `truth`; `exchanges` has `account_id`, `payer`, `time_ms` of every event.

    A campaign can be seen once `least_payers` are at work for it. An account counts as named if it ever was,
    also where the verdict was withdrawn later: by then a gateway may have acted.
    """
    named_ms = _first_named(verdicts)
    held = tuple(_held(case, members, truth) for case, members in sorted(_members(verdicts).items()))
    opened = {finding.uid: finding.time_ms for finding in reversed(findings) if finding.activity == "open"}
    outcomes = tuple(
        _outcome(
            uid,
            campaign,
            [case.uid for case in held if case.about == uid],
            opened,
            named_ms,
            _own(campaign, exchanges),
            least_payers,
        )
        for uid, campaign in truth.campaigns.items()
    )
    false_cases = tuple(case.uid for case in held if case.about is None)
    honest, scores = populations(named_ms, truth), _scores(verdicts, truth)
    return Comparison(outcomes, honest, false_cases, len(opened), held, scores)


def populations(named: Iterable[str], truth: Truth) -> dict[str, Named]:
    """Each honest population with its named accounts, the most often named first."""
    sizes, hits = Counter(truth.accounts.values()), Counter(truth.accounts.get(account) for account in named)
    honest = {
        label.removeprefix("honest/"): Named(size, hits[label])
        for label, size in sizes.items()
        if label.startswith("honest/")
    }
    return dict(sorted(honest.items(), key=lambda item: (-item[1].share, item[0])))


def _first_named(verdicts: Sequence[Verdict]) -> dict[str, int]:
    named: dict[str, int] = {}
    for verdict in verdicts:
        if not verdict.cleared:
            named.setdefault(verdict.account_id, verdict.time_ms)
    return named


def _members(verdicts: Sequence[Verdict]) -> dict[str, set[str]]:
    """Every account that was ever named under a case."""
    members: dict[str, set[str]] = {}
    for verdict in verdicts:
        if not verdict.cleared:
            members.setdefault(verdict.campaign_uid, set()).add(verdict.account_id)
    return members


def _held(case: str, members: set[str], truth: Truth) -> Held:
    labels = Counter(truth.accounts.get(account, "honest/unknown") for account in sorted(members))
    guilty = Counter({label: count for label, count in labels.items() if _is_guilty(label)})
    honest = len(members) - guilty.total()
    about = guilty.most_common(1)[0][0].removeprefix(_GUILTY) if honest <= guilty.total() else None
    return Held(case, about, len(members), honest, len(guilty))


def _scores(verdicts: Sequence[Verdict], truth: Truth) -> tuple[tuple[float, bool], ...]:
    highest: dict[str, float] = {}
    for verdict in verdicts:
        if not verdict.cleared:
            highest[verdict.account_id] = max(verdict.score, highest.get(verdict.account_id, verdict.score))
    guilty = {account for account, label in truth.accounts.items() if _is_guilty(label)}
    return tuple(sorted((score, account in guilty) for account, score in highest.items()))


def _is_guilty(label: str) -> bool:
    return label.startswith(_GUILTY)


def _outcome(
    uid: str,
    campaign: CampaignTruth,
    cases: Sequence[str],
    opened: Mapping[str, int],
    named_ms: Mapping[str, int],
    own: pl.DataFrame,
    least_payers: int,
) -> CampaignOutcome:
    first_case_ms = min((opened[case] for case in cases if case in opened), default=None)
    known = pl.DataFrame(
        {"account_id": list(named_ms), "named_ms": list(named_ms.values())},
        schema={"account_id": pl.String, "named_ms": pl.Int64},
    )
    until = own.join(known, on="account_id", how="left")
    unnamed_yet = pl.col("named_ms").is_null() | (pl.col("time_ms") < pl.col("named_ms"))
    harvest = until.select(unnamed_yet.mean()).item()
    hours = (pl.col("time_ms") - _ms(campaign.first_exchange)) / HOUR_MS
    leaked = until.select((unnamed_yet & (hours <= h)).mean().alias(str(h)) for h in LEAK_HOURS)
    before = own.height if first_case_ms is None else own.filter(pl.col("time_ms") < first_case_ms).height
    return CampaignOutcome(
        uid=uid,
        archetype=campaign.archetype,
        accounts=len(campaign.accounts),
        named=sum(account in named_ms for account in campaign.accounts),
        cases=tuple(cases),
        first_exchange_ms=_ms(campaign.first_exchange),
        first_case_ms=first_case_ms,
        exchanges_before=before,
        harvest=1.0 if harvest is None else float(harvest),
        staggered_days=max(campaign.ramp_days, campaign.joining_days),
        seen_ms=_seen_ms(own, least_payers),
        costs=campaign.costs,
        leaked=tuple(leaked.row(0)) if until.height else (),
    )


def _own(campaign: CampaignTruth, exchanges: pl.DataFrame) -> pl.DataFrame:
    """Exchanges of its accounts since its work began."""
    since = pl.col("time_ms") >= _ms(campaign.first_exchange)
    return exchanges.filter(pl.col("account_id").is_in(campaign.accounts) & since)


def _seen_ms(own: pl.DataFrame, least_payers: int) -> int | None:
    """When so many payers had made EXCHANGES_TO_SEE each; None if they never had."""
    nth = pl.col("time_ms").sort().slice(EXCHANGES_TO_SEE - 1, 1).first()
    at_work = own.group_by("payer").agg(nth)["time_ms"].drop_nulls().sort()
    return int(at_work[least_payers - 1]) if len(at_work) >= least_payers else None


def _ms(time: str | None) -> int:
    return 0 if time is None else round(datetime.fromisoformat(time).timestamp() * 1000)
