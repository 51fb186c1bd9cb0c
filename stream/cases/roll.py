"""The roll: which account is named in which campaign, kept with the profiles."""

from collections.abc import Sequence

import numpy as np

from stream.cases.suspect import Activity
from stream.windows.slots import SlotTable


class Roll:
    """Campaigns of the accounts in a table of profiles; 0 is none."""

    def __init__(self, profiles: SlotTable) -> None:
        """`profiles`: a table with a column `campaign`."""
        self._profiles = profiles

    def name(self, accounts: Sequence[int], campaign: int) -> None:
        """Accounts are named in a campaign; those not held are left out."""
        slots = self._profiles.find(np.array(accounts, np.uint64))
        slots = slots[slots >= 0]
        self._profiles["campaign"][slots] = campaign
        self._profiles.touch(slots)

    def follow(self, old: int, new: int) -> None:
        """A campaign became part of another."""
        slots = np.flatnonzero(self._profiles["campaign"] == old)
        self._profiles["campaign"][slots] = new
        self._profiles.touch(slots)

    def activity(self, since_ms: int) -> list[Activity]:
        """What named accounts did that were seen at or after `since_ms`, by account."""
        profiles = self._profiles
        slots = np.flatnonzero((profiles["campaign"] > 0) & (profiles["last_ms"] >= since_ms))
        slots = slots[np.argsort(profiles.keys[slots], kind="stable")]
        return [
            Activity(int(profiles.keys[s]), int(profiles["total"][s]), int(profiles["last_ms"][s]))
            for s in slots
        ]
