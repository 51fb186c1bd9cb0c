"""Decisions that hold until they expire."""

import orjson
import pytest

from stream.cases import standing
from stream.cases.standing import Standing

Link = tuple[str, int]


def held() -> Standing[Link]:
    made: Standing[Link] = Standing()
    made.hold(("client", 2**64 - 1), -4.0, 100)
    made.hold(("network", 7), -1e6, 200)
    return made


def test_a_decision_holds_until_its_end_and_not_at_it() -> None:
    made = held()
    assert not made.expire(99)
    assert ("client", 2**64 - 1) in made
    assert made.expire(100)
    assert made.weights() == {("network", 7): -1e6}


def test_the_newest_decision_about_the_same_counts() -> None:
    made = held()
    made.hold(("network", 7), -4.0, 50)
    assert made.weights()["network", 7] == -4.0
    made.drop(("network", 7))
    made.drop(("network", 8))
    assert len(made) == 1


def test_what_is_stored_comes_back() -> None:
    copy: Standing[Link] = Standing()
    copy.restore(orjson.loads(orjson.dumps(held().plain())), lambda key: (key[0], key[1]))
    assert copy.weights() == held().weights()
    assert copy.plain() == held().plain()
    assert copy.expire(100)


def test_over_the_limit_those_go_that_end_soonest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "LIMIT", 3)
    one, other = Standing[str](), Standing[str]()
    for key in range(9):
        one.hold(str(key), -4.0, 100 + key // 2)
        other.hold(str(8 - key), -4.0, 100 + (8 - key) // 2)
    assert one.plain() == other.plain()
    assert set(one.weights()) == {"6", "7", "8"}
