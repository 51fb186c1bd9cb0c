import asyncio
import logging

import pytest

from stream.errors import BrokerError
from stream.runtime import waiting
from stream.runtime.waiting import goodbye, patiently


async def soon(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def cancelled() -> None:
    raise asyncio.CancelledError


async def failing() -> None:
    raise OSError("gone")


def test_an_answer_is_handed_on() -> None:
    assert asyncio.run(patiently(soon(3), "a commit")) == 3


def test_an_error_is_handed_on() -> None:
    with pytest.raises(OSError, match="gone"):
        asyncio.run(patiently(failing(), "a commit"))


def test_patience_has_an_end_and_it_is_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.02)
    monkeypatch.setattr(waiting, "WARN_S", 0.01)
    with caplog.at_level(logging.WARNING), pytest.raises(BrokerError, match="silent on a commit for 0 s"):
        asyncio.run(patiently(asyncio.sleep(60), "a commit"))
    assert "Kafka is silent on a commit" in caplog.text


def test_a_client_that_does_not_close_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GOODBYE_S", 0.02)
    closed = []

    async def slow() -> None:
        await asyncio.sleep(10)
        closed.append(True)

    asyncio.run(goodbye(slow()))
    assert not closed


def test_what_a_client_says_at_its_end_reaches_nobody() -> None:
    asyncio.run(goodbye(failing()))
    asyncio.run(goodbye(cancelled()))
