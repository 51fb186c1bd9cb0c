"""What was normal a week ago: all that an evidence family is judged against."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.piece import Floats, LowerHalf, Piece, binomial, lower_half, tail
from stream.evidence.units import Units

RANKED = ("even", "tokens_in", "tokens_out", "alike", "uniform_tool")
"""Evidence that is ranked among reference links."""
_MOSTLY: Final = 0.6
"""Share of young units that makes a link one of newcomers."""
_LOWEST: Final = 1.1
"""Sigmas of all links by which the middle of newcomers' may be lower: 32 looked-at worlds came to 1.06."""


@dataclass(frozen=True, slots=True)
class Lagged:
    """Lagged reference for links."""

    rates: dict[str, Floats]
    """Trait -> share of the members of such links that show it; shape (links,)."""
    ranks: dict[str, Floats]
    """Ranked evidence -> its values on reference links, ascending."""
    ranks_of_newcomers: dict[str, Floats]
    """The same on reference links of newcomers."""
    contrast: Floats
    """Between minus within disagreement of the population, by attribute."""
    veterans: NDArray[np.int64]
    """Accounts that have been on each link for a lag; shape (links,)."""

    def trait(self, name: str, units: Units) -> Piece:
        """Binomial evidence of a trait."""
        values = units.traits[name]
        votes = units.total(np.isfinite(values).astype(np.float64))
        return binomial(name, units.total(values), votes, self.rates[name])

    def ranked(self, name: str, values: Floats, units: Units, cap: float) -> Piece:
        """How far in the low tail `values` of links stand, (links,).

        Newcomers to one thing are alike and even for being that: on 32 looked-at worlds of three makes the
        middle of their links' `alike` was .6 sigma lower than that of all honest links, and the spread .6 of
        theirs; campaigns are far below either. So theirs are held to both, and the milder counts.
        """
        piece = tail(name, values, self.ranks[name], cap)
        everyone, theirs = lower_half(self.ranks[name]), lower_half(self.ranks_of_newcomers[name])
        if everyone is None or theirs is None:
            return piece
        theirs = _bounded(theirs, everyone)
        nats = theirs.nats(values, cap)
        milder = of_newcomers(units) & (nats < piece.nats)
        return Piece(
            name,
            np.where(milder, nats, piece.nats),
            values,
            np.where(milder, theirs.middle, piece.expected),
            np.where(milder, theirs.threshold, piece.threshold),
        )


def of_newcomers(units: Units) -> NDArray[np.bool_]:
    """Links most of whose units are young; shape (links,)."""
    return np.asarray(np.nan_to_num(units.mean(units.traits["young"])) > _MOSTLY)


def _bounded(theirs: LowerHalf, everyone: LowerHalf) -> LowerHalf:
    """Newcomers' links are few, and a missed campaign's are many of them: it can excuse only so much."""
    lowest = everyone.middle - _LOWEST * everyone.spread
    return LowerHalf(max(theirs.middle, lowest), min(theirs.spread, everyone.spread))
