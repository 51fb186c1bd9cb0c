"""Seats: who sits on which link, in an order that no arrival can change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream.windows.slots import Keys


@dataclass(frozen=True, slots=True)
class Seats:
    """Accounts on links, the least that tells who they are; arrays of shape (seats,)."""

    row: NDArray[np.int64]
    """Slot of the membership."""
    kind: NDArray[np.uint8]
    link: NDArray[np.int32]
    account: NDArray[np.int32]
    unit: NDArray[np.uint64]
    on: NDArray[np.int64]
    """Events on the link in the window, and how many of them were foreign; shape (seats, 2)."""
    share: NDArray[np.float64]
    """Of the account's traffic, in terms of what is typical (`typical_share` of the kind)."""
    changed: NDArray[np.bool_]

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Seats":
        """Some of them."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Seats(*(getattr(self, name).take(at, axis=0) for name in self.__slots__))


def who_votes(keys: Keys, org: Keys, payment: Keys) -> NDArray[np.uint64]:
    """Units of accounts, shape (2, accounts): the payer, else the organisation, else the account itself.

    The second row leaves out payers, for kinds of links that say so.
    """
    by_org = np.where(org != 0, org, keys)
    return np.stack([np.where(payment != 0, payment, by_org), by_org])


def sampled(seats: Seats, votes: NDArray[np.int64], most: int) -> Seats:
    """At most about `most` units of each link, the same on every link: those of the lowest keys.

    `votes`: units by slot of the link. Units and not accounts, or one firm's seats would crowd out the
    unrelated members.
    """
    wanted = most / np.maximum(votes, most)
    return seats.where(seats.unit / 2.0**64 < wanted[seats.link])
