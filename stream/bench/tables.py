"""Tables of variants: each beside the runs in which nothing was changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from stream.bench.compare import Named
from stream.bench.detection import Summary, Trial, summary
from stream.bench.interval import Interval, bootstrap, wilson
from stream.bench.report import Grid, median_worst, percent
from stream.bench.runs import Done
from stream.findings.case import number

Trials = Sequence[Trial]
ByName = Mapping[str, Trials]


class Measure(NamedTuple):
    """A figure of some worlds; `worst` picks the worst of several."""

    name: str
    of: Callable[[Summary], float | None]
    shown: Callable[[float], str]
    worst: Callable[[Iterable[float]], float]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _recall(part: Summary) -> float | None:
    return part.recall.share if part.recall.accounts else None


def _honest(part: Summary) -> float:
    return part.honest.share


MEASURES: Final = (
    Measure("campaign accounts named", _recall, percent, min),
    Measure("honest accounts named", _honest, percent, max),
    Measure(
        "false cases/28 d",
        lambda s: sum(s.false_cases_in_28_days) / len(s.false_cases_in_28_days),
        number,
        max,
    ),
    Measure("cases of one campaign", lambda s: s.cases_per_campaign or None, number, max),
    Measure("honest accounts in a case", lambda s: s.honest_in_cases.share, percent, max),
    Measure("cases of two campaigns", lambda s: float(s.mixed_cases), number, max),
    Measure("hours to case, median", lambda s: _median(s.hours_to_case), number, max),
    Measure("hours after it could be seen, median", lambda s: _median(s.hours_after_seen), number, max),
    Measure("harvest", lambda s: s.harvest if s.recall.accounts else None, percent, max),
)


def over_worlds(done: Trials) -> Grid:
    """Each measure: its median and worst over the worlds, over all of them, and how sure that is.

    Honest accounts are hardly ever named, each for itself: their interval is Wilson's.
    """
    rows = [_over_worlds(measure, done) for measure in MEASURES]
    headings = ("measure", "median of seeds", "worst seed", "all together", "95 % interval")
    return Grid("Over the seeds", headings, rows)


def _over_worlds(measure: Measure, done: Trials) -> tuple[str, ...]:
    single = [measure.of(summary([one])) for one in done]
    known = [value for value in single if value is not None]
    if not known:
        return (measure.name, "-", "-", "-", "-")
    everything = summary(done)
    together = measure.of(everything)
    sure = wilson(everything.honest) if measure.of is _honest else _drawn(measure, done)
    whole = "-" if together is None else measure.shown(together)
    return (
        measure.name,
        measure.shown(median(known)),
        measure.shown(measure.worst(known)),
        whole,
        _range(sure, measure.shown),
    )


def _drawn(measure: Measure, done: Trials) -> Interval | None:
    return bootstrap(done, lambda drawn: measure.of(summary(drawn)))


def by_name(usual: str, plain: Trials, done: Sequence[Done]) -> dict[str, Trials]:
    """The outcomes of a grid by the name of the run, after `plain`, in which nothing was changed."""
    named: dict[str, list[Trial]] = {}
    for run, trial in done:
        named.setdefault(run.name, []).append(trial)
    return {usual: plain, **named}


def compared(title: str, named: ByName) -> list[Grid]:
    """Variants of the same campaigns: over all of them, and by kind of campaign."""
    headings = (
        "variant",
        "campaign accounts named",
        "worst seed",
        "95 % interval",
        "honest named",
        "95 % interval",
        "false cases/28 d: median (worst)",
        "harvest",
    )
    whole = Grid(title, headings, [(name, *_figures(done)) for name, done in named.items()])
    return [whole, _by_kind(f"{title}: campaign accounts named by kind of campaign", named)]


def _figures(done: Trials) -> tuple[str, ...]:
    part = summary(done)
    worst = percent(min(one.found.guilty.share for one in done))
    false_cases = median_worst(sorted(part.false_cases_in_28_days))
    return (
        _of(part.recall),
        worst,
        _recall_range(done),
        *_honest_cells(part),
        false_cases,
        percent(part.harvest),
    )


def _by_kind(title: str, named: ByName) -> Grid:
    shares = {name: summary(done).recall_by_archetype for name, done in named.items()}
    kinds = sorted({kind for parts in shares.values() for kind in parts})
    rows = [
        (name, *(percent(parts[kind].share) if kind in parts else "-" for kind in kinds))
        for name, parts in shares.items()
    ]
    return Grid(title, ("variant", *kinds), rows)


def evaded(named: ByName) -> list[Grid]:
    """Evasions: how much of what does it is still found, and what it costs its operator."""
    headings = (
        "evasion",
        "accounts",
        "named",
        "recall",
        "95 % interval",
        "first case, h: median (worst)",
        "harvest",
        "honest named",
        "false cases/28 d: median (worst)",
        "what it costs the operator",
    )
    rows = [(name, *_evaded(done)) for name, done in named.items()]
    return [Grid("Evasions", headings, rows), _by_kind("Evasions: campaign accounts named, by kind", named)]


def _evaded(done: Trials) -> tuple[str, ...]:
    part = summary(done)
    return (
        f"{part.recall.accounts:,}",
        f"{part.recall.named:,}",
        percent(part.recall.share),
        _recall_range(done),
        median_worst(part.hours_to_case),
        percent(part.harvest),
        _of(part.honest),
        median_worst(sorted(part.false_cases_in_28_days)),
        _costs(done),
    )


def _costs(done: Trials) -> str:
    """The price of each evasion in one campaign; those of all stand in the JSON."""
    costs: dict[str, str] = {}
    for outcome in (outcome for one in done for outcome in one.found.campaigns):
        for evasion, price in outcome.costs.items():
            costs.setdefault(evasion, f"{price} ({outcome.uid})")
    return "\n".join(costs.values()) or "-"


def lookalikes(done: Trials) -> list[Grid]:
    """Honest groups where there is no campaign: who is named, and the false cases of each seed."""
    part = summary(done)
    people = [
        (name, f"{size.accounts:,}", f"{size.named:,}", percent(size.share), _range(wilson(size), percent))
        for name, size in part.honest_by_population.items()
    ]
    seeds = [
        (str(one.spec.seed), _of(one.found.honest), str(one.found.cases), number(one.false_cases_in_28_days))
        for one in done
    ]
    return [
        Grid(
            "Without campaigns: honest accounts named, by population",
            ("population", "accounts", "named", "share", "95 % interval"),
            people,
        ),
        Grid("Without campaigns: false cases", ("seed", "honest named", "cases", "false cases/28 d"), seeds),
    ]


def _honest_cells(part: Summary) -> tuple[str, str]:
    return _of(part.honest), _range(wilson(part.honest), percent)


def _recall_range(done: Trials) -> str:
    return _range(bootstrap([one.found.guilty for one in done], _pooled), percent)


def _pooled(parts: Sequence[Named]) -> float | None:
    accounts = sum(part.accounts for part in parts)
    return sum(part.named for part in parts) / accounts if accounts else None


def _range(ends: Interval | None, shown: Callable[[float], str]) -> str:
    return "-" if ends is None else f"{shown(ends.low)} to {shown(ends.high)}"


def _of(part: Named) -> str:
    return f"{percent(part.share)} ({part.named:,} of {part.accounts:,})"
