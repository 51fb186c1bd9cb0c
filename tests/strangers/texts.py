"""What is said, without words: similarity hashes that behave as those of real texts do.

A similarity hash takes the sign of 64 sums over a text's shingles (Charikar, STOC 2002). By the central
limit theorem a text whose shingles are by share f those of a template is, in each of the 64 places,
sqrt(f) times the template's own normal value plus sqrt(1 - f) times noise: no word has to be made up.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.strangers.shapes import Floats, Rng, Words, fresh

BITS: Final = 64
LANGUAGES: Final = 9
"""Languages in which a world speaks; two texts of one language share its commonest shingles."""
SMALL_TALK: Final = 48
"""Whole messages that everybody sends ("continue", "thanks", "fix it"), by language."""


class Part(NamedTuple):
    """Shingles that texts share: their sums, and the share of a text that they make up."""

    sums: Floats
    share: float


class Stock(NamedTuple):
    """A finite set of texts: similarity hash and identity of each."""

    simhash: Words
    ident: Words


class Voice(NamedTuple):
    """A source of texts: shared parts, else noise; or a stock that it draws from instead."""

    parts: tuple[Part, ...]
    stock: Stock | None = None
    walks: bool = False
    """Whether a stock is gone through in turn (a benchmark) or by popularity (a greeting)."""

    def say(self, rng: Rng, count: int) -> tuple[Words, Words]:
        """Similarity hash and identity of `count` texts."""
        if self.stock is None:
            return simhashes(rng, self.parts, count), fresh(rng, count)
        places = self._places(rng, len(self.stock.ident), count)
        return self.stock.simhash[places], self.stock.ident[places]

    def _places(self, rng: Rng, size: int, count: int) -> NDArray[np.int64]:
        if self.walks:
            return (np.arange(count) + rng.integers(size)) % size
        return np.minimum(rng.zipf(1.4, count) - 1, size - 1)

    def with_part(self, part: Part) -> "Voice":
        """The same voice, with more in common."""
        return self._replace(parts=(*self.parts, part))

    def with_stock(self, rng: Rng, size: int, walks: bool) -> "Voice":
        """The same voice, which has only `size` texts to say."""
        made = Stock(simhashes(rng, self.parts, size), fresh(rng, size))
        return self._replace(stock=made, walks=walks)


def simhashes(rng: Rng, parts: tuple[Part, ...], count: int) -> Words:
    """Signs of the 64 sums of `count` new texts with these parts."""
    left = max(0.0, 1.0 - sum(part.share for part in parts))
    sums = rng.standard_normal((count, BITS), dtype=np.float32) * np.float32(np.sqrt(left))
    for part in parts:
        sums += (np.sqrt(part.share) * part.sums).astype(np.float32)
    packed = np.packbits(sums > 0, axis=1)
    words: Words = packed.view(">u8").reshape(-1).astype(np.uint64)
    return np.maximum(words, np.uint64(1))


def theme(rng: Rng, share: float) -> Part:
    """Shingles that nothing else has: a template, a topic, a language."""
    return Part(rng.standard_normal(BITS), share)


class Languages:
    """The languages of a world, and the small talk of each."""

    def __init__(self, rng: Rng) -> None:
        """Draws the languages' common shingles."""
        self._sums = rng.standard_normal((LANGUAGES, BITS))
        self._talk = [
            self.voice(rng, place).with_stock(rng, SMALL_TALK, walks=False) for place in range(LANGUAGES)
        ]

    def voice(self, rng: Rng, language: int) -> Voice:
        """Free speech in a language: its common shingles, and a topic of the speaker's own."""
        topic = theme(rng, rng.uniform(0.0, 0.12))
        return Voice((Part(self._sums[language], rng.uniform(0.03, 0.10)), topic))

    def talk(self, language: int) -> Voice:
        """The small talk of a language."""
        return self._talk[language]
