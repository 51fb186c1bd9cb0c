"""The accounts stage: what it says of accounts at a tick."""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.blocks import Block, decode, encode
from stream.config import Windows, config_path
from stream.event.columns import Columns, take
from stream.links.kinds import load_kinds
from stream.stages.accounts import COUNTS, Accounts
from stream.windows.tiles import HORIZONS
from tests.memory.columns import START_MS, columns

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
KINDS = load_kinds(config_path("links.toml"))


def stage(**limits: Any) -> Accounts:
    return Accounts(Windows(**limits), KINDS)


def absorb(accounts: Accounts, events: Columns) -> None:
    accounts.absorb(events, pl.Series([f"acc-{number}" for number in events["account"].tolist()]))


def table(blocks: list[Block], name: str) -> pl.DataFrame:
    return next(block.rows for block in blocks if block.table == name)


def traffic(seed: int, count: int = 300, hours: float = 6) -> Columns:
    """Events of twelve accounts in order of time, with much in common."""
    rng = np.random.default_rng(seed)

    def some(most: int) -> Any:
        return np.where(rng.random(count) < 0.2, 0, rng.integers(1, most, count))

    return columns(
        time_ms=START_MS + np.sort(rng.integers(0, int(hours * HOUR_MS), count)),
        account=rng.integers(1, 13, count),
        event=np.arange(1, count + 1),
        network=some(5), asn=some(3), ja4=some(3), user_agent=some(3), params=some(3), prefix=some(4),
        body=some(40), simhash=rng.integers(1, 2**63, count), payment=some(20), org=some(9),
        previous_turn=some(90), next_turn=some(90), safety=np.where(rng.random(count) < 0.05, 7, 0),
        status=rng.choice([200, 200, 429], count), input_tokens=rng.integers(1, 5000, count),
        output_tokens=rng.integers(1, 3000, count), stream=rng.random(count) < 0.5,
        message_count=rng.integers(1, 9, count), created_ms=START_MS - rng.integers(0, 99, count) * DAY_MS,
        email_class=rng.integers(0, 4, count), model=some(4),
    )  # fmt: skip


def test_a_quiet_tick_says_nothing() -> None:
    assert stage().tick(START_MS) == []


def test_profiles_count_what_came() -> None:
    events, accounts = traffic(1), stage()
    absorb(accounts, events)
    profiles = table(accounts.tick(START_MS + 6 * HOUR_MS), "profiles")
    assert profiles["account"].to_list() == sorted(profiles["account"].to_list())
    expected = Counter(events["account"].tolist())
    for row in profiles.iter_rows(named=True):
        mine = events["account"] == row["account"]
        assert row["account_id"] == f"acc-{row['account']}"
        assert row["events"] == row["total"] == row["sized"] == expected[row["account"]]
        assert row["streamed"] == int((events["stream"][mine] == 1).sum())
        assert row["refused"] == int((events["safety"][mine] != 0).sum())
        assert row["first_ms"] == events["time_ms"][mine].min()
        assert row["last_ms"] == events["time_ms"][mine].max()
        known = events["payment"][mine & (events["payment"] != 0)]
        assert row["payment"] == known[-1], "sign-up data follow the newest event that has some"
        assert row["active_hours"] == len(np.unique(events["time_ms"][mine] // HOUR_MS))
        assert all(0 <= row[name] <= row["events"] for name in COUNTS)


def test_answers_to_a_body_that_somebody_else_sent_before_are_summed_apart() -> None:
    accounts = stage()
    absorb(
        accounts,
        columns(account=[1, 1, 2, 2, 3], body=[7, 7, 7, 8, 0], output_tokens=[9, 9, 99, 999, 99]),
    )
    profiles = table(accounts.tick(START_MS + HOUR_MS), "profiles").sort("account")
    assert profiles["log_copied"].to_list() == [0, round(256 * np.log(100)), 0]
    assert (profiles["log_out"] > 0).all()


def test_the_sums_of_a_busy_account_do_not_overflow() -> None:
    """Huge requests stand for many: the sum of their logarithms is past 32 bits."""
    accounts, count = stage(), 4500
    for hour in range(70):
        times_ms = [START_MS + hour * HOUR_MS] * count
        absorb(accounts, columns(account=[1] * count, time_ms=times_ms, input_tokens=[2**53] * count))
    (row,) = table(accounts.tick(START_MS + 70 * HOUR_MS), "profiles").iter_rows(named=True)
    assert row["total"] == 70 * count
    assert row["log_in"] > 0.9 * 2**31


def test_a_tick_says_only_who_was_seen_since() -> None:
    accounts = stage()
    absorb(accounts, columns(account=[1, 2, 3]))
    accounts.tick(START_MS + HOUR_MS)
    absorb(accounts, columns(account=[2], time_ms=[START_MS + HOUR_MS]))
    assert table(accounts.tick(START_MS + 2 * HOUR_MS), "profiles")["account"].to_list() == [2]


def test_counts_are_of_three_days_and_the_total_of_all() -> None:
    accounts = stage()
    absorb(accounts, columns(account=[1] * 4))
    accounts.tick(START_MS + HOUR_MS)
    absorb(accounts, columns(account=[1], time_ms=[START_MS + 5 * DAY_MS]))
    profiles = table(accounts.tick(START_MS + 5 * DAY_MS + HOUR_MS), "profiles")
    assert (profiles["events"][0], profiles["total"][0]) == (1, 5)
    assert profiles["active_hours"][0] == 1


def test_a_profile_tells_the_volume_of_every_horizon() -> None:
    accounts = stage()
    ages_ms = [9 * DAY_MS, 3 * DAY_MS, 5 * HOUR_MS, 30 * 60_000, 60_000]
    now_ms = START_MS + 20 * DAY_MS
    for age_ms in ages_ms:
        absorb(accounts, columns(account=[1], time_ms=[now_ms - age_ms]))
    absorb(accounts, columns(account=[2], time_ms=[now_ms - HOUR_MS]))
    profiles = table(accounts.tick(now_ms), "profiles")
    told = dict(zip(profiles["account_id"].to_list(), profiles["volumes"].to_list(), strict=True))
    assert dict(zip(HORIZONS, told["acc-1"], strict=True)) == {"10m": 1, "1h": 2, "1d": 3, "7d": 4, "28d": 5}
    assert told["acc-2"] == [0, 1, 1, 1, 1]


def test_unknown_stays_unknown() -> None:
    accounts = stage()
    absorb(accounts, columns(account=[1] * 9))
    (row,) = table(accounts.tick(START_MS + HOUR_MS), "profiles").iter_rows(named=True)
    assert (row["created_ms"], row["email_class"], row["sized"]) == (-1, 255, 0)
    assert np.isnan(row["home_share"])
    assert not any(row[name] for name in ("payment", "org", "tool", *COUNTS[1:]))


def test_repeats_are_dropped() -> None:
    accounts = stage()
    absorb(accounts, columns(account=[1, 1, 2], event=[5, 5, 5]))
    absorb(accounts, columns(account=[1], event=[5]))
    assert accounts.duplicates == 2
    assert table(accounts.tick(START_MS + HOUR_MS), "profiles")["events"].to_list() == [1, 1]


def test_over_the_limit_the_longest_idle_accounts_go() -> None:
    accounts = stage(max_accounts=10)
    absorb(accounts, columns(account=list(range(1, 31)), network=[4] * 30))
    accounts.tick(START_MS + 6 * HOUR_MS)
    assert len(accounts.table) <= 10
    assert accounts.evictions >= 20
    assert 30 in accounts.table.keys[: len(accounts.table)]
    absorb(accounts, columns(account=[30, 1], network=[4, 4], time_ms=[START_MS + 6 * HOUR_MS] * 2))
    profiles = table(accounts.tick(START_MS + 7 * HOUR_MS), "profiles")
    assert profiles["total"].to_list() == [1, 2]
    assert profiles["home_share"].to_list() == [1, 1]


def both(accounts: Accounts, now_ms: int) -> list[pl.DataFrame]:
    return [block.rows for block in accounts.tick(now_ms)]


@pytest.mark.parametrize("whole", [True, False])
def test_a_copy_from_stored_blocks_says_the_same(whole: bool) -> None:
    """Through the searches and evictions of every six hours."""
    accounts, copy = stage(), stage()
    for step in range(4):
        absorb(accounts, traffic(step) | {"time_ms": traffic(step)["time_ms"] + step * 6 * HOUR_MS})
        accounts.tick(START_MS + (step + 1) * 6 * HOUR_MS)
        blocks = accounts.snapshot() if whole else accounts.changes()
        copy.restore([decode(b.stage, b.table, b.whole, encode(b)) for b in blocks])
    last = traffic(9) | {"time_ms": traffic(9)["time_ms"] + 24 * HOUR_MS}
    told = []
    for one in (accounts, copy):
        absorb(one, take(last, np.arange(len(last["time_ms"]))))
        told.append(both(one, START_MS + 30 * HOUR_MS))
    for mine, other in zip(*told, strict=True):
        assert mine.equals(other)
    assert copy.state_bytes().keys() == accounts.state_bytes().keys()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 100), st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_when_slots_are_given_out_is_seen_by_nobody(seed: int, first: list[int]) -> None:
    """Accounts met before in another order sit in other rows, and all that is told is the same."""
    told = []
    for order in (sorted(first), sorted(first, reverse=True)):
        accounts = stage()
        for number in order:
            absorb(accounts, columns(account=[number], time_ms=[START_MS - DAY_MS]))
        accounts.tick(START_MS - HOUR_MS)
        absorb(accounts, traffic(seed))
        told.append(both(accounts, START_MS + 6 * HOUR_MS))
    for one, other in zip(*told, strict=True):
        assert one.equals(other)
