"""What is left of a link without those whom stronger links named."""

import pytest

from stream.cases.remains import remains
from stream.evidence.units import Members
from tests.evidence.population import DAY_MS, NOW_MS, Population

RATES = {"young": 0.1}


def members(young: int, old: int) -> Members:
    made = Population()
    created = [NOW_MS - DAY_MS] * young + [0] * old
    made.accounts(range(young + old), events=20, last_ms=NOW_MS - 1, created_ms=created)
    made.link("client", 1, range(young + old))
    return made.members()


def still(free: Members, before: float, shown: float) -> bool:
    return remains(free, before, 8, 8, ["young"], {"young": shown}, RATES)


def test_a_link_that_lost_nobody_is_what_it_was() -> None:
    assert still(members(20, 0), 20.0, 1.0)


def test_who_is_as_suspicious_as_those_named_is_judged_on() -> None:
    assert still(members(20, 0), 40.0, 1.0)


def test_what_a_campaign_brought_goes_with_it() -> None:
    assert not still(members(2, 18), 40.0, 0.55)


@pytest.mark.parametrize(("before", "expected"), [(20.0, False), (7.0, True)])
def test_too_few_are_left_where_there_were_enough(before: float, expected: bool) -> None:
    assert still(members(6, 0), before, 1.0) is expected
