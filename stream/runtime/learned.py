"""What the learner, the baseline, the budget and the evidence have come to, as numbers for metrics.

Stands between the stages and `Stats`, whose fields these are by name.
"""

from collections.abc import Collection, Mapping
from typing import Any

from stream.learning.budget import WEEK_MS, WEEKS, Budget
from stream.stages.campaigns import Campaigns
from stream.stages.links import Links


def learned(links: Links, decided_ms: int | None) -> dict[str, Any]:
    """Learner and baseline; `decided_ms`: the newest tick, None before the first."""
    learner, baseline = links.learner, links.baseline
    age_ms = decided_ms - learner.newest_ms if learner.updates and decided_ms is not None else None
    return {
        "learner_updates": learner.updates,
        "learner_rollbacks": learner.rollbacks,
        "learner_in_use": learner.stage == "in use",
        "learner_loss": learner.prequential.losses(),
        "learner_area": learner.prequential.areas(),
        "learner_age_s": age_ms / 1000 if age_ms is not None else None,
        "baseline_updates": baseline.learned,
        "baseline_score_mean": baseline.mean_score if baseline.learned else None,
    }


def budgeted(budget: Budget, campaigns: Campaigns, decided_ms: int) -> dict[str, Any]:
    """Promised and realised cases of the four weeks before."""
    bar = budget.bar
    opened, honest = campaigns.since(decided_ms - WEEKS * WEEK_MS)
    expected = None if bar.expected is None else bar.expected * WEEKS
    cases = {"granted": bar.cases_per_week * WEEKS, "expected": expected, "opened": opened, "honest": honest}
    return {"cases": cases, "margin_nats": bar.margin}


def blind(needed: Mapping[str, Collection[str]], coverage: Mapping[str, tuple[int, int]]) -> dict[str, bool]:
    """Evidence family -> whether none of the fields it needs has come."""
    return {family: not any(coverage[name][0] for name in fields) for family, fields in needed.items()}
