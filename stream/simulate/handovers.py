"""Handovers: how conversations, and answers, pass from one account to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dispatch:
    """How a dispatcher hands conversations to accounts: failovers and silent hops per conversation."""

    failover: float = 0.0
    """Share of conversations in which one account refuses a turn and another serves it within a minute."""
    hop: float = 0.0
    """Share of conversations that move to another account without a refusal."""
    sticky: bool = False
    """A conversation never leaves its account: what fails over elsewhere ends here."""
    reworded: bool = False
    """What was refused is put in other words before another account sends it."""


@dataclass(frozen=True)
class Redemption:
    """Answers given in one work (its place in the cohort) and shown as one's own in conversations of another.

    `share` of those conversations open so, about `delay_h` hours later; `reuse` of them show one answer.
    """

    given: int
    shown: int
    share: float
    delay_h: float
    reuse: int
