"""Joining: how sure it is that who comes to a link of a case belongs to the case.

Stands in naming, before the mixture's posterior. A prompt that for days nobody but the accounts of one case
has used is the operator's own, and a new pool on it is the next pool, whatever it looks like. A popular
value gathers honest accounts that stay unnamed, and says nothing.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.cases.mates import pays_for_others
from stream.cases.mixture import Mixture
from stream.cases.sticky import Sticky
from stream.links.kinds import LinkKind

_PRIOR: Final = 0.5  # nothing is known of a newcomer but that it came
_PRIVATE: Final = 0.9
"""Share of the accounts settled on a link that are named, from which it is the case's own; one of ten may be
an account of the campaign that has not been named yet."""
_LEAST: Final = 8  # named accounts from which that share is told from chance: a case's worth of units


def share_of_own(
    link: Sticky, kind: LinkKind, campaign: NDArray[np.int32], settled: NDArray[np.bool_]
) -> float:
    """Share of the accounts on a case's own link that the case has named; 0 where the link is not its own.

    `campaign` of each account on the link, 0 for none; `settled`: it came a day ago or before. A card is
    nobody's own: whoever holds one pays for others too.
    """
    named, unnamed = int((campaign == link.campaign).sum()), int(((campaign == 0) & settled).sum())
    may_be = link.proven and kind.ties and not pays_for_others(kind)
    own = may_be and named >= max(_LEAST, _PRIVATE * (named + unnamed))
    return named / (named + unnamed + 1) if own else 0.0


def of_newcomers(mixture: Mixture, share: float) -> Mixture:
    """The mixture with the prior of who comes later, who is not drawn from those whom it was fitted on.

    `share` of those on the link are the case's, if the link is its own, else 0.
    """
    return replace(mixture, prior=max(min(mixture.prior, _PRIOR), share))
