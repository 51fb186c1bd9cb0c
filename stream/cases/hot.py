"""Hot links: total evidence over the threshold, from two families at least.

Hard evidence needs less, easily shared values and few units need more; identity alone never suffices,
because a classroom is young too.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.cases.judged import POOL_ALIKE, RANK_COUNTS, Judged
from stream.evidence import Piece
from stream.evidence.piece import DEEDS, Floats
from stream.evidence.units import Units

HARD: Final = ("handed_over", "failed_over")
"""Evidence that honest groups hardly ever show by chance. Refusals are none: safety teams are paid to be
refused. Orphaned turns are none: who edits what was said, as users of role play do, has them all day, and
until that is a routine of his account nothing tells (in four worlds of another make such users made false
cases; without the relief replays are found three to eight hours later)."""
_HARD_NATS: Final = 3.0
_HARD_SHARE: Final = 1 / 3
_HARD_RELIEF: Final = -2.0
FEW_UNITS: Final = 3
"""Links with up to this many fewer units than a case needs are judged too, at extra nats: but not where an
account has dozens of such links, one of them odd by chance. On twelve looked-at worlds seven templates of few
units were hot, none of them the first of a campaign."""
_FEW_NATS: Final = 3.0
_FEW_ON_A_TOOL_NATS: Final = 5.0
"""Any few may meet on a tool. On six looked-at worlds the nearest of honest accounts stays 1.5 below that, at
3 nats it is .5 over. Parts of pools that trickled in were up to 6.1 over at 3, and waited for days."""
_PLACES: Final = {"network", "asn"}
"""Fields that strangers share for living where they live, whatever they do there: no evidence waives that."""
_COUNTS: Final = 2.0
_FAMILIES: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    (("young", "throwaway"), _COUNTS),
    (("roaming", "changed"), _COUNTS),  # who moves behind a gateway of many exits does both
    (("even",), RANK_COUNTS),
    (("orphaned",), _COUNTS),
    (("handed_over", "failed_over"), _COUNTS),
    (("refused",), _COUNTS),
    (("uniform_tool",), RANK_COUNTS),
    (("alike",), RANK_COUNTS),
    (("breadth",), _COUNTS),
    (("templated",), _COUNTS),
)
"""Pieces that stand for one independent reason, and the nats at which it counts as one."""
_ALIKE_ALONE: Final = 2.5
_ALIKE_AND_EVEN: Final = 1.5
"""Nats of `alike` that no product gives its customers; with even rates beside it less is enough."""
_PLACE_NATS: Final = 2.0
"""For who did nothing in one place: a class in its room, a hackathon that signs up with throwaway mail. On
eight looked-at worlds such honest links stay 1.9 or more below; at 4 nats a pool on one exit could not get
there with all that newcomers can show, and three on two of them went unseen."""
_TAME_NATS: Final = 2.0
"""For newcomers who did nothing, share one thing only and are not busy with it. Classes and quick starts came
up to 1.0 over the threshold: on three looked-at worlds honest accounts named fell from 1.1 to .24 %."""
_ALIKE_ONLY_NATS: Final = 3.0
"""As much as for few units: what is alike by chance came to 2.6 over the threshold."""
_TAKEN_OVER: Final = 0.5
_OTHER_DEEDS: Final = tuple(name for name in DEEDS if name != "changed")
BUSY: Final = 200.0
"""Typical events of a member in three days: who tries something out makes some dozens, in a hackathon 100."""
_HARVEST: Final = 600.0
"""Typical events of a member in three days that no crowd of newcomers makes: customers of one product came to
200 on looked-at worlds, injected prompts are published at 900 to 2,700."""
_DOZEN: Final = 12
"""Units from which being alike is no chance."""
_CROWD: Final = 20
"""Units: twelve customers, on a prompt of their product, came to the cap of `alike`, eight to sizes' one."""
_BOTH: Final = 3.9
"""Nats of `alike` where accounts were taken over: the cap. Of a dozen old customers of a product it is 3.1 at
most."""
_POOL: Final = 0.9
"""Share of the young with which those who look alike are draws of one dispatcher: of the first users of a new
harness, who look alike too, a sixth to a half had been there before."""
_AT_WORK_RELIEF: Final = -2.0
"""For a pool at work: all new, all alike, and hundreds of requests a day each. No honest link of seventeen
looked-at worlds came near that; one such pool went unseen for eight days and 112,000 exchanges."""


def judge(
    units: Units,
    pieces: dict[str, Piece],
    remembered: Floats,
    threshold: float,
    min_units: int,
) -> Judged:
    """Which links are hot. `remembered`: nats that analysts' decisions add to each link."""
    harvests, changed = _harvests(units, pieces), pieces["changed"]
    pieces = pieces | {"changed": _taken_over(units, pieces)}
    placeless = harvests | _drawn(units, pieces)
    pieces["place"] = replace(pieces["place"], nats=np.where(placeless, 0.0, pieces["place"].nats))
    total = remembered + np.sum([piece.nats for piece in pieces.values()], axis=0)
    hard = np.max([_majority(pieces[name]) for name in HARD], axis=0)
    reasons = np.sum([_reason(pieces, names) > least for names, least in _FAMILIES], axis=0)
    reasons = reasons + ((pieces["tokens_in"].nats + pieces["tokens_out"].nats) > _COUNTS)
    few_may_do = ~units.by_kind(lambda kind: kind.adherence) | (hard > _HARD_NATS)
    enough = units.votes >= np.where(few_may_do, min_units - FEW_UNITS, min_units)
    newcomers = _newcomers_margin(units, pieces) + _served(pieces)
    # who acts within seconds of each other, again and again, does what no product makes its customers do
    in_step = units.by_kind(lambda kind: kind.within_s is not None)
    settled = np.where(in_step, 0.0, _only_alike(pieces))
    need = threshold + _margin(units, hard, min_units) + newcomers + settled
    adopted = changed.nats - pieces["changed"].nats
    silent = np.zeros(len(need))
    return Judged(units, pieces, total, need, hard, newcomers, settled, adopted, {}, silent, enough, reasons)


def _margin(units: Units, hard: Floats, min_units: int) -> Floats:
    """Nats over the threshold for how easily such a link is shared, and for few units."""
    extra = units.by_kind(lambda kind: kind.extra_nats)
    somewhere = units.by_kind(lambda kind: bool(_PLACES & set(kind.fields)))
    margin = np.where(hard > _HARD_NATS, _HARD_RELIEF + np.where(somewhere, extra, 0.0), extra)
    few = (units.votes < min_units) & ~units.by_kind(lambda kind: kind.few_units)
    tied = units.by_kind(lambda kind: kind.ties) | (hard > _HARD_NATS)
    return margin + np.where(few, np.where(tied, _FEW_NATS, _FEW_ON_A_TOOL_NATS), 0.0)


def _newcomers_margin(units: Units, pieces: dict[str, Piece]) -> Floats:
    """Further nats for links whose members may be honest newcomers, fewer for those that cannot be.

    In their first days those are young, even and sometimes alike; they do nothing that only campaigns do.
    """
    idle = _reason(pieces, DEEDS) <= _COUNTS
    together = in_one_place(units, pieces)
    busy = busier(units, BUSY)
    new, alike = pieces["young"].observed >= _POOL, pieces["alike"].nats
    # who moves between many exits may do so on a product's servers, and its first customers are new as well
    pool = new & (alike > POOL_ALIKE) & (pieces["roaming"].nats <= _COUNTS)
    one_thing = idle & (_reason(pieces, ("throwaway", "breadth")) <= _COUNTS) & ~busy & ~pool
    margin = np.where(together, _PLACE_NATS * idle, _TAME_NATS * one_thing)
    at_work = new & busy & idle & (alike > _COUNTS) & ~together
    return np.where(at_work, _AT_WORK_RELIEF, margin)


def in_one_place(units: Units, pieces: dict[str, Piece]) -> NDArray[np.bool_]:
    """Where members are together, or the link is that place."""
    return units.by_kind(lambda kind: kind.fields == ("network",)) | (pieces["place"].nats < 0)


def _harvests(units: Units, pieces: dict[str, Piece]) -> NDArray[np.bool_]:
    """Where all are new, rather alike, and the typical one makes hundreds of requests a day.

    No class does so, and no product's customers all at once: neither place nor product explains it. A pool
    of 83 on 33 payers and three prompts, half of it behind one network, made 328,000 exchanges unseen.
    """
    busy = busier(units, _HARVEST)
    new, alike = pieces["young"].observed >= _POOL, pieces["alike"].nats > _ALIKE_AND_EVEN
    return np.asarray(new & busy & alike)


def _drawn(units: Units, pieces: dict[str, Piece]) -> NDArray[np.bool_]:
    """Where a dozen are alike, and taken over or new and busy: draws of one dispatcher, in any room.

    Three pools behind one rented exit made 14,000, 37,000 and 40,000 exchanges before they were found,
    if they were: their templates passed for a class's assignment. Evenness is no such reason: on the machines
    of one lab, with the model that the assignment names, learners are alike and even at once.
    """
    alike = pieces["alike"].nats
    at_work = busier(units, BUSY) & (pieces["young"].observed >= _POOL)
    taken_over = (alike > _BOTH) & (pieces["changed"].nats > _COUNTS)
    return np.asarray((units.votes >= _DOZEN) & (taken_over | ((alike > POOL_ALIKE) & at_work)))


def _alike_or_even(pieces: dict[str, Piece]) -> NDArray[np.bool_]:
    """Where members are alike as no product's customers are; less will do where their rates are even."""
    alike = pieces["alike"].nats
    even = (pieces["even"].nats > RANK_COUNTS) & (alike > _ALIKE_AND_EVEN)
    return np.asarray((alike > _ALIKE_ALONE) | even)


def _only_alike(pieces: dict[str, Piece]) -> Floats:
    """Further nats where nothing has begun: nobody is new, came with throwaway mail, changed or did anything.

    Groups of old accounts that are alike, even and share several things are found among the hundreds of
    templates of any week. Of 69 hot links of campaigns on five looked-at worlds none lacked such a reason,
    and the one of honest accounts that did made a false case.
    """
    begun = _reason(pieces, (*DEEDS, "young", "throwaway")) > _COUNTS
    return np.where(begun, 0.0, _ALIKE_ONLY_NATS)


def _served(pieces: dict[str, Piece]) -> Floats:
    """What roaming has told, taken back where its members may be a product's customers, on its servers.

    Of 191 hot links of campaigns on twelve looked-at worlds twelve roamed at all, eleven of them with a deed,
    throwaway mail or as alike as a pool is; likeness excused customers too. On six looked-at worlds it would
    have made one campaign's link hot, at one look, and one of customers. To change is to move there, too.
    """
    moved = _reason(pieces, (*_OTHER_DEEDS, "throwaway")) > _COUNTS
    return np.where(moved, 0.0, pieces["roaming"].nats)


def _taken_over(units: Units, pieces: dict[str, Piece]) -> Piece:
    """`changed` where half of the units show it and are put to work; else it is an adoption, and no deed.

    Whoever takes up a product that runs on its maker's servers comes there with new parameters, prompt,
    network and client at once, beside others who are new altogether: at shares of .29 to .36 in two worlds of
    another make, up to .86 in ours. Of stolen keys in looked-at worlds .57 to 1 show it, and a crowd of them
    is of one size or alike, or they are busy; customers make each what they need, though a few of them may be
    alike or of one size by chance, and a dozen requests each look even.
    """
    piece = pieces["changed"]
    sizes = pieces["tokens_in"].nats + pieces["tokens_out"].nats
    drawn = (_alike_or_even(pieces) | (sizes > _COUNTS)) & (units.votes >= _CROWD)
    worked = drawn | busier(units, BUSY) | (_reason(pieces, _OTHER_DEEDS) > _COUNTS)
    theft = worked & (piece.observed >= _TAKEN_OVER)
    return replace(piece, nats=np.where(theft, piece.nats, np.minimum(piece.nats, _COUNTS)))


def busier(units: Units, events: float) -> NDArray[np.bool_]:
    """Where the typical member makes more than so many events in three days."""
    return np.asarray(units.mean(units.log_rate) > np.log(events))


def _majority(piece: Piece) -> Floats:
    """Nats of a piece that enough of the units show: a tool some of whose users show it is just a tool."""
    return np.where(piece.observed >= _HARD_SHARE, piece.nats, 0.0)


def _reason(pieces: dict[str, Piece], names: tuple[str, ...]) -> Floats:
    strongest: Floats = np.max([pieces[name].nats for name in names], axis=0)
    return strongest
