"""Who on a card works as the others on it do."""

import numpy as np

from stream.cases.mates import mates, pays_for_others
from tests.evidence.population import KINDS, NOW_MS, NUMBERS, Population


def at_tool(*tools: int) -> list[bool]:
    """Accounts on one card, told by the tool of each; 0 is unknown."""
    made = Population()
    made.accounts(range(len(tools)), events=20, last_ms=NOW_MS - 1, tool=list(tools))
    made.link("payment", 1, range(len(tools)))
    everyone = made.members()
    told = dict(zip(everyone.account.tolist(), mates(everyone, everyone).tolist(), strict=True))
    return [told[slot] for slot in range(len(tools))]


def test_the_pool_at_one_tool_is_told_from_customers_at_their_own() -> None:
    assert at_tool(7, 7, 7, 7, 8, 9) == [True] * 4 + [False] * 2


def test_two_at_one_tool_meet_by_chance() -> None:
    assert not any(at_tool(7, 7, 8, 9, 10))


def test_a_few_of_many_are_no_pool() -> None:
    assert not any(at_tool(7, 7, 7, *range(8, 30)))


def test_a_tool_that_is_not_known_is_none_in_common() -> None:
    assert not any(at_tool(0, 0, 0, 0, 8))
    assert at_tool(0, 0, 0, 0, 7, 7, 7)[4:] == [True] * 3, "and takes no share from those that are known"


def test_of_all_kinds_a_card_alone_pays_for_others() -> None:
    assert [kind.name for kind in KINDS if pays_for_others(kind)] == ["payment"]
    assert pays_for_others(KINDS[NUMBERS["payment"]])


def test_members_of_other_accounts_are_told_by_everyone_on_the_link() -> None:
    made = Population()
    made.accounts(range(6), events=20, last_ms=NOW_MS - 1, tool=[7, 7, 7, 7, 8, 9])
    made.link("payment", 1, range(6))
    everyone = made.members()
    free = everyone.where(np.isin(everyone.tool, [7, 8]) & (np.arange(6) >= 2))
    assert mates(everyone, free).tolist() == (free.tool == 7).tolist()
