"""State of the links stage: who sits on which link, through eviction and storage."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.blocks import decode, encode
from stream.links.kinds import LinkKind
from stream.links.state import LinkState
from stream.links.tables import WINDOW
from tests.evidence.population import DAY_MS, KINDS, NOW_MS, Population, key


def seats(state: LinkState) -> list[tuple[int, ...]]:
    """(kind, value, account's key, events on the link) in the order in which they are judged."""
    found = state.seats(state.active(NOW_MS, 1), NOW_MS)
    value, account = state.links["value"][found.link], state.profiles.keys[found.account]
    return list(
        zip(found.kind.tolist(), value.tolist(), account.tolist(), found.on[:, 0].tolist(), strict=True)
    )


def filled() -> Population:
    made = Population()
    made.accounts(range(30), events=40, last_ms=[NOW_MS - 1 - i for i in range(30)])
    made.link("client", 5, range(30))
    made.link("client", 3, range(20))
    made.link("payment", 9, range(10, 20))
    return made


def copied(state: LinkState, whole: bool = True) -> LinkState:
    copy = LinkState(KINDS, 1000, 10_000)
    tables = {table.name: table for table in copy.tables}
    for block in state.snapshot() if whole else state.changes():
        tables[block.table].restore(decode(block.stage, block.table, block.whole, encode(block)))
    return copy


def test_seats_stand_by_kind_value_and_unit() -> None:
    state = filled().links.state
    found = seats(state)
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    assert len(found) == 60


def test_seats_do_not_depend_on_the_order_of_arrival() -> None:
    one, other = Population(), Population()
    for made, order in ((one, range(12)), (other, range(11, -1, -1))):
        for number in order:
            made.accounts([number], events=10, last_ms=NOW_MS - 1)
            made.link("client", 5, [number])
    assert seats(one.links.state) == seats(other.links.state)


def test_too_few_events_or_too_small_a_share_is_no_seat() -> None:
    made = Population()
    made.accounts([1], events=2)
    made.accounts([2], events=1000)
    made.link("client", 5, [1, 2], events=1)
    assert seats(made.links.state) == []
    made.link("client", 5, [1, 2], events=5)
    assert [row[2] for row in seats(made.links.state)] == [key(1)]


@pytest.mark.parametrize("whole", [True, False])
def test_a_copy_seats_the_same(whole: bool) -> None:
    state = filled().links.state
    assert seats(copied(state, whole)) == seats(state)


def test_idle_memberships_go_and_links_without_members_with_them() -> None:
    made = filled()
    state = made.links.state
    rows = np.flatnonzero(state.links["value"][state.members["link"]] != 5)
    state.members["counts_newest"][rows] -= 40 * DAY_MS // WINDOW.tile_ms
    state.evict(NOW_MS, 28 * DAY_MS)
    assert [row[1] for row in seats(state)] == [5] * 30
    assert len(state.links) == 1
    assert state.evictions == 30
    assert seats(copied(state)) == seats(state)


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 29), st.integers(5, 59))
def test_whatever_is_evicted_the_rest_keeps_its_place(accounts: int, members: int) -> None:
    state = filled().links.state
    before = {row[:3]: row[3] for row in seats(state)}
    limited = LinkState(KINDS, accounts, members)
    tables = {table.name: table for table in limited.tables}
    for block in state.snapshot():
        tables[block.table].restore(block)
    limited.evict(NOW_MS, 28 * DAY_MS)
    assert len(limited.profiles) <= accounts
    assert len(limited.members) <= members
    after = {row[:3]: row[3] for row in seats(limited)}
    assert after.items() <= before.items()
    assert (
        limited.links["members"] == np.bincount(limited.members["link"], minlength=len(limited.links))
    ).all()
    assert len(limited.profiles)
    by_key = dict(zip(limited.profiles.keys.tolist(), limited.profiles["account_id"].tolist(), strict=False))
    assert all(key(int(name.removeprefix("acc-"))) == of for of, name in by_key.items())


def test_accounts_that_stay_keep_their_links_where_there_is_room_for_them() -> None:
    state = filled().links.state
    rows = len(state.members)
    limited = LinkState(KINDS, len(state.profiles) // 2, rows // 2)
    tables = {table.name: table for table in limited.tables}
    for block in state.snapshot():
        tables[block.table].restore(block)
    limited.evict(NOW_MS, 28 * DAY_MS)
    assert 0 < len(limited.profiles) <= len(state.profiles) // 2
    before = on_links(state)
    left = limited.profiles.keys[: len(limited.profiles)].tolist()
    assert on_links(limited) == {account: before[account] for account in left}


def on_links(state: LinkState) -> Counter[int]:
    """Account -> links."""
    return Counter(state.profiles.keys[state.members["account"]].tolist())


def test_veterans_are_those_who_came_before_and_are_not_named() -> None:
    made = filled()
    state = made.links.state
    state.members["first_ms"][:] = NOW_MS - 9 * DAY_MS
    state.profiles["campaign"][:4] = 1
    link = int(np.flatnonzero(state.links["value"] == 5)[0])
    assert state.veterans(NOW_MS - 7 * DAY_MS)[link] == 26
    assert state.veterans(NOW_MS - 10 * DAY_MS)[link] == 0


def test_a_profile_follows_its_newest_telling_but_keeps_its_campaign() -> None:
    made = Population()
    made.accounts([1], events=3)
    made.links.state.profiles["campaign"][:] = 7
    made.accounts([1], events=5)
    state = made.links.state
    assert (len(state.profiles), int(state.profiles["events"][0]), int(state.profiles["campaign"][0])) == (
        1,
        5,
        7,
    )


def test_the_sums_of_a_busy_member_do_not_overflow() -> None:
    made = Population()
    made.accounts([1], events=60_000)
    for _ in range(40):
        made.link("client", 5, [1], events=60_000)
    assert int(made.links.state.members["log_in"][0]) == 40 * 60_000 * 256 * 5


def test_sightings_in_one_block_or_many_are_the_same() -> None:
    one, many = Population(), Population()
    rows = pl.DataFrame(
        {
            "kind": pl.Series([4] * 6, dtype=pl.UInt8),
            "value": pl.Series([5, 5, 5, 6, 6, 6], dtype=pl.UInt64),
            "account": pl.Series([key(i % 2) for i in range(6)], dtype=pl.UInt64),
            "tile": pl.Series([(NOW_MS - 1) // 21_600_000 - i for i in range(6)], dtype=pl.Int32),
            "events": pl.Series([1, 2, 3, 4, 5, 6], dtype=pl.Int32),
            **{n: pl.Series([0] * 6, dtype=pl.Int32) for n in ("foreign", "log_in", "log_out", "streamed")},
            "first_ms": [NOW_MS - 1 - 21_600_000 * i for i in range(6)],
            "last_ms": [NOW_MS - 1 - 21_600_000 * i for i in range(6)],
            "latest": pl.Series([1, 1, 2, 2, 3, 3], dtype=pl.Int32),
        }
    )
    for made in (one, many):
        made.accounts([0, 1], events=20)
    one.links.state.sight(rows.sort("kind", "value", "account", "tile"))
    for i in (3, 0, 5, 1, 4, 2):
        many.links.state.sight(rows[i : i + 1])
    assert seats(one.links.state) == seats(many.links.state)
    for name in ("minutes", "hours", "days"):
        assert sorted(one.links.state.links[name].sum(axis=1)) == sorted(
            many.links.state.links[name].sum(axis=1)
        )


def test_a_link_knows_its_exchanges_in_every_horizon() -> None:
    """Of nine exchanges of the last hour, two are of its last ten minutes."""
    made, minute_ms = Population(), 60_000
    made.accounts([0], events=20)
    rows = pl.DataFrame(
        {
            "kind": pl.Series([4] * 3, dtype=pl.UInt8),
            "value": pl.Series([2**64 - 1] * 3, dtype=pl.UInt64),
            "account": pl.Series([key(0)] * 3, dtype=pl.UInt64),
            "tile": pl.Series([(NOW_MS - 1) // WINDOW.tile_ms - i for i in (0, 20, 60)], dtype=pl.Int32),
            "events": pl.Series([9, 3, 4], dtype=pl.Int32),
            **{n: pl.Series([0] * 3, dtype=pl.Int32) for n in ("foreign", "log_in", "log_out", "streamed")},
            "first_ms": [NOW_MS - 40 * minute_ms, NOW_MS - 5 * DAY_MS, NOW_MS - 15 * DAY_MS],
            "last_ms": [NOW_MS - minute_ms, NOW_MS - 5 * DAY_MS, NOW_MS - 15 * DAY_MS],
            "latest": pl.Series([2, 3, 4], dtype=pl.Int32),
        }
    )
    state = made.links.state
    state.sight(rows)
    assert state.exchanges(4, 2**64 - 1, NOW_MS) == (2, 9, 9, 12, 16)
    assert state.exchanges(4, 2**64 - 1, NOW_MS + DAY_MS) == (0, 0, 0, 12, 16)
    assert copied(state).exchanges(4, 2**64 - 1, NOW_MS) == (2, 9, 9, 12, 16)
    assert state.exchanges(4, 7, NOW_MS) is None


def test_a_busy_link_stands_still_at_the_most_it_can_count() -> None:
    made = Population()
    made.accounts([1], events=60_000)
    for _ in range(3):
        made.link("client", 5, [1], events=60_000)
    most = np.iinfo(np.uint16).max
    assert made.links.exchanges(("client", 5), NOW_MS) == (most,) * 5


def test_the_beginning_is_the_first_exchange_of_any_account_that_is_held() -> None:
    made = Population()
    made.accounts([1, 2], first_ms=[500, 300], last_ms=[600, 400])
    state = made.links.state
    assert state.began_ms == 300
    made.accounts([3], first_ms=200, last_ms=700)
    assert state.began_ms == 200
    assert copied(state).began_ms == 200
    assert state.profile(np.array([0, 1], np.int32))["began_ms"].tolist() == [200, 200]


TOKENS = (
    LinkKind(name="token", fields=("object",), within_s=900, pooled=True, min_events=3, min_share=0.1),
    LinkKind(name="object", fields=("object",), min_events=3, min_share=0.1),
)


def test_a_pooled_kind_counts_events_on_all_of_its_links_together() -> None:
    made = Population(TOKENS)
    made.accounts([1, 2], events=20)
    made.accounts([3], events=31)
    for kind in ("token", "object"):
        for value, who in ((5, [1, 2, 3]), (6, [1, 2, 3]), (7, [1, 3])):
            made.link(kind, value, who, events=1)
    # 2 met others twice only; of 3, meetings are too small a share
    assert [row[:3] for row in seats(made.links.state)] == [(0, value, key(1)) for value in (5, 6, 7)]
    state = made.links.state
    assert state.seats(state.active(NOW_MS, 1), NOW_MS).share.tolist() == [3 / 20] * 3


def test_links_that_are_not_shared_are_not_pooled() -> None:
    made = Population(TOKENS)
    made.accounts([1, 2], events=20)
    made.link("token", 5, [1, 2], events=2)
    made.link("token", 6, [1], events=2)
    state = made.links.state
    assert len(state.seats(state.active(NOW_MS, 2), NOW_MS).link) == 0
    assert len(state.seats(state.active(NOW_MS, 1), NOW_MS).link) == 2


def test_a_token_that_is_over_and_had_one_account_is_dropped() -> None:
    made = Population(TOKENS)
    made.accounts([1, 2], events=20)
    made.link("token", 5, [1, 2], events=3)
    for kind in ("token", "object"):
        made.link(kind, 6, [1], events=3)
    state = made.links.state
    state.evict(NOW_MS, 28 * DAY_MS)
    assert len(state.members) == 4
    state.evict(NOW_MS + WINDOW.tile_ms, 28 * DAY_MS)
    assert sorted(state.links["value"]) == [5, 6]
    assert len(state.members) == 3


def test_a_share_is_told_in_terms_of_what_is_typical_of_the_kind() -> None:
    tenth = (LinkKind(name="token", fields=("object",), within_s=900, typical_share=0.1),)
    for kinds, told in ((TOKENS[1:], 0.5), (tenth, 1.5)):
        made = Population(kinds)
        made.accounts([1], events=20)
        made.link(kinds[0].name, 5, [1], events=10)
        state = made.links.state
        assert state.seats(state.active(NOW_MS, 1), NOW_MS).share == pytest.approx([told])
