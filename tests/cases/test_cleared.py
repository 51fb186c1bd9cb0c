"""Links that were left alone, what spoke for them, and what each reason costs."""

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from stream.cases.cleared import SENTENCES, cleared
from stream.cases.hot import judge
from stream.cases.judged import Judged
from stream.cases.opinion import Learned, heard
from stream.config import Alerts
from stream.errors import InputError
from stream.evidence import PIECES, Piece, Units
from stream.evidence.piece import DEEDS
from stream.findings.cleared import Cleared, cleared_bytes, show_cleared
from stream.learning.weights import Weights
from tests.cases.test_opinion import LIKE_ANY, trees_that_say
from tests.evidence.population import NOW_MS, Population

ALERTS = Alerts()
MUCH = {"young": 5.0, "alike": 4.0, "even": 3.0}
"""Twelve nats for three reasons: over the threshold of ten, were nothing said for the link."""


def crowd(kind: str = "client", events: int = 10) -> Population:
    made = Population()
    made.accounts(range(20), events=events, last_ms=NOW_MS - 1)
    made.link(kind, 0xAB, range(20), events)
    return made


def pieces_of(nats: Mapping[str, float]) -> dict[str, Piece]:
    one, none = np.ones(1), np.zeros(1)
    return {n: Piece(n, one * nats.get(n, 0.0), one * 0.6, none, one * 0.5) for n in PIECES}


def judged(units: Units, nats: Mapping[str, float], remembered: float = 0.0) -> Judged:
    least = ALERTS.min_units
    return judge(units, pieces_of(nats), np.full(1, remembered), ALERTS.threshold_nats, least)


def told(
    nats: Mapping[str, float],
    was: Mapping[str, float] | None = None,
    remembered: float = 0.0,
    made: Population | None = None,
) -> list[Cleared]:
    """What is said of one link with these nats; `was`: all of its nats, news or not."""
    made = made or crowd()
    units, links = made.units(), made.links.state.links
    judgement = judged(units, nats, remembered)
    return cleared(judgement, pieces_of(was or nats), np.full(1, remembered), links, ALERTS, NOW_MS)


def reasons(*given: Cleared) -> dict[str, float]:
    return {reason.name: reason.nats for link in given for reason in link.reasons}


def test_a_hot_link_is_not_cleared() -> None:
    assert told(MUCH | {"breadth": 5.0}) == []


def test_a_link_with_little_against_it_is_not_worth_telling() -> None:
    assert told({"young": 4.0, "alike": 4.0, "place": -4.0}) == []


@pytest.mark.parametrize(
    ("nats", "was", "remembered", "reason"),
    [
        (MUCH | {"place": -4.0}, None, 0.0, "place"),
        (MUCH | {"common": -4.0}, None, 0.0, "common"),
        (MUCH | {"copied": -4.0}, None, 0.0, "copied"),
        (MUCH | {"alike": 1.0}, MUCH, 0.0, "history"),
        (MUCH, None, -4.0, "analyst"),
        (MUCH, None, -1e6, "analyst"),
    ],
)
def test_what_cleared_a_link_is_told_with_its_nats(
    nats: dict[str, float], was: dict[str, float] | None, remembered: float, reason: str
) -> None:
    (link,) = told(nats, was, remembered)
    assert reasons(link)[reason] == {"history": 3.0, "analyst": min(-remembered, 12.0)}.get(reason, 4.0)
    assert (link.kind, link.value, link.units) == ("client", f"{0xAB:016x}", 20)
    assert link.against == 12.0
    assert link.score < link.threshold
    told_of = [r for r in link.reasons if r.name in ("place", "common", "copied")]
    assert all((r.observed, r.threshold) == (0.6, 0.5) for r in told_of)


def test_newcomers_are_told_as_such() -> None:
    young = {"young": 4.0, "alike": 2.5, "even": 3.8}
    assert reasons(*told(young)) == {"newcomers": 2.0}


@pytest.mark.parametrize("deed", DEEDS)
def test_newcomers_lose_their_excuse_by_one_deed(deed: str) -> None:
    young = {"young": 4.0, "alike": 2.5, "even": 3.8}
    assert judged(crowd().units(), young | {deed: 3.0}).newcomers[0] <= 0


def test_newcomers_lose_their_excuse_by_work_and_by_sharing_further_things() -> None:
    young = {"young": 4.0, "alike": 2.5, "even": 3.8}
    assert judged(crowd().units(), young).newcomers[0] > 0
    assert judged(crowd(events=1000).units(), young).newcomers[0] <= 0
    assert judged(crowd().units(), young | {"breadth": 3.0}).newcomers[0] <= 0


@pytest.mark.parametrize("reason", ["place", "common", "copied"])
def test_one_excuse_does_not_clear_a_group_that_did_something(reason: str) -> None:
    assert judged(crowd().units(), MUCH | {"handed_over": 5.0, reason: -4.0}).hot[0]


def test_it_is_explained_in_words() -> None:
    lines = [cleared_bytes(link) for link in told(MUCH | {"place": -4.0})]
    text = StringIO()
    show_cleared("00000000000000ab", lines, "cleared", Console(file=text, width=200))
    assert "client 00000000000000ab was left alone on" in text.getvalue()
    assert "12.0 nats against it; 8.0 of the " in text.getvalue()
    assert f"4.0 nats  place: {SENTENCES['place']} (observed 0.6, counts from 0.5)" in text.getvalue()


def test_what_is_not_there_cannot_be_explained() -> None:
    with pytest.raises(InputError, match="cleared has no link whose value begins with ff"):
        show_cleared("ff", [], "cleared")
    with pytest.raises(InputError, match="cleared line 1: not JSON"):
        show_cleared("ff", [b"{"], "cleared")


def test_who_is_merely_alike_is_told_as_such() -> None:
    alike = {"alike": 4.0, "even": 4.0, "breadth": 2.5}
    assert reasons(*told(alike)) == {"settled": 3.0}


def test_what_some_members_took_up_is_told_as_such() -> None:
    made = crowd()
    pieces = pieces_of({"changed": 6.0, "roaming": 3.0, "alike": 2.0})
    pieces["changed"] = replace(pieces["changed"], observed=np.full(1, 0.4))
    judgement = judge(made.units(), pieces, np.zeros(1), ALERTS.threshold_nats, ALERTS.min_units)
    links = made.links.state.links
    found = reasons(*cleared(judgement, pieces, np.zeros(1), links, ALERTS, NOW_MS))
    assert found["adoption"] == 4.0
    assert "history" not in found


def test_trees_that_know_such_links_for_honest_ones_are_told() -> None:
    made, none, much = crowd(), np.zeros(1), pieces_of(MUCH | {"breadth": 5.0})
    links = made.links.state.links
    rules = judge(made.units(), much, none, ALERTS.threshold_nats, ALERTS.min_units)
    assert rules.hot[0]
    against = heard(rules, LIKE_ANY, none, Learned(Weights(), trees_that_say(-4.0)))
    found = reasons(*cleared(against, much, none, links, ALERTS, NOW_MS))
    assert found["trees"] == pytest.approx(-against.opinion[0], abs=1e-3)
    assert "kind" not in found
