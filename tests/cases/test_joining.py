"""Who comes to a link of a case: how sure is it that it belongs to the case?"""

import numpy as np
import pytest

from stream.cases.joining import of_newcomers, share_of_own
from stream.cases.sticky import Sticky
from tests.cases.test_sticky import mixture
from tests.evidence.population import KINDS

LINK = Sticky(mixture(), 1, 12.0, 10.0, (), held=4)
KIND = {kind.name: kind for kind in KINDS}


def share(
    named: int, unnamed: int, fresh: int = 0, kind: str = "prompt_prefix", link: Sticky = LINK, other: int = 0
) -> float:
    """`unnamed` accounts that came long ago, `fresh` ones that came today, `other` ones of another case."""
    campaign = np.repeat(np.array([1, 0, 0, 2], np.int32), [named, unnamed, fresh, other])
    settled = np.repeat([True, True, False, True], [named, unnamed, fresh, other])
    return share_of_own(link, KIND[kind], campaign, settled)


def test_a_prompt_that_nobody_else_has_used_for_a_day_is_the_cases_own() -> None:
    assert share(41, 0) == pytest.approx(41 / 42)
    assert share(41, 0, fresh=52) == share(41, 0), "who has just come says nothing"
    assert share(41, 3) > 0.9


def test_a_value_that_gathers_accounts_which_stay_unnamed_is_not() -> None:
    assert share(41, 5) == 0.0
    assert share(18, 2) > 0
    assert share(17, 2) == 0.0


def test_a_handful_of_named_accounts_makes_no_value_their_own() -> None:
    assert share(7, 0) == 0.0
    assert share(8, 0) > 0
    assert share(7, 0, other=30) == 0.0, "those of another case do not count"


@pytest.mark.parametrize("kind", ["client", "parameters", "network", "payment"])
def test_a_tool_a_place_and_a_card_are_nobodys_own(kind: str) -> None:
    assert share(41, 0, kind=kind) == 0.0


def test_a_link_on_probation_is_not_yet_the_cases_own() -> None:
    assert share(41, 0, link=Sticky(mixture(), 1, 12.0, 10.0, (), held=3)) == 0.0


def test_of_who_comes_to_a_link_that_is_not_its_own_nothing_is_known() -> None:
    assert of_newcomers(LINK.mixture, 0.0).prior <= 0.5
    assert of_newcomers(LINK.mixture, 0.97).prior == 0.97
    assert of_newcomers(LINK.mixture, 0.97).shown == LINK.mixture.shown
