"""Analysts' decisions on links, campaigns and the learner."""

import pytest

from stream.blocks import decode, encode
from stream.cases.feedback import Feedback, read_feedback
from stream.cases.remembered import ALLOWED_NATS, HONEST_NATS
from stream.cases.sticky import Sticky
from stream.cases.suspect import Suspect
from stream.config import config_path
from stream.event.batch import Reject
from stream.links.kinds import load_kinds
from stream.stages.campaigns import Campaigns
from stream.stages.decisions import apply, withdraw_fallen
from stream.stages.links import Links
from tests.cases.test_sticky import mixture
from tests.evidence.population import DAY_MS, NOW_MS, Population, key
from tests.stages.suspects import ALIKE, YOUNG, member

KINDS = load_kinds(config_path("links.toml"))
END_MS = NOW_MS + 12 * DAY_MS  # 2026-05-20


class Desk:
    """A case of ten accounts on two links, as both stages know it."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        made = Population()
        made.accounts(range(12), events=40, last_ms=NOW_MS - 1, total=40)
        made.link("prompt_prefix", 1, range(6))
        made.link("client", 2, range(6, 10))
        made.link("client", 3, range(10))
        self.links: Links = made.links
        self.campaigns = self._campaigns()
        parts = [("client", 3, range(5, 7)), ("prompt_prefix", 1, range(5)), ("client", 2, range(7, 10))]
        companions: tuple[tuple[int, int], ...] = ()
        suspects = []
        for kind, value, accounts in parts:
            members = tuple(member(key(account), last_ms=NOW_MS) for account in accounts)
            suspects.append(
                Suspect(kind, value, "hot", 12.0, 10.0, 9, members, (YOUNG, ALIKE), companions, True)
            )
            companions = ((-1, 9),)
        given = self.campaigns.consider(suspects, NOW_MS)
        for suspect, number in zip(suspects, given, strict=True):
            self.links.roll.name([m.account for m in suspect.members], number)
        self.campaigns.tick([], NOW_MS)
        (self.case,) = self.campaigns.cases.values()
        assert len(self.case.members) == 10

    def _campaigns(self) -> Campaigns:
        links = self.links
        return Campaigns("digest", links.learner.confidence, links.exchanges, KINDS, lambda: links.budget.bar)

    def say(self, decision: str, **of: str) -> tuple[int, int]:
        """(accounts cleared, findings) that a decision brings about."""
        fields = ", ".join(f'"{name}": "{value}"' for name, value in of.items())
        line = f'{{"time": "2026-05-08T00:00:00Z", "decision": "{decision}", "author": "x", {fields}}}'
        read = read_feedback(line.encode(), 0)
        assert isinstance(read, Feedback)
        apply(read, self.links, self.campaigns, self.now_ms, 180 * DAY_MS)
        findings, verdicts = self.campaigns.tick([], self.now_ms)
        return sum(verdict.cleared for verdict in verdicts), len(findings)

    def named(self) -> int:
        """Accounts that the links stage holds for named."""
        return int((self.links.state.profiles["campaign"] > 0).sum())

    def remembered(self, kind: str, value: int) -> float:
        links = self.links.state.links
        kinds = [row.name for row in KINDS]
        row = (links["kind"] == kinds.index(kind)) & (links["value"] == value)
        return float(self.links.remembered.nats(links)[row][0])

    def restart(self) -> None:
        """Both stages from their stored blocks."""
        stored = [*self.links.snapshot(), *self.campaigns.snapshot()]
        blocks = [decode(b.stage, b.table, b.whole, encode(b)) for b in stored]
        self.links = Population().links
        self.links.restore([block for block in blocks if block.stage == "links"])
        self.campaigns = self._campaigns()
        self.campaigns.restore([block for block in blocks if block.stage == "campaigns"])
        self.case = self.campaigns.cases[self.case.number]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_honest_case_is_cleared_closed_and_its_links_remembered(desk: Desk) -> None:
    assert desk.say("honest", campaign_uid=desk.case.uid) == (10, 1)
    assert desk.named() == 0
    assert desk.campaigns.open_count == 0
    assert desk.remembered("prompt_prefix", 1) == desk.remembered("client", 2) == HONEST_NATS
    assert desk.links.learner.updates == 3


def test_an_honest_case_counts_once_for_the_budget_until_that_is_taken_back(desk: Desk) -> None:
    strongest = desk.case.strongest().ref
    key_of_it = desk.links.key(strongest.kind, int(strongest.value, 16))
    desk.say("honest", campaign_uid=desk.case.uid)
    assert [key for key, _ in desk.links.budget.plain()["honest"]] == [key_of_it]
    assert desk.campaigns.since(NOW_MS - 1) == (1, 1)
    assert desk.campaigns.since(NOW_MS) == (0, 0)
    desk.restart()
    assert desk.campaigns.since(NOW_MS - 1) == (1, 1)
    desk.say("confirmed", campaign_uid=desk.case.uid)
    assert desk.links.budget.plain()["honest"] == []
    assert desk.campaigns.since(NOW_MS - 1) == (1, 0)


def test_said_twice_it_counts_for_the_links_once(desk: Desk) -> None:
    desk.say("honest", campaign_uid=desk.case.uid)
    assert desk.say("honest", campaign_uid=desk.case.uid) == (0, 0)
    assert desk.remembered("client", 2) == HONEST_NATS


def test_a_confirmed_case_teaches_and_changes_nothing_else(desk: Desk) -> None:
    assert desk.say("confirmed", campaign_uid=desk.case.uid) == (0, 0)
    assert desk.named() == 10
    assert desk.links.learner.updates == 3
    assert desk.remembered("client", 2) == 0
    assert any("confirmed" in line for line in desk.case.history)


def fail(desk: Desk, *looks: int) -> None:
    """The links of the case on probation, each with that many looks at which it did not hold."""
    for value, failed in enumerate(looks):
        desk.links._sticky[0, value] = Sticky(mixture(), desk.case.number, 12.0, 10.0, (), failed=failed)


def test_a_case_whose_evidence_fell_away_is_withdrawn_by_itself(desk: Desk) -> None:
    fail(desk, 4, 5)
    withdraw_fallen(desk.links, desk.campaigns, desk.now_ms)
    findings, verdicts = desk.campaigns.tick([], desk.now_ms)
    assert [finding.activity for finding in findings] == ["close"]
    assert sum(verdict.cleared for verdict in verdicts) == 10
    assert desk.named() == 0
    assert "withdrawn" in desk.case.history[-1]
    assert desk.remembered("client", 3) == desk.remembered("prompt_prefix", 1) == HONEST_NATS


def test_what_an_analyst_allowed_stays_allowed_when_a_case_falls(desk: Desk) -> None:
    desk.links.remember("client", 3, ALLOWED_NATS, END_MS)
    fail(desk, 4, 5)
    withdraw_fallen(desk.links, desk.campaigns, desk.now_ms)
    assert desk.remembered("client", 3) == ALLOWED_NATS


@pytest.mark.parametrize("looks", [(3,), (4, 0), (4, 3)])
def test_a_case_of_which_one_link_may_hold_yet_stays(desk: Desk, looks: tuple[int, ...]) -> None:
    fail(desk, *looks)
    withdraw_fallen(desk.links, desk.campaigns, desk.now_ms)
    assert desk.case.status == "open"
    assert desk.named() == 10


def test_a_confirmed_case_is_not_withdrawn_by_itself(desk: Desk) -> None:
    fail(desk, 4)
    desk.say("confirmed", campaign_uid=desk.case.uid)
    withdraw_fallen(desk.links, desk.campaigns, desk.now_ms)
    assert desk.case.status == "open"


def test_an_honest_account_leaves_its_case(desk: Desk) -> None:
    account = next(iter(desk.case.members.values())).account_id
    assert desk.say("honest", account_id=account)[0] == 1
    assert desk.named() == 9
    assert len(desk.case.members) == 9


def test_a_confirmed_account_changes_nothing(desk: Desk) -> None:
    assert desk.say("confirmed", account_id=next(iter(desk.case.members.values())).account_id) == (0, 0)
    assert desk.named() == 10


@pytest.mark.parametrize(
    ("decision", "most"), [("allow", -1e5), ("allow_value", -1e5), ("honest", HONEST_NATS)]
)
def test_an_allowed_link_splits_its_case(desk: Desk, decision: str, most: float) -> None:
    cleared, findings = desk.say(decision, kind="client", value="3")
    assert (cleared, findings) == (0, 2)
    assert desk.remembered("client", 3) <= most
    sizes = sorted(len(case.members) for case in desk.campaigns.cases.values())
    assert sizes == [4, 6]
    profiles = desk.links.state.profiles
    for case in desk.campaigns.cases.values():
        slots = profiles.find(profiles.keys[: len(profiles)])
        mine = [s for s in slots.tolist() if int(profiles.keys[s]) in case.members]
        assert {int(profiles["campaign"][s]) for s in mine} == {case.number}


def test_a_link_of_no_case_is_remembered_too(desk: Desk) -> None:
    links = desk.links.state.links
    assert desk.say("honest", kind="client", value="2")[0] == 0
    assert desk.remembered("client", 2) == HONEST_NATS
    assert len(links) == 3


def test_a_confirmed_link_gains_nothing(desk: Desk) -> None:
    assert desk.say("confirmed", kind="client", value="2") == (0, 0)
    assert desk.remembered("client", 2) == 0


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("decision", ["honest", "allow"])
def test_a_decision_about_a_link_ends_when_it_expires(desk: Desk, decision: str, restart: bool) -> None:
    desk.say(decision, kind="client", value="2", expires="2026-05-20T00:00:00Z")
    if restart:
        desk.restart()
    before, after = END_MS - 1, END_MS
    desk.links.tick(before)
    assert desk.remembered("client", 2) < 0
    desk.links.tick(after)
    assert desk.remembered("client", 2) == 0


def test_a_decision_without_an_expiry_holds_for_the_default(desk: Desk) -> None:
    desk.say("allow", kind="client", value="2")
    desk.links.tick(NOW_MS + 179 * DAY_MS)
    assert desk.remembered("client", 2) < 0
    desk.links.tick(NOW_MS + 181 * DAY_MS)
    assert desk.remembered("client", 2) == 0


def test_a_decision_about_a_link_that_was_evicted_meanwhile_is_not_lost(desk: Desk) -> None:
    desk.say("honest", kind="client", value="2")
    desk.say("honest", kind="client", value="77")
    state = desk.links.state
    state.members["counts_newest"][:] -= 10_000
    state.evict(NOW_MS, DAY_MS)
    assert len(state.links) == 0
    desk.restart()
    made = Population()
    made.links = desk.links
    made.link("client", 2, range(6, 10))
    made.link("client", 0x77, range(6, 10))
    made.link("client", 5, range(6, 10))
    assert [desk.remembered("client", value) for value in (2, 0x77, 5)] == [HONEST_NATS, HONEST_NATS, 0]


def test_confirming_a_link_takes_back_what_was_said_of_it(desk: Desk) -> None:
    desk.say("honest", kind="client", value="2")
    desk.say("confirmed", kind="client", value="2")
    assert desk.remembered("client", 2) == 0


def test_confirming_a_case_takes_back_that_it_was_honest(desk: Desk) -> None:
    desk.say("honest", campaign_uid=desk.case.uid)
    desk.say("confirmed", campaign_uid=desk.case.uid)
    assert desk.remembered("prompt_prefix", 1) == desk.remembered("client", 2) == 0
    assert desk.links.learner.updates == 6


def test_confirming_an_account_takes_back_its_exemption(desk: Desk) -> None:
    account = next(iter(desk.case.members.values())).account_id
    desk.say("honest", account_id=account)
    assert account in desk.campaigns._exempt
    desk.say("confirmed", account_id=account)
    assert account not in desk.campaigns._exempt


def test_a_decision_that_is_over_when_it_comes_changes_nothing(desk: Desk) -> None:
    history = list(desk.case.history)
    desk.now_ms = NOW_MS + DAY_MS
    assert desk.say("honest", campaign_uid=desk.case.uid, expires="2026-05-08T01:00:00Z") == (0, 0)
    assert desk.named() == 10
    assert desk.case.history == history


def test_a_snoozed_case_is_silent_until_it_is_judged(desk: Desk) -> None:
    assert desk.say("snooze", campaign_uid=desk.case.uid, until="2026-06-08T00:00:00Z") == (0, 0)
    assert desk.case.history[-1] == "x: snooze until 2026-06-08T00:00:00.000Z"
    desk.restart()
    account = next(iter(desk.case.members.values())).account_id
    assert desk.say("honest", account_id=account) == (1, 0), "verdicts go on"
    assert desk.named() == 9
    assert desk.say("honest", campaign_uid=desk.case.uid) == (9, 1)
    assert desk.case.snoozed_ms == 0


def test_a_rollback_takes_the_lessons_back_and_leaves_the_case(desk: Desk) -> None:
    untaught = desk.links.learner.probability({"young": 3.0})
    desk.say("confirmed", campaign_uid=desk.case.uid)
    assert desk.links.learner.probability({"young": 3.0}) != untaught
    assert desk.say("rollback", to="2026-05-07T00:00:00Z") == (0, 0)
    assert desk.links.learner.probability({"young": 3.0}) == untaught
    assert (desk.links.learner.standing, desk.links.learner.rollbacks) == (0, 1)
    assert desk.named() == 10


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ('"decision": "rollback"', "rollback takes to"),
        ('"decision": "rollback", "to": "2026-05-01T00:00:00Z", "account_id": "a"', "rollback takes to"),
        ('"decision": "rollback", "to": "2026-05-09T00:00:00Z"', "to should be before time"),
        ('"decision": "rollback", "to": "yesterday"', "to is no RFC 3339 time"),
        ('"decision": "honest", "to": "2026-05-01T00:00:00Z", "account_id": "a"', "to belongs to rollback"),
    ],
)
def test_a_wrong_rollback_is_refused(fields: str, told: str) -> None:
    read = read_feedback(f'{{"time": "2026-05-08T00:00:00Z", "author": "x", {fields}}}'.encode(), 0)
    assert isinstance(read, Reject)
    assert told in str(read.detail)
