"""The client: what the runtime asks of Kafka, and the only module that knows aiokafka.

Consumer, Producer and Record are all that the runtime uses; aiokafka's own fit as they are. Another client
would be other makers and other errors in this module alone.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalOperation,
    IllegalSaslStateError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    OffsetOutOfRangeError,
    ProducerFenced,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import OffsetAndMetadata

from stream.runtime.access import access
from stream.settings import Kafka

LOGGER: Final = "aiokafka"
_UNHURRIED_MS: Final = 3_600_000
"""Asking for offsets it would give up after 40 s: sooner than those who ask, and they bound their wait."""
RETRY_MS: Final = 10
"""Its default of 100 ms costs a third of a commit's time."""

Partition: TypeAlias = TopicPartition
"""`topic` and number `partition`: a tuple of both, so that it sorts and is a key."""
RebalanceListener: TypeAlias = ConsumerRebalanceListener
"""Base of who is told, by `on_partitions_revoked` and `on_partitions_assigned`, how a group shares them."""

ClientError = KafkaError
"""Whatever Kafka or the client says."""
ConnectionLostError = KafkaConnectionError
"""No connection, or it went away."""
FencedError = ProducerFenced
"""A younger producer has the same transactional id."""
NoTransactionError = IllegalOperation
"""No transaction is open; so too where a fence ended it between two calls."""
TooLargeError = MessageSizeTooLargeError
"""A record has more bytes than its topic takes."""
CutError = OffsetOutOfRangeError
"""What was to be read next has been deleted."""
NotAssignedError = IllegalStateError
"""The partition is not this consumer's, or no longer."""
BadLoginError = SaslAuthenticationFailed
"""The broker knows no such user and password."""
UnknownLoginError = UnsupportedSaslMechanismError
"""The broker does not take that mechanism."""
NoLoginError = IllegalSaslStateError
"""The broker logs nobody in."""
FORBIDDEN: Final = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
"""The client got in and lacks a right."""
Isolation = Literal["read_committed", "read_uncommitted"]
COMMITTED: Final[Isolation] = "read_committed"
UNCOMMITTED: Final[Isolation] = "read_uncommitted"


class Record(Protocol):
    """What a consumer reads."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Consumer(Protocol):
    """Reads partitions that it is assigned or that a group gives it; raises ClientError everywhere.

    It commits nothing by itself. Where it reads what is committed, its ends are the last stable offsets.
    """

    async def start(self) -> None:
        """Connect; fails at once where no broker answers."""

    async def stop(self) -> None:
        """Leave the group, unless under a name, and close."""

    def assign(self, partitions: Iterable[Partition], /) -> None:
        """Read these and no others."""

    def subscribe(self, topics: Sequence[str], *, listener: RebalanceListener) -> None:
        """Read what the group gives it of these."""

    def assignment(self) -> set[Partition]:
        """What it reads now."""

    def seek(self, partition: Partition, offset: int, /) -> None:
        """Read on from there."""

    async def seek_to_beginning(self, partition: Partition, /) -> object:
        """Read on from the oldest record that is there."""

    async def position(self, partition: Partition, /) -> int:
        """Where it reads on; markers of transactions have offsets too. Raises NotAssignedError."""

    async def getone(self, partition: Partition, /) -> Record:
        """The next record, once there is one."""

    async def getmany(
        self, *partitions: Partition, timeout_ms: int, max_records: int | None = None
    ) -> dict[Partition, list[Record]]:
        """The next records of these, or of all, as soon as there are any; raises CutError."""

    async def beginning_offsets(self, partitions: Sequence[Partition], /) -> dict[Partition, int]:
        """The oldest offset of each."""

    async def end_offsets(self, partitions: Sequence[Partition], /) -> dict[Partition, int]:
        """One more than the newest offset of each."""

    def last_stable_offset(self, partition: Partition, /) -> int | None:
        """The end as of the last fetch; None before it. Raises NotAssignedError."""

    async def committed(self, partition: Partition, /) -> int | None:
        """How far its group came there."""


class Producer(Protocol):
    """Writes in transactions, under an id of which only its youngest producer may; raises ClientError."""

    async def start(self) -> None:
        """Connect, fence whoever had the id, and wait until its last transaction is closed."""

    async def stop(self) -> None:
        """Close; what is open the broker aborts."""

    async def begin_transaction(self) -> None:
        """All that is sent from here on counts once it is committed, or never."""

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: list[tuple[str, bytes]] | None,
    ) -> asyncio.Future[Any]:
        """Take a record; the future has its `offset` once Kafka has it, or tells why not."""

    async def commit_transaction(self) -> None:
        """Does not notice a record that failed: only its future tells."""

    async def abort_transaction(self) -> None:
        """None of it counts."""

    async def partitions_for(self, topic: str, /) -> set[int]:
        """The partitions that a topic has."""


def consumer(
    names: Kafka,
    isolation: Isolation = COMMITTED,
    *,
    beginning: bool = True,
    fetch_bytes: int = 1 << 20,
    wait_ms: int = 500,
    **membership: Any,
) -> Consumer:
    """A consumer that is not started yet; raises ConfigError where the access is wrong.

    `beginning`: reads from the oldest record on where no position is known, else that fails. A fetch has up
    to `fetch_bytes` of a partition, which the broker gathers for `wait_ms`. `membership`: see `member`.
    """
    made = AIOKafkaConsumer(
        **access(names),
        **membership,
        isolation_level=isolation,
        auto_offset_reset="earliest" if beginning else "none",
        enable_auto_commit=False,
        max_partition_fetch_bytes=fetch_bytes,
        fetch_max_wait_ms=wait_ms,
        retry_backoff_ms=RETRY_MS,
    )
    made._request_timeout_ms = _UNHURRIED_MS
    return cast(Consumer, made)


def member(
    group: str, name: str = "", session_ms: int = 10_000, rebalance_ms: int = 10_000, beat_ms: int = 3_000
) -> dict[str, Any]:
    """How a consumer is one of a group; a `name` is the same after a restart.

    Others are given its partitions once it has not beaten for `session_ms` or not let go for `rebalance_ms`.
    """
    return {
        "group_id": group,
        "group_instance_id": name or None,
        "session_timeout_ms": session_ms,
        "rebalance_timeout_ms": rebalance_ms,
        "heartbeat_interval_ms": beat_ms,
    }


def expelled(member: Consumer) -> bool:
    """Whether the group knows a member no longer; the client would just join it again."""
    return bool(cast(Any, member)._coordinator.generation < 0)


def producer(
    names: Kafka,
    transactional_id: str,
    *,
    transaction_ms: int,
    batch_bytes: int,
    request_bytes: int,
    request_ms: int,
    metadata_ms: int,
) -> Producer:
    """A producer that is not started yet; raises ConfigError where the access is wrong.

    The broker aborts what is open for `transaction_ms`; new partitions are known within `metadata_ms`.
    """
    made = AIOKafkaProducer(
        **access(names),
        transactional_id=transactional_id,
        transaction_timeout_ms=transaction_ms,
        max_batch_size=batch_bytes,
        max_request_size=request_bytes,
        request_timeout_ms=request_ms,
        retry_backoff_ms=RETRY_MS,
        metadata_max_age_ms=metadata_ms,
    )
    _ask_again(made.client)
    return cast(Producer, made)


async def send_offsets(by: Producer, offsets: Mapping[Partition, int], note: str, group: str) -> None:
    """How far a group has read, with a note beside it, as a part of the open transaction."""
    noted = {partition: OffsetAndMetadata(offset, note) for partition, offset in offsets.items()}
    await cast(Any, by).send_offsets_to_transaction(noted, group)


def enlist(by: Producer, partitions: Iterable[Partition]) -> None:
    """Make these a part of the open transaction although nothing is sent to them."""
    for partition in partitions:
        cast(Any, by)._txn_manager.maybe_add_partition_to_txn(partition)


async def topics_there(by: Producer) -> set[str]:
    """Every topic that the cluster has now."""
    return set((await cast(Any, by).client.fetch_all_metadata()).topics())


def sender_failure(of: Producer) -> BaseException | None:
    """Why the client's sending task ended, if it did: it alone knows when no record was under way."""
    task: asyncio.Task[None] | None = cast(Any, of)._sender.sender_task
    return task.exception() if task is not None and task.done() and not task.cancelled() else None


async def knock(host: str, port: int, timeout_ms: int, credentials: Mapping[str, Any]) -> None:
    """Connect to one broker, log in and ask for something; raises what stands in the way."""
    connection = await create_conn(host, port, request_timeout_ms=timeout_ms, **credentials)
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def source_of(partition: Partition) -> str:
    """The pipeline's name of a partition."""
    return f"{partition.topic}-{partition.partition}"


def _ask_again(client: AIOKafkaClient) -> None:
    """Ask for a coordinator again where the node that was asked went away: else the client gives up."""
    ask = client.coordinator_lookup

    async def lookup(kind: int, key: str) -> int:
        try:
            return int(await ask(kind, key))
        except KafkaConnectionError as error:
            raise NodeNotReadyError(str(error)) from error

    client.coordinator_lookup = lookup
