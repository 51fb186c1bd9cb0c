"""The life of a case: opened, updated, merged, split, closed, come back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from stream.blocks import decode, encode
from stream.cases.campaign import LinkKey
from stream.cases.suspect import Suspect
from stream.config import config_path
from stream.findings.finding import Evidence, Finding, Verdict
from stream.learning.verdicts import Confidence
from stream.links.kinds import load_kinds
from stream.stages.campaigns import Campaigns
from stream.windows.tiles import HORIZONS
from tests.stages.suspects import BAR, DAY_MS, HOUR_MS, START_MS, active, suspect

KINDS = load_kinds(config_path("links.toml"))
TOOL = next(kind.name for kind in KINDS if not kind.ties)
OWN = next(kind.name for kind in KINDS if kind.ties)
FOREVER_MS = START_MS + 10_000 * DAY_MS


def exchanges(link: LinkKey, now_ms: int) -> tuple[int, ...] | None:
    """As many as the link's value; unknown of link 99."""
    return None if link[1] == 99 else (link[1],) * len(HORIZONS)


class Stage:
    """A campaigns stage with its clock."""

    def __init__(self) -> None:
        self.campaigns = Campaigns(
            "digest", lambda nats: Confidence(0.5, 0, "off"), exchanges, KINDS, lambda: BAR
        )
        self.now_ms = START_MS

    def tick(
        self, *suspects: Suspect, alive: Iterable[int] = (), after_ms: int = HOUR_MS
    ) -> tuple[list[Finding], list[Verdict]]:
        self.now_ms += after_ms
        self.given = self.campaigns.consider(suspects, self.now_ms)
        return self.campaigns.tick(active(tuple(alive), self.now_ms), self.now_ms)

    def restored(self) -> "Stage":
        """The same after a restart."""
        other = Stage()
        other.now_ms = self.now_ms
        blocks = self.campaigns.snapshot()
        other.campaigns.restore([decode(b.stage, b.table, b.whole, encode(b)) for b in blocks])
        return other


@pytest.fixture
def stage() -> Stage:
    return Stage()


def cleared(verdicts: Sequence[Verdict]) -> set[str]:
    return {verdict.account_id for verdict in verdicts if verdict.cleared}


def ids(accounts: Iterable[int]) -> set[str]:
    return {f"acc-{account}" for account in accounts}


def test_a_finding_tells_what_the_budget_asked(stage: Stage) -> None:
    asked = replace(suspect(range(9)), margin=0.5)
    (opened,), _ = stage.tick(asked)
    assert opened.bar == BAR
    assert [link.margin for link in opened.links] == [0.5]
    assert Stage().campaigns.since(0) == (0, 0)
    assert stage.restored().campaigns.cases[1].strongest().ref.margin == 0.5


def test_accounts_that_adhere_to_a_case_neither_title_it_nor_change_how_sure_it_is() -> None:
    told = Campaigns(
        "digest",
        lambda nats: Confidence(sum(nats.values()) / 100, 7, "in use"),
        exchanges,
        KINDS,
        lambda: BAR,
    )
    adherence = Evidence("relation", "adherence", 0.9, 0.0, 0.6, "share", 0.0, "most of this link is named")
    told.consider([suspect(range(9))], START_MS)
    (opened,), _ = told.tick([], START_MS)
    adherent = suspect(range(20, 60), 2, "template", "adherent", 30.0, ((1, 9),))
    told.consider([replace(adherent, evidence=(adherence,))], START_MS + HOUR_MS)
    (update,), _ = told.tick([], START_MS + HOUR_MS)
    assert update.member_count == 49
    assert update.confidence == opened.confidence > 0
    assert "prompt prefix" in update.title


def test_a_certain_suspect_opens_a_case(stage: Stage) -> None:
    findings, verdicts = stage.tick(suspect(range(9)))
    (opened,) = findings
    assert (opened.activity, opened.member_count, opened.time_ms) == ("open", 9, stage.now_ms)
    assert opened.exchanges == 9 * 7
    assert {verdict.account_id for verdict in verdicts} == ids(range(9))
    assert {verdict.campaign_uid for verdict in verdicts} == {opened.uid}
    assert [link.kind for link in opened.links] == ["prompt_prefix"]
    assert opened.evidence[0].nats >= opened.evidence[-1].nats
    assert opened.history


def test_a_finding_tells_what_passes_over_its_links_now(stage: Stage) -> None:
    (opened,), _ = stage.tick(suspect(range(9)), suspect(range(10, 19), value=99, companions=((-1, 9),)))
    assert [(link.value[-2:], link.exchanges) for link in opened.links] == [("01", (1,) * 5), ("63", None)]


def test_a_case_is_told_once(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    assert stage.tick(alive=range(9)) == ([], [])


def test_an_uncertain_suspect_waits(stage: Stage) -> None:
    assert stage.tick(suspect(range(9), certain=False)) == ([], [])
    assert stage.given == [0]
    assert stage.campaigns.open_count == 0


@pytest.mark.parametrize("reason", ["joined", "adherent"])
def test_only_a_hot_link_opens_a_case(stage: Stage, reason: str) -> None:
    assert stage.tick(suspect(range(9), reason=reason)) == ([], [])  # type: ignore[arg-type]


def test_the_uid_depends_on_the_first_link_and_tick_alone() -> None:
    one, other, later = Stage(), Stage(), Stage()
    later.now_ms += DAY_MS
    uid = one.tick(suspect(range(9)))[0][0].uid
    assert other.tick(suspect(range(5, 30), score=99))[0][0].uid == uid
    assert later.tick(suspect(range(9)))[0][0].uid != uid
    assert Stage().tick(suspect(range(9), value=2))[0][0].uid != uid


def test_who_joins_is_named_under_the_same_uid(stage: Stage) -> None:
    (opened,), _ = stage.tick(suspect(range(9)))
    findings, verdicts = stage.tick(suspect((20, 21), reason="joined", companions=((stage.given[0], 9),)))
    assert [(f.uid, f.activity, f.member_count) for f in findings] == [(opened.uid, "update", 11)]
    assert {v.account_id for v in verdicts} == ids((20, 21))


def test_small_growth_is_told_a_day_later(stage: Stage) -> None:
    stage.tick(suspect(range(40)))
    number = stage.given[0]
    findings, verdicts = stage.tick(suspect((90,), reason="joined", companions=((number, 40),)))
    assert not findings
    assert len(verdicts) == 1
    findings, _ = stage.tick(alive=range(40), after_ms=DAY_MS)
    assert [f.activity for f in findings] == ["update"]


def test_a_second_hot_link_of_the_same_accounts_is_the_same_case(stage: Stage) -> None:
    (opened,), _ = stage.tick(suspect(range(9)), suspect(range(10, 15), value=2, companions=((-1, 9),)))
    assert stage.given == [1, 1]
    assert opened.member_count == 14
    assert len(opened.links) == 2


def test_a_few_shared_accounts_make_no_one_case(stage: Stage) -> None:
    findings, _ = stage.tick(suspect(range(20)), suspect(range(100, 140), value=2, companions=((-1, 2),)))
    assert len(findings) == 2


def test_a_popular_value_cannot_glue_a_new_case_to_an_old_one(stage: Stage) -> None:
    """Five of fifty on a link of two hundred are no majority of anything."""
    stage.tick(suspect(range(50)))
    stage.tick(suspect(range(100, 300), value=2, companions=((1, 5),)))
    assert stage.campaigns.open_count == 2


def two_cases(stage: Stage) -> tuple[str, str]:
    """uids of two open cases: accounts 0-9 and 100-119."""
    findings, _ = stage.tick(suspect(range(10)), suspect(range(100, 120), value=2))
    first, second = findings
    return first.uid, second.uid


@pytest.mark.parametrize("most", [1, 2])
def test_a_merge_keeps_the_older_uid_whichever_has_more_on_the_link(stage: Stage, most: int) -> None:
    older, younger = two_cases(stage)
    companions = ((1, 8), (2, 7)) if most == 1 else ((1, 6), (2, 18))
    findings, verdicts = stage.tick(suspect((200, 201), value=3, kind=OWN, companions=companions))
    told = {(finding.uid, finding.activity) for finding in findings}
    assert told == {(younger, "close"), (older, "update")}
    retold = {v.account_id for v in verdicts if v.campaign_uid == older}
    assert retold == ids((*range(100, 120), 200, 201))
    assert not cleared(verdicts)
    assert stage.campaigns.take_merged() == {2: 1}
    assert stage.campaigns.cases[1].members.keys() == {*range(10), *range(100, 120), 200, 201}
    assert any(younger in line for line in stage.campaigns.cases[1].history)


def test_a_tool_that_two_campaigns_use_does_not_merge_them(stage: Stage) -> None:
    two_cases(stage)
    stage.tick(suspect((200, 201), value=3, kind=TOOL, companions=((1, 8), (2, 18))))
    assert stage.campaigns.open_count == 2


def test_what_an_earlier_suspect_merged_stays_merged_within_a_tick(stage: Stage) -> None:
    """The links stage does not know yet: to it the accounts are still the younger case's."""
    older, _ = two_cases(stage)
    _, verdicts = stage.tick(
        suspect((200, 201), value=3, kind=OWN, companions=((1, 8), (2, 18))),
        suspect((210, 211), value=2, reason="joined", companions=((2, 20),)),
        suspect((220, 221, 222, 223, 224), value=2, companions=()),
    )
    assert stage.campaigns.open_count == 1
    assert {v.campaign_uid for v in verdicts} == {older}


def test_a_merged_case_does_not_come_back_by_its_links(stage: Stage) -> None:
    older, _ = two_cases(stage)
    stage.tick(suspect((200, 201), value=3, kind=OWN, companions=((1, 8), (2, 18))))
    _, verdicts = stage.tick(suspect(range(300, 306), value=2))
    assert {v.campaign_uid for v in verdicts} == {older}


def test_a_merged_case_is_found_by_its_old_uid(stage: Stage) -> None:
    older, younger = two_cases(stage)
    stage.campaigns.unite([(1, 2, (OWN, 7))], stage.now_ms)
    for campaigns in (stage.campaigns, stage.restored().campaigns):
        assert campaigns.by_uid(younger) is campaigns.by_uid(older) is campaigns.cases[1]
    assert stage.campaigns.by_uid("c-none") is None


def test_unite_merges_the_younger_into_the_older(stage: Stage) -> None:
    older, younger = two_cases(stage)
    stage.now_ms += HOUR_MS
    stage.campaigns.unite([(1, 2, (OWN, 7))], stage.now_ms)
    findings, verdicts = stage.campaigns.tick([], stage.now_ms)
    assert {(f.uid, f.activity) for f in findings} == {(younger, "close"), (older, "update")}
    assert {v.campaign_uid for v in verdicts} == {older}


def test_unite_chains(stage: Stage) -> None:
    stage.tick(*(suspect(range(10 * i, 10 * i + 9), value=i) for i in range(4)))
    stage.campaigns.unite(
        [(2, 3, (OWN, 7)), (3, 4, (OWN, 8)), (1, 2, (OWN, 9)), (1, 4, (OWN, 9))], stage.now_ms
    )
    assert stage.campaigns.open_count == 1
    assert len(stage.campaigns.cases[1].members) == 36


def test_an_open_case_is_not_swallowed_by_a_closed_one(stage: Stage) -> None:
    two_cases(stage)
    stage.tick(alive=range(100, 120), after_ms=8 * DAY_MS)
    assert stage.campaigns.open_count == 1
    stage.tick(alive=range(10))
    stage.campaigns.unite([(1, 2, (OWN, 7))], stage.now_ms)
    assert stage.campaigns.cases[1].status == "open"
    assert stage.campaigns.open_count == 1
    assert stage.campaigns.named_count == 30


def test_cases_long_gone_are_not_united(stage: Stage) -> None:
    """Accounts keep the number of their case in the links stage, however old it is."""
    two_cases(stage)
    for _ in range(20):
        stage.tick(alive=range(100, 120), after_ms=6 * DAY_MS)
    assert list(stage.campaigns.cases) == [2]
    stage.campaigns.unite([(1, 2, (OWN, 7))], stage.now_ms)
    assert stage.campaigns.named_count == 20


def test_a_silent_case_is_closed_after_a_week(stage: Stage) -> None:
    stage.tick(suspect(range(9)), alive=range(9))
    assert stage.tick(after_ms=7 * DAY_MS - HOUR_MS) == ([], [])
    findings, verdicts = stage.tick(after_ms=2 * HOUR_MS)
    assert [f.activity for f in findings] == ["close"]
    assert not verdicts, "silence clears nobody"
    assert [case.number for case in stage.campaigns.closed_now(stage.now_ms)] == [1]


def test_a_case_whose_accounts_go_on_stays_open(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    for _ in range(10):
        stage.tick(alive=(3,), after_ms=2 * DAY_MS)
    assert stage.campaigns.open_count == 1


@pytest.mark.parametrize("by", ["link", "accounts"])
def test_a_closed_case_that_returns_is_the_same_case(stage: Stage, by: str) -> None:
    (opened,), _ = stage.tick(suspect(range(9)))
    stage.tick(after_ms=8 * DAY_MS)
    now = stage.now_ms
    again = (
        suspect(range(20, 29), last_ms=now)
        if by == "link"
        else suspect(range(20, 25), value=9, companions=((1, 6),), last_ms=now)
    )
    findings, verdicts = stage.tick(again)
    assert [(f.uid, f.activity) for f in findings] == [(opened.uid, "update")]
    assert {v.campaign_uid for v in verdicts} == {opened.uid}
    assert any("returned" in line for line in findings[0].history)


def test_exchanges_follow_the_accounts(stage: Stage) -> None:
    stage.tick(suspect(range(10)))
    stage.tick(alive=range(5))
    (update,), _ = stage.tick(suspect(range(20, 30), reason="joined", companions=((1, 10),)))
    assert update.exchanges == 5 * 10 + 5 * 7 + 10 * 7


# What analysts decide.


def nobody(links: Sequence[LinkKey], accounts: Sequence[int]) -> list[set[int]]:
    return [set() for _ in links]


def test_withdrawn_accounts_are_told_as_cleared(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    case = stage.campaigns.cases[1]
    assert stage.campaigns.withdraw(case, [1, 2, 77], stage.now_ms) == [1, 2]
    findings, verdicts = stage.tick()
    assert cleared(verdicts) == ids((1, 2))
    assert [f.member_count for f in findings] == [7]


def test_a_case_without_accounts_is_closed(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    stage.campaigns.withdraw(stage.campaigns.cases[1], range(9), stage.now_ms)
    findings, _ = stage.tick()
    assert [(f.activity, f.member_count) for f in findings] == [("close", 0)]
    assert "act as one" not in findings[0].title


def test_a_case_is_closed_once(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    for _ in range(2):
        stage.campaigns.close(stage.campaigns.cases[1], stage.now_ms, "judged honest")
    findings, _ = stage.campaigns.tick([], stage.now_ms)
    assert [f.activity for f in findings] == ["close"]


def test_an_exempt_account_is_not_named(stage: Stage) -> None:
    stage.campaigns.exempt("acc-3", FOREVER_MS)
    _, verdicts = stage.tick(suspect(range(9)))
    assert {v.account_id for v in verdicts} == ids(range(9)) - {"acc-3"}
    assert 3 not in stage.campaigns.cases[1].members


def test_a_suspect_of_exempt_accounts_alone_opens_nothing(stage: Stage) -> None:
    for account in range(9):
        stage.campaigns.exempt(f"acc-{account}", FOREVER_MS)
    for _ in range(3):
        assert stage.tick(suspect(range(9))) == ([], [])
    assert not stage.campaigns.cases


def test_an_exemption_ends_when_it_expires(stage: Stage) -> None:
    stage.campaigns.exempt("acc-3", START_MS + 3 * HOUR_MS)
    for campaigns in (stage, stage.restored()):
        _, verdicts = campaigns.tick(suspect(range(9)))
        assert "acc-3" not in {v.account_id for v in verdicts}
        _, verdicts = campaigns.tick(suspect(range(9)), after_ms=2 * HOUR_MS)
        assert "acc-3" in {v.account_id for v in verdicts}


def test_an_exemption_can_be_taken_back(stage: Stage) -> None:
    stage.campaigns.exempt("acc-3", FOREVER_MS)
    stage.campaigns.admit("acc-3")
    _, verdicts = stage.tick(suspect(range(9)))
    assert {v.account_id for v in verdicts} == ids(range(9))


def snoozed(stage: Stage, days: int = 3) -> str:
    """uid of a case of ten accounts that is snoozed for some days."""
    (opened,), _ = stage.tick(suspect(range(10)), alive=range(10))
    stage.campaigns.snooze(stage.campaigns.cases[1], stage.now_ms + days * DAY_MS)
    return opened.uid


@pytest.mark.parametrize("restart", [False, True])
def test_a_snoozed_case_goes_on_but_is_told_when_it_wakes(stage: Stage, restart: bool) -> None:
    uid = snoozed(stage)
    findings, verdicts = stage.tick(
        suspect(range(20, 40), reason="joined", companions=((1, 10),)), after_ms=DAY_MS
    )
    assert not findings
    assert {v.account_id for v in verdicts} == ids(range(20, 40))
    stage = stage.restored() if restart else stage
    assert stage.tick(alive=range(10), after_ms=DAY_MS) == ([], [])
    findings, _ = stage.tick(alive=range(10), after_ms=DAY_MS)
    assert [(f.uid, f.activity, f.member_count) for f in findings] == [(uid, "update", 30)]
    assert stage.tick(alive=range(10)) == ([], [])


def test_a_case_that_has_grown_a_little_is_told_when_it_wakes(stage: Stage) -> None:
    snoozed(stage, days=1)
    stage.tick(suspect((20,), reason="joined", companions=((1, 10),)), after_ms=23 * HOUR_MS)
    findings, _ = stage.tick()
    assert [(f.activity, f.member_count) for f in findings] == [("update", 11)]


def test_a_case_that_has_not_grown_wakes_in_silence(stage: Stage) -> None:
    snoozed(stage)
    for _ in range(5):
        assert stage.tick(alive=range(10), after_ms=DAY_MS) == ([], [])


def test_a_case_that_closed_in_its_sleep_is_told_once_when_it_wakes(stage: Stage) -> None:
    snoozed(stage, days=20)
    assert stage.tick(after_ms=8 * DAY_MS) == ([], [])
    assert stage.campaigns.open_count == 0
    findings, _ = stage.tick(after_ms=12 * DAY_MS)
    assert [f.activity for f in findings] == ["close"]
    assert stage.tick(after_ms=DAY_MS) == ([], [])


def test_the_newest_snooze_counts(stage: Stage) -> None:
    snoozed(stage, days=30)
    stage.tick(suspect(range(20, 40), reason="joined", companions=((1, 10),)))
    stage.campaigns.snooze(stage.campaigns.cases[1], stage.now_ms + 2 * HOUR_MS)
    assert not stage.tick()[0]
    assert [f.activity for f in stage.tick()[0]] == ["update"]


def test_what_is_split_off_a_snoozed_case_is_snoozed(stage: Stage) -> None:
    stage.tick(suspect(range(10)), suspect(range(10, 20), value=2, companions=((-1, 9),)))
    case = stage.campaigns.cases[1]
    stage.campaigns.snooze(case, stage.now_ms + 3 * HOUR_MS)

    def ties(links: Sequence[LinkKey], accounts: Sequence[int]) -> list[set[int]]:
        return [{i for i, a in enumerate(accounts) if (a < 10) == (value == 1)} for _, value in links]

    stage.campaigns.split(case, ("prompt_prefix", 3), ties, stage.now_ms)
    assert not stage.tick()[0]
    findings, _ = stage.tick(after_ms=2 * HOUR_MS)
    assert sorted(f.activity for f in findings) == ["open", "update"]


def test_an_allowed_link_splits_what_nothing_else_ties(stage: Stage) -> None:
    """Links 1 and 2 hold accounts of their own, link 3 held them together, account 20 was on 3 alone."""
    stage.tick(
        suspect(range(10)),
        suspect((*range(10, 16), 20), value=3, companions=((-1, 9),)),
        suspect(range(16, 20), value=2, companions=((-2, 7),)),
    )
    case = stage.campaigns.cases[1]
    assert len(case.links) == 3
    on = {1: set(range(10)), 2: set(range(10, 20))}

    def ties(links: Sequence[LinkKey], accounts: Sequence[int]) -> list[set[int]]:
        return [{i for i, a in enumerate(accounts) if a in on[value]} for _, value in links]

    gone = stage.campaigns.split(case, ("prompt_prefix", 3), ties, stage.now_ms)
    assert gone == [20]
    findings, verdicts = stage.tick()
    parts = sorted(stage.campaigns.cases.values(), key=lambda part: part.number)
    assert [set(part.members) for part in parts] == [set(range(10)), set(range(10, 20))]
    assert [list(part.links) for part in parts] == [[("prompt_prefix", 1)], [("prompt_prefix", 2)]]
    assert cleared(verdicts) == {"acc-20"}
    assert {v.account_id for v in verdicts if v.campaign_uid == parts[1].uid} == ids(range(10, 20))
    assert {(f.uid, f.activity) for f in findings} == {(parts[0].uid, "update"), (parts[1].uid, "open")}
    assert any(parts[0].uid in line for line in parts[1].history)
    assert any(parts[1].uid in line for line in parts[0].history)


def test_a_case_of_one_allowed_link_is_over(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    gone = stage.campaigns.split(stage.campaigns.cases[1], ("prompt_prefix", 1), nobody, stage.now_ms)
    assert gone == list(range(9))
    findings, verdicts = stage.tick()
    assert cleared(verdicts) == ids(range(9))
    assert [f.activity for f in findings] == ["close"]


# State.


def test_a_restart_goes_on_where_it_stopped(stage: Stage) -> None:
    two_cases(stage)
    stage.campaigns.exempt("acc-300", FOREVER_MS)
    stage.tick(suspect((30, 31), reason="joined", companions=((1, 10),)), alive=range(10))
    other = stage.restored()
    again = suspect((*range(300, 303),), value=3, companions=((1, 8), (2, 18)))
    assert other.tick(again) == stage.tick(again)
    assert other.tick(suspect(range(400, 409), value=4)) == stage.tick(suspect(range(400, 409), value=4))
    assert other.tick(after_ms=8 * DAY_MS) == stage.tick(after_ms=8 * DAY_MS)


def test_changes_come_only_after_a_change(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    assert len(stage.campaigns.changes()) == 1
    assert stage.campaigns.changes() == []
    stage.tick()
    assert stage.campaigns.changes() == []
    stage.tick(alive=range(9))
    assert len(stage.campaigns.changes()) == 1
    assert stage.restored().campaigns.changes() == []


def test_tombstones_are_kept_for_a_while_and_not_for_ever(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    stage.tick(after_ms=8 * DAY_MS)
    stage.tick(after_ms=80 * DAY_MS)
    assert len(stage.campaigns.cases) == 1
    stage.tick(after_ms=20 * DAY_MS)
    assert not stage.campaigns.cases


def test_a_history_is_bounded(stage: Stage) -> None:
    stage.tick(suspect(range(9)))
    told: list[Finding] = []
    for i in range(200):
        told += stage.tick(suspect((1000 + i,), value=2 + i, companions=((1, 9),)))[0]
    update = told[-1]
    assert len(update.history) == 50
    assert "hot: prompt_prefix 0000000000000001" in update.history[0]
    assert len(update.links) <= 20
    assert len(update.members) <= 20
