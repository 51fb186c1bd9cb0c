"""Tests of traits that look at time: who is young, and when that cannot be told."""

import numpy as np

from stream.evidence.traits import FRESH_MS, TRAITS, YOUNG_MS
from stream.windows.tiles import DAY_MS

BEGAN_MS = 1000 * DAY_MS
NOW_MS = BEGAN_MS + 3 * FRESH_MS


def young(*, created_ms: int, first_ms: int, last_ms: int = NOW_MS) -> float:
    """What the trait says of one account; nan where it cannot tell."""
    profile = {
        "created_ms": np.array([created_ms]),
        "first_ms": np.array([first_ms]),
        "last_ms": np.array([last_ms]),
        "began_ms": np.array([BEGAN_MS]),
    }
    return float(TRAITS["young"].of(profile)[0])


def test_a_young_account_is_young_whenever_it_was_first_seen() -> None:
    assert young(created_ms=NOW_MS - YOUNG_MS + 1, first_ms=BEGAN_MS) == 1
    assert young(created_ms=NOW_MS - YOUNG_MS, first_ms=BEGAN_MS) == 0


def test_an_old_account_that_wakes_up_is_young_for_a_week() -> None:
    old = NOW_MS - 2 * YOUNG_MS
    assert young(created_ms=old, first_ms=NOW_MS - FRESH_MS + 1) == 1
    assert young(created_ms=old, first_ms=NOW_MS - FRESH_MS) == 0


def test_at_first_everybody_is_seen_for_the_first_time_and_that_makes_nobody_young() -> None:
    first_ms = BEGAN_MS + FRESH_MS
    assert young(created_ms=0, first_ms=first_ms, last_ms=first_ms + 1) == 0


def test_without_a_sign_up_date_nothing_is_known_in_the_first_week() -> None:
    first_ms = BEGAN_MS + FRESH_MS
    assert np.isnan(young(created_ms=-1, first_ms=first_ms, last_ms=first_ms))
    assert young(created_ms=-1, first_ms=first_ms, last_ms=first_ms + 1) == 0
    assert young(created_ms=-1, first_ms=NOW_MS - 1) == 1
