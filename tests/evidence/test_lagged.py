"""Ranked evidence against lagged links: of everyone, and of newcomers."""

import numpy as np
import pytest

from stream.evidence import Piece, Units
from stream.evidence.piece import Floats
from tests.evidence.population import DAY_MS, NOW_MS, Population, lagged

EVERYONE = np.linspace(0.4, 1.2, 101)
NEWCOMERS = np.linspace(0.3, 0.7, 101)
CAP = 9.0


def units_of(young: int) -> Units:
    """Ten accounts on one client, some of them signed up yesterday."""
    made = Population()
    for numbers, days in ((range(young), 1), (range(young, 10), 900)):
        made.accounts(numbers, events=10, created_ms=NOW_MS - days * DAY_MS, last_ms=NOW_MS - 1)
    made.link("client", 1, range(10))
    return made.units()


def ranked(value: float, young: int, of_newcomers: Floats = NEWCOMERS) -> Piece:
    units = units_of(young)
    reference = lagged(units, ranks=EVERYONE, of_newcomers=of_newcomers)
    return reference.ranked("alike", np.full(1, value), units, CAP)


def test_what_is_usual_among_newcomers_is_no_evidence_against_newcomers() -> None:
    assert ranked(0.4, young=0).nats[0] > 0.5
    assert ranked(0.4, young=10).nats[0] == 0.0


def test_old_accounts_are_not_excused_by_newcomers() -> None:
    for young in range(7):
        assert ranked(0.3, young).nats[0] == ranked(0.3, young=0).nats[0]
    assert ranked(0.3, young=7).nats[0] < ranked(0.3, young=0).nats[0]


def test_newcomers_are_held_to_everyone_too() -> None:
    narrow = np.linspace(0.8, 0.9, 101)
    assert ranked(0.3, young=10, of_newcomers=narrow).nats[0] == ranked(0.3, young=0).nats[0]


def test_a_finding_tells_what_it_was_held_to() -> None:
    assert ranked(0.3, young=0).expected[0] == pytest.approx(0.8)
    assert ranked(0.3, young=10).expected[0] == pytest.approx(0.5)
    assert ranked(0.3, young=10).threshold[0] < ranked(0.3, young=0).threshold[0]


def test_few_links_of_newcomers_tell_nothing() -> None:
    assert ranked(0.3, young=10, of_newcomers=NEWCOMERS[:39]).nats[0] == ranked(0.3, young=0).nats[0]


@pytest.mark.parametrize("usual", [0.0, 0.1, 0.2])
def test_a_campaign_that_fills_the_reference_excuses_itself_in_part_only(usual: float) -> None:
    its_own = np.full(200, usual)
    assert ranked(0.0, young=10, of_newcomers=its_own).nats[0] > 0.3 * ranked(0.0, young=0).nats[0]
