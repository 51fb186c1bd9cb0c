"""Analysts' decisions, carried out on links, campaigns and the learner.

A later decision about the same takes the place of an earlier one, and `confirmed` takes back `honest` and
`allow`: an account may be named again, a link is judged by its evidence alone.
"""

from typing import Final

from stream.cases.campaign import Campaign, LinkKey
from stream.cases.feedback import Feedback
from stream.cases.remembered import ALLOWED_NATS, HONEST_NATS
from stream.findings.render import rfc3339
from stream.stages.campaigns import Campaigns
from stream.stages.links import Links
from stream.windows.tiles import DAY_MS

_FELL_MS: Final = 28 * DAY_MS  # as long as records of what is normal are kept


def apply(decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int, default_ms: int) -> None:
    """Carry out one decision; one that is over already or names nothing known changes nothing.

    `default_ms`: how long a decision holds that does not say.
    """
    until_ms = decision.until_ms(default_ms)
    if until_ms <= now_ms:
        return
    if decision.to_ms is not None:
        links.unlearn(decision.to_ms)
    if decision.campaign_uid is not None:
        case = campaigns.by_uid(decision.campaign_uid)
        if case is not None:
            _judge_case(case, decision, links, campaigns, now_ms, until_ms)
    if decision.account_id is not None:
        _judge_account(decision.account_id, decision, links, campaigns, now_ms, until_ms)
    if decision.kind is not None and decision.value is not None and links.knows(decision.kind):
        _judge_link((decision.kind, decision.value), decision, links, campaigns, now_ms, until_ms)


def _judge_case(
    case: Campaign, decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int, until_ms: int
) -> None:
    until = f" until {rfc3339(until_ms)}" if decision.expires_ms is not None else ""
    case.note(f"{decision.author}: {decision.decision}{until}")
    if decision.decision == "snooze":
        campaigns.snooze(case, until_ms)
    elif decision.decision == "honest":
        _teach(case, decision, links)
        _acquit(case, links, now_ms)
        for kind, value in case.links:
            links.remember(kind, value, HONEST_NATS, until_ms)
        case.honest = True
        links.clear(campaigns.withdraw(case, list(case.members), now_ms))
        # whoever judges a case wants to see it closed, snoozed or not
        campaigns.rouse(case)
        campaigns.close(case, now_ms, f"judged honest by {decision.author}")
    elif decision.decision == "confirmed":
        _teach(case, decision, links)
        links.prove(case.number)
        case.honest = False
        for kind, value in case.links:
            links.recant(kind, value)


def withdraw_fallen(links: Links, campaigns: Campaigns, now_ms: int) -> None:
    """Take back the cases whose evidence fell away, before an analyst has to."""
    for case in [campaigns.cases[number] for number in links.fallen() if number in campaigns.cases]:
        if case.status == "open":
            for key in case.links.keys() - links.remembered.weights().keys():
                links.remember(*key, HONEST_NATS, now_ms + _FELL_MS)
            _acquit(case, links, now_ms)
            links.clear(campaigns.withdraw(case, list(case.members), now_ms))
            campaigns.close(case, now_ms, "withdrawn: with all its accounts no link stayed suspicious")


def _acquit(case: Campaign, links: Links, now_ms: int) -> None:
    """Its traffic was honest: the budget counts it, by its strongest link, for one case is one."""
    if case.links:
        ref = case.strongest().ref
        links.budget.acquit(links.key(ref.kind, int(ref.value, 16)), now_ms)


def _teach(case: Campaign, decision: Feedback, links: Links) -> None:
    guilty = decision.decision == "confirmed"
    for tie in case.links.values():
        nats = {piece.name: piece.feature for piece in tie.evidence if piece.feature > 0}
        if nats:
            links.learn(nats, guilty, decision.time_ms)


def _judge_account(
    account_id: str, decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int, until_ms: int
) -> None:
    if decision.decision == "confirmed":
        campaigns.admit(account_id)
    elif decision.decision == "honest":
        campaigns.exempt(account_id, until_ms)
        for case in list(campaigns.cases.values()):
            accounts = [key for key, member in case.members.items() if member.account_id == account_id]
            links.clear(campaigns.withdraw(case, accounts, now_ms))


def _judge_link(
    key: LinkKey, decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int, until_ms: int
) -> None:
    if decision.decision == "confirmed":
        links.recant(*key)
    elif decision.decision in ("honest", "allow"):
        links.remember(*key, ALLOWED_NATS if decision.decision == "allow" else HONEST_NATS, until_ms)
        for case in list(campaigns.cases.values()):
            if key in case.links:
                links.clear(campaigns.split(case, key, links.ties, now_ms))
                links.renumber(case for case in campaigns.cases.values())
