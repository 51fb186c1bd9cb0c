from dataclasses import replace

import polars as pl

from stream.bench.compare import LEAK_HOURS, PAYER, Comparison, Held, Named, compare
from stream.findings.finding import Finding, Verdict
from stream.simulate import CampaignTruth, Truth

HOUR_MS = 3_600_000
TRUTH = Truth(
    {"a": "campaign/sweep-1", "b": "campaign/sweep-1", "c": "campaign/relay-1"}
    | {f"h{n}": "honest/hobby" for n in range(8)}
    | {"v": "honest/vpn"},
    {
        "sweep-1": CampaignTruth("sweep", 1, "1970-01-01T01:00:00.000Z", ["a", "b"]),
        "relay-1": CampaignTruth("relay", 1, "1970-01-01T00:00:00.000Z", ["c"]),
    },
)


def verdict(account: str, case: str, hour: float, cleared: bool = False) -> Verdict:
    return Verdict(account, case, round(hour * HOUR_MS), 12.0, 0.99, (), cleared)


def opened(case: str, hour: float, activity: str = "open") -> Finding:
    time_ms = round(hour * HOUR_MS)
    return Finding(case, activity, time_ms, "", "high", 1.0, 0, (), 0, 0, 0, (), (), (), "")  # type: ignore[arg-type]


def exchanges(*pairs: tuple[str, float]) -> pl.DataFrame:
    rows = [(account, f"card of {account}", round(hour * HOUR_MS)) for account, hour in pairs]
    return pl.DataFrame(
        rows, {"account_id": pl.String, "payer": pl.String, "time_ms": pl.Int64}, orient="row"
    )


def held(findings: list[Finding], verdicts: list[Verdict], *pairs: tuple[str, float]) -> Comparison:
    return compare(findings, verdicts, TRUTH, exchanges(*pairs), least_payers=2)


def test_a_found_campaign_counts_from_its_first_exchange_to_its_first_case() -> None:
    found = held(
        [opened("c1", 5), opened("c1", 6, "update")],
        [verdict("a", "c1", 5), verdict("b", "c1", 7)],
        ("a", 1), ("a", 4), ("a", 6), ("b", 2), ("b", 8), ("h0", 1),
    )  # fmt: skip
    sweep = found.campaigns[0]
    assert (sweep.uid, sweep.accounts, sweep.named, sweep.cases) == ("sweep-1", 2, 2, ("c1",))
    assert sweep.hours_to_case == 4.0
    assert sweep.exchanges_before == 3
    assert sweep.harvest == 3 / 5
    assert found.false_cases == ()


def test_a_campaign_without_a_case_is_not_found_and_harvested_whole() -> None:
    relay = held([], [], ("c", 1)).campaigns[1]
    assert (relay.named, relay.cases, relay.hours_to_case, relay.harvest) == (0, (), None, 1.0)


def test_recall_and_honest_share_are_over_accounts() -> None:
    found = held([opened("c1", 1)], [verdict("a", "c1", 1), verdict("v", "c1", 1)])
    assert found.guilty == Named(3, 1)
    assert found.honest == Named(9, 1)
    assert list(found.populations) == ["vpn", "hobby"]


def test_a_withdrawn_verdict_still_counts_as_named() -> None:
    found = held([opened("c1", 1)], [verdict("v", "c1", 1), verdict("v", "c1", 2, cleared=True)])
    assert found.populations["vpn"] == Named(1, 1)


def test_a_case_of_mostly_honest_accounts_is_false() -> None:
    verdicts = [verdict(account, "c1", 1) for account in ("h0", "h1", "a")]
    found = held([opened("c1", 1)], verdicts, ("a", 1))
    assert found.false_cases == ("c1",)
    assert found.campaigns[0].cases == ()
    assert found.campaigns[0].named == 1


def test_several_cases_of_one_campaign_are_counted_and_the_first_is_its_first() -> None:
    found = held([opened("c1", 9), opened("c2", 3)], [verdict("a", "c1", 9), verdict("b", "c2", 3)], ("a", 1))
    assert found.campaigns[0].cases == ("c1", "c2")
    assert found.campaigns[0].hours_to_case == 2.0
    assert found.cases == 2


def test_a_case_tells_whom_it_holds_and_how_many_campaigns() -> None:
    verdicts = [verdict(account, "c1", 1) for account in ("a", "b", "c", "h0")]
    verdicts += [verdict(account, "c2", 1) for account in ("h1", "h2", "c")]
    assert held([opened("c1", 1), opened("c2", 1)], verdicts).held == (
        Held("c1", "sweep-1", 4, 1, 2),
        Held("c2", None, 3, 2, 1),
    )


def test_an_account_counts_with_its_highest_score_and_never_by_what_was_withdrawn() -> None:
    said = [verdict("a", "c1", 1), replace(verdict("a", "c1", 2), score=30.0), verdict("h0", "c1", 2)]
    cleared = replace(verdict("h0", "c1", 3, cleared=True), score=90.0)
    assert held([opened("c1", 1)], [*said, cleared]).scores == ((12.0, False), (30.0, True))


def test_the_leak_grows_to_the_harvest_and_stops_where_accounts_are_named() -> None:
    sweep = held(
        [opened("c1", 4)],
        [verdict("a", "c1", 4), verdict("b", "c1", 13)],
        ("a", 1), ("a", 3), ("a", 9), ("b", 2), ("b", 12.5), ("b", 14),
    ).campaigns[0]  # fmt: skip
    leaked = dict(zip(LEAK_HOURS, sweep.leaked, strict=True))
    assert [leaked[hours] for hours in (0, 1, 2, 8, 12)] == [1 / 6, 2 / 6, 3 / 6, 3 / 6, 4 / 6]
    assert leaked[LEAK_HOURS[-1]] == sweep.harvest


def test_what_accounts_did_before_their_campaign_is_no_harvest() -> None:
    found = held([opened("c1", 3)], [verdict("a", "c1", 3)], ("a", 0.5), ("a", 1), ("a", 4), ("a", 5))
    assert found.campaigns[0].exchanges_before == 1
    assert found.campaigns[0].harvest == 1 / 3


def test_a_campaign_is_staggered_by_its_ramp_or_by_who_joins_it() -> None:
    days = {"at once": (0.0, 0.3), "ramped": (7.0, 0.3), "trickling": (0.0, 2.0)}
    campaigns = {
        name: CampaignTruth("sweep", 1, None, ["a"], ramp_days=ramp, joining_days=joining)
        for name, (ramp, joining) in days.items()
    }
    found = compare([], [], Truth({"a": "campaign/sweep-1"}, campaigns), exchanges(("a", 1)), 2)
    assert [(outcome.uid, outcome.at_once) for outcome in found.campaigns] == [
        ("at once", True), ("ramped", False), ("trickling", False),
    ]  # fmt: skip


def test_a_campaign_can_be_seen_once_enough_payers_made_three_exchanges_each() -> None:
    at_work = [("a", 1), ("a", 1.5), ("a", 2), ("b", 3), ("b", 4)]
    found = held([opened("c1", 9)], [verdict("a", "c1", 9)], *at_work, ("b", 6), ("b", 7))
    assert found.campaigns[0].hours_after_seen == 9 - 6
    assert held([opened("c1", 9)], [verdict("a", "c1", 9)], *at_work).campaigns[0].hours_after_seen is None
    assert held([], [], *at_work, ("b", 6)).campaigns[0].hours_after_seen is None


def test_accounts_of_one_card_are_one_payer_and_what_they_did_before_does_not_count() -> None:
    busy = [(account, hour) for account in "ab" for hour in (0.2, 0.4, 0.6, 2, 3, 4)]
    one_card = exchanges(*busy).with_columns(pl.lit("card").alias("payer"))
    assert compare([], [], TRUTH, one_card, 2).campaigns[0].seen_ms is None
    assert compare([], [], TRUTH, one_card, 1).campaigns[0].seen_ms == 3 * HOUR_MS
    assert compare([], [], TRUTH, exchanges(*busy), 2).campaigns[0].seen_ms == 4 * HOUR_MS


def test_a_payer_is_the_card_else_the_organisation_else_the_account() -> None:
    rows = pl.DataFrame(
        {"payment_hash": ["p", None, None], "org_id": ["o", "o", None], "account_id": ["a", "b", "c"]}
    )
    assert rows.select(PAYER)["payer"].to_list() == ["p", "o", "c"]
