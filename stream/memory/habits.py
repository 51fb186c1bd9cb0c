"""Habits of accounts: which values each has shown, since when, and how often of late.

A row is (account, attribute, value). From it come the home network and what is new about an event: a new
network and two of new parameters, prefix and client at once may be somebody else's.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.event.columns import Columns
from stream.windows.groups import Groups, distinct
from stream.windows.slots import Column, Mask, SlotTable, mix
from stream.windows.tiles import DAY_MS, Ring

ATTRIBUTES: Final = ("params", "prefix", "network", "client")
NOVELTY_MS: Final = 4 * DAY_MS  # a value is new to an account for this long
AT_ONCE: Final = 2
"""Of parameters, prefix and client, beside a new network: a new laptop is used where one always was."""
Floats = NDArray[np.float64]
_DAYS: Final = Ring(DAY_MS, 4)
"""Days of the newest value fit two bytes until 2149, times to the second four: an account has a dozen."""


class Novelty(NamedTuple):
    """What is new about each event of a slice; arrays of shape (n,)."""

    at_once: Mask
    """A new network, and AT_ONCE of the other attributes new."""
    elsewhere: Mask
    """A new network, or AT_ONCE of the other attributes new."""
    since_ms: NDArray[np.int64]
    """When the first of its new values was shown first; NEWER where none is new."""
    settled_ms: NDArray[np.int64]
    """When the last of its values was shown first; NEWER where one is new or none is known."""


NEWER: Final = np.iinfo(np.int64).max


class Habits:
    """Values shown by accounts; rows refer to accounts by their slot."""

    def __init__(self, stage: str) -> None:
        """Start empty."""
        self.table = SlotTable(
            stage,
            "habits",
            {
                "account": Column(np.int32),
                "attribute": Column(np.uint8),
                "first_s": Column(np.uint32),
                "newest": Column(np.uint16),
                "days": Column(np.uint16, _DAYS.length),
            },
        )

    def observe(self, events: Columns, account: NDArray[np.int32]) -> Novelty:
        """Remember the values of a slice; what of them is new to their account.

        `account`: slot of each event's account. Shape (n,).
        """
        new = np.zeros((len(ATTRIBUTES), len(account)), np.bool_)
        since_ms, settled_ms = np.full(len(account), NEWER), np.full(len(account), -1)
        for number, name in enumerate(ATTRIBUTES):
            values = events[name]
            if name == "prefix":
                values = np.where(values == 0, np.uint64(1), values)  # no prefix is a habit too
            known = np.flatnonzero(values != 0)
            first_ms = self._observe_one(number, values[known], account[known], events, known)
            new[number, known] = fresh = events["time_ms"][known] - first_ms < NOVELTY_MS
            since_ms[known] = np.minimum(since_ms[known], np.where(fresh, first_ms, NEWER))
            settled_ms[known] = np.maximum(settled_ms[known], first_ms)
        network, count = new[ATTRIBUTES.index("network")], new.sum(axis=0)
        settled_ms[(count > 0) | (settled_ms < 0)] = NEWER
        return Novelty(network & (count > AT_ONCE), network | (count >= AT_ONCE), since_ms, settled_ms)

    def _observe_one(
        self,
        attribute: int,
        values: NDArray[Any],
        account: NDArray[np.int32],
        events: Columns,
        rows: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        owner = events["account"][rows]
        keys = mix(owner, np.uint64(attribute) + np.zeros_like(owner), values.astype(np.uint64))
        groups = Groups(keys)
        first, inverse = groups.rows, groups.ids
        slots, made = self.table.claim(keys[first])
        time_ms = events["time_ms"][rows]
        fresh = slots[made]
        self.table["account"][fresh] = account[first[made]]
        self.table["attribute"][fresh] = attribute
        self.table["first_s"][fresh] = time_ms[first[made]] // 1000
        self._count(slots, inverse, time_ms)
        return self.table["first_s"][slots].astype(np.int64)[inverse] * 1000

    def _count(
        self, slots: NDArray[np.int32], inverse: NDArray[np.int64], time_ms: NDArray[np.int64]
    ) -> None:
        day = time_ms // DAY_MS
        for tile in distinct(day).tolist():
            counts = np.bincount(inverse[day == tile], minlength=len(slots))
            seen = counts > 0
            _DAYS.add(self.table["days"], self.table["newest"], slots[seen], tile, counts[seen][:, None])

    def favourite(self, name: str, accounts: NDArray[np.int32], count: int, now_ms: int) -> Floats:
        """Share of each account's favourite value in its events of the last four days that showed any.

        `accounts`: slots, out of `count`; nan where no event showed one. Shape (accounts,).
        """
        wanted = np.full(count, -1, np.int64)
        wanted[accounts] = np.arange(len(accounts))
        of = self.table
        rows = np.flatnonzero((of["attribute"] == ATTRIBUTES.index(name)) & (wanted[of["account"]] >= 0))
        shown = _DAYS.total(of["days"].take(rows, axis=0), of["newest"][rows], _DAYS.tile(now_ms - 1))[:, 0]
        place = wanted[of["account"][rows]]
        most = np.zeros(len(accounts), np.int64)
        np.maximum.at(most, place, shown)
        total = np.bincount(place, weights=shown, minlength=len(accounts))
        with np.errstate(invalid="ignore"):
            return np.asarray(most / total, np.float64)

    def moved(self, slots: NDArray[np.int32]) -> None:
        """Follow an eviction of accounts: `slots` is the new slot of each old one, -1 if gone."""
        account = slots[self.table["account"]]
        self.table["account"][:] = account
        self.table.touch(np.arange(len(self.table)))
        self.table.retain(account >= 0)

    def expire(self, now_ms: int, idle_ms: int) -> None:
        """Forget values that were not shown for `idle_ms`."""
        keep: Mask = self.table["newest"] >= _DAYS.tile(now_ms - idle_ms)
        if keep.sum() * 4 < len(keep) * 3:
            self.table.retain(keep)
