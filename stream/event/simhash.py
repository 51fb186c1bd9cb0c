"""Similarity hash of a text: near-duplicates differ in few of 64 bits.

Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002; on word shingles as in
Manku, Jain and Das Sarma, Detecting near-duplicates for web crawling, WWW 2007. The hash of a word is
keyed, so that nobody without the key can tell which words a value stands for.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.event.hashing import Hasher, never_zero

SHINGLE_WORDS: Final = 3
"""Words in a shingle: long enough to hold order, short enough that one changed word spoils only three."""

_WORD: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
"""A run of letters and digits, or one character of the scripts that put no space between words."""

_ODD: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
"""One multiplier per place in a shingle (odd, of irregular bits), so that order counts."""
_SHIFTS: Final = np.array([30, 27, 31], dtype=np.uint64)
_FACTORS: Final = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


class Simhash:
    """Text -> 64-bit similarity hash in [1, 2**64); None where it has no words."""

    def __init__(self, hasher: Hasher) -> None:
        """Words are hashed with a key of `hasher`."""
        self._words = hasher.texts("word")

    def __call__(self, text: str) -> int | None:
        """Majority of the bits of the hashes of the text's distinct shingles; a tie is 0."""
        words = [self._words[word] for word in _WORD.findall(text.casefold())]
        if not words:
            return None
        shingles = np.unique(_shingles(np.array(words, dtype=np.uint64)))
        bits = np.unpackbits(shingles.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
        majority = 2 * bits.sum(axis=0, dtype=np.int64) > len(shingles)
        return never_zero(int.from_bytes(np.packbits(majority).tobytes()))


def _shingles(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash of every run of SHINGLE_WORDS words; of all words where there are fewer."""
    width = min(SHINGLE_WORDS, len(words))
    count = len(words) - width + 1
    mixed = words[:count] * _ODD[0]
    for place in range(1, width):
        mixed += words[place : place + count] * _ODD[place]
    return _scramble(mixed)


def _scramble(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every bit depends on all."""
    first: NDArray[np.uint64] = (values ^ (values >> _SHIFTS[0])) * _FACTORS[0]
    second: NDArray[np.uint64] = (first ^ (first >> _SHIFTS[1])) * _FACTORS[1]
    third: NDArray[np.uint64] = second ^ (second >> _SHIFTS[2])
    return third
