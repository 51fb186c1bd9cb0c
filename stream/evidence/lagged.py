"""What was normal a week ago: all that an evidence family is judged against."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream.evidence.piece import Floats, Piece, binomial
from stream.evidence.units import Units

RANKED = ("even", "tokens_in", "tokens_out", "alike", "uniform_tool")
"""Evidence that is ranked among reference links."""


@dataclass(frozen=True, slots=True)
class Lagged:
    """Lagged reference for links."""

    rates: dict[str, Floats]
    """Trait -> share of the members of such links that show it; shape (links,)."""
    ranks: dict[str, Floats]
    """Ranked evidence -> its values on reference links, ascending."""
    contrast: Floats
    """Between minus within disagreement of the population, by attribute."""
    veterans: NDArray[np.int64]
    """Accounts that have been on each link for a lag; shape (links,)."""

    def trait(self, name: str, units: Units) -> Piece:
        """Binomial evidence of a trait."""
        values = units.traits[name]
        votes = units.total(np.isfinite(values).astype(np.float64))
        return binomial(name, units.total(values), votes, self.rates[name])
