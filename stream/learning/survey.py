"""Survey: what links and accounts are like now, taken down for a week later.

Of links that are not hot and accounts that are not named, so that a case is never taken for normal.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream.cases.hot import HARD
from stream.cases.judged import Judged
from stream.cases.mixture import HABITS
from stream.evidence import RANKED
from stream.evidence.exchangeability import dissimilarity, normalise, rho_by_attribute, tool_diversity
from stream.evidence.lagged import of_newcomers
from stream.evidence.piece import Floats
from stream.evidence.rhythm import excess_spread
from stream.evidence.traits import TRAITS
from stream.evidence.units import Units, zeroed
from stream.evidence.widen import upper_deviation
from stream.learning.reference import LINKS_KEPT, Record
from stream.links.seats import Seats
from stream.links.state import LinkState
from stream.links.tables import WINDOW


def survey(
    state: LinkState, seats: Seats, units: Units | None, judged: Judged | None, min_units: int, now_ms: int
) -> Record | None:
    """A record of what is normal; None where no account was seen in the window."""
    profiles = state.profiles
    recent = (profiles["last_ms"] >= now_ms - WINDOW.tile_ms * 12) & (profiles["campaign"] == 0)
    slots = np.flatnonzero(recent).astype(np.int32)
    if not len(slots):
        return None
    slots = slots[np.argsort(profiles.keys[slots], kind="stable")]
    profile = state.profile(slots)
    profile |= {"on_events": profile["events"], "on_foreign": profile["foreign"]}
    contrast = _contrast(profile["histograms"])
    ranked, of_new = _ranked(units, judged, contrast, min_units)
    return Record(
        time_ms=now_ms,
        rates=_rates(profile),
        by_kind=_by_kind(state, seats),
        habits=_habits(profile),
        contrast=[float(value) for value in contrast],
        look=zeroed(normalise(profile["histograms"])[0]).mean(axis=0, dtype=np.float64).tolist(),
        ranked=ranked,
        of_newcomers=of_new,
    )


def _rates(profile: dict[str, NDArray[Any]]) -> dict[str, float]:
    """Shares of the accounts that show each trait, of the traits that anything is known of."""
    shown = {name: trait.of(profile) for name, trait in TRAITS.items() if name != "changed"}
    return {name: _mean(values) for name, values in shown.items() if np.isfinite(values).any()}


def _by_kind(state: LinkState, seats: Seats) -> dict[str, dict[str, float]]:
    """Trait -> kind -> share of its members that show it, for traits that the kinds may select."""
    free = seats.where(state.profiles["campaign"][seats.account] == 0)
    traits = state.describe(free).traits
    rates: dict[str, dict[str, float]] = {}
    for name in ("changed", "refused", "orphaned", *HARD):
        shows = {kind.name: traits[name][free.kind == i] for i, kind in enumerate(state.kinds)}
        rates[name] = {kind: _mean(values) for kind, values in shows.items() if len(values)}
    return rates


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0


def _habits(profile: dict[str, NDArray[Any]]) -> dict[str, tuple[float, float]]:
    sized = np.where(profile["sized"] > 0, profile["sized"], np.nan) * 256
    events = np.maximum(profile["events"], 1)
    values = {
        "log_rate": np.log(events),
        "log_in": profile["log_in"] / sized,
        "log_out": profile["log_out"] / sized,
        "streamed": profile["streamed"] / events,
    }  # fmt: skip
    known = {name: values[name][np.isfinite(values[name])] for name in HABITS}
    return {
        name: (float(of.mean()), max(float(of.std()), 0.05)) if len(of) else (0.0, 1.0)
        for name, of in known.items()
    }


def _contrast(histograms: NDArray[np.uint8]) -> Floats:
    """Between minus within disagreement of all accounts, as if they were the units of one link."""
    # over all accounts: more terms than single precision adds up well
    shape, spread = (part.astype(np.float64) for part in normalise(histograms))
    known = np.isfinite(shape[:, ::8])
    clean = zeroed(shape).reshape(len(shape), -1, 8)
    votes = known.sum(axis=0).astype(np.float64)
    same = (clean.sum(axis=0) ** 2).sum(axis=1) - (clean**2).sum(axis=(0, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        between = 1 - same / (votes * (votes - 1))
        within = zeroed(spread).sum(axis=0) / np.isfinite(spread).sum(axis=0)
    contrast = between - within
    return np.where(np.isfinite(contrast), contrast, 0.0)


def _ranked(
    units: Units | None, judged: Judged | None, contrast: Floats, min_units: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Ranked evidence of links that are not hot, and of those of newcomers among them."""
    if units is None:
        return {name: [] for name in RANKED}, {name: [] for name in RANKED}
    calm = (units.votes >= min_units) | units.by_kind(lambda kind: kind.few_units)
    if judged is not None:
        calm &= ~judged.hot
    values = {
        "even": excess_spread(units),
        "tokens_in": upper_deviation(units, units.log_in),
        "tokens_out": upper_deviation(units, units.log_out),
        "alike": dissimilarity(rho_by_attribute(units, contrast, np.ones(len(units.start), np.bool_))),
        "uniform_tool": tool_diversity(units),
    }
    return _kept(values, calm), _kept(values, calm & of_newcomers(units))


def _kept(values: dict[str, Floats], links: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Values of some of the links, sorted, a bounded number."""
    ranked = {}
    for name, column in values.items():
        kept = np.sort(column[links & np.isfinite(column)])
        # every n-th, by size: the distribution stays, the record is bounded
        ranked[name] = [round(float(value), 6) for value in kept[:: len(kept) // LINKS_KEPT + 1]]
    return ranked
