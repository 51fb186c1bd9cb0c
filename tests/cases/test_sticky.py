"""Links of open campaigns."""

import numpy as np
import orjson

from stream.cases.mixture import HABITS, Mixture, Normal, fit
from stream.cases.sticky import Sticky, StickyLinks
from stream.evidence.traits import TRAITS
from stream.memory.histograms import BINS, WIDTH
from tests.evidence.population import Population
from tests.stages.suspects import ALIKE, YOUNG


def mixture() -> Mixture:
    made = Population()
    made.accounts(range(12), events=40)
    made.link("client", 1, range(12))
    rates, look = dict.fromkeys(TRAITS, 0.1), np.full(WIDTH, 1 / BINS)
    normal = Normal(dict.fromkeys(HABITS, 4.0), dict.fromkeys(HABITS, 1.5))
    return fit(made.members(), list(TRAITS), rates, rates, normal, look, 12.0)[0]


def links() -> StickyLinks:
    of = mixture()
    return StickyLinks(
        {
            (4, 2**64 - 1): Sticky(of, 1, 12.0, 10.0, (YOUNG, ALIKE)),
            (4, 5): Sticky(of, 2, 12.0, 10.0, (YOUNG,)),
            (0, 7): Sticky(of, 2, 12.0, 10.0, ()),
        }
    )


def test_what_is_stored_comes_back() -> None:
    made = links()
    copy = StickyLinks.of(orjson.loads(orjson.dumps(made.plain())))
    assert copy == made
    assert copy.plain() == made.plain()


def test_the_links_of_a_closed_campaign_are_forgotten() -> None:
    made = links()
    made.forget(2)
    assert list(made) == [(4, 2**64 - 1)]


def test_the_links_of_a_merged_campaign_follow() -> None:
    made = links()
    assert made.follow(2, 1)
    assert not made.follow(2, 1)
    assert {link.campaign for link in made.values()} == {1}
