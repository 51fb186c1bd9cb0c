"""The origin of stored state: what it was made with, where another value would make it mean other things."""

import hashlib
from collections.abc import Mapping
from typing import Final

import orjson

from stream.config import Settings, links_path
from stream.errors import StateError
from stream.links.kinds import LinkKind, load_kinds

Origin = dict[str, str]
"""What state is made with, by name: small texts, stored beside it and compared on restore."""

ANEW: Final = "give kafka.application_id and kafka.changelog_topic new names to read all anew"
LOST_STATE: Final = f"bring the topic back from a copy, or {ANEW}"
"""What to do where stored state is no longer whole."""
_LINKS: Final = "links"
_APPLICATION: Final = "application"


def origin(settings: Settings) -> Origin:
    """The origin of state that these settings make; raises ConfigError where the link kinds are wrong."""
    kinds = load_kinds(links_path(settings))
    named = " ".join(f"{kind.name}:{_meaning(kind)}" for kind in kinds)
    return {_APPLICATION: settings.kafka.application_id, _LINKS: named}


def check_origin(was: Mapping[str, str], now: Mapping[str, str], changelog: str) -> None:
    """Raise StateError where state made with `was` cannot be gone on with; what is not stored passes."""
    if was.get(_LINKS, now.get(_LINKS)) != now.get(_LINKS):
        names = _differing(was[_LINKS], now.get(_LINKS, ""))
        raise StateError(
            f"the state in {changelog} was made with other link kinds ({names}): "
            f"bring back their table (links.table), or {ANEW}"
        )
    if was.get(_APPLICATION, now.get(_APPLICATION)) != now.get(_APPLICATION):
        raise StateError(
            f"the state in {changelog} belongs to kafka.application_id {was[_APPLICATION]}, "
            f"not {now.get(_APPLICATION)}: use that, or {ANEW}"
        )


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
