"""Outcomes made by hand."""

from stream.bench.compare import CampaignOutcome, Comparison, Named
from stream.bench.detection import Trial
from stream.simulate import WorldSpec


def outcome(
    uid: str,
    accounts: int,
    named: int,
    hours: float | None = 1.0,
    harvest: float = 0.1,
    staggered_days: float = 0,
    costs: dict[str, str] | None = None,
    leaked: tuple[float, ...] = (),
) -> CampaignOutcome:
    case_ms = None if hours is None else round(hours * 3_600_000)
    cases = () if hours is None else (f"case-{uid}",)
    archetype = uid.split("-")[0]
    return CampaignOutcome(
        uid,
        archetype,
        accounts,
        named,
        cases,
        0,
        case_ms,
        10,
        harvest,
        staggered_days,
        seen_ms=3_600_000,
        costs=costs or {},
        leaked=leaked,
    )


def trial(seed: int, *outcomes: CampaignOutcome, honest: int = 0, false_cases: tuple[str, ...] = ()) -> Trial:
    found = Comparison(outcomes, {"hobby": Named(100, honest)}, false_cases, len(outcomes))
    naive = {"rule": (Named(10, 5), Named(100, 20))}
    return Trial(WorldSpec(seed=seed, days=14), 1000, found, naive)
