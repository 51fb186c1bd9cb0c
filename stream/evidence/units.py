"""The members of candidate links, counted as unrelated units with one vote each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stream.evidence.companions import companions
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS
from stream.links.kinds import LinkKind
from stream.windows.groups import Groups, lengths, runs

Real = TypeVar("Real", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Members:
    """Accounts on links, sorted by link, unit and account; arrays of shape (members,)."""

    link: NDArray[np.int32]
    account: NDArray[np.int32]
    unit: NDArray[np.uint64]
    share: Floats
    events: NDArray[np.int64]
    traits: dict[str, Floats]
    """Trait -> 1 shows it, 0 does not, nan unknown."""
    log_in: Floats
    log_out: Floats
    streamed: Floats
    copied: Floats
    """Share of answers (by the log of their size) to a body that another unit sent within a day before."""
    tool: NDArray[np.uint64]
    active_hours: Floats
    goes_on: Floats
    """1 where the account is used in its old way too since it was in a new one, else 0."""
    away: Floats
    """1 where the account has a past and is used from a new network or in two new ways, else 0."""
    began_h: Floats
    """Hours since the epoch of its first event on the link, and of its last anywhere."""
    last_h: Floats
    histograms: NDArray[np.uint8]

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Members":
        """Some of them."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        picked = {name: getattr(self, name).take(at, axis=0) for name in self.__slots__ if name != "traits"}
        return Members(traits={name: values.take(at) for name, values in self.traits.items()}, **picked)


@dataclass(frozen=True, slots=True)
class Units:
    """Units of links. `kind`, `link`, `start` and `votes` have shape (links,), the rest (units,)."""

    kinds: Sequence[LinkKind]
    kind: NDArray[np.uint8]
    """Position in `kinds` of each link's kind."""
    link: NDArray[np.int32]
    """Slot of each link."""
    start: NDArray[np.int64]
    votes: NDArray[np.int64]
    traits: dict[str, Floats]
    log_rate: Floats
    events: Floats
    log_in: Floats
    log_out: Floats
    copied: Floats
    active_hours: Floats
    goes_on: Floats
    away: Floats
    began_h: Floats
    last_h: Floats
    share: Floats
    """Share of its events that are on the link, as a link of that kind has them usually."""
    tool: NDArray[np.uint64]
    unit: NDArray[np.uint64]
    size: NDArray[np.int64]
    """Members of each unit."""
    histograms: NDArray[np.uint8]
    """Histograms of the members, unit by unit; shape (members, WIDTH)."""
    together: Floats
    """Most units of each link that one network holds a good part of, shape (links,)."""
    beside: Floats
    """Other links of the kind that share half of the units of each link, shape (links,)."""
    apart: list[Any] = field(default_factory=list)
    """How far apart the units of every link are, once that was worked out."""

    @property
    def companions(self) -> Floats:
        """Those `beside` each link where that is evidence, else 0; shape (links,)."""
        return np.where(self.by_kind(lambda kind: kind.breadth), self.beside, 0.0)

    def by_kind(self, says: Callable[[LinkKind], Any]) -> NDArray[Any]:
        """What something says of each link's kind; shape (links, ...)."""
        told: NDArray[Any] = np.array([says(kind) for kind in self.kinds])[self.kind]
        return told

    @property
    def of(self) -> NDArray[np.int64]:
        """Position of each unit's link, shape (units,)."""
        return np.repeat(np.arange(len(self.start)), self.votes)

    def total(self, values: Floats) -> Floats:
        """Sum over each link's units, nan left out; shape (links, ...)."""
        sums: Floats = np.add.reduceat(zeroed(values), self.start, axis=0)
        return sums

    def mean(self, values: Floats) -> Floats:
        """Mean over each link's units that have a value; nan where none has."""
        known = self.total(np.isfinite(values).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total(values) / known

    def variance(self, values: Floats) -> Floats:
        """Sample variance over each link's units; nan with fewer than two."""
        known = self.total(np.isfinite(values).astype(np.float64))
        deviation = values - np.repeat(self.mean(values), self.votes)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(known > 1, self.total(deviation**2) / (known - 1), np.nan)

    def most_common(self, values: NDArray[np.uint64]) -> Floats:
        """Units that share the most common value, 0 standing for none; shape (links,)."""
        groups = Groups(self.of, values)
        counts = np.where(groups.first(values) != 0, groups.counts, 0).astype(np.float64)
        top = np.zeros(len(self.start))
        np.maximum.at(top, groups.first(self.of), counts)
        return top


def zeroed(values: NDArray[Real]) -> NDArray[Real]:
    """Values with 0 for nan."""
    unknown = np.isnan(values)
    return np.where(unknown, values.dtype.type(0), values) if unknown.any() else values


def units_of(kinds: Sequence[LinkKind], kind: NDArray[np.uint8], members: Members, together: Floats) -> Units:
    """Merge members into units. `kind`: of each member; `together`: of each link, see `Units`."""
    start = runs(members.link, members.unit)
    link_start = runs(members.link[start])

    link_kind, votes = kind[start][link_start], lengths(link_start, len(start))
    unit, size = members.unit[start], lengths(start, len(members.link))
    # nearly all units are one member: its own value is the mean
    several = np.flatnonzero(size > 1)
    of_several = np.repeat(size > 1, size)
    starts = np.cumsum(size[several]) - size[several]

    def mean(values: Floats) -> Floats:
        means = values[start].astype(np.float64)
        if len(several):
            told = values[of_several]
            known = np.add.reduceat(np.isfinite(told).astype(np.float64), starts)
            with np.errstate(invalid="ignore", divide="ignore"):
                means[several] = np.add.reduceat(zeroed(told), starts) / known
        return means

    events = np.add.reduceat(members.events.astype(np.float64), start)
    return Units(
        kinds=kinds,
        kind=link_kind,
        link=members.link[start][link_start],
        start=link_start,
        votes=votes,
        traits={name: mean(members.traits[name]) for name in TRAITS},
        log_rate=np.log(np.maximum(events, 1)),
        events=events,
        log_in=mean(members.log_in),
        log_out=mean(members.log_out),
        copied=mean(members.copied),
        active_hours=mean(members.active_hours),
        goes_on=mean(members.goes_on),
        away=mean(members.away),
        began_h=np.minimum.reduceat(members.began_h, start),
        last_h=np.maximum.reduceat(members.last_h, start),
        share=mean(np.minimum(members.share, 1.0)),
        tool=members.tool[start],
        unit=unit,
        size=size,
        histograms=members.histograms,
        together=together,
        beside=companions(link_kind, votes, unit),
    )
