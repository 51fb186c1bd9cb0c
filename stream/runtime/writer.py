"""The writer: one transactional producer, and a commit as five steps in a fixed order.

Whatever fails in a step fails the whole: the worker exits, and the next one to start fences this
producer, which makes the broker abort what was open. Nothing is ever written outside a transaction.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from stream.config import Settings
from stream.errors import BrokerError, ShoalError, SilenceError, StateError
from stream.runtime.client import (
    FORBIDDEN,
    ClientError,
    FencedError,
    NoTransactionError,
    Partition,
    Producer,
    TooLargeError,
    enlist,
    producer,
    send_offsets,
    sender_failure,
    topics_there,
)
from stream.runtime.origin import ANEW, LOST_STATE
from stream.runtime.refusal import failure
from stream.runtime.topics import BATCH_BYTES
from stream.runtime.waiting import PATIENCE_S, connect, goodbye, patiently
from stream.settings import Kafka

TRANSACTION_MS: Final = 120_000
"""The broker aborts an older transaction; it has to outlast a broker that restarts within PATIENCE_S."""
METADATA_MS: Final = 30_000
"""Added partitions are found within this time."""
LIST_S: Final = 2.0
"""Time to list the topics once a commit has failed: a worker that was told to stop has no more."""
REQUEST_BYTES: Final = 64 << 20
"""No limit of the client's own: a record that is too large is for the topic to refuse, and to be told."""

Offsets = Mapping[Partition, int]


class Sent(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    header: tuple[str, bytes] | None = None


class Writer:
    """The producer of one application; `start` fences any other."""

    def __init__(self, settings: Settings, role: str = "", group: str = "", note: str = "") -> None:
        """Nothing is connected before `start`.

        `role` tells producers of one application apart, so that each fences its own kind alone; `group` is
        whose offsets are committed. Both are endings of the application's id. `note` stands beside offsets.
        """
        self._names = settings.kafka
        self._id = settings.kafka.application_id + role
        self._group = settings.kafka.application_id + group
        self._note = note
        self._producer: Producer | None = None
        self._open: list[tuple[Sent, asyncio.Future[Any]]] = []

    async def start(self) -> None:
        """Fence the worker before this one and wait until its last transaction is closed."""
        self._producer = await connect(self._made, self._names)

    async def commit(
        self, outputs: Iterable[Sent], state: Iterable[Sent], offsets: Offsets, note: str | None = None
    ) -> int:
        """One transaction; the offset of the last record of it, -1 without any.

        `note` stands beside offsets from now on. Raises BrokerError where it cannot be had, StateError where
        its topic is gone.
        """
        self._note = self._note if note is None else note
        outputs, state = list(outputs), list(state)
        try:
            await patiently(self._steps(outputs, state, offsets), "a commit")
        except (SilenceError, ClientError, NoTransactionError, AssertionError) as error:
            # A client that was fenced between two calls answers the second one with either of the last two.
            raise self._told(error) or await self._lost([*outputs, *state], error) from error
        last: int = self._open[-1][1].result().offset if self._open else -1
        return last

    async def abort(self, partitions: Iterable[Partition]) -> None:
        """A transaction over these that is not committed, and with it what hangs of earlier ones."""
        await patiently(
            self._aborted([Sent(tp.topic, b"", b"", tp.partition) for tp in partitions]), "an abort"
        )

    async def finish(self, partitions: Iterable[Partition]) -> None:
        """A transaction over these that is committed, and with it what hangs of an earlier one."""
        await patiently(self._finished(partitions), "a commit")

    async def partitions(self, topics: Iterable[str]) -> set[Partition]:
        """The partitions that the broker has now (as of METADATA_MS ago)."""
        found = {topic: await patiently(self._started.partitions_for(topic), "metadata") for topic in topics}
        return {Partition(topic, number) for topic, numbers in found.items() for number in numbers}

    async def stop(self) -> None:
        """Close the producer; an open transaction is left to the broker to abort."""
        if self._producer is not None:
            await goodbye(self._producer.stop())

    async def _steps(self, outputs: Iterable[Sent], state: Iterable[Sent], offsets: Offsets) -> None:
        await self.begin()
        await self.write_outputs(outputs)
        await self.write_state(state)
        await self.write_offsets(offsets)
        await self.end()

    async def _aborted(self, records: Iterable[Sent]) -> None:
        await self.begin()
        await self._send(records)
        await asyncio.gather(*(future for _, future in self._open))
        await self._started.abort_transaction()

    async def _finished(self, partitions: Iterable[Partition]) -> None:
        await self.begin()
        enlist(self._started, partitions)
        await self._started.commit_transaction()

    async def begin(self) -> None:
        """Step 1."""
        self._open = []
        await self._started.begin_transaction()

    async def write_outputs(self, records: Iterable[Sent]) -> None:
        """Step 2: what readers downstream see."""
        await self._send(records)

    async def write_state(self, records: Iterable[Sent]) -> None:
        """Step 3: the changelog."""
        await self._send(records)

    async def write_offsets(self, offsets: Offsets) -> None:
        """Step 4: how far the sources were read."""
        if offsets:
            await send_offsets(self._started, offsets, self._note, self._group)

    async def end(self) -> None:
        """Step 5: all of it counts from here on, or none."""
        # commit_transaction does not notice a record that failed: only its future tells.
        await asyncio.gather(*(future for _, future in self._open))
        await self._started.commit_transaction()

    async def _send(self, records: Iterable[Sent]) -> None:
        for record in records:
            future = await self._started.send(
                record.topic,
                key=record.key,
                value=record.value,
                partition=record.partition,
                headers=[record.header] if record.header else None,
            )
            self._open.append((record, future))

    def _told(self, error: Exception) -> BrokerError | None:
        """What the client or a record of the commit says, if it is exact."""
        failed = {
            sent: future.exception()
            for sent, future in self._open
            if future.done() and not future.cancelled() and future.exception() is not None
        }
        if any(
            isinstance(why, FencedError) for why in (error, sender_failure(self._started), *failed.values())
        ):
            return BrokerError(f"another worker of kafka.application_id {self._id} took over: stopped")
        large = [sent for sent, why in failed.items() if isinstance(why, TooLargeError)]
        if large:
            return _too_large(max(large, key=_size))
        forbidden = [why for why in failed.values() if isinstance(why, FORBIDDEN)]
        return BrokerError(failure(self._names, forbidden[0])) if forbidden else None

    async def _lost(self, records: Iterable[Sent], error: Exception) -> ShoalError:
        """Whether a topic was deleted shows only by its being no longer there: Kafka answers nothing."""
        gone: set[str] = set()
        with suppress(ClientError, TimeoutError):
            there = await asyncio.wait_for(topics_there(self._started), LIST_S)
            gone = {record.topic for record in records} - there
        if gone:
            return _deleted(self._names, gone)
        return error if isinstance(error, SilenceError) else BrokerError(failure(self._names, error))

    def _made(self) -> Producer:
        return producer(
            self._names,
            self._id,
            transaction_ms=TRANSACTION_MS,
            batch_bytes=BATCH_BYTES,
            request_bytes=REQUEST_BYTES,
            request_ms=int(PATIENCE_S * 1000),
            metadata_ms=METADATA_MS,
        )

    @property
    def _started(self) -> Producer:
        if self._producer is None:
            raise RuntimeError("start the writer before it is used")
        return self._producer


def _size(sent: Sent) -> int:
    return len(sent.key or b"") + len(sent.value or b"")


def _deleted(names: Kafka, gone: set[str]) -> ShoalError:
    what = f"{', '.join(sorted(gone))} was deleted under the worker"
    if names.changelog_topic in gone:
        return StateError(f"{what}, and the state with it: {LOST_STATE}")
    if names.events_topic in gone:
        return StateError(
            f"{what}, with what no judge has read: give kafka.events_topic a new name, and {ANEW}"
        )
    return BrokerError(f"{what}: `shoal topics` makes it anew; nothing of this commit was written")


def _too_large(sent: Sent) -> BrokerError:
    return BrokerError(
        f"a record of {_size(sent):,} bytes is more than {sent.topic} takes: raise the topic's "
        "max.message.bytes above it and start again; nothing of this commit was written"
    )
