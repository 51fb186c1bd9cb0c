import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest

from stream.errors import BrokerError
from stream.runtime import waiting
from stream.runtime.client import Partition, consumer
from stream.runtime.waiting import PATIENCE_S, goodbye, patiently
from stream.settings import Kafka


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


@pytest.mark.parametrize("ask", ["beginning_offsets", "end_offsets"])
def test_the_client_gives_up_no_sooner_than_who_asks_for_offsets(ask: str) -> None:
    given_s: list[float] = []

    class Fetcher:
        def __getattr__(self, name: str) -> Callable[..., Coroutine[None, None, dict[Partition, int]]]:
            async def asked(partitions: object, timeout_ms: int) -> dict[Partition, int]:
                given_s.append(timeout_ms / 1000)
                return {}

            return asked

    async def asking() -> None:
        made = consumer(Kafka())
        made._fetcher = Fetcher()  # type: ignore[attr-defined]
        await getattr(made, ask)([Partition("requests", 0)])

    asyncio.run(asking())
    assert given_s[0] > PATIENCE_S
