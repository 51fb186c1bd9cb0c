import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import (
    IllegalOperation,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerFenced,
)

from stream.config import Settings
from stream.errors import BrokerError, SilenceError, StateError
from stream.runtime import writer as writer_module
from stream.runtime.writer import Sent, Writer
from tests.conftest import KafkaSettings
from tests.runtime.wire import offset_of_group

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

    async def send(self, topic: str, **_: Any) -> asyncio.Future[Any]:
        error = next(self._sends)
        if error is not None:
            raise error
        return done(next(self._futures))

    async def commit_transaction(self) -> None:
        self.committed = True

    @property
    def client(self) -> "Client":
        return self

    async def fetch_all_metadata(self) -> Any:
        """All topics that are left."""
        return SimpleNamespace(topics=lambda: {"findings"})


def done(error: Answer) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if error is None:
        future.set_result(SimpleNamespace(offset=7))
    else:
        future.set_exception(error)
    return future


def commit(
    sends: Sequence[Answer],
    futures: Sequence[Answer] = (),
    sender: Answer = None,
    topic: str = "findings",
) -> bool:
    """One commit of as many records as there are answers; `findings` is the only topic that is there."""

    async def run() -> bool:
        writer = Writer(Settings())
        client = Client(sends, futures, sender)
        writer._producer = client  # type: ignore[assignment]
        await writer.commit([Sent(topic, b"k", b"v" * 1000)] * len(sends), [], {})
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


@pytest.mark.parametrize(
    ("topic", "told", "kind"),
    [
        ("shoal.changelog", "and the state with it: bring the topic back from a copy, or give", StateError),
        ("shoal.events", r"no judge has read: give kafka\.events_topic a new name, and give", StateError),
        ("shoal.verdicts", "`shoal topics` makes it anew; nothing of this commit", BrokerError),
    ],
)
def test_a_topic_that_is_gone_is_told_with_what_it_takes_along(
    topic: str, told: str, kind: type[Exception]
) -> None:
    """Kafka answers a record of a deleted topic with nothing that says so."""
    with pytest.raises(kind, match=f"{topic} was deleted under the worker.*{told}"):
        commit([None], [KafkaTimeoutError()], topic=topic)


def test_silence_on_a_commit_is_told_as_it_is_where_all_topics_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(*_: object) -> None:
        raise SilenceError("Kafka was silent")

    monkeypatch.setattr(Writer, "_steps", silent)
    monkeypatch.setattr(writer_module, "patiently", lambda call, what: call)
    with pytest.raises(SilenceError, match="Kafka was silent"):
        commit([None])
    with pytest.raises(StateError, match=r"shoal\.changelog was deleted"):
        commit([None], topic="shoal.changelog")


@pytest.mark.kafka
def test_a_node_that_goes_while_it_is_asked_for_a_coordinator_ends_nobody(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first commit asks who coordinates the group."""
    settings, whole = kafka_settings(1), AIOKafkaClient.coordinator_lookup
    cut: list[str] = []

    async def lookup(self: AIOKafkaClient, kind: int, key: str) -> Any:
        if kind == CoordinationType.GROUP and len(cut) < 2:
            cut.append(key)
            raise KafkaConnectionError("Connection closed")
        return await whole(self, kind, key)

    monkeypatch.setattr(AIOKafkaClient, "coordinator_lookup", lookup)

    async def run() -> None:
        writer = Writer(settings)
        await writer.start()
        try:
            offsets = {TopicPartition(settings.kafka.requests_topic, 0): 7}
            await writer.commit([Sent(settings.kafka.findings_topic, b"k", b"v", 0)], [], offsets)
        finally:
            await writer.stop()

    asyncio.run(run())
    assert len(cut) == 2
    assert offset_of_group(settings, 0) == 7


def test_the_cause_of_what_a_client_does_not_explain_is_told() -> None:
    unexpected = KafkaError("Unexpected error")
    unexpected.__cause__ = KafkaConnectionError("Connection closed")
    with pytest.raises(BrokerError, match=r"refuses: .*Unexpected error.*Connection closed"):
        commit([None], [unexpected])
