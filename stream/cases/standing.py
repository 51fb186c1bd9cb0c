"""Standing decisions: what analysts said that holds until it expires, by what it is about.

They are kept by key and not beside what they are about: a link or an account that is evicted meanwhile
comes back under the same decision.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Generic, TypeVar

LIMIT: Final = 100_000
"""Decisions held at most, about 20 MB; beyond, those that end soonest go."""

Key = TypeVar("Key", bound=Hashable)


class Standing(Generic[Key]):
    """Key -> weight in nats, until an event time."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[Key, tuple[float, int]] = {}

    def __len__(self) -> int:
        """Decisions held."""
        return len(self._held)

    def __contains__(self, key: Key) -> bool:
        """Whether a decision about it is held."""
        return key in self._held

    def hold(self, key: Key, nats: float, until_ms: int) -> None:
        """A decision; it takes the place of an earlier one about the same."""
        self._held[key] = (nats, until_ms)
        if len(self._held) > LIMIT:
            # ties by key, which no arrival order can change
            del self._held[min(self._held, key=lambda each: (self._held[each][1], str(each)))]

    def drop(self, key: Key) -> None:
        """The decision is taken back."""
        self._held.pop(key, None)

    def expire(self, now_ms: int) -> bool:
        """Drop what no longer holds at `now_ms`; whether anything went."""
        over = [key for key, (_, until_ms) in self._held.items() if until_ms <= now_ms]
        for key in over:
            del self._held[key]
        return bool(over)

    def weights(self) -> dict[Key, float]:
        """Nats by key."""
        return {key: nats for key, (nats, _) in self._held.items()}

    def plain(self) -> list[Any]:
        """For storing as JSON."""
        return [[key, *held] for key, held in sorted(self._held.items(), key=str)]

    def restore(self, plain: Iterable[Any], key: Callable[[Any], Key]) -> None:
        """Inverse of `plain`; `key`: what JSON made of a key -> the key."""
        self._held = {key(of): (nats, until_ms) for of, nats, until_ms in plain}
