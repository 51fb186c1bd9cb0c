"""Writing a case down: what a finding says of a campaign."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from stream.cases.campaign import Campaign, LinkKey
from stream.findings.finding import Activity, Bar, Evidence, Finding, LinkRef
from stream.learning.verdicts import Confidence

_SAMPLE: Final = 20
_EVIDENCE: Final = 12
_LINKS: Final = 20
_KINDS: Final = {
    "payment": "means of payment",
    "prompt_prefix": "prompt prefix",
    "template": "prompt template",
    "parameters": "set of sampling parameters",
    "parameters_client": "client and parameters",
    "tools": "set of tools",
    "operator_client": "client on one network operator",
    "signup_batch": "sign-up batch",
    "orphaned_turns": "tool that continues foreign conversations",
    "handover": "tool that hands conversations over",
    "failover": "tool that retries refused requests elsewhere",
    "repeated_body": "request body",
    "refusals": "client that safety refuses",
    "synchrony": "moment at one object",
    "network_client": "client in one network",
}
"""Link kind -> how a sentence calls it; a kind that an operator adds goes by its own name."""


Exchanges = Callable[[LinkKey, int], tuple[int, ...] | None]
"""(link, now_ms) -> exchanges on it in each of the HORIZONS before."""


def finding(
    case: Campaign,
    activity: Activity,
    now_ms: int,
    confidence: Confidence,
    config_digest: str,
    exchanges: Exchanges,
    bar: Bar,
) -> Finding:
    """The case as it stands."""
    evidence = _evidence(case)
    return Finding(
        uid=case.uid,
        activity=activity,
        time_ms=now_ms,
        title=_title(case, evidence),
        severity=case.severity(),
        confidence=round(confidence.probability, 4),
        learner=confidence.stage,
        learner_verdicts=confidence.verdicts,
        bar=bar,
        member_count=len(case.members),
        members=tuple(sorted(member.account_id for member in case.members.values())[:_SAMPLE]),
        first_seen_ms=case.first_ms,
        last_seen_ms=case.last_ms,
        exchanges=case.exchanges,
        links=_links(case, now_ms, exchanges),
        evidence=evidence,
        history=tuple(case.history),
        config_digest=config_digest,
    )


def _links(case: Campaign, now_ms: int, exchanges: Exchanges) -> tuple[LinkRef, ...]:
    """The strongest links, with what passes over them by now."""
    strongest = sorted(case.links.items(), key=lambda item: (-item[1].ref.score, item[0]))[:_LINKS]
    return tuple(replace(tie.ref, exchanges=exchanges(key, now_ms)) for key, tie in strongest)


def _evidence(case: Campaign) -> tuple[Evidence, ...]:
    """The strongest telling of each piece over the links of the case."""
    best: dict[str, Evidence] = {}
    for _, tie in sorted(case.links.items()):
        for piece in tie.evidence:
            if piece.name not in best or piece.feature > best[piece.name].feature:
                best[piece.name] = piece
    telling = sorted(best.values(), key=lambda piece: (-max(piece.feature, piece.trees or 0.0), piece.name))
    return tuple(sorted(telling[:_EVIDENCE], key=lambda piece: (-piece.nats, piece.name)))


def _title(case: Campaign, evidence: tuple[Evidence, ...]) -> str:
    count = len(case.members)
    if not count:
        return "no account is left in this case"
    if not case.links:
        return f"{count} accounts, no link left"
    tie = case.strongest()
    kind = _KINDS.get(tie.ref.kind, tie.ref.kind.replace("_", " "))
    reasons = "; ".join(piece.sentence for piece in evidence[:3] if piece.nats > 0)
    return f"{count} accounts of unrelated payers act as one over a shared {kind}: {reasons}"
