"""Workloads: what a caller does with the API, one frozen row per kind of work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream.simulate.chance import Floats, Ints, Words, word

NONE, OWN, SHARED = 0, 1, 2
"""Where a prefix, parameter set, tool set or template comes from: nowhere, the caller, or the work itself."""


@dataclass(frozen=True)
class Workload:
    """One kind of work. Token figures are natural logarithms of medians; gaps are medians in seconds."""

    name: str
    seed: int = 0
    endpoint: str = "/v1/chat"
    client: int = -1
    """The client that the work is done in; -1 is the caller's own."""
    model: int = -1
    """The model that the work comes set to; a share `preset` of its callers leave it so, the rest ask their
    own.
    """
    preset: float = 0.0
    picked: float = 0.0
    """Share of conversations for which whoever is served picks one of all models."""
    prefix: int = OWN
    prefixes: int = 1
    """Different prompt heads that one source holds."""
    params: int = OWN
    tools: int = NONE
    versioned: bool = False
    """Prefix and tools change with the client's version, as a harness's do."""
    template: float = 0.0
    """Share of prompts filled into templates; `templates` of them from `template_of`, loose ones vary more.
    """
    templates: int = 1
    template_of: int = OWN
    loose: bool = False
    reworded: bool = False
    """Templates are put in other words each time: one subject, no near-duplicates."""
    fixed: float = 0.0
    """Share of prompts sent word for word from a stock of `stock` prompts."""
    stock: int = 1
    stock_of: int = OWN
    topics: int = 6
    turns: float = 1.0
    """Mean number of turns of a conversation; `turn_sigma` its log spread."""
    turn_sigma: float = 0.8
    gap_s: float = 45.0
    log_in: float = 6.3
    sd_in: float = 0.8
    log_out: float = 5.2
    sd_out: float = 0.8
    growth: float = 0.25
    """Share of the log of depth by which the input grows from turn to turn."""
    stream: float = 0.5
    refuse: float = 0.002
    resume: float = 0.0
    """Share of conversations whose first turns never passed this API; `resume_depth` turns is their median.
    """
    resume_depth: float = 8.0
    edit: float = 0.0
    """Share of later turns before which the caller changed the conversation so far: what they continue was
    never sent.
    """
    reroll: float = 0.0
    """Mean number of times that a turn is sent again for another answer; before a share `revise` of these
    the conversation so far was changed.
    """
    revise: float = 0.0

    @property
    def key(self) -> int:
        """The word that all callers of this work share."""
        return word("workload", self.name, self.seed)


class WorkloadTable:
    """Workloads as columns, gathered by event."""

    def __init__(self, rows: list[Workload]) -> None:
        """Take the workloads of one cohort; events refer to them by position."""
        self._rows = rows
        self.keys: Words = np.array([row.key for row in rows], np.uint64)

    def floats(self, name: str, workload: Ints) -> Floats:
        """One attribute for each event's workload, as numbers."""
        return np.array([float(getattr(row, name)) for row in self._rows])[workload]

    def ints(self, name: str, workload: Ints) -> Ints:
        """One attribute for each event's workload, as whole numbers."""
        return np.array([int(getattr(row, name)) for row in self._rows], np.int64)[workload]

    def endpoints(self) -> list[str]:
        """The endpoint of every workload."""
        return [row.endpoint for row in self._rows]
