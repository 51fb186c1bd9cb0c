import math
from dataclasses import replace

import orjson
import pytest

from stream.event.decode import Reject
from stream.findings.finding import Bar, Evidence, Finding, LinkRef, Verdict
from stream.findings.render import (
    MEMBER_SAMPLE,
    finding_bytes,
    reject_bytes,
    rfc3339,
    rounded,
    verdict_bytes,
)

EVIDENCE = Evidence("identity", "young", 0.923456, 0.1, 0.31, "share", 4.5, "92 % are younger than 14 days")
LINK = LinkRef("payment", "00ff00ff00ff00ff", 9, 12, 14.123456, 8.0, (0, 2, 9, 40, 41), opinion=-1.5)
FINDING = Finding(
    uid="c-1",
    activity="open",
    time_ms=1_775_606_400_123,
    title="12 accounts act as one",
    severity="high",
    confidence=0.99999,
    member_count=2,
    members=("a", "b"),
    first_seen_ms=1_775_606_000_000,
    last_seen_ms=1_775_606_400_000,
    exchanges=40,
    links=(LINK,),
    evidence=(EVIDENCE,),
    history=("opened",),
    config_digest="d1",
)
VERDICT = Verdict("a", "c-1", 1_775_606_400_000, 12.5, 0.98, (EVIDENCE,))
EVIDENCE_JSON = (
    b'{"family":"identity","name":"young","observed":0.9235,"expected":0.1,"threshold":0.31,'
    b'"unit":"share","nats":4.5,"sentence":"92 % are younger than 14 days"}'
)


def test_a_finding_is_these_bytes() -> None:
    assert finding_bytes(FINDING) == (
        b'{"uid":"c-1","activity":"open","time":"2026-04-08T00:00:00.123Z",'
        b'"title":"12 accounts act as one","severity":"high","confidence":1.0,'
        b'"learner":{"stage":"warming up","verdicts":0},"budget":null,"member_count":2,'
        b'"members":["a","b"],"first_seen":"2026-04-07T23:53:20.000Z",'
        b'"last_seen":"2026-04-08T00:00:00.000Z","exchanges":40,'
        b'"links":[{"kind":"payment","value":"00ff00ff00ff00ff","units":9,"members":12,'
        b'"score":14.1235,"threshold":8.0,"margin":0.0,"trees":-1.5,"exchanges":{"10m":0,"1h":2,"1d":9,"7d":40,"28d":41}}],'
        b'"evidence":[' + EVIDENCE_JSON + b"],"
        b'"history":["opened"],"config_digest":"d1"}'
    )


def test_what_the_budget_asks_is_told() -> None:
    calm = replace(FINDING, bar=Bar("warming up", 1.0, None, 0.0, 12, 1))
    assert orjson.loads(finding_bytes(calm))["budget"] == {
        "stage": "warming up",
        "cases_per_week": 1.0,
        "expected": None,
        "margin": 0.0,
        "links": 12,
        "weeks": 1,
    }
    known = replace(FINDING, bar=Bar("in use", 1.0, 0.98765, 1.5, 120, 4))
    told = orjson.loads(finding_bytes(known))["budget"]
    assert (told["stage"], told["expected"], told["margin"]) == ("in use", 0.9877, 1.5)


def test_unknown_exchanges_are_null_and_not_zero() -> None:
    unknown = replace(FINDING, links=(replace(LINK, exchanges=None),))
    assert orjson.loads(finding_bytes(unknown))["links"][0]["exchanges"] is None


def test_a_verdict_is_these_bytes() -> None:
    assert verdict_bytes(VERDICT) == (
        b'{"account_id":"a","campaign_uid":"c-1","time":"2026-04-08T00:00:00.000Z","score":12.5,'
        b'"posterior":0.98,"evidence":[' + EVIDENCE_JSON + b"]}"
    )


def test_only_a_candidate_says_so() -> None:
    assert "candidate" not in orjson.loads(verdict_bytes(VERDICT))["evidence"][0]
    candidate = replace(EVIDENCE, nats=0.0, candidate=1.23456)
    written = orjson.loads(verdict_bytes(replace(VERDICT, evidence=(candidate,))))["evidence"][0]
    assert (written["nats"], written["candidate"]) == (0, 1.2346)


def test_only_a_withdrawn_verdict_says_cleared() -> None:
    assert "cleared" not in orjson.loads(verdict_bytes(VERDICT))
    assert orjson.loads(verdict_bytes(replace(VERDICT, cleared=True)))["cleared"] is True


def test_a_reject_repeats_the_record_only_where_it_was_kept() -> None:
    assert reject_bytes(Reject("not_json", "line 1", "a.ndjson", 7, None)) == (
        b'{"reason":"not_json","detail":"line 1","source":"a.ndjson","offset":7}'
    )
    assert orjson.loads(reject_bytes(Reject("r", "d", "s", 0, "{")))["raw"] == "{"


def test_members_are_a_bounded_sample() -> None:
    crowd = replace(
        FINDING, members=tuple(map(str, range(5 * MEMBER_SAMPLE))), member_count=5 * MEMBER_SAMPLE
    )
    written = orjson.loads(finding_bytes(crowd))
    assert (len(written["members"]), written["member_count"]) == (MEMBER_SAMPLE, 5 * MEMBER_SAMPLE)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1 + 0.2, 0.3),
        (123.456789, 123.4568),
        (1e9 + 0.00001, 1e9),
        (0.000123456, 0.0001235),
        (-0.0, 0.0),
        (-1e-9, -1e-9),
    ],
)
def test_floats_keep_what_does_not_depend_on_the_order_of_a_sum(value: float, written: float) -> None:
    assert repr(rounded(value)) == repr(written)


def test_a_missing_number_is_null() -> None:
    written = finding_bytes(replace(FINDING, confidence=math.nan))
    assert orjson.loads(written)["confidence"] is None


def test_times_before_the_epoch_are_times() -> None:
    assert rfc3339(-1) == "1969-12-31T23:59:59.999Z"
