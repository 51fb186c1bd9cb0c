"""Cleared: groups whose evidence would have made a case had nothing spoken for them, and what spoke."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from stream.cases.judged import Judged
from stream.evidence.piece import Floats, Piece
from stream.findings.cleared import Cleared, Reason
from stream.settings import Alerts
from stream.windows.slots import SlotTable

_TELLING_NATS: Final = 0.3
"""Less than that cleared nobody."""
SENTENCES: Final = {
    "place": "most of them work from one and the same network: a class, an office, an event",
    "common": "others have shared it for a week and more: a quick start, a harness, a benchmark",
    "copied": "they ask what others ask too, word for word: a course's notebooks, a quick start, a benchmark",
    "history": "the link looked like that a week ago and before: no news",
    "newcomers": "members did nothing that only campaigns do, and may be newcomers to one thing or one place",
    "settled": "they are merely alike: nobody is new, came with throwaway mail, changed or did anything",
    "adoption": "some work in a new way here, not half of them or nothing else is odd: they took it up",
    "trees": "links like it, as the trees know them, are seldom a campaign's",
    "kind": "strangers easily share such a link",
    "analyst": "an analyst judged it honest, or a case that it made fell by its evidence",
}
"""Reason -> how it is told."""


def cleared(
    judged: Judged,
    pieces: Mapping[str, Piece],
    remembered: Floats,
    links: SlotTable,
    alerts: Alerts,
    now_ms: int,
) -> list[Cleared]:
    """Links that are not hot though what speaks against them reaches the threshold, strongest first.

    `pieces`: their evidence before the history was taken off; `remembered`: nats of analysts' decisions.
    """
    against = np.sum([np.maximum(piece.nats, 0) for piece in pieces.values()], axis=0)
    relief = _relief(judged, pieces, remembered, alerts.threshold_nats)
    units = judged.units
    notable = (
        ~judged.hot & (np.round(against, 6) >= alerts.threshold_nats) & (units.votes >= alerts.min_units)
    )
    told = []
    for i in np.flatnonzero(notable).tolist():
        reasons = tuple(
            _reason(name, nats[i], judged.pieces.get(name), i)
            for name, nats in relief.items()
            if nats[i] >= _TELLING_NATS
        )
        if reasons:
            slot = units.link[i]
            told.append(
                Cleared(
                    time_ms=now_ms,
                    kind=units.kinds[units.kind[i]].name,
                    value=f"{int(links['value'][slot]):016x}",
                    units=int(units.votes[i]),
                    against=round(float(against[i]), 3),
                    score=round(float(judged.total[i]), 3),
                    threshold=round(float(judged.need[i]), 3),
                    reasons=tuple(sorted(reasons, key=lambda reason: (-reason.nats, reason.name))),
                )
            )
    return sorted(told, key=lambda link: (-link.against, link.kind, link.value))


def _relief(
    judged: Judged, pieces: Mapping[str, Piece], remembered: Floats, threshold: float
) -> dict[str, Floats]:
    """Reason -> nats that it speaks for each link."""
    news = np.sum([np.maximum(piece.nats, 0) for piece in judged.pieces.values()], axis=0)
    before = np.sum([np.maximum(piece.nats, 0) for piece in pieces.values()], axis=0)
    return {
        "place": -np.minimum(judged.pieces["place"].nats, 0),
        "common": -np.minimum(judged.pieces["common"].nats, 0),
        "copied": -np.minimum(judged.pieces["copied"].nats, 0),
        "history": before - news - judged.adopted,
        "newcomers": np.maximum(judged.newcomers, 0),
        "settled": judged.settled,
        "adoption": judged.adopted,
        "trees": np.maximum(-judged.opinion, 0),
        "kind": np.maximum(judged.need - threshold - judged.newcomers - judged.settled, 0),
        # what is allowed outweighs everything; an endless weight would tell no more than that
        "analyst": np.minimum(-remembered, before),
    }


def _reason(name: str, nats: float, piece: Piece | None, i: int) -> Reason:
    known = piece is not None and np.isfinite(piece.observed[i])
    observed = round(float(piece.observed[i]), 6) if piece is not None and known else None
    expected = round(float(piece.threshold[i]), 6) if piece is not None and known else None
    return Reason(name, round(float(nats), 3), observed, expected, SENTENCES[name])
