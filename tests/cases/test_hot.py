"""Which links are hot."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.cases.hot import HARD, judge
from stream.cases.judged import Judged
from stream.evidence import FAMILIES, PIECES, Piece, Units, lagged
from stream.evidence.piece import DEEDS
from stream.evidence.traits import TRAITS
from stream.links.kinds import LinkKind
from tests.evidence.population import DAY_MS, KINDS, NOW_MS, NUMBERS, Population

IDENTITY = [name for name in TRAITS if TRAITS[name].family == "identity"]
THRESHOLD = 8.0
UNITS = 8


def units_of(kind: str = "client", votes: int = 20, events: int = 10) -> Units:
    made = Population()
    made.accounts(range(votes), events=events, last_ms=NOW_MS - 1)
    made.link(kind, 1, range(votes), events)
    return made.units()


CLIENT = units_of()


def judged(
    nats: Mapping[str, float], units: Units = CLIENT, remembered: float = 0.0, share: float = 0.5
) -> Judged:
    """A link whose pieces have the given nats, seen of a share of its members, and the others none."""
    links = len(units.start)
    half, none = np.full(links, share), np.zeros(links)
    pieces = {
        n: Piece(n, np.full(links, nats.get(n, 0.0)), half if n in nats else none, none, none) for n in PIECES
    }
    return judge(units, pieces, np.full(links, remembered), THRESHOLD, UNITS)


def hot(nats: Mapping[str, float], units: Units = CLIENT, remembered: float = 0.0) -> bool:
    return bool(judged(nats, units, remembered).hot[0])


def test_two_reasons_over_the_threshold_are_hot() -> None:
    assert hot({"young": 5.0, "alike": 5.0})
    assert not hot({"young": 4.0, "alike": 3.5})


def test_roaming_tells_only_of_those_who_are_no_customers_on_somebodys_servers() -> None:
    base = {"young": 5.0, "even": 4.0}
    assert judged(base | {"alike": 2.9}).need == judged(base | {"alike": 2.9, "roaming": 5.0}).need - 5.0
    assert judged(base | {"alike": 4.0}).need == judged(base | {"alike": 4.0, "roaming": 5.0}).need - 5.0
    for other in ({"alike": 2.9, "throwaway": 2.1}, {"alike": 2.9, "handed_over": 2.1}):
        assert judged(base | other).need == judged(base | other | {"roaming": 5.0}).need


@pytest.mark.parametrize("name", [*DEEDS, "young", "throwaway"])
def test_who_is_merely_alike_needs_more_than_who_has_begun_something(name: str) -> None:
    base = {"alike": 4.0, "even": 4.0, "breadth": 2.5}
    assert judged(base | {name: 1.9}).need == judged(base).need
    assert judged(base | {name: 2.1}).need <= judged(base).need - 3.0
    assert not hot(base)
    assert hot(base | {"tokens_in": 2.0})


def test_what_some_do_is_an_adoption_and_what_half_do_at_work_is_a_theft() -> None:
    base = {"young": 4.0, "changed": 6.0, "even": 1.6, "alike": 1.6}
    assert judged(base, share=0.5).hot[0]
    some = judged(base, share=0.49)
    assert not some.hot[0]
    assert some.total[0] == 4.0 + 2.0 + 2 * 1.6
    assert some.pieces["changed"].nats[0] == 2.0


@pytest.mark.parametrize("name", [*(deed for deed in DEEDS if deed != "changed"), "alike", "tokens_in"])
def test_customers_of_a_product_change_and_nothing_else(name: str) -> None:
    base = {"young": 4.0, "changed": 6.0, "roaming": 5.0, "templated": 5.0, "even": 3.0}
    assert judged(base, share=0.9).pieces["changed"].nats[0] == 2.0
    assert judged(base | {name: 2.1}, share=0.9).pieces["changed"].nats[0] == 6.0
    assert judged(base, units_of(events=250), share=0.9).pieces["changed"].nats[0] == 6.0
    need = judged(base, units_of(events=250), share=0.9).need[0]
    assert need == judged(base | {"roaming": 0.0}, units_of(events=250), share=0.9).need[0] + 5.0, (
        "to change is to move there"
    )


def test_neither_place_nor_product_explains_a_pool_at_hundreds_of_requests_a_day() -> None:
    pool = {"young": 5.0, "alike": 1.6, "tokens_in": 2.0, "place": -6.0}
    working, tried = units_of(events=700), units_of(events=500)
    assert judged(pool, working, share=0.95).hot[0]
    assert judged(pool, working, share=0.95).pieces["place"].nats[0] == 0.0
    assert not judged(pool, tried, share=0.95).hot[0]
    assert not judged(pool, working, share=0.85).hot[0], "not all new"
    assert not judged(pool | {"alike": 1.4}, working, share=0.95).hot[0], "not alike"


def test_no_room_makes_a_dozen_newcomers_alike_and_busy() -> None:
    pool = {"young": 5.0, "alike": 3.1, "place": -9.0}
    busy, idle = units_of(votes=12, events=250), units_of(votes=12, events=150)
    assert judged(pool, busy, share=0.95).pieces["place"].nats[0] == 0.0
    assert judged(pool, busy, share=0.85).pieces["place"].nats[0] == -9.0, "not all new"
    assert judged(pool, idle, share=0.95).pieces["place"].nats[0] == -9.0
    assert judged(pool | {"alike": 3.0}, busy, share=0.95).pieces["place"].nats[0] == -9.0


def test_no_room_makes_a_crowd_who_were_taken_over_alike() -> None:
    pool = {"changed": 6.0, "alike": 4.0, "place": -9.0}
    assert judged(pool).pieces["place"].nats[0] == 0.0
    assert judged(pool | {"alike": 3.8}).pieces["place"].nats[0] == -9.0
    assert judged(pool, share=0.4).pieces["place"].nats[0] == -9.0, "an adoption"
    assert judged(pool, units_of(votes=19)).pieces["changed"].nats[0] == 2.0, "alike by chance"
    sized = {"changed": 6.0, "tokens_in": 2.0, "tokens_out": 2.0}
    assert judged(sized).pieces["changed"].nats[0] == 6.0
    assert judged(sized, units_of(votes=19)).pieces["changed"].nats[0] == 2.0, "of one product's sizes"


def test_on_the_machines_of_one_room_learners_are_alike_and_even() -> None:
    lab = {"young": 5.0, "alike": 4.0, "even": 4.0, "place": -9.0}
    assert judged(lab, units_of(votes=40)).pieces["place"].nats[0] == -9.0
    assert not judged(lab, units_of(votes=40)).hot[0]


def test_few_units_do_where_an_account_has_one_such_link_not_where_it_has_dozens() -> None:
    nats = {"young": 5.0, "alike": 4.0, "even": 4.0, "breadth": 5.0}
    assert hot(nats, units_of("prompt_prefix", votes=6))
    assert not hot(nats, units_of("template", votes=6))
    assert hot(nats, units_of("template", votes=8))
    assert hot(nats | {"handed_over": 4.0}, units_of("template", votes=6))


@given(st.fixed_dictionaries({name: st.floats(0, 5) for name in IDENTITY}))
def test_identity_alone_is_never_hot(nats: dict[str, float]) -> None:
    assert not hot(nats)
    assert not hot(nats, remembered=50.0)


@pytest.mark.parametrize("name", PIECES)
def test_one_piece_alone_is_never_hot(name: str) -> None:
    assert not hot({name: 99.0})


pieces_of = st.fixed_dictionaries({name: st.floats(-5, 5) for name in PIECES})


@given(pieces_of, st.sampled_from(PIECES), st.floats(0, 5))
def test_more_evidence_never_cools_a_link(nats: dict[str, float], name: str, more: float) -> None:
    before, after = judged(nats), judged(nats | {name: nats[name] + more})
    assert after.total[0] >= before.total[0]
    if before.hot[0]:
        assert after.hot[0]


@given(pieces_of, st.floats(-1e6, 0))
def test_what_analysts_remember_can_only_excuse(nats: dict[str, float], remembered: float) -> None:
    if hot(nats, remembered=remembered):
        assert hot(nats)


def test_an_allowed_value_is_never_hot() -> None:
    assert not hot(dict.fromkeys(PIECES, 5.0), remembered=-1e6)


@pytest.mark.parametrize("name", HARD)
def test_hard_evidence_needs_less_if_enough_members_show_it(name: str) -> None:
    soft, hard = judged({"throwaway": 5.0}), judged({"throwaway": 5.0, name: 5.0})
    assert hard.need[0] < soft.need[0]
    links = np.ones(1)
    few = {n: Piece(n, links * 5 * (n == name), links * 0.01, links * 0, links * 0) for n in PIECES}
    assert judge(CLIENT, few, links * 0, THRESHOLD, UNITS).need[0] == soft.need[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_that_honest_groups_share_easily_needs_more(kind: LinkKind) -> None:
    need = judged({"young": 5.0, "breadth": 5.0}, units_of(kind.name)).need[0]
    assert need >= THRESHOLD + kind.extra_nats - 1e-9


def test_a_class_in_one_room_is_young_and_alike_and_not_hot() -> None:
    room = {"young": 5.0, "alike": 4.0, "uniform_tool": 3.0}
    assert hot(room)
    assert not hot(room | {"place": -4.0})
    assert not hot(room, units_of("network"))


def test_newcomers_who_share_one_thing_need_more_than_those_who_share_several_or_did_something() -> None:
    newcomers = {"young": 5.0, "even": 4.0}
    need = judged(newcomers).need[0]
    assert need > THRESHOLD
    for told in ("breadth", "throwaway", *(deed for deed in DEEDS if deed != "changed")):
        assert judged(newcomers | {told: 2.1}).need[0] < need
    assert judged(newcomers, units_of("network")).need[0] > need
    hackathon = judged(newcomers | {"throwaway": 5.0}, units_of("network"))
    assert hackathon.need[0] == judged(newcomers, units_of("network")).need[0]
    assert judged(newcomers | {"breadth": 2.1}, units_of("network")).need[0] > need
    assert judged(newcomers, units_of(events=1000)).need[0] < need, (
        "who makes hundreds a day tries nothing out"
    )


def test_few_units_are_not_judged_or_need_more() -> None:
    much = dict.fromkeys(PIECES, 5.0)
    assert not hot({"young": 4.5, "breadth": 4.0}, units_of("client", UNITS - 1))
    tied = next(kind.name for kind in KINDS if kind.ties and not kind.few_units)
    assert judged(much, units_of(tied, UNITS - 1)).need[0] > judged(much, units_of(tied)).need[0]


def test_few_on_a_tool_need_more_than_few_on_a_tie_or_few_who_did_something_hard() -> None:
    seven, tied = units_of("parameters", UNITS - 1), units_of("prompt_prefix", UNITS - 1)
    nats = {"alike": 5.0, "breadth": 5.0}
    assert judged(nats, seven).need[0] == judged(nats, tied).need[0] + 2.0
    assert not hot(nats | {"young": 2.9}, seven)
    assert hot(nats | {"young": 3.0}, seven)
    assert hot({"throwaway": 5.0, "handed_over": 5.0}, seven)


@pytest.mark.parametrize("name", HARD)
def test_hard_evidence_does_not_waive_what_strangers_share_for_living_where_they_live(name: str) -> None:
    nats = {"throwaway": 5.0, name: 5.0}
    place, tool = judged(nats, units_of("operator_client")), judged(nats)
    assert place.need[0] == tool.need[0] + KINDS[NUMBERS["operator_client"]].extra_nats


def test_who_looks_like_draws_of_one_dispatcher_is_no_newcomer() -> None:
    pool = {"young": 5.0, "alike": 3.1}
    assert judged(pool, share=0.95).need[0] == THRESHOLD
    assert judged(pool | {"alike": 2.9}, share=0.95).need[0] > THRESHOLD, "readers of one quick start"
    assert judged(pool, share=0.6).need[0] > THRESHOLD, "first users of a new harness"
    still, moving = (judged(pool | {"roaming": nats}, share=0.95).need[0] for nats in (2.0, 2.1))
    assert moving > still + 2.0, "the first customers of a product, on its servers"
    room = units_of("network")
    assert judged(pool, room, share=0.95).need[0] == judged({"young": 5.0}, room).need[0]


def test_a_pool_at_work_needs_less_and_only_as_a_pool_at_work() -> None:
    pool, busy = {"young": 5.0, "alike": 2.1}, units_of(events=1000)
    assert judged(pool, busy, share=0.95).need[0] < THRESHOLD
    assert judged(pool, share=0.95).need[0] > THRESHOLD, "not busy"
    assert judged(pool, busy, share=0.6).need[0] == THRESHOLD, "not all new"
    assert judged({"young": 5.0}, busy, share=0.95).need[0] == THRESHOLD, "not alike"
    assert judged(pool, units_of("network", events=1000), share=0.95).need[0] > THRESHOLD, "in one place"


def test_who_changed_and_roams_has_one_reason_for_both() -> None:
    assert not hot({"changed": 9.0, "roaming": 5.0})
    assert hot({"changed": 9.0, "roaming": 5.0, "even": 1.6, "alike": 1.6})


def test_every_kind_of_reason_is_known() -> None:
    assert set(HARD) <= set(PIECES)
    assert {trait.family for trait in TRAITS.values()} <= set(FAMILIES)
    assert set(lagged.RANKED) <= set(PIECES)


def test_on_a_popular_value_nobody_is_named_for_being_new() -> None:
    made = Population()
    made.accounts(range(19), events=40, last_ms=NOW_MS - 1, created_ms=NOW_MS - DAY_MS)
    made.accounts([19, 20], events=40, last_ms=NOW_MS - 1, created_ms=0)
    made.link("client", 1, range(21))
    members = made.members()
    prefix, client = KINDS[NUMBERS["prompt_prefix"]], KINDS[NUMBERS["client"]]
    fresh, common = judged({}, made.units()), judged({"common": -4.0}, made.units())
    assert fresh.identity_tells(0, prefix, members)
    assert not fresh.identity_tells(0, client, members), "a tool may be popular with newcomers"
    assert not common.identity_tells(0, prefix, members)


def test_a_link_is_all_new_where_hardly_anybody_was_on_it_and_nobody_is_old() -> None:
    made = Population()
    made.accounts(range(19), events=40, last_ms=NOW_MS - 1, created_ms=NOW_MS - DAY_MS)
    made.accounts([19], events=40, last_ms=NOW_MS - 1, created_ms=0)
    made.link("client", 1, range(20))
    link, members = judged({}, made.units()), made.members()
    assert link.all_new(0, members)
    assert not link.all_new(0, members.where(np.arange(20) >= 1))
    link.pieces["common"].observed[0] = 2
    assert link.all_new(0, members)
    link.pieces["common"].observed[0] = 3
    assert not link.all_new(0, members)


def test_most_being_new_is_enough_where_all_are_alike_and_even() -> None:
    made = Population()
    made.accounts(range(16), events=40, last_ms=NOW_MS - 1, created_ms=NOW_MS - DAY_MS)
    made.accounts(range(16, 20), events=40, last_ms=NOW_MS - 1, created_ms=0)
    made.link("network", 1, range(20))
    kind, members = KINDS[NUMBERS["network"]], made.members()
    drawn = {"alike": 3.5, "even": 2.0}
    assert judged(drawn, made.units()).identity_tells(0, kind, members)
    for name, less in (("alike", 2.9), ("even", 1.4)):
        assert not judged(drawn | {name: less}, made.units()).identity_tells(0, kind, members), name
    young = members.traits["young"] > 0
    fewer = members.where(~young | (np.cumsum(young) > 5))  # 11 of 15
    assert not judged(drawn, made.units()).identity_tells(0, kind, fewer)
    popular = judged(drawn, made.units())
    popular.pieces["common"].observed[0] = 3
    assert not popular.identity_tells(0, kind, members), "others were there a week ago"
