import threading

import pytest

from stream.errors import StallError
from stream.runtime import watch
from stream.runtime.watch import STAND_S, Standing, Watchdog

FOREVER_S = 60.0


class Ends:
    """Takes the place of the process's end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.came = threading.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self.came.set()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.01)
    monkeypatch.setattr(watch, "BEAT_S", 0.1)
    monkeypatch.setattr(watch, "ASLEEP_S", FOREVER_S)


@pytest.mark.usefixtures("quick")
def test_a_loop_that_stands_still_ends_the_process() -> None:
    ends = Ends()
    with Watchdog(lambda: 0, ends).watching():
        assert ends.came.wait(FOREVER_S)
    assert ends.lines == ["the loop stood still for 0 s: ended; a restart goes on from the last commit"]


@pytest.mark.usefixtures("quick")
def test_progress_within_a_long_step_is_a_beat() -> None:
    ends, looks, enough = Ends(), 0, threading.Event()

    def progress() -> int:
        nonlocal looks
        looks += 1
        if looks > 200:
            enough.set()
        return looks

    with Watchdog(progress, ends).watching():
        assert enough.wait(FOREVER_S)
    assert ends.lines == []


def test_a_process_that_was_paused_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever took over meanwhile fences it at its next commit; if nobody did, it works on."""
    monkeypatch.setattr(watch, "LOOK_S", 0.01)
    monkeypatch.setattr(watch, "BEAT_S", 0.0)
    monkeypatch.setattr(watch, "ASLEEP_S", -1.0)
    ends, looks = Ends(), []
    enough = threading.Event()

    def progress() -> int:
        looks.append(0)
        if len(looks) > 100:
            enough.set()
        return 0

    with Watchdog(progress, ends).watching():
        assert enough.wait(FOREVER_S)
    assert ends.lines == []


@pytest.mark.usefixtures("quick")
def test_a_loop_that_does_not_leave_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BEAT_S", FOREVER_S)
    monkeypatch.setattr(watch, "LEAVE_S", 0.0)
    ends = Ends()
    dog = Watchdog(lambda: 0, ends)
    dog.leave_soon()
    with dog.watching():
        assert ends.came.wait(FOREVER_S)
    assert ends.lines == ["not done within 0.0 s of being told to stop: left; all committed is safe"]


def test_a_position_that_stands_while_lag_grows_is_an_error() -> None:
    standing = Standing()
    standing.see("requests-0", 5, 10, 0.0)
    standing.see("requests-0", 5, 11, STAND_S - 1)
    with pytest.raises(StallError, match="requests-0 stands at 5 for 60 s while its lag grew from 10 to 12"):
        standing.see("requests-0", 5, 12, STAND_S)


@pytest.mark.parametrize(("position", "lag"), [(6, 99), (5, 10), (5, 0)])
def test_moving_keeping_up_or_having_read_all_is_none(position: int, lag: int) -> None:
    standing = Standing()
    standing.see("requests-0", 5, 10, 0.0)
    standing.see("requests-0", position, lag, STAND_S)


def test_time_without_kafka_does_not_count() -> None:
    standing = Standing()
    standing.see("requests-0", 5, 10, 0.0)
    standing.forget_all()
    standing.see("requests-0", 5, 12, STAND_S)
