"""Links of young cases are judged again with those whom the cases named."""

import numpy as np
import pytest

from stream.cases.mixture import HABITS, Normal
from stream.cases.probation import judge_again
from stream.cases.sticky import Sticky, StickyLinks
from stream.evidence.lagged import RANKED
from stream.evidence.traits import TRAITS
from stream.learning.reference import Normality
from stream.memory.histograms import ATTRIBUTES, BINS, WIDTH
from tests.cases.test_sticky import mixture
from tests.evidence.population import DAY_MS, KINDS, NOW_MS, Population, key

CLIENT = [kind.name for kind in KINDS].index("client")
LOOKS = 4
"""Of a day: they prove a link, or take it back."""


def sticky(campaign: int = 1, held: int = 0, failed: int = 0) -> Sticky:
    return Sticky(mixture(), campaign, 12.0, 10.0, (), held, failed)


@pytest.mark.parametrize(
    ("margins", "proven", "failed"),
    [
        ([0.0, 1.0, 0.5], False, 0),
        ([0.0, 1.0, 0.5, 2.0], True, 0),
        ([5.0], True, 0),
        ([4.9, -0.1, 4.9], False, 0),
        ([1.0, -1.0, -1.0], False, 2),
    ],
)
def test_a_link_is_proven_by_a_day_of_looks_or_one_that_leaves_no_doubt(
    margins: list[float], proven: bool, failed: int
) -> None:
    link = sticky()
    for margin in margins:
        link.see(margin)
    assert (link.proven, link.failed) == (proven, failed)


def test_a_campaign_has_fallen_when_every_link_of_it_failed_for_a_day() -> None:
    links = StickyLinks(
        {
            (0, 1): sticky(1, failed=LOOKS),
            (0, 2): sticky(1, failed=LOOKS - 1),
            (0, 3): sticky(2, failed=LOOKS),
        }
    )
    assert links.fallen() == [2]
    links[0, 2].see(-1.0)
    assert links.fallen() == [1, 2]


def test_what_an_analyst_confirmed_needs_no_proof() -> None:
    links = StickyLinks({(0, 1): sticky(1, failed=LOOKS), (0, 2): sticky(2, failed=LOOKS)})
    assert links.prove(1)
    assert links.fallen() == [2]
    assert not links.prove(1)


def normality() -> Normality:
    """Traits are rare, and whatever is ranked has been seen often."""
    return Normality(
        records=1,
        rates=dict.fromkeys(TRAITS, 0.02),
        by_kind={},
        normal=Normal(dict.fromkeys(HABITS, 4.0), dict.fromkeys(HABITS, 1.5)),
        contrast=np.full(len(ATTRIBUTES), 0.5),
        look=np.full(WIDTH, 1 / BINS),
        ranked={name: np.zeros(0) for name in RANKED},
        of_newcomers={name: np.zeros(0) for name in RANKED},
    )


def looked_at(links: StickyLinks, named: dict[int, range], fresh: range = range(20)) -> bool:
    """A client that twenty accounts use; the `fresh` ones are young, on throwaway mail, and replay."""
    population = Population()
    old = [number for number in range(20) if number not in fresh]
    new = {"created_ms": NOW_MS - DAY_MS, "first_ms": NOW_MS - DAY_MS, "email_class": 2}
    population.accounts(fresh, events=40, orphaned=20, **new)
    population.accounts(old, events=40, created_ms=NOW_MS - 900 * DAY_MS, first_ms=NOW_MS - 90 * DAY_MS)
    population.link("client", 1, range(20))
    for campaign, numbers in named.items():
        population.links.roll.name([key(number) for number in numbers], campaign)
    state = population.links.state
    judging = population.links._judging
    return judge_again(judging, links, state.seats(state.active(NOW_MS, 2), NOW_MS), normality(), NOW_MS)


def test_who_is_named_already_counts_where_a_link_is_judged_again() -> None:
    links = StickyLinks({(CLIENT, 1): sticky()})
    assert looked_at(links, {1: range(18)})
    assert links[CLIENT, 1].held > 0


def test_who_is_named_elsewhere_does_not() -> None:
    links = StickyLinks({(CLIENT, 1): sticky()})
    assert looked_at(links, {2: range(10)}, fresh=range(10))
    assert (links[CLIENT, 1].held, links[CLIENT, 1].failed) == (0, 1)


def test_a_link_whose_accounts_are_gone_is_left_as_it_is() -> None:
    links = StickyLinks({(CLIENT, 99): sticky(held=2)})
    looked_at(links, {})
    assert (links[CLIENT, 99].held, links[CLIENT, 99].failed) == (2, 0)


def test_a_proven_link_is_not_looked_at() -> None:
    links = StickyLinks({(CLIENT, 1): sticky(held=LOOKS)})
    assert not looked_at(links, {}, fresh=range(0))
    assert links[CLIENT, 1].proven
