"""A case as it is kept."""

import orjson

from stream.cases.campaign import Campaign, Named, Tie
from stream.findings.finding import Evidence, LinkRef

EVIDENCE = Evidence("identity", "young", 0.9, 0.1, 0.3, "share", 5.0, "accounts younger than 45 days")


def case(members: int = 3) -> Campaign:
    made = Campaign(4, "c-1", 1000)
    key = ("client", 2**64 - 1)
    made.links[key] = Tie(LinkRef("client", "f" * 16, 9, members, 12.5, 10.0), (EVIDENCE,))
    for i in range(members):
        account = 2**64 - 1 - i
        made.members[account] = Named(f"acc-{i}", 0.99, 1000, 100 + i, 2000 + i, 1000, key)
    made.note("opened")
    return made


def test_a_case_outlives_storage() -> None:
    stored = Campaign.of(orjson.loads(orjson.dumps(case().plain())))
    assert stored == case()
    assert list(stored.members) == list(case().members)


def test_what_a_case_sums_up() -> None:
    made = case()
    assert (made.exchanges, made.first_ms, made.last_ms) == (3000, 100, 2002)
    empty = Campaign(1, "c-2", 77)
    assert (empty.exchanges, empty.first_ms, empty.last_ms) == (0, 77, 77)


def test_severity_grows_with_accounts_and_exchanges() -> None:
    ranks = ["low", "medium", "high", "critical"]
    told = [ranks.index(case(members).severity()) for members in (1, 12, 60, 600)]
    assert told == sorted(told)
    assert len(set(told)) >= 3
    busy = case()
    for member in busy.members.values():
        member.total = 10**6
    assert busy.severity() == "critical"


def test_the_first_line_of_a_history_stays() -> None:
    made = case()
    for i in range(500):
        made.note(f"line {i}")
    assert made.history[0] == "opened"
    assert made.history[-1] == "line 499"
    assert len(made.history) <= 100
