import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation, KafkaConnectionError, MessageSizeTooLargeError, ProducerFenced

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.writer import Sent, Writer

FENCED = r"another worker of kafka\.application_id shoal took over: stopped"
Answer = BaseException | None


class Client:
    """A producer that answers each record as told: an error at once, or by its future."""

    def __init__(self, sends: Sequence[Answer], futures: Sequence[Answer], sender: Answer) -> None:
        self._sends = iter(sends)
        self._futures = iter(futures)
        self._sender = SimpleNamespace(sender_task=done(sender))
        self.committed = False

    async def begin_transaction(self) -> None: ...

    async def send(self, topic: str, **_: Any) -> asyncio.Future[None]:
        error = next(self._sends)
        if error is not None:
            raise error
        return done(next(self._futures))

    async def commit_transaction(self) -> None:
        self.committed = True


def done(error: Answer) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
    return future


def commit(sends: Sequence[Answer], futures: Sequence[Answer] = (), sender: Answer = None) -> bool:
    """One commit of as many records as there are answers."""

    async def run() -> bool:
        writer = Writer(Settings())
        writer._producer = client = Client(sends, futures, sender)
        await writer.commit([Sent("findings", b"k", b"v" * 1000)] * len(sends), [], {})
        return client.committed

    return asyncio.run(run())


def test_all_steps_in_order_commit() -> None:
    assert commit([None, None], [None, None])


def test_a_fence_between_two_records_is_told_as_one() -> None:
    """The first record was delivered, and the client only says that there is no transaction any more."""
    with pytest.raises(BrokerError, match=FENCED):
        commit([None, IllegalOperation("not in transaction")], [None], ProducerFenced())


@pytest.mark.parametrize("error", [AssertionError("state"), KafkaConnectionError()])
def test_a_fence_that_only_a_record_knows_is_told_as_one(error: Exception) -> None:
    with pytest.raises(BrokerError, match=FENCED):
        commit([None, error], [ProducerFenced()])


def test_a_record_that_is_too_large_is_named() -> None:
    with pytest.raises(BrokerError, match="a record of 1,001 bytes is more than findings takes"):
        commit([None, None], [None, MessageSizeTooLargeError()])


def test_anything_else_is_kafkas() -> None:
    with pytest.raises(BrokerError, match=r"Kafka at 127\.0\.0\.1:9092 does not answer or refuses: .*gone"):
        commit([None], [KafkaConnectionError("gone")])
