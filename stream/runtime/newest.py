"""The newest committed records of a partition, found from its end."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from stream.errors import BrokerError
from stream.runtime.client import Consumer, Partition, Record
from stream.runtime.waiting import PATIENCE_S, patiently

_WIDER: Final = 8
"""So many times as many are read where none of the last ones was committed or is the one that is wanted."""


async def newest(
    reader: Consumer, tp: Partition, among: int, wanted: Callable[[Record], bool] = lambda record: True
) -> Record | None:
    """The last committed record that is wanted: at the very end, unless transactions that were cut follow it.

    `among`: so many are read from the end at first. The reader is assigned the partition.
    """
    reader.assign([tp])
    first = (await patiently(reader.beginning_offsets([tp]), tp.topic))[tp]
    start = (await patiently(reader.end_offsets([tp]), tp.topic))[tp]
    while start > first:
        start, among = max(first, start - among), _WIDER * among
        reader.seek(tp, start)
        found = [one async for records in to_the_end(reader, tp) for one in records if wanted(one)]
        if found:
            return found[-1]
    return None


async def to_the_end(reader: Consumer, tp: Partition) -> AsyncIterator[list[Record]]:
    """Every committed record of a partition from where the reader is to what is its end now.

    Raises BrokerError where Kafka is silent.
    """
    end, heard = (await patiently(reader.end_offsets([tp]), tp.topic))[tp], time.monotonic()
    while await reader.position(tp) < end:
        records = (await reader.getmany(tp, timeout_ms=500)).get(tp, [])
        if records:
            heard = time.monotonic()
            yield records
        elif time.monotonic() - heard > PATIENCE_S:
            raise BrokerError(f"Kafka was silent on {tp.topic} for {PATIENCE_S:.0f} s")
