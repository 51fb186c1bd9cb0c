"""Who sits on a link, as naming sees them."""

import numpy as np

from stream.cases.mixture import NEWCOMER
from stream.cases.roster import Roster
from stream.learning.reference import LAG_MS
from tests.evidence.population import NOW_MS, NUMBERS, Population

CROWD = 8


def templated(in_class: int, at_home: int = 20) -> np.ndarray:
    """The trait of forty accounts on one client, the first of which share a home network."""
    made = Population()
    made.accounts(range(40), events=20, total=20, templated=20, last_ms=NOW_MS)
    made.link("client", 5, range(40))
    made.link("network", 7, range(in_class), events=at_home)
    return roster(made).on(NUMBERS["client"], 5).traits["templated"]


def roster(made: Population) -> Roster:
    state = made.links.state
    return Roster(state, state.seats(state.active(NOW_MS, 1), NOW_MS), NOW_MS, CROWD)


def test_of_neighbours_a_common_template_says_nothing() -> None:
    assert int(np.isnan(templated(12)).sum()) == 12


def test_a_household_is_no_crowd() -> None:
    assert not np.isnan(templated(CROWD - 1)).any()


def test_who_only_passes_by_is_no_neighbour() -> None:
    assert not np.isnan(templated(12, at_home=4)).any()


def test_newcomers_are_who_joined_the_link_within_the_lag() -> None:
    made = Population()
    made.accounts(range(40), events=20, last_ms=NOW_MS)
    made.link("client", 5, range(40))
    made.links.state.members["first_ms"][:10] = NOW_MS - LAG_MS - 1
    sat = roster(made)
    assert int(sat.on(NUMBERS["client"], 5).traits[NEWCOMER].sum()) == 30
    assert sat.newcomers(NUMBERS["client"], np.zeros(40, np.int32)) == 0.75
    assert sat.newcomers(NUMBERS["tools"], np.zeros(40, np.int32)) == 1.0


def test_a_link_without_members_is_empty() -> None:
    assert len(roster(Population()).on(NUMBERS["client"], 5).account) == 0
