"""Judged links: what one tick holds against them, and who on them may be named for being new."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence import Piece
from stream.evidence.piece import Floats
from stream.evidence.units import Members, Units
from stream.links.kinds import LinkKind

RANK_COUNTS: Final = 1.5
"""Nats from which evidence that is ranked among links is a reason."""
POOL_ALIKE: Final = 3.0
"""Nats from which members who look alike are draws of one dispatcher: readers of one quick start came to
2.1, and made a false case; a dozen new ones who make 120 requests in three days to 1.8, on eight looked-at
worlds."""
_REASONS: Final = 2
"""Independent reasons that a case needs: being new, or alike, is none to speak of alone."""
_ALL: Final = 0.95
"""One of twenty may be an account that the operator had before; of a new release's users on one looked-at
world a sixth to a quarter were old."""
_MOSTLY: Final = 0.75
"""Of a pool that is alike and even as nothing else is. On two looked-at worlds such links of two campaigns
were hot with nobody named, a tenth of the accounts being old; on three worlds no further honest one is."""
_SURE_NATS: Final = 10.0
"""Over the need: more than two of the others' log odds."""
_VETERANS: Final = 0.1
"""Accounts that used a value a week ago, to those on it now. Three strangers with the tool of a pool of 58
kept it unnamed for three days; what is popular gains fewer than ten to one in a week."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Links as judged; arrays of shape (links,)."""

    units: Units
    pieces: dict[str, Piece]
    total: Floats
    need: Floats
    hard: Floats
    newcomers: Floats
    """Nats of the need that are asked because members may be honest newcomers."""
    settled: Floats
    """Nats of the need that are asked because nothing has begun: members are merely alike."""
    adopted: Floats
    """Nats of `changed` that do not count, for some members changed and not half of them."""
    likeness: dict[str, Piece]
    """Likeness by attribute, which the rules do not know."""
    opinion: Floats
    """Nats of the total that the trees add, or take where negative: see `opinion`."""
    enough: NDArray[np.bool_]
    """Whether there are units enough."""
    reasons: Floats
    """Independent reasons."""
    swayed: dict[int, dict[str, float]] = field(default_factory=dict)
    """Of each link that is hot: what each piece of evidence is worth to the trees, nats."""

    @property
    def able(self) -> NDArray[np.bool_]:
        """Whether nats over the need make it hot: units and reasons are enough."""
        return np.asarray(self.enough & (self.reasons >= _REASONS))

    @property
    def hot(self) -> NDArray[np.bool_]:
        """Whether it makes a case."""
        # rounded, so that the last bit of a sum of floats cannot decide
        return np.asarray(self.able & (np.round(self.total - self.need, 6) >= 0))

    def identity_tells(self, i: int, kind: LinkKind, members: Members) -> bool:
        """Whether members of the i-th link may be named for being new: no popular value draws honest ones."""
        popular = self.pieces["common"].nats[i] < 0
        return bool(kind.ties and not popular) or self.all_new(i, members) or self.one_dispatcher(i, members)

    def one_dispatcher(self, i: int, members: Members) -> bool:
        """Whether most on the i-th link are new, and alike and even as draws of one dispatcher are."""
        veterans, young = self.pieces["common"].observed[i], members.traits["young"] > 0
        drawn = self.pieces["alike"].nats[i] > POOL_ALIKE and self.pieces["even"].nats[i] > RANK_COUNTS
        return bool(drawn and veterans <= _VETERANS * len(young) and young.mean() >= _MOSTLY)

    def drawn(self, i: int) -> bool:
        """Whether members of the i-th link are beyond doubt draws of one dispatcher, whatever else they are.

        Two pools of old accounts that injected one prompt, hours, models and sizes as of one, were hot for
        days by 14 to 30 nats, and 22 of 46 and 44 of 68 were never named: they showed no trait of their own.
        """
        sure = self.total[i] - self.need[i] >= _SURE_NATS
        return bool(sure and self.pieces["alike"].nats[i] > POOL_ALIKE)

    def all_new(self, i: int, members: Members) -> bool:
        """Whether next to nobody used the i-th link a week ago and all members are new: no popular tool."""
        veterans, young = self.pieces["common"].observed[i], members.traits["young"] > 0
        return bool(veterans <= _VETERANS * len(young) and young.mean() >= _ALL)
