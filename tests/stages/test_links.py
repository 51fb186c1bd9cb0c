"""The links stage: what it remembers of campaigns, analysts and who is on which link."""

import numpy as np
import pytest

from stream.blocks import decode, encode
from stream.cases.campaign import Campaign, Named
from stream.cases.judging import SAMPLE
from stream.cases.overlap import named_links
from stream.cases.remembered import ALLOWED_NATS, HONEST_NATS
from stream.cases.suspect import Suspect
from stream.learning.budget import Budget
from stream.stages.links import Links
from tests.evidence.population import KINDS, NOW_MS, Population, key
from tests.stages.suspects import member, suspect

PLAIN = {"events": 40, "last_ms": NOW_MS - 1, "total": 40}


@pytest.fixture
def made() -> Population:
    """Two groups of ten on a link each, and a link that holds both."""
    population = Population()
    population.accounts(range(20), **PLAIN)
    population.link("client", 1, range(10))
    population.link("client", 2, range(10, 20))
    population.link("prompt_prefix", 3, range(20))
    return population


def campaigns(links: Links) -> dict[str, int]:
    """Account -> campaign that it is named in."""
    profiles = links.state.profiles
    named = zip(profiles["account_id"].tolist(), profiles["campaign"].tolist(), strict=True)
    return {account: number for account, number in named if number}


def name(links: Links, accounts: range, number: int) -> None:
    """As if a suspect of these accounts had gone to a campaign."""
    links.roll.name([key(account) for account in accounts], number)


def test_nothing_is_suspected_before_there_is_a_reference(made: Population) -> None:
    assert made.links.tick(NOW_MS) == []
    assert made.links.scored == 0 or made.links.hot == 0


def test_an_empty_stage_ticks(made: Population) -> None:
    empty = Population().links
    assert empty.tick(NOW_MS) == []
    empty.settle([], [])
    assert empty.overlaps() == []
    empty.expire(NOW_MS)
    assert empty.roll.activity(0) == []


def test_named_accounts_have_no_vote(made: Population) -> None:
    name(made.links, range(10, 16), 4)
    votes = dict(
        zip(made.links.state.links["value"][made.units().link].tolist(), made.units().votes, strict=True)
    )
    assert votes[3] == 14
    assert votes[1] == 10
    assert 2 not in votes, "four are too few"


def test_a_huge_link_is_judged_on_a_sample_of_its_units_the_same_every_time() -> None:
    made = Population()
    made.accounts(range(2000), **PLAIN)
    made.link("client", 1, range(2000))
    votes = int(made.units().votes[0])
    assert 0.7 * SAMPLE < votes < 1.3 * SAMPLE
    other = Population()
    other.accounts(range(1999, -1, -1), **PLAIN)
    other.link("client", 1, range(1999, -1, -1))
    assert other.units().unit.tolist() == made.units().unit.tolist()


def test_merged_campaigns_are_renumbered(made: Population) -> None:
    name(made.links, range(10), 1)
    name(made.links, range(10, 20), 2)
    made.links.merge({2: 1})
    assert set(campaigns(made.links).values()) == {1}


def test_cleared_accounts_are_free_again(made: Population) -> None:
    name(made.links, range(10), 1)
    made.links.clear([key(3), key(999)])
    assert "acc-3" not in campaigns(made.links)
    assert len(campaigns(made.links)) == 9


def test_split_campaigns_are_renumbered(made: Population) -> None:
    name(made.links, range(20), 1)
    part = Campaign(7, "c-7", NOW_MS)
    named = Named("", 0.99, NOW_MS, NOW_MS, NOW_MS, 1, ("client", 2))
    part.members = {key(account): named for account in range(10, 20)}
    made.links.renumber([part])
    assert set(campaigns(made.links).values()) == {1, 7}


def test_ties_tell_who_is_on_which_link(made: Population) -> None:
    links = [("client", 1), ("prompt_prefix", 3), ("client", 99)]
    accounts = [key(5), key(15), key(77)]
    assert made.links.ties(links, accounts) == [{0}, {0, 1}, set()]


def test_activity_is_of_named_accounts_seen_since(made: Population) -> None:
    name(made.links, range(3), 1)
    told = made.links.roll.activity(NOW_MS - 10)
    assert [row.account for row in told] == sorted(key(account) for account in range(3))
    assert {(row.total, row.last_ms) for row in told} == {(40, NOW_MS - 1)}
    assert made.links.roll.activity(NOW_MS) == []


def test_what_analysts_say_of_a_link_is_remembered(made: Population) -> None:
    made.links.remember("client", 1, -4.0, NOW_MS + 1)
    made.links.remember("client", 12345, -4.0, NOW_MS + 1)
    values, nats = (
        made.links.state.links["value"].tolist(),
        made.links.remembered.nats(made.links.state.links).tolist(),
    )
    assert dict(zip(values, nats, strict=True)) == {1: -4.0, 2: 0, 3: 0}
    empty = Population().links
    assert not empty.remembered.nats(empty.state.links).any()


def test_an_allowed_link_seats_nobody_for_naming(made: Population) -> None:
    made.links.remember("client", 1, ALLOWED_NATS, NOW_MS + 1)
    made.links.remember("client", 2, HONEST_NATS, NOW_MS + 1)
    state = made.links.state
    seats = state.seats(state.active(NOW_MS, 1), NOW_MS)
    left = made.links.remembered.without_allowed(seats, state.links)
    assert set(state.links["value"][left.link].tolist()) == {2, 3}


def test_kinds_are_known_by_name(made: Population) -> None:
    assert all(made.links.knows(kind.name) for kind in KINDS)
    assert not made.links.knows("no_such_kind")


def test_settling_without_a_tick_does_nothing(made: Population) -> None:
    told: list[Suspect] = [suspect((1, 2))]
    made.links.settle(told, [1])
    assert campaigns(made.links) == {}
    assert member(1).account == 1


def test_links_most_of_whose_members_are_named_are_no_honest_ones(made: Population) -> None:
    name(made.links, range(5), 1)
    seats = made.links.state.seats(made.links.state.active(NOW_MS, 1), NOW_MS)
    links = {"client 1": ("client", 1), "client 2": ("client", 2), "prefix 3": ("prompt_prefix", 3)}
    keys = {made.links.key(*link): name for name, link in links.items()}
    assert {keys[key] for key in named_links(made.links.state, seats)} == {"client 1", "prefix 3"}
    name(made.links, range(4), 0)
    assert {keys[key] for key in named_links(made.links.state, seats)} == set()


def test_a_copy_from_stored_blocks_is_the_same(made: Population) -> None:
    made.links.remember("client", 1, -4.0, NOW_MS + 1)
    name(made.links, range(10), 1)
    made.links.learn({"young": 5.0}, True, NOW_MS)
    made.links.budget.note(np.array([7], np.uint64), np.array([-1.0]), np.array([True]), NOW_MS)
    copy = Population().links
    copy.restore([decode(b.stage, b.table, b.whole, encode(b)) for b in made.links.snapshot()])
    assert campaigns(copy) == campaigns(made.links)
    assert copy.remembered.plain() == made.links.remembered.plain()
    assert copy.learner.plain() == made.links.learner.plain()
    assert copy.budget.plain() == made.links.budget.plain() != Budget(1.0).plain()
    assert copy.roll.activity(0) == made.links.roll.activity(0)
    assert copy.changes() == []
