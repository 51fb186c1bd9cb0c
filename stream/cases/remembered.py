"""What analysts said of links: nats that each carries, until the decision expires."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stream.cases.campaign import LinkKey
from stream.cases.standing import Standing
from stream.evidence.piece import Floats
from stream.links.kinds import LinkKind
from stream.links.seats import Seats
from stream.windows.slots import SlotTable, mix

HONEST_NATS: Final = -4.0
"""A link judged honest keeps this weight; a guilty verdict adds nothing (both ways did harm when 5 % of
the verdicts were wrong)."""
ALLOWED_NATS: Final = -1e6
"""More than all evidence there is."""


class Remembered(Standing[LinkKey]):
    """Decisions by kind and value, also of links that are not held at the moment."""

    def __init__(self, kinds: Sequence[LinkKind]) -> None:
        """Hold nothing. `kinds`: in the order of their numbers in the state."""
        super().__init__()
        self._numbers = {kind.name: number for number, kind in enumerate(kinds)}

    def nats(self, links: SlotTable) -> Floats:
        """Nats that decisions add to each link of the state; shape (links,)."""
        nats = np.zeros(len(links))
        held = {key: of for key, of in self.weights().items() if key[0] in self._numbers}
        numbers = np.array([self._numbers[kind] for kind, _ in held], np.uint64)
        slots = links.find(mix(numbers, np.array([value for _, value in held], np.uint64)))
        nats[slots[slots >= 0]] = np.array(list(held.values()))[slots >= 0]
        return nats

    def without_allowed(self, seats: Seats, links: SlotTable) -> Seats:
        """The seats on links that may name and tie accounts."""
        return seats.where(self.nats(links)[seats.link] > ALLOWED_NATS) if len(self) else seats
