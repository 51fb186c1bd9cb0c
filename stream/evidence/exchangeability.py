"""Exchangeability: could the members be draws from one dispatcher?

Sees whether two events of two units differ more than two events of one unit do. For each attribute
W is the mean disagreement within units, B between units; rho = (B - W) / (B_pop - W_pop) is 0 where units
are interchangeable and 1 where they differ like strangers. Attributes that the link itself fixes are left
out. Formula: rank of the mean rho among lagged links. `uniform_tool`: chance that two units use one tool
(Simpson 1949), ranked likewise. Fooled by a tool, network and habit of its own for each account. Needs:
any of asn, user_agent, ja4, model, tokens, params_hash, message_count.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from stream.evidence.lagged import Lagged
from stream.evidence.piece import Floats, Piece, fixed
from stream.evidence.units import Units, zeroed
from stream.links.kinds import LinkKind
from stream.memory.histograms import ATTRIBUTES, BINS
from stream.windows.groups import Groups

ALIKE_CAP: Final = 4.0  # at 5 a looked-at world fared just the same
_TOOL_CAP: Final = 3.0
_FIXED_BY: Final[dict[str, tuple[str, ...]]] = {
    "prefix": ("prefix",),
    "params": ("parameters",),
    "tools": ("parameters",),
    "client": ("user_agent", "ja4"),
    "network": ("operator",),
    "asn": ("operator",),
    "template": ("prefix",),
}
"""Field of a link kind -> attributes that its value fixes."""
_LEAST_CONTRAST: Final = 0.05  # below, strangers differ too little in an attribute for it to tell
_MOST_RHO: Final = 1.5
LIKENESS: Final = {f"same_{attribute}": i for i, attribute in enumerate(ATTRIBUTES)}
"""Likeness in one attribute -> its column. What members of an honest link have in common depends on what the
link is: customers of a product have its operator, client and parameters, but ask at hours of their own."""
_HONEST_RHO: Final = 0.75
"""Middle of what links of honest accounts show, where it is not what the link is about."""
_NATS_OF_RHO: Final = 4.0
"""So that a link without a difference has the nats of a piece at its cap."""


Shares = NDArray[np.float32]
"""Shares of one-byte counts: single precision holds them, and moves half the memory."""


def normalise(histograms: NDArray[np.uint8]) -> tuple[Shares, Shares]:
    """Shares by bin (n, attributes * BINS) and within-disagreement (n, attributes); nan where unknown."""
    counts = histograms.reshape(len(histograms), len(ATTRIBUTES), BINS).astype(np.float32)
    # whole numbers below 2**24: exact in any order of summing
    total = np.einsum("nab->na", counts)
    squares = np.einsum("nab,nab->na", counts, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.divide(counts, total[:, :, None], out=counts)  # 0 / 0 where unknown
        pairs = total * (total - 1)
        within = np.where(pairs > 0, 1 - (squares - total) / pairs, np.nan)
    return shares.reshape(len(histograms), -1), within


def rho_by_attribute(units: Units, contrast: Floats, wanted: NDArray[np.bool_]) -> Floats:
    """Rho of the `wanted` links in each attribute, shape (links, attributes); nan where it cannot be told.

    `contrast`: B_pop - W_pop, shape (attributes,).
    """
    rho = np.full((len(units.start), len(ATTRIBUTES)), np.nan)
    if wanted.any():
        between, within = _of_all(units) if wanted.all() else _disagreement(units, wanted)
        usable = (contrast > _LEAST_CONTRAST) & units.by_kind(_free)[wanted]
        ratio = np.clip((between - within) / np.maximum(contrast, _LEAST_CONTRAST), 0, _MOST_RHO)
        rho[wanted] = np.where(usable, ratio, np.nan)
    return rho


def dissimilarity(rho: Floats) -> Floats:
    """Mean over the attributes of which rho is known, else nan; shape (links,)."""
    known = np.isfinite(rho)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, rho, 0.0).sum(axis=1) / known.sum(axis=1))


def _of_all(units: Units) -> tuple[Shares, Shares]:
    """Disagreement of all links, worked out once: what is judged by it is also taken down for later."""
    if not units.apart:
        units.apart.extend(_disagreement(units, np.ones(len(units.start), np.bool_)))
    between, within = units.apart
    return between, within


def _disagreement(units: Units, wanted: NDArray[np.bool_]) -> tuple[Shares, Shares]:
    """Between and within disagreement of the wanted links, by attribute: (links, attributes) each."""
    of_link = np.repeat(wanted, units.votes)
    shares, within = normalise(units.histograms.compress(np.repeat(of_link, units.size), axis=0))
    by_unit, by_link = _starts(units.size[of_link]), _starts(units.votes[wanted])
    size = units.size[of_link, None].astype(np.float32)
    shape = _sums(shares, by_unit) / size
    known = np.isfinite(shape[:, ::BINS])
    clean = zeroed(shape)
    votes = _sums(known.astype(np.float32), by_link)
    squares = _sums(clean, by_link) ** 2 - _sums(clean**2, by_link)
    same = squares.reshape(len(by_link), len(ATTRIBUTES), BINS).sum(axis=2)
    spread = _sums(within, by_unit) / size
    told = _sums(np.isfinite(spread).astype(np.float32), by_link)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.where(votes > 1, 1 - same / (votes * (votes - 1)), np.nan)
        return between, _sums(zeroed(spread), by_link) / told


def _sums(values: Shares, starts: NDArray[np.int64]) -> Shares:
    """Sums over runs of rows, as a sparse product: `reduceat` goes through memory column by column."""
    rows = len(values)
    if len(starts) == rows:
        return values
    cells = (np.ones(rows, np.float32), np.arange(rows), np.append(starts, rows))
    sums: Shares = csr_array(cells, shape=(len(starts), rows)) @ values
    return sums


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(lengths) - lengths


def _free(kind: LinkKind) -> list[bool]:
    """Which attributes the value of such a link leaves free."""
    parts = [part for field in kind.fields for part in field.split("|")]
    fixed = {attribute for part in parts for attribute in _FIXED_BY.get(part, ())}
    return [name not in fixed for name in ATTRIBUTES]


def tool_diversity(units: Units) -> Floats:
    """Chance that two units use different tools, drawn up for few units; shape (links,).

    Units whose tool is unknown have no vote: absence is no common tool. nan where none is known.
    """
    known, links = units.tool != 0, len(units.start)
    of = units.of[known]
    groups = Groups(of, units.tool[known])
    squares = np.bincount(groups.first(of), groups.counts.astype(np.float64) ** 2, links)
    votes = np.bincount(of, minlength=links).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - squares / votes / (votes + 4))


def alike(units: Units, lagged: Lagged, wanted: NDArray[np.bool_]) -> tuple[Piece, dict[str, Piece]]:
    """Piece `alike` of the wanted links, and their likeness by attribute (see LIKENESS).

    It is the evidence that costs, so it is not worked out for all.
    """
    rho = rho_by_attribute(units, lagged.contrast, wanted)
    piece = lagged.ranked("alike", dissimilarity(rho), units, ALIKE_CAP)
    return piece, {name: _likeness(name, rho[:, i]) for name, i in LIKENESS.items()}


def _likeness(name: str, rho: Floats) -> Piece:
    nats = np.where(np.isfinite(rho), _NATS_OF_RHO * (_HONEST_RHO - rho), 0.0)
    return fixed(name, nats, rho, _HONEST_RHO, _HONEST_RHO)


def score(units: Units, lagged: Lagged) -> list[Piece]:
    """Piece `uniform_tool`."""
    return [lagged.ranked("uniform_tool", tool_diversity(units), units, _TOOL_CAP)]
