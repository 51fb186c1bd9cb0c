"""Transactions that hang: Kafka says that they have ended, and some partition was never told.

A coordinator that finds no leader for a partition holds it for deleted, and forgets the marker that was to
end the transaction there. So it goes where the only broker, or all of them, are killed while one ends.
What was written then waits for the producer's next marker, and would be committed with what was read again.
It may go so on some of a transaction's partitions alone: what the others were told is what counts.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from stream.errors import BrokerError
from stream.runtime.client import (
    COMMITTED,
    UNCOMMITTED,
    Isolation,
    Partition,
    Record,
    consumer,
    source_of,
)
from stream.runtime.waiting import connect, goodbye, patiently
from stream.runtime.writer import Writer
from stream.settings import Kafka

log = logging.getLogger(__name__)


async def hanging(names: Kafka, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    """Partition -> first offset of an open transaction; ask once all who write to them are fenced."""
    if not partitions:
        return {}
    ends = [await _ends(names, partitions, isolation) for isolation in (UNCOMMITTED, COMMITTED)]
    return {tp: ends[1][tp] for tp in partitions if ends[1][tp] < ends[0][tp]}


async def first_open(names: Kafka, partition: Partition, offset: int) -> Record:
    """The record that stands there, committed or not; raises BrokerError where none comes."""
    reader = await connect(partial(consumer, names, UNCOMMITTED), names)
    try:
        reader.assign([partition])
        reader.seek(partition, offset)
        return await patiently(reader.getone(partition), "a record")
    finally:
        await goodbye(reader.stop())


async def abort(
    names: Kafka, writer: Writer, opened: Mapping[Partition, int], also: Iterable[Partition] = ()
) -> None:
    """End what hangs of a writer's transactions, as not committed; `also`: where they may have written too.

    Raises BrokerError where it goes on to hang.
    """
    for tp, offset in opened.items():
        log.warning(
            "%s: Kafka never ended a transaction, from %d on: aborted, and read again", source_of(tp), offset
        )
    await writer.abort([*opened, *also])
    await _check_ended(names, opened)


async def finish(names: Kafka, writer: Writer, opened: Mapping[Partition, int]) -> None:
    """End what hangs of a transaction that other partitions know to be committed, as committed.

    Raises BrokerError where it goes on to hang.
    """
    for tp, offset in opened.items():
        log.warning(
            "%s: Kafka never ended a transaction, from %d on: committed, as elsewhere", source_of(tp), offset
        )
    await writer.finish(opened)
    await _check_ended(names, opened)


async def _check_ended(names: Kafka, opened: Mapping[Partition, int]) -> None:
    left = await hanging(names, list(opened))
    if left:
        told = ", ".join(
            f"--topic {tp.topic} --partition {tp.partition} --start-offset {at}" for tp, at in left.items()
        )
        raise BrokerError(
            f"a transaction hangs: end it with `kafka-transactions.sh abort` {told}, and start again"
        )


async def _ends(
    names: Kafka, partitions: Sequence[Partition], isolation: Isolation
) -> Mapping[Partition, int]:
    reader = await connect(partial(consumer, names, isolation), names)
    try:
        ends: Mapping[Partition, int] = await patiently(reader.end_offsets(partitions), "offsets")
        return ends
    finally:
        await goodbye(reader.stop())
