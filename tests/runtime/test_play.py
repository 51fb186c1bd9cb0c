"""Reading what is committed: what goes wrong in the reader's thread reaches who reads."""

import time
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import MagicMock

import pytest

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime import play
from stream.runtime.play import Offsets, Reader


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Reader:
    def lost(reader: Reader) -> None:
        raise BrokerError("Kafka is gone")

    monkeypatch.setattr(Reader, "_read", lost)
    return Reader(Settings())


def nothing() -> None:
    """The worker is alive."""


def test_who_waits_is_told(failing: Reader) -> None:
    with pytest.raises(BrokerError, match="is gone"), failing:
        failing.wait_for(1, nothing)


def test_who_waits_for_nothing_more_is_told_at_the_end(failing: Reader) -> None:
    with pytest.raises(BrokerError, match="is gone"), failing:
        pass


def test_what_went_wrong_first_is_what_is_told(failing: Reader) -> None:
    with pytest.raises(ValueError, match="the worker"), failing:
        raise ValueError("the worker ended")


def test_a_look_is_of_when_its_answer_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a record could be counted before it was sent, where a broker is slow to answer."""
    answered: list[float] = []

    def offsets(reader: Reader, admin: object) -> Offsets:
        answered.append(time.monotonic())
        reader._over.set()
        return {0: 1}

    def outputs(names: object, wait_ms: int) -> AbstractContextManager[MagicMock]:
        return nullcontext(MagicMock())

    monkeypatch.setattr(play, "admin", lambda names: nullcontext())
    monkeypatch.setattr(play, "reader", outputs)
    monkeypatch.setattr(Reader, "_offsets", offsets)
    reader = Reader(Settings())
    reader._read()
    (look,) = reader.looks
    assert look.moment >= answered[0]
