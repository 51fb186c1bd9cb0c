"""Turns: requests as columns, and the chain that joins those of a conversation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream.simulate.chance import Flags, Floats, Ints, Words, mix

REROLLED, REVISED = 10, 30
"""From here on `again` counts a turn sent again for another answer, and that under a changed conversation."""


@dataclass
class Turns:
    """Requests as columns: conversation (a word), depth, habit, workload, account, day and status.

    `past` is the link that the turn continues (0: its own conversation's, at its depth).
    """

    conversation: Words
    depth: Ints
    turn: Ints
    habit: Ints
    work: Ints
    account: Ints
    day: Floats
    status: Ints
    again: Ints
    past: Words

    def __len__(self) -> int:
        """Number of requests."""
        return len(self.day)

    def take(self, rows: Ints | Flags) -> Turns:
        """Some of the rows."""
        return Turns(**{name: column[rows] for name, column in vars(self).items()})

    def and_(self, other: Turns) -> Turns:
        """These rows, then the other's."""
        return Turns(
            **{name: np.concatenate([column, getattr(other, name)]) for name, column in vars(self).items()}
        )


def link(conversation: Words, depth: Ints) -> Words:
    """The link of a conversation's chain before the turn at `depth`."""
    return mix(conversation, 90, depth)


def answered(turns: Turns) -> Words:
    """The link of each chain after the turn: an answer that was rolled again leads nowhere else."""
    after = link(turns.conversation, turns.depth + 1)
    return np.where(turns.again >= REROLLED, mix(after, turns.again), after)
