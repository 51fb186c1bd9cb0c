"""The pictures of `shoal bench detection`, drawn from what was measured; they need matplotlib."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stream.bench.compare import LEAK_HOURS, CampaignOutcome
from stream.bench.detection import Summary, Trial, summary
from stream.bench.interval import bootstrap, wilson
from stream.bench.leverage import Leverage
from stream.bench.report import Picture, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#7F7F7F"
"""Okabe and Ito 2008: told apart by every kind of colour vision, and as greys."""

_WIDTH, _DPI = 10.5, 150  # inches, dots an inch
_SHOWN: Final = 20
"""Numbers in the picture of sensitivity: those that move most; the table has all."""
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
_TICKS_H: Final = {1: "1 h", 3: "3 h", 6: "6 h", 12: "12 h", 24: "1 d", 72: "3 d", 168: "7 d", 336: "14 d"}


_TITLES: Final = ("Campaign accounts named, %", "Honest accounts named, %")


class Bar(NamedTuple):
    """A share in percent and the ends of its interval of 95 %; None where one world tells no interval."""

    share: float
    low: float | None
    high: float | None


def is_possible() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def curve(done: Sequence[Trial]) -> list[tuple[float, float]]:
    """(honest, guilty) shares of accounts named with a score or more, the highest score first.

    It ends where every account that was named counts; what has a lower score than the threshold of its
    alert was never said, and cannot be drawn.
    """
    ranked = sorted((pair for one in done for pair in one.found.scores), reverse=True)
    whole = summary(done)
    points, guilty, honest = [(0.0, 0.0)], 0, 0
    for at, (score, is_guilty) in enumerate(ranked):
        guilty, honest = guilty + is_guilty, honest + (not is_guilty)
        if at + 1 == len(ranked) or ranked[at + 1][0] != score:
            points.append((honest / max(whole.honest.accounts, 1), guilty / max(whole.recall.accounts, 1)))
    return points


def draw_found(folder: Path, done: Sequence[Trial]) -> Picture:
    """Recall against honest accounts named, and the leak over time, as `detection.png`."""
    file = "detection.png"
    with drawn(folder / file, 4.4) as (_, (left, right)):
        _recall(left, done)
        _leak(right, [outcome for one in done for outcome in one.found.campaigns if outcome.leaked])
    return Picture(
        file,
        "Left: campaign accounts named against honest accounts named. The line counts accounts by the score "
        "of their strongest verdict, from the highest down to all; each point is one world at the end of its "
        "line, the bars of the square are intervals of 95 % over all worlds (a bootstrap of worlds, Wilson's "
        "for honest accounts). Right: what got out. For each campaign the share of all its exchanges that "
        "its accounts made by then without being named; bold: the median of each sort.",
    )


def draw_ablation(folder: Path, named: Mapping[str, Sequence[Trial]]) -> Picture:
    """What is named without each family of evidence, as `ablation.png`; the first of `named` is unchanged."""
    file, names = "ablation.png", list(named)
    with drawn(folder / file, 0.9 + 0.25 * len(names), sharey=True) as (_, axes):
        for axis, honest, title in zip(axes, (False, True), _TITLES, strict=True):
            _bars(axis, names, [_bar(named[name], honest) for name in names], ORANGE if honest else BLUE)
            axis.set_title(title)
        axes[0].invert_yaxis()
    return Picture(
        file,
        "Campaign and honest accounts named when families of evidence weigh nothing, beside the whole "
        "(dashed), with intervals of 95 %.",
    )


def draw_sensitivity(folder: Path, plain: Sequence[Trial], moves: Sequence[Leverage]) -> Picture:
    """What is named when numbers of detection are smaller and larger, as `sensitivity.png`."""
    file, shown, before = "sensitivity.png", moves[:_SHOWN], summary(plain)
    with drawn(folder / file, 1.2 + 0.25 * len(shown), sharey=True) as (figure, axes):
        for axis, honest, title in zip(axes, (False, True), _TITLES, strict=True):
            _moves(axis, before, shown, honest)
            axis.set_title(title)
        axes[0].set_yticks(range(len(shown)), [one.name for one in shown])
        axes[0].invert_yaxis()
        axes[1].set_xlim(left=0)
        sides = axes[1].get_legend_handles_labels()
        figure.legend(*sides, loc="outside lower center", ncols=len(sides[0]))
    return Picture(
        file,
        "Campaign and honest accounts named in one world when one number at a time is multiplied: the "
        f"{len(shown)} numbers that move most accounts.",
    )


def _moves(axis: "Axes", before: Summary, moves: Sequence[Leverage], honest: bool) -> None:
    rows = range(len(moves))
    axis.axvline(_percent(before, honest), color=GREY, linestyle="--", linewidth=1, label="as it is")
    sides = zip(sorted(moves[0].outcomes), (BLUE, ORANGE), "o^", strict=True)
    for factor, colour, marker in sides:
        values = [_percent(one.outcomes[factor], honest) for one in moves]
        axis.plot(values, rows, marker, color=colour, label=f"x {factor:g}", alpha=0.85)


def _percent(part: Summary, honest: bool) -> float:
    return 100 * (part.honest if honest else part.recall).share


def _recall(axis: "Axes", done: Sequence[Trial]) -> None:
    xs, ys = zip(*curve(done), strict=True)
    axis.step([100 * x for x in xs], [100 * y for y in ys], where="post", color=BLUE, linewidth=1.2)
    for one in done:
        found = one.found
        axis.plot(
            100 * found.honest.share,
            100 * found.guilty.share,
            "o",
            color=GREY,
            alpha=0.8,
            clip_on=False,
            zorder=3,
        )
    whole = summary(done)
    x, y = _bar(done, True), _bar(done, False)
    axis.errorbar(
        x.share, y.share, xerr=_reach(x), yerr=_reach(y), fmt="s", color=ORANGE, capsize=3, zorder=4,
        clip_on=False,
        label=f"all: {percent(whole.recall.share)} at {percent(whole.honest.share)}",
    )  # fmt: skip
    axis.plot([], [], "o", color=GREY, label=f"one world of {len(done)}")
    axis.plot([], [], color=BLUE, label="by score, all worlds")
    axis.set(xlabel="honest accounts named, %", ylabel="campaign accounts named, %", ylim=(0, 101))
    axis.set_title("Recall against honest accounts named")
    axis.set_xlim(left=0)
    axis.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")


def _leak(axis: "Axes", outcomes: Sequence[CampaignOutcome]) -> None:
    hours = [max(hour, 0.5) for hour in LEAK_HOURS]
    sorts = (("at full strength within half a day", True, BLUE), ("ramped or trickling", False, ORANGE))
    for name, at_once, colour in sorts:
        part = [[100 * share for share in o.leaked] for o in outcomes if o.at_once == at_once]
        for line in part:
            axis.plot(hours, line, color=colour, alpha=0.25, linewidth=0.8)
        if part:
            axis.plot(hours, _medians(part), color=colour, linewidth=2.5, label=f"{name} ({len(part)})")
    axis.set_xscale("log")
    axis.set_xticks(list(_TICKS_H), list(_TICKS_H.values()))
    axis.minorticks_off()
    axis.set(xlabel="since the campaign's first exchange", ylabel="its exchanges, %", ylim=(0, None))
    axis.set_title("Leak: exchanges made before their account was named")
    if outcomes:
        axis.legend(loc="upper left")


def _medians(lines: Sequence[Sequence[float]]) -> list[float]:
    return [median(values) for values in zip(*lines, strict=True)]


def _bars(axis: "Axes", names: Sequence[str], bars: Sequence[Bar], colour: str) -> None:
    colours = [GREY, *[colour] * (len(bars) - 1)]
    axis.barh(range(len(bars)), [bar.share for bar in bars], color=colours, height=0.7)
    for row, bar in enumerate(bars):
        if (reach := _reach(bar)) is not None:
            axis.errorbar(bar.share, row, xerr=reach, fmt="none", ecolor="black", capsize=2, linewidth=1)
    axis.axvline(bars[0].share, color=GREY, linestyle="--", linewidth=1)
    axis.set_yticks(range(len(names)), names)
    axis.grid(False, axis="y")


def _bar(done: Sequence[Trial], honest: bool) -> Bar:
    whole = summary(done)
    if honest:
        ends = wilson(whole.honest)
        return Bar(100 * whole.honest.share, 100 * ends.low, 100 * ends.high)
    sure = bootstrap(done, lambda drawn: summary(drawn).recall.share)
    low, high = (None, None) if sure is None else (100 * sure.low, 100 * sure.high)
    return Bar(100 * whole.recall.share, low, high)


def _reach(bar: Bar) -> list[list[float]] | None:
    """How far an interval goes below and above."""
    if bar.low is None or bar.high is None:
        return None
    return [[max(0.0, bar.share - bar.low)], [max(0.0, bar.high - bar.share)]]


@contextmanager
def drawn(
    path: Path, height: float, *, sharey: bool = False, stacked: int = 0
) -> "Iterator[tuple[Figure, list[Axes]]]":
    """Two panels side by side, or so many `stacked` over one x, `height` inches high; written at the end.

    No window is needed: nothing of pyplot, which keeps figures for ever, is used.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
        panels = figure.subplots(stacked, 1, sharex=True) if stacked else figure.subplots(1, 2, sharey=sharey)
        yield figure, list(panels)
        figure.savefig(path, metadata={"Software": None})  # else each release of it writes another file
