"""How well campaigns are found: outcomes of worlds, and their sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream.bench.compare import Comparison, Named, total
from stream.simulate import WorldSpec


@dataclass(frozen=True)
class Trial:
    """One world and what was found in it; `naive` has (campaign accounts, honest accounts) by rule."""

    spec: WorldSpec
    events: int
    found: Comparison
    naive: dict[str, tuple[Named, Named]]

    @property
    def false_cases_in_28_days(self) -> float:
        """False cases scaled to 28 days of traffic."""
        return len(self.found.false_cases) * 28 / self.spec.days


@dataclass(frozen=True)
class Summary:
    """All trials together; shares are over all accounts of all worlds, `harvest` is weighted by accounts.

    Fragmentation is `cases_per_campaign`, of campaigns that were found; contamination is `honest_in_cases`,
    the honest ones among all members of cases that are mostly about a campaign, and `mixed_cases`, the cases
    with accounts of two campaigns or more.
    """

    recall: Named
    recall_by_archetype: dict[str, Named]
    honest: Named
    honest_by_population: dict[str, Named]
    false_cases_in_28_days: list[float]
    cases_per_campaign: float
    honest_in_cases: Named
    mixed_cases: int
    hours_to_case: list[float]
    hours_after_seen: list[float]
    harvest: float
    naive: dict[str, tuple[Named, Named]]


def summary(done: Sequence[Trial]) -> Summary:
    """Adds the trials up."""
    outcomes = [outcome for one in done for outcome in one.found.campaigns]
    exchanges = [(outcome.harvest, outcome.accounts) for outcome in outcomes]
    found = [outcome for outcome in outcomes if outcome.cases]
    return Summary(
        recall=total(one.found.guilty for one in done),
        recall_by_archetype=_by_key((o.archetype, Named(o.accounts, o.named)) for o in outcomes),
        honest=total(one.found.honest for one in done),
        honest_by_population=_by_key(pair for one in done for pair in one.found.populations.items()),
        false_cases_in_28_days=[one.false_cases_in_28_days for one in done],
        cases_per_campaign=sum(len(outcome.cases) for outcome in found) / max(len(found), 1),
        honest_in_cases=total(
            Named(case.members, case.honest)
            for one in done
            for case in one.found.held
            if case.about is not None
        ),
        mixed_cases=sum(case.campaigns > 1 for one in done for case in one.found.held),
        hours_to_case=sorted(o.hours_to_case for o in outcomes if o.hours_to_case is not None),
        hours_after_seen=sorted(o.hours_after_seen for o in outcomes if o.hours_after_seen is not None),
        harvest=sum(share * size for share, size in exchanges) / max(sum(size for _, size in exchanges), 1),
        naive={
            rule: (total(one.naive[rule][0] for one in done), total(one.naive[rule][1] for one in done))
            for rule in done[0].naive
        },
    )


def _by_key(pairs: Iterable[tuple[str, Named]]) -> dict[str, Named]:
    parts: dict[str, list[Named]] = {}
    for key, part in pairs:
        parts.setdefault(key, []).append(part)
    return {key: total(parts[key]) for key in sorted(parts)}
