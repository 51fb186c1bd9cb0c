from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from stream.errors import InputError
from stream.findings.case import case, number, show, standing
from stream.findings.finding import Bar, Evidence, Finding, LinkRef, Verdict
from stream.findings.render import finding_bytes, verdict_bytes

WEAK = Evidence("network", "hosting", 0.4, 0.2, 0.3, "share", 1.0, "40 % leave from hosting")
STRONG = Evidence("identity", "young", 0.9, 0.1, 0.3, "share", 4.0, "90 % are young")
FINDING = Finding(
    "abc123", "open", 0, "Two accounts [act] as one", "high", 0.99, 2, ("a", "b"), 0, 60_000, 40,
    (LinkRef("payment", "00ff", 9, 12, 14.1, 8.0, (0, 2, 9, 40, 1041)), LinkRef("tools", "1", 9, 12, 9, 8)),
    (WEAK, STRONG), ("opened on a payment link",), "d1",
)  # fmt: skip
FINDINGS = [
    finding_bytes(FINDING),
    finding_bytes(replace(FINDING, activity="update", time_ms=60_000, member_count=3)),
]
VERDICT = Verdict("a[/b]", "abc123", 0, 12.5, 0.98, (WEAK, STRONG))


def printed(uid: str, verdicts: tuple[Verdict, ...] = ()) -> str:
    text = StringIO()
    told = case(uid, FINDINGS, map(verdict_bytes, verdicts))
    show(told, Console(file=text, width=100))
    return text.getvalue()


def test_a_candidate_is_shown_as_one_and_is_no_reason() -> None:
    candidate = replace(WEAK, name="unusual", nats=0.0, candidate=1.5, sentence="how unusual they are")
    with_it = replace(FINDING, evidence=(STRONG, candidate))
    text = StringIO()
    verdict = replace(VERDICT, evidence=(STRONG, candidate))
    show(case("abc", [finding_bytes(with_it)], [verdict_bytes(verdict)]), Console(file=text, width=100))
    assert "candidate  network: how unusual they are" in text.getvalue()
    assert text.getvalue().count("how unusual they are") == 1


def test_what_the_trees_make_of_a_piece_is_told() -> None:
    alike = replace(WEAK, name="same_hour", nats=0.0, candidate=2.0, sentence="at the same hours", trees=7.25)
    with_it = replace(FINDING, evidence=(replace(STRONG, trees=-1.5), alike))
    text = StringIO()
    show(case("abc", [finding_bytes(with_it)], []), Console(file=text, width=100))
    assert "counts from 0.3 share; -1.5 nats to the trees" in text.getvalue()
    assert "at the same hours; +7.2 nats to the trees" in text.getvalue()


def test_a_case_tells_what_an_analyst_asks() -> None:
    text = printed("abc")
    for part in (
        "Two accounts [act] as one",
        "case abc123, open; severity high, confidence 0.99 (the table's, learner warming up, 0 verdicts)",
        "3 accounts, 40 exchanges from 1970-01-01 00:00 to 1970-01-01 00:01",
        "observed 0.9, expected 0.1, counts from 0.3 share",
        "payment",
        "1970-01-01 00:01  update: 3 accounts",
        "opened on a payment link",
        "kind     value  10m  1h  1d  7d    28d",
        "payment  00ff     0   2   9  40  1,041",
        "tools    1        -   -   -   -      -",
    ):
        assert part in text
    assert text.index("90 % are young") < text.index("40 % leave from hosting")


@pytest.mark.parametrize(
    ("bar", "told"),
    [
        (
            Bar("warming up", 1.0, None, 0.0, 12, 1),
            "budget 1 a week on honest traffic, not calibrated yet (12 links of 1 weeks): "
            "thresholds as they are set",
        ),
        (
            Bar("in use", 0.5, 0.5, 1.25, 1200, 4),
            "budget 0.5 a week on honest traffic: 0.5 expected over the threshold and 1.25 nats "
            "(1,200 links of 4 weeks)",
        ),
    ],
)
def test_a_case_tells_the_budget(bar: Bar, told: str) -> None:
    text, link = StringIO(), replace(FINDING.links[0], margin=1.25)
    with_it = finding_bytes(replace(FINDING, bar=bar, links=(link,)))
    show(case("abc", [with_it], []), Console(file=text, width=140))
    assert told in text.getvalue()
    assert "score  trees  threshold  margin" in text.getvalue()


def test_findings_of_earlier_releases_tell_no_budget() -> None:
    assert "budget" not in printed("abc")


def test_verdicts_add_why_each_account_was_named() -> None:
    text = printed("abc", (VERDICT, replace(VERDICT, account_id="b", posterior=0.96)))
    assert "2 at posterior 0.96 to 0.98: 90 % are young; 40 % leave from hosting" in text
    assert "a[/b] b" in text


def test_a_withdrawn_verdict_no_longer_stands() -> None:
    other = replace(VERDICT, account_id="b", campaign_uid="xyz")
    lines = [verdict_bytes(v) for v in (VERDICT, other, replace(VERDICT, cleared=True))]
    assert [verdict["account_id"] for verdict in standing(lines)] == ["b"]
    assert standing(lines, "abc123") == []


def test_an_unknown_uid_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^f\.ndjson has no finding whose uid begins with zz$"):
        case("zz", FINDINGS, [], "f.ndjson")


def test_an_ambiguous_uid_lists_the_uids() -> None:
    findings = [*FINDINGS, finding_bytes(replace(FINDING, uid="abc999"))]
    with pytest.raises(InputError, match=r"abc begins 2 uids .*: abc123, abc999"):
        case("abc", findings, [])


def test_a_file_that_is_not_ndjson_is_one_line() -> None:
    with pytest.raises(InputError, match=r"f\.ndjson: not NDJSON"):
        case("abc", [b"{"], [], "f.ndjson")


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (0.12345, "0.123"), (3.0, "3"), (12.345, "12.3")]
)
def test_numbers_are_for_reading(value: float, text: str) -> None:
    assert number(value) == text
