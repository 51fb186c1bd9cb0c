"""How an account's requests look: what they ask, of which model, in which form."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.strangers.shapes import NOTHING, Mix, Shape
from tests.strangers.texts import Voice

MODELS: Final = (
    "m-large-4", "m-large-5", "m-medium-4", "m-medium-5", "m-small-4", "m-small-5", "m-nano-3",
    "m-reason-2", "m-reason-3", "m-code-2", "m-vision-1", "m-large-5-0301",
)  # fmt: skip
NEW_MODEL: Final = MODELS.index("m-reason-3")
"""Comes out during the world (`World.news_day`); nobody can ask for it before."""
ENDPOINTS: Final = ("/v1/chat/completions", "/v1/messages", "/v1/responses")
SAFETY: Final = (None, "refusal", "policy_violation", "self_harm", "cyber", "sexual", "extraction")
"""Verdicts of the gateway's safety system; 0 is none."""
SPEED: Final = np.array([45, 60, 90, 110, 140, 170, 240, 35, 50, 90, 60, 55], dtype=float)
"""Tokens a second of each model."""


@dataclass(frozen=True)
class Style:
    """One way of asking: a person's chats, a product's feature, a campaign's tool."""

    voice: Voice
    talk: Voice
    models: Mix
    params: Mix
    size_in: Shape
    """New tokens of a turn."""
    size_out: Shape
    heads: Mix = NOTHING
    """Heads of the system prompt, one a session; 0 is no system prompt."""
    tools: Mix = NOTHING
    harness: bool = False
    """System prompt and tools are those of the client's version."""
    head_day: float = 0.0
    """Chance that a system prompt carries the date, or a folder: its head is a session's own."""
    lead: int = 0
    """Head of every first message, where they begin with the same long text."""
    long_first: float = 0.0
    """Share of first messages longer than the hashed head."""
    base_in: float = 0.0
    """Tokens that every request carries: system prompt, tools, examples."""
    growth: float = 1.0
    """Share of earlier turns that a request repeats."""
    small_talk: float = 0.05
    asks: float = 1.0
    """Share of turns in which the user says something new; the others carry tools' answers."""
    endpoint: int = 0
    stream: float = 0.5
    fails: float = 0.01
    refuses: float = 0.005
    codes: tuple[int, ...] = (1, 2)
    rerolls: float = 0.0
    edits: float = 0.0
    window: int = 0
    """Turns that the client keeps; 0 keeps all."""
    shots: int = 0
    """Invented earlier turns in every request (examples), the same each time."""
    examples: int = 1
    """Hash of those turns."""
    deep: Shape | None = None
    """Earlier turns that a session brings along from elsewhere; None begins anew."""
    failover: float = 0.0
    """Chance that a refused or failed try goes to another account of the pool."""
    drift: float = 0.0
    """Chance that a session goes on under another account of the pool with its next turn."""
