"""Groups of accounts on links, as the links stage holds them, from the few figures a test is about."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stream.config import Settings, config_path
from stream.evidence.lagged import RANKED, Lagged
from stream.evidence.traits import TRAITS
from stream.evidence.units import Members, Units, units_of
from stream.links.kinds import LinkKind, load_kinds
from stream.links.sightings import TILE_MS
from stream.links.state import LinkState
from stream.memory.histograms import ATTRIBUTES, BINS, WIDTH
from stream.stages.links import Links
from stream.windows.slots import mix
from stream.windows.tiles import HORIZONS

DAY_MS = 86_400_000
NOW_MS = 1_775_606_400_000 + 30 * DAY_MS
KINDS = load_kinds(config_path("links.toml"))
NUMBERS = {kind.name: number for number, kind in enumerate(KINDS)}

ABSENT: dict[str, Any] = {"created_ms": -1, "email_class": 255, "home_share": np.nan}
"""What profiles say of what no record told; everything else is 0."""


def key(number: int) -> int:
    """Key of an account: spread over all 64 bits, as hashes are."""
    return int(mix(np.array([number], np.uint64))[0])


def histogram(values: Sequence[int] | NDArray[np.int64], events: int = 20) -> NDArray[np.uint8]:
    """Histograms of an account all of whose events fall into one bin of each attribute; -1 unknown."""
    counts = np.zeros((len(ATTRIBUTES), BINS), np.uint8)
    for attribute, value in enumerate(np.asarray(values).tolist()):
        if value >= 0:
            counts[attribute, value] = events
    return counts.ravel()


UNKNOWN_LOOKS = histogram([-1] * len(ATTRIBUTES))


class Population:
    """A links stage filled by hand."""

    def __init__(self, kinds: Sequence[LinkKind] = KINDS) -> None:
        self.kinds = kinds
        self.links = Links(Settings(), kinds)
        self._columns = LinkState(kinds, 1, 1).profiles.snapshot()[0].rows.schema

    def accounts(self, numbers: Sequence[int], **given: Any) -> None:
        """Meet accounts; `given`: profile column -> value, or one value an account."""
        data: dict[str, Any] = {}
        for name, dtype in self._columns.items():
            if name in ("slot", "key", "campaign", "histograms", "volumes", "account_id"):
                continue
            values = np.broadcast_to(given.pop(name, ABSENT.get(name, 0)), len(numbers))
            data[name] = pl.Series(name, values.tolist(), dtype=dtype, strict=False)
        looks = np.broadcast_to(given.pop("histograms", UNKNOWN_LOOKS), (len(numbers), WIDTH))
        data["histograms"] = pl.Series(looks.copy(), dtype=pl.Array(pl.UInt8, WIDTH))
        volumes = np.broadcast_to(given.pop("volumes", [0] * len(HORIZONS)), (len(numbers), len(HORIZONS)))
        data["volumes"] = pl.Series(volumes.astype(np.int32), dtype=pl.Array(pl.Int32, len(HORIZONS)))
        data["account"] = np.array([key(number) for number in numbers], np.uint64)
        data["account_id"] = [f"acc-{number}" for number in numbers]
        assert not given, f"no profile column is called {', '.join(given)}"
        self.links.state.meet(pl.DataFrame(data))

    def link(self, kind: str, value: int, numbers: Sequence[int], events: int = 10, foreign: int = 0) -> None:
        """See accounts on a link."""
        count = len(numbers)
        self.links.state.sight(
            pl.DataFrame(
                {
                    "kind": np.full(count, [k.name for k in self.kinds].index(kind), np.uint8),
                    "value": np.full(count, value, np.uint64),
                    "account": np.array([key(number) for number in numbers], np.uint64),
                    "tile": np.full(count, (NOW_MS - 1) // TILE_MS, np.int32),
                    "events": np.full(count, events, np.int32),
                    "foreign": np.full(count, foreign, np.int32),
                    "log_in": np.full(count, events * 256 * 5, np.int32),
                    "log_out": np.full(count, events * 256 * 5, np.int32),
                    "streamed": np.zeros(count, np.int32),
                    "first_ms": np.full(count, NOW_MS - 1, np.int64),
                    "last_ms": np.full(count, NOW_MS - 1, np.int64),
                    "latest": np.full(count, events, np.int32),
                }
            )
        )

    def units(self) -> Units:
        """Units of all links that join enough."""
        judging = self.links._judging
        seats = judging.state.seats(judging.state.active(NOW_MS, 2), NOW_MS)
        units = judging.units(seats, judging.unnamed(seats))
        assert units is not None
        return units

    def members(self) -> Members:
        """All members of all links."""
        state = self.links.state
        return state.describe(state.seats(state.active(NOW_MS, 1), NOW_MS))


def lagged(
    units: Units,
    rate: float | Mapping[str, float] = 0.05,
    ranks: NDArray[np.float64] | Mapping[str, NDArray[np.float64]] | None = None,
    contrast: float = 0.5,
    veterans: int = 0,
    of_newcomers: NDArray[np.float64] | None = None,
) -> Lagged:
    """A reference: trait rates, values of ranked evidence on reference links, contrast of strangers."""
    links = len(units.start)
    rates = rate if isinstance(rate, Mapping) else dict.fromkeys(TRAITS, rate)
    spread = np.linspace(0.4, 1.6, 101)
    given = ranks if isinstance(ranks, Mapping) else dict.fromkeys(RANKED, spread if ranks is None else ranks)
    return Lagged(
        {name: np.full(links, rates[name]) for name in TRAITS},
        dict(given),
        dict.fromkeys(RANKED, np.zeros(0) if of_newcomers is None else of_newcomers),
        np.full(len(ATTRIBUTES), contrast),
        np.full(links, veterans),
    )


__all__ = ["KINDS", "NOW_MS", "NUMBERS", "Population", "histogram", "key", "lagged", "units_of"]
