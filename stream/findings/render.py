"""How findings, verdicts and rejects are written: the one module that renders them.

One JSON object each, UTF-8, keys in the order below, no newline. Times are RFC 3339 in UTC with
milliseconds. Both runtimes write exactly these bytes, so a file and a topic can be compared.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from stream.event.decode import Reject
from stream.findings.finding import Bar, Evidence, Finding, LinkRef, Verdict
from stream.windows.tiles import HORIZONS

MEMBER_SAMPLE: Final = 100
"""Members that a finding lists; `member_count` has them all, and each has a verdict of its own."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def finding_bytes(finding: Finding) -> bytes:
    """A finding as one JSON object; its key on a topic is the uid."""
    return orjson.dumps(
        {
            "uid": finding.uid,
            "activity": finding.activity,
            "time": rfc3339(finding.time_ms),
            "title": finding.title,
            "severity": finding.severity,
            "confidence": rounded(finding.confidence),
            "learner": {"stage": finding.learner, "verdicts": finding.learner_verdicts},
            "budget": None if finding.bar is None else _bar(finding.bar),
            "member_count": finding.member_count,
            "members": finding.members[:MEMBER_SAMPLE],
            "first_seen": rfc3339(finding.first_seen_ms),
            "last_seen": rfc3339(finding.last_seen_ms),
            "exchanges": finding.exchanges,
            "links": [_link(link) for link in finding.links],
            "evidence": [_evidence(piece) for piece in finding.evidence],
            "history": finding.history,
            "config_digest": finding.config_digest,
        }
    )


def verdict_bytes(verdict: Verdict) -> bytes:
    """A verdict as one JSON object; its key on a topic is the account. Only a withdrawal has `cleared`."""
    fields: dict[str, Any] = {
        "account_id": verdict.account_id,
        "campaign_uid": verdict.campaign_uid,
        "time": rfc3339(verdict.time_ms),
        "score": rounded(verdict.score),
        "posterior": rounded(verdict.posterior),
        "evidence": [_evidence(piece) for piece in verdict.evidence],
    }
    return orjson.dumps(fields | {"cleared": True} if verdict.cleared else fields)


def reject_bytes(reject: Reject) -> bytes:
    """A refused record as one JSON object; `raw` only where the configuration keeps it."""
    fields: dict[str, Any] = {
        "reason": reject.reason,
        "detail": reject.detail,
        "source": reject.source,
        "offset": reject.offset,
    }
    return orjson.dumps(fields if reject.raw is None else fields | {"raw": reject.raw})


def rfc3339(time_ms: int) -> str:
    """`time_ms` since the epoch as RFC 3339 in UTC with milliseconds."""
    instant = _EPOCH + timedelta(milliseconds=time_ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rounded(value: float) -> float:
    """Four decimals, or four significant digits below one.

    Sums in another order differ in the last bits; what is written must not.
    """
    number = round(float(value), 4) if abs(value) >= 1 else float(f"{value:.4g}")
    return number + 0.0  # no negative zero


def _bar(bar: Bar) -> dict[str, Any]:
    return {
        "stage": bar.stage,
        "cases_per_week": rounded(bar.cases_per_week),
        "expected": None if bar.expected is None else rounded(bar.expected),
        "margin": rounded(bar.margin),
        "links": bar.links,
        "weeks": bar.weeks,
    }


def _link(link: LinkRef) -> dict[str, Any]:
    return {
        "kind": link.kind,
        "value": link.value,
        "units": link.units,
        "members": link.members,
        "score": rounded(link.score),
        "threshold": rounded(link.threshold),
        "margin": rounded(link.margin),
        "trees": rounded(link.opinion),
        "exchanges": None if link.exchanges is None else dict(zip(HORIZONS, link.exchanges, strict=True)),
    }


def _evidence(piece: Evidence) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "family": piece.family,
        "name": piece.name,
        "observed": rounded(piece.observed),
        "expected": rounded(piece.expected),
        "threshold": rounded(piece.threshold),
        "unit": piece.unit,
        "nats": rounded(piece.nats),
        "sentence": piece.sentence,
    }
    further = {"candidate": piece.candidate, "trees": piece.trees}
    return fields | {name: rounded(value) for name, value in further.items() if value is not None}
