"""The origin of stored state: what it was made with, where another value would make it mean other things."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import orjson

from stream.config import DEVELOPMENT_KEY, Settings, links_path
from stream.errors import StateError
from stream.links.kinds import LinkKind, load_kinds

Origin = dict[str, str]
"""What state is made with, by name: small texts, stored beside it and compared on restore."""

ANEW: Final = "give kafka.application_id and kafka.changelog_topic new names to read all anew"
LOST_STATE: Final = f"bring the topic back from a copy, or {ANEW}"
"""What to do where stored state is no longer whole."""


def origin(settings: Settings) -> Origin:
    """The origin of state that these settings make; raises ConfigError where the link kinds are wrong.

    Settings that only bound or judge (limits of tables, thresholds, the format of records) are no part of
    it: state that was made with others goes on to mean the same.
    """
    kinds = load_kinds(links_path(settings))
    return {
        "application": settings.kafka.application_id,
        "links": " ".join(f"{kind.name}:{_meaning(kind)}" for kind in kinds),
        "hash_key": fingerprint(settings),
        "tick_s": f"{settings.windows.tick_s:.10g}",
    }


def check_origin(was: Mapping[str, str], now: Mapping[str, str], changelog: str) -> None:
    """Raise StateError where state made with `was` cannot be gone on with; what is not stored passes."""
    other = [name for name, value in now.items() if was.get(name, value) != value]
    if other:
        made = ", ".join(_told(name, was[name], now[name]) for name in other)
        raise StateError(f"the state in {changelog} was made with {made}: go back to that, or {ANEW}")


def _told(name: str, was: str, now: str) -> str:
    """What differs, in the words of the settings; of a key nobody can say more than that."""
    match name:
        case "application":
            return f"kafka.application_id {was}, not {now}"
        case "links":
            return f"other link kinds ({_differing(was, now)}) of links.table"
        case "tick_s":
            return f"windows.tick_s {was}, not {now}"
    forgotten = ", and now it is the development key" if now == _of_key(DEVELOPMENT_KEY) else ""
    return f"another intake.hash_key{forgotten}"


def fingerprint(settings: Settings) -> str:
    """Tells keys of hashes apart and gives none away."""
    return _of_key(settings.intake.hash_key.get_secret_value())


def _of_key(key: str) -> str:
    return hmac.new(key.encode(), b"shoal state", hashlib.sha256).hexdigest()[:16]


def check_whole(positions: Mapping[str, int], committed: Mapping[str, int], changelog: str) -> None:
    """Raise StateError where a group is ahead of the state: they commit together, so some state is gone.

    `committed` has to be older than the state: another worker may be committing by now.
    """
    for source, offset in sorted(committed.items()):
        if offset > positions.get(source, 0):
            raise StateError(
                f"{source} was read up to {offset}, but the state in {changelog} is at "
                f"{positions.get(source) or 'nothing'}: some of it was deleted; {LOST_STATE}"
            )


def _meaning(kind: LinkKind) -> str:
    """A digest of what the values of a kind are and who counts; its weights may change over a state."""
    within = [] if kind.within_s is None else [kind.within_s]
    content = orjson.dumps([kind.fields, kind.when, kind.unit, *within])
    return hashlib.sha256(content).hexdigest()[:8]


def _differing(was: str, now: str) -> str:
    """Names that were added, removed or changed, else that the order differs."""
    changed = set(was.split()) ^ set(now.split())
    return ", ".join(sorted({part.partition(":")[0] for part in changed})) or "in another order"
