"""The candidate trait of single accounts: shown, and weighing nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stream.cases import unusual
from stream.cases.suspect import Reason, Suspect
from stream.cases.unusual import with_unusual
from stream.findings.finding import Evidence
from stream.learning.baseline import FIGURES, Baseline, figures
from stream.windows.slots import SlotTable
from tests.evidence.population import DAY_MS, NOW_MS, Population, key
from tests.stages.suspects import member, suspect

HOUR_MS = 3_600_000
PLAIN = {"events": 20, "last_ms": NOW_MS - 1, "active_hours": 4, "home_share": 0.5}
WILD = {"events": 900_000, "last_ms": NOW_MS - 1, "active_hours": 24, "home_share": 1.0, "streamed": 900_000}


@pytest.fixture
def profiles() -> SlotTable:
    """Twenty plain accounts and twenty wild ones."""
    made = Population()
    made.accounts(range(20), **PLAIN)
    made.accounts(range(20, 40), **WILD)
    return made.links.state.profiles


@pytest.fixture
def baseline(profiles: SlotTable) -> Baseline:
    """Taught by plain accounts, over a week ago."""
    taught, rng = Baseline(), np.random.default_rng(1)
    plain = figures(profiles, np.array([0]))
    for i in range(60):
        rows = plain + rng.normal(0, 0.05, (40, len(FIGURES)))
        taught.hour(rng.integers(0, 2**64, 40, np.uint64), rows, NOW_MS - 10 * DAY_MS + i * HOUR_MS)
    return taught


def on(accounts: Sequence[int], reason: Reason = "hot") -> Suspect:
    members = tuple(member(key(account)) for account in accounts)
    return replace(suspect(tuple(accounts), reason=reason), members=members)


def piece(told: Suspect) -> Evidence | None:
    return next((piece for piece in told.evidence if piece.name == "unusual"), None)


def test_unusual_accounts_make_a_candidate_and_usual_ones_an_empty_one(
    baseline: Baseline, profiles: SlotTable
) -> None:
    usual, wild = with_unusual([on(range(20)), on(range(20, 40))], baseline, profiles, NOW_MS)
    plain, strange = piece(usual), piece(wild)
    assert plain is not None
    assert strange is not None
    assert (plain.nats, strange.nats) == (0, 0)
    assert plain.candidate == 0
    assert strange.candidate == strange.feature > 0
    assert plain.observed < plain.threshold < strange.observed
    assert plain.expected == strange.expected < plain.threshold
    assert "no alert rests" in plain.sentence


def test_nothing_else_of_a_suspect_changes(baseline: Baseline, profiles: SlotTable) -> None:
    before = on(range(20, 40))
    (after,) = with_unusual([before], baseline, profiles, NOW_MS)
    for name in Suspect.__slots__:
        if name != "evidence":
            assert getattr(after, name) == getattr(before, name)
    assert [piece for piece in after.evidence if piece.candidate is None] == list(before.evidence)


def test_only_hot_links_and_a_bounded_number_of_them_are_looked_at(
    baseline: Baseline, profiles: SlotTable
) -> None:
    joined = on(range(20), reason="joined")
    told = with_unusual([joined, *[on(range(20))] * 20], baseline, profiles, NOW_MS)
    assert [piece(one) is not None for one in told] == [False] + [True] * unusual.LINKS + [False] * (
        20 - unusual.LINKS
    )


def test_the_accounts_of_the_smallest_keys_are_scored(
    baseline: Baseline, profiles: SlotTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unusual, "ACCOUNTS", 3)
    chosen = sorted(range(40), key=key)[:3]
    all_, three = with_unusual([on(range(40)), on(chosen)], baseline, profiles, NOW_MS)
    assert piece(all_) == piece(three)


def test_without_a_week_behind_it_nothing_is_said(profiles: SlotTable) -> None:
    told = with_unusual([on(range(20))], Baseline(), profiles, NOW_MS)
    assert told == [on(range(20))]
