"""Reference: what links and members were like a week ago and before.

Nothing learned today can excuse what happens today: records younger than the lag are not read, which is
the defence against slow ramps. Records are taken every six hours, from links that are not hot and
accounts that are not named, and kept for 28 days; each holds a bounded number of links.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.cases.mixture import HABITS, Normal
from stream.evidence.lagged import RANKED
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS
from stream.memory.histograms import ATTRIBUTES
from stream.windows.tiles import DAY_MS

LAG_MS: Final = 7 * DAY_MS
_KEPT_MS: Final = 28 * DAY_MS
_LEAST_RATE: Final = 0.003
_UNKNOWN_RATE: Final = 1.0  # a trait that was never measured is nobody's news
LINKS_KEPT: Final = 1024  # per record: the rank of one link moves by a thousandth


@dataclass(frozen=True, slots=True)
class Record:
    """What was normal at one time; floats, so that it stores as JSON."""

    time_ms: int
    rates: dict[str, float]
    by_kind: dict[str, dict[str, float]]
    """Trait -> kind -> share of the kind's members that show it, for traits of a member on a link."""
    habits: dict[str, tuple[float, float]]
    contrast: list[float]
    look: list[float]
    """Mean share of accounts' events by bin of their histograms."""
    ranked: dict[str, list[float]]
    of_newcomers: dict[str, list[float]]
    """The same of links of newcomers alone."""


@dataclass(slots=True)
class Reference:
    """Records by age. `now` moves only by `add`, so a reader sees one reference between records."""

    records: list[Record] = field(default_factory=list)
    warm_up_ms: int = LAG_MS + DAY_MS
    _read: "Normality | None" = None

    def add(self, record: Record) -> None:
        """Take a record, drop those past keeping."""
        self.records = [old for old in self.records if old.time_ms > record.time_ms - _KEPT_MS] + [record]
        self._read = None

    def warm(self, now_ms: int) -> bool:
        """Whether there is a reference, and a history of each link's own, a lag ago."""
        return bool(self.records) and self.records[0].time_ms <= now_ms - self.warm_up_ms

    def age_ms(self, now_ms: int) -> int:
        """Age of the oldest record; 0 without any."""
        return now_ms - self.records[0].time_ms if self.records else 0

    def at(self, now_ms: int) -> "Normality | None":
        """What was normal a lag before `now_ms`, or all that is known during warm-up; None without any."""
        old = [record for record in self.records if record.time_ms <= now_ms - LAG_MS]
        if not old or not self.warm(now_ms):
            # nothing is decided on these, but links get a history of their own from the first day
            old = self.records
        if not old:
            return None
        if self._read is None or self._read.records != len(old):
            self._read = _merge(old)
        return self._read

    def plain(self) -> list[dict[str, Any]]:
        """For storing as JSON."""
        return [{name: getattr(record, name) for name in Record.__slots__} for record in self.records]

    def restore(self, plain: list[dict[str, Any]]) -> None:
        """Inverse of `plain`."""
        self.records = [
            Record(**{**row, "habits": {k: (v[0], v[1]) for k, v in row["habits"].items()}}) for row in plain
        ]
        self._read = None


@dataclass(frozen=True, slots=True)
class Normality:
    """Means over the lagged records."""

    records: int
    rates: dict[str, float]
    by_kind: dict[str, dict[str, float]]
    normal: Normal
    contrast: Floats
    look: Floats
    ranked: dict[str, Floats]
    of_newcomers: dict[str, Floats]

    def rates_by_kind(self, kinds: Sequence[str], kind: NDArray[np.uint8]) -> dict[str, Floats]:
        """Trait -> lagged rate for each of many links; `kind`: position of each link's kind."""
        by_kind = [self.rates_of(name) for name in kinds]
        return {name: np.array([rates[name] for rates in by_kind])[kind] for name in by_kind[0]}

    def rates_of(self, kind: str) -> dict[str, float]:
        """Trait -> lagged rate for members of links of a kind, where the trait is one of the membership."""
        return self.rates | {"changed": self._own("changed", kind)}

    def rates_within(self, kind: str) -> dict[str, float]:
        """The same to tell the members of such a link apart: what the kind selects tells little there."""
        return self.rates | {name: self._own(name, kind) for name in self.by_kind}

    def _own(self, trait: str, kind: str) -> float:
        rates = self.by_kind.get(trait, {})
        return max(rates.get(kind, 0.0), self.rates.get(trait, _LEAST_RATE))


def _merge(records: list[Record]) -> Normality:
    def mean(values: list[float]) -> float:
        known = [value for value in values if np.isfinite(value)]
        return float(np.mean(known)) if known else _LEAST_RATE

    newest = records[-1]

    def of_all(name: str) -> float:
        known = [r.rates[name] for r in records if name in r.rates]
        return max(mean(known), _LEAST_RATE) if known else _UNKNOWN_RATE

    def of_kind(name: str, kind: str) -> float:
        return mean([r.by_kind[name][kind] for r in records if kind in r.by_kind[name]])

    return Normality(
        records=len(records),
        rates={name: of_all(name) for name in TRAITS if name != "changed"},
        by_kind={
            name: {kind: max(of_kind(name, kind), _LEAST_RATE) for kind in kinds}
            for name, kinds in newest.by_kind.items()
        },
        normal=Normal(
            {name: mean([r.habits[name][0] for r in records]) for name in HABITS},
            {name: mean([r.habits[name][1] for r in records]) for name in HABITS},
        ),
        contrast=np.array([mean([r.contrast[i] for r in records]) for i in range(len(ATTRIBUTES))]),
        look=np.mean([record.look for record in records], axis=0),
        ranked={name: _merged([r.ranked[name] for r in records]) for name in RANKED},
        of_newcomers={name: _merged([r.of_newcomers[name] for r in records]) for name in RANKED},
    )


def _merged(parts: list[list[float]]) -> Floats:
    """All of them, ascending. Each is: the stable order of NumPy merges what stands in order already."""
    return np.sort(np.concatenate(parts), kind="stable")
