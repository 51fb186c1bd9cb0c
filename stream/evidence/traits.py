"""Traits: yes-or-no facts about a member that campaigns show more often than honest accounts.

A trait is a feature of the group: alone it says next to nothing (that is what the population's rate is
for). One row each; absence of the fields it needs makes it unknown, never false.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.piece import Floats
from stream.windows.tiles import DAY_MS

Profile = dict[str, NDArray[Any]]
"""Columns of profiles, and of memberships prefixed `on_`, shape (members,)."""

YOUNG_MS: Final = 45 * DAY_MS  # the disclosed campaigns' accounts lived for weeks; honest medians are years
FRESH_MS: Final = 7 * DAY_MS
"""An account is fresh for a week after its first exchange here, once there has been a week to compare."""
_DISPOSABLE: Final = 2
_AT_HOME: Final = 0.5
_A_FIFTH: Final = 0.2  # of dozens of templates a search finds some within days, and counts from there on
_A_QUARTER: Final = 0.25  # who replays hides it among other work; who resumes a session does so now and then
_SOME: Final = 3
"""Events below which a share means nothing; the traits of mere shares ask for twice as many."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A row of the table. `known` and `shows` map profile columns to booleans of shape (members,)."""

    family: str
    sentence: str
    needs: tuple[str, ...]
    known: Callable[[Profile], NDArray[np.bool_]]
    shows: Callable[[Profile], NDArray[np.bool_]]

    def of(self, profile: Profile) -> Floats:
        """1 shows it, 0 does not, nan unknown."""
        return np.where(self.known(profile), self.shows(profile).astype(np.float64), np.nan)


def _always(profile: Profile) -> NDArray[np.bool_]:
    return np.ones(len(profile["events"]), np.bool_)


def _share(profile: Profile, name: str) -> Floats:
    share: Floats = profile[name] / np.maximum(profile["events"], 1)
    return share


def _settled(profile: Profile) -> NDArray[np.bool_]:
    """Whether traffic has been seen for long enough to tell who is fresh: at first, everybody is."""
    settled: NDArray[np.bool_] = profile["last_ms"] > profile["began_ms"] + FRESH_MS
    return settled


def _fresh(profile: Profile) -> NDArray[np.bool_]:
    late = profile["first_ms"] > profile["began_ms"] + FRESH_MS
    return np.asarray(late & (profile["last_ms"] - profile["first_ms"] < FRESH_MS))


def _young(profile: Profile) -> NDArray[np.bool_]:
    # an old account that wakes up is new to us: pools are made of either
    young = (profile["created_ms"] >= 0) & (profile["last_ms"] - profile["created_ms"] < YOUNG_MS)
    return np.asarray(young | _fresh(profile))


TRAITS: Final[dict[str, Trait]] = {
    "young": Trait(
        "identity",
        "accounts younger than 45 days or first seen within a week",
        ("account_created_at",),
        lambda p: (p["created_ms"] >= 0) | _settled(p),
        _young,
    ),
    "throwaway": Trait(
        "identity",
        "accounts on disposable mail",
        ("email_class",),
        lambda p: p["email_class"] != 255,
        lambda p: p["email_class"] == _DISPOSABLE,
    ),
    "roaming": Trait(
        "network",
        "accounts without a home network",
        ("client_ip",),
        lambda p: np.isfinite(p["home_share"]),
        lambda p: (p["home_share"] < _AT_HOME) & (p["events"] >= 2 * _SOME),
    ),
    "orphaned": Trait(
        "conversation",
        "accounts that continue conversations begun elsewhere",
        ("conversation_prev", "conversation_next"),
        _always,
        lambda p: (_share(p, "orphaned") > _A_QUARTER) & (p["events"] >= _SOME),
    ),
    "handed_over": Trait(
        "conversation",
        "accounts that continue conversations of unrelated accounts",
        ("conversation_prev", "conversation_next"),
        _always,
        lambda p: p["handed_over"] >= 1,
    ),
    "failed_over": Trait(
        "conversation",
        "accounts served with a body that was refused on another account within a minute",
        ("prompt_hash", "status"),
        _always,
        lambda p: p["failed_over"] >= 2,
    ),
    "refused": Trait(
        "refusal",
        "accounts with bunched safety refusals",
        ("safety_code",),
        _always,
        lambda p: (_share(p, "refused") > 0.2) & (p["events"] > _SOME),
    ),
    "changed": Trait(
        "regime",
        "accounts with a past that came here with new parameters, prompt, network and client at once",
        ("params_hash", "client_ip", "user_agent"),
        _always,
        lambda p: p["on_foreign"] > 0.5 * p["on_events"],
    ),
    "templated": Trait(
        "content",
        "accounts that send prompts of new templates which others send too",
        ("prompt_simhash",),
        _always,
        lambda p: (_share(p, "templated") > _A_FIFTH) & (p["events"] >= 2 * _SOME),
    ),
}
"""Name -> trait. `on_events` and `on_foreign` are counts on the link itself; `began_ms` is when the first
of all accounts was seen."""
