"""Keyed 64-bit hashes: what is private becomes a number that only the operator's key can give again.

Every kind of value has a key of its own, derived from the operator's, so that the same text in two
fields does not give the same number. Numbers are cached by text, within bounds: a value that comes
back costs a look-up.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Digest = Callable[[bytes], int]
"""Bytes -> keyed hash in [1, 2**64)."""

Identifiers = Callable[[Sequence[str]], NDArray[np.uint64]]
"""Texts -> keyed hashes in [1, 2**64); raises TypeError where one is no text."""

CACHED_VALUES: Final = 1 << 16
"""Texts that one cache holds before it starts anew: about 10 MB, enough for the busy values of a day."""

CACHED_CHARACTERS: Final = 256
"""Longer texts are not held: clients choose some of them, and could fill the memory."""

_HEX: Final = re.compile(r"[0-9A-Fa-f]+\Z")
_HEX_DIGITS: Final = 16


def never_zero(value: int) -> int:
    """`value`, with 0 moved to 1: tables without room for a null use 0 for absence."""
    return value or 1


def big_endian(data: bytes) -> NDArray[np.uint64]:
    """Every 8 bytes as a number, 0 moved to 1."""
    numbers = np.frombuffer(data, dtype=">u8").astype(np.uint64)
    numbers[numbers == 0] = 1
    return numbers


class Interned(dict[str | None, int | None]):
    """Text -> keyed hash, kept for next time; no text and an empty text are None.

    >>> from stream.event.hashing import Hasher
    >>> f"{Hasher('a key').texts('model')['m-large']:016x}"
    '568e8cfd35f6372c'
    """

    def __init__(self, compute: Callable[[str], int | None], limit: int = CACHED_VALUES) -> None:
        """`compute` makes the value of a text that is not held; at `limit` texts all are forgotten."""
        super().__init__()
        self._compute = compute
        self._limit = limit
        self._restart()

    def _restart(self) -> None:
        self.clear()
        self[None] = None
        self[""] = None

    def of(self, texts: Iterable[str | None]) -> list[int | None]:
        """The value of each; raises TypeError where one is no text."""
        return list(map(self.__getitem__, texts))

    def __missing__(self, text: str) -> int | None:
        """Computes and keeps the value of a text that is not held."""
        if not isinstance(text, str):
            raise TypeError("expected a text")
        value = self._compute(text)
        if len(text) <= CACHED_CHARACTERS:
            if len(self) >= self._limit:
                self._restart()
            self[text] = value
        return value


class Hasher:
    """Hashes under one operator's key: HMAC-SHA-256 (RFC 2104), cut to its first 64 bits."""

    def __init__(self, key: str) -> None:
        """`key` is the operator's secret."""
        self._key = key.encode()
        self._interned: dict[str, Interned] = {}

    def _domain_key(self, domain: str) -> bytes:
        return hmac.digest(self._key, domain.encode(), "sha256")

    def digest(self, domain: str) -> Digest:
        """Hash of bytes of the kind `domain`, uncached: for texts that do not come back."""
        key = self._domain_key(domain)

        def compute(data: bytes) -> int:
            return never_zero(int.from_bytes(hmac.digest(key, data, "sha256")[:8]))

        return compute

    def identifiers(self, domain: str) -> Identifiers:
        """Keyed hashes of texts that are not private and seldom repeat: BLAKE2b, four times faster."""
        start = hashlib.blake2b(key=self._domain_key(domain), digest_size=8)

        def compute(texts: Sequence[str]) -> NDArray[np.uint64]:
            digests = []
            for data in map(str.encode, texts):  # raises TypeError where one is no text
                state = start.copy()
                state.update(data)
                digests.append(state.digest())
            return big_endian(b"".join(digests))

        return compute

    def texts(self, domain: str) -> Interned:
        """Cached hashes of texts of the kind `domain`."""
        if domain not in self._interned:
            digest = self.digest(domain)
            self._interned[domain] = Interned(lambda text: digest(text.encode()))
        return self._interned[domain]

    def hider(self, domain: str) -> Callable[[str], str]:
        """Text -> keyed hash as 32 hex digits, where a record needs a string in place of a secret."""
        key = self._domain_key(domain)
        return lambda text: hmac.digest(key, text.encode(), "sha256").hex()[:32]


def hex64(digits: str) -> int | None:
    """The first 16 hex digits as a number, 0 moved to 1; None where the text is not all hex.

    Fewer digits count as a number of fewer digits: a writer that drops leading zeros (`%x`) gives
    the same value as one that keeps them.
    """
    if _HEX.match(digits) is None:
        return None
    return never_zero(int(digits[:_HEX_DIGITS], 16))
