"""Analysts' decisions, carried out on links, campaigns and the learner."""

from typing import Final

from stream.cases.campaign import Campaign, LinkKey
from stream.cases.feedback import Feedback
from stream.stages.campaigns import Campaigns
from stream.stages.links import Links

HONEST_NATS: Final = -4.0
"""A link judged honest keeps this weight; a guilty verdict adds nothing (both ways did harm when 5 % of
the verdicts were wrong)."""
_NEVER: Final = -1e6


def apply(decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int) -> None:
    """Carry out one decision; one that names nothing known changes nothing."""
    if decision.campaign_uid is not None:
        case = campaigns.by_uid(decision.campaign_uid)
        if case is not None:
            _judge_case(case, decision, links, campaigns, now_ms)
    if decision.account_id is not None and decision.decision == "honest":
        _clear_account(decision.account_id, links, campaigns, now_ms)
    if decision.kind is not None and decision.value is not None:
        _judge_link((decision.kind, decision.value), decision, links, campaigns, now_ms)


def _judge_case(case: Campaign, decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int) -> None:
    case.note(f"{decision.author}: {decision.decision}")
    _teach(case, decision, links)
    if decision.decision == "honest":
        for kind, value in case.links:
            links.remember(kind, value, HONEST_NATS)
        links.clear(campaigns.withdraw(case, list(case.members), now_ms))
        campaigns.close(case, now_ms, f"judged honest by {decision.author}")


def _teach(case: Campaign, decision: Feedback, links: Links) -> None:
    guilty = decision.decision == "confirmed"
    for tie in case.links.values():
        nats = {piece.name: piece.nats for piece in tie.evidence if piece.nats > 0}
        if nats:
            links.learn(nats, guilty, decision.time_ms)


def _clear_account(account_id: str, links: Links, campaigns: Campaigns, now_ms: int) -> None:
    campaigns.exempt(account_id)
    for case in list(campaigns.cases.values()):
        accounts = [key for key, member in case.members.items() if member.account_id == account_id]
        links.clear(campaigns.withdraw(case, accounts, now_ms))


def _judge_link(key: LinkKey, decision: Feedback, links: Links, campaigns: Campaigns, now_ms: int) -> None:
    if not links.knows(key[0]) or decision.decision == "confirmed":
        return
    links.remember(*key, _NEVER if decision.decision == "allow_value" else HONEST_NATS)
    for case in list(campaigns.cases.values()):
        if key in case.links:
            links.clear(campaigns.split(case, key, links.ties, now_ms))
            links.renumber(case for case in campaigns.cases.values())
