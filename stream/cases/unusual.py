"""Unusual: a candidate trait of a hot link's accounts, which weighs nothing.

The baseline of single accounts says how unusual each named account's last days were; their mean is held
against what was usual a week ago. It is shown in the evidence and offered to the verdict learner, and no
alert rests on it: coordinated accounts look more normal than normal ones (measured: AUC below 0.4).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from stream.cases.suspect import Suspect
from stream.evidence.piece import Floats
from stream.findings.finding import Evidence
from stream.learning.baseline import Baseline, Usual, figures
from stream.windows.slots import SlotTable

ACCOUNTS: Final = 32
"""Accounts of a link that are scored, those of the smallest keys; a score costs some tens of microseconds."""
LINKS: Final = 4
"""Hot links a tick that are looked at, the strongest."""
_EFFECTIVE: Final = 30  # accounts that count at most: members of a link are not independent
_CAP: Final = 2.0
_SENTENCE: Final = (
    "how unusual each account looks by itself; a candidate on which no alert rests, for coordinated "
    "accounts look more normal than normal ones"
)


def with_unusual(
    suspects: Sequence[Suspect], baseline: Baseline, profiles: SlotTable, now_ms: int
) -> list[Suspect]:
    """The suspects, the first hot ones with this piece; as they are where nothing is known of a week ago."""
    usual, left, told = baseline.usual(now_ms), LINKS, []
    for suspect in suspects:
        if usual is not None and left and suspect.reason == "hot":
            left -= 1
            evidence = (*suspect.evidence, _piece(_scores(suspect, baseline, profiles), usual))
            suspect = replace(suspect, evidence=tuple(sorted(evidence, key=lambda e: (-e.nats, e.name))))
        told.append(suspect)
    return told


def _scores(suspect: Suspect, baseline: Baseline, profiles: SlotTable) -> Floats:
    keys = np.sort(np.array([member.account for member in suspect.members], np.uint64))[:ACCOUNTS]
    return baseline.scores(figures(profiles, profiles.find(keys)))


def _piece(scores: Floats, usual: Usual) -> Evidence:
    observed = float(scores.mean())
    error = usual.spread / min(len(scores), _EFFECTIVE) ** 0.5
    candidate = min(max((observed - usual.mean) / error - 1, 0.0), _CAP)
    return Evidence(
        "baseline", "unusual", round(observed, 6), round(usual.mean, 6), round(usual.mean + error, 6),
        "anomaly score", 0.0, _SENTENCE, round(candidate, 6),
    )  # fmt: skip
