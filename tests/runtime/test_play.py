"""Reading what is committed: what goes wrong in the reader's thread reaches who reads."""

import pytest

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.play import Reader


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
