"""The ledger: outputs, state and source offsets of a worker, in one Kafka transaction per commit."""

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Final

from stream.blocks import Block
from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.findings.render import finding_bytes, reject_bytes, verdict_bytes
from stream.metrics import Meters
from stream.runtime.changelog import HEAD, HEADER, Changelog, Record
from stream.runtime.client import Consumer, Partition, consumer
from stream.runtime.hanging import abort, hanging
from stream.runtime.origin import LOST_STATE, check_origin, origin
from stream.runtime.pipeline import Outputs
from stream.runtime.restoring import Restoring
from stream.runtime.waiting import PATIENCE_S, connect, patiently
from stream.runtime.writer import Offsets, Sent, Writer

PARTS: Final = {b"d": "deltas", b"b": "base", HEAD[:1]: "heads"}
"""By how the key of a record begins."""
TAIL_RECORDS: Final = 32
"""Read from the end for the head, at first: more than a commit of a small state has."""

Stretch = tuple[list[Record], float]
"""Records, and the share of the whole that is read with them."""

log = logging.getLogger(__name__)


class Ledger:
    """The transactional producer and the changelog that it writes."""

    def __init__(self, settings: Settings, meters: Meters) -> None:
        """Nothing is connected before `start`."""
        self._names = settings.kafka
        self._meters = meters
        self._changelog = Changelog(origin(settings))
        self._writer = Writer(settings)

    async def check(self) -> None:
        """Raise StateError where its head tells that the state cannot be gone on with; fences nobody."""
        topic = self._names.changelog_topic
        reader = await connect(self._reader, self._names)
        try:
            head = await _newest_head(reader, Partition(topic, 0))
        finally:
            await reader.stop()
        try:
            stored = Changelog.origin_of(head) if head else {}
        except StateError as error:
            raise StateError(f"{topic} cannot be restored: {error}; {LOST_STATE}") from error
        check_origin(stored, self._changelog.origin, topic)

    async def start(self) -> None:
        """Fence any other worker of this application and wait until its last transaction is closed."""
        await self._writer.start()
        opened = await hanging(self._names, [Partition(self._names.changelog_topic, 0)])
        if opened:
            outputs = (self._names.findings_topic, self._names.verdicts_topic, self._names.rejects_topic)
            await abort(self._names, self._writer, opened, await self.partitions(outputs))

    async def partitions(self, topics: Iterable[str]) -> set[Partition]:
        """The partitions that the topics have now."""
        return await self._writer.partitions(topics)

    async def restore(self) -> tuple[Iterator[Block], dict[str, int]]:
        """The committed state, and the marks of the last commit; call it after `start`."""
        began, size, count = time.monotonic(), 0, 0
        restoring = Restoring(self._meters)
        reader = await connect(self._reader, self._names)
        try:
            tp = Partition(self._names.changelog_topic, 0)
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            async for records, share in _to_the_end(reader, tp):
                self._changelog.load(records)
                restoring.read(share)
                size += sum(len(record.value or b"") for record in records)
                count += len(records)
        finally:
            await reader.stop()
        blocks, marks = self._replayed()
        took_s = time.monotonic() - began
        log.info("read %d changelog records (%.1f MB) in %.1f s", count, size / 1e6, took_s)
        return restoring.building(blocks, self._changelog.blocks), marks

    async def commit(
        self, outputs: Iterable[Outputs], deltas: Iterable[Block], marks: Mapping[str, int], offsets: Offsets
    ) -> None:
        """One transaction; whatever fails in it fails the whole."""
        began = time.monotonic()
        changes = self._changelog.commit(deltas, marks)
        said = [record for output in outputs for record in self._said(output)]
        await self._writer.commit(said, [self._kept(change) for change in changes], offsets)
        self._meters.add("shoal_commits_total")
        for part, size in sizes(changes).items():
            self._meters.add("shoal_changelog_bytes_total", size, part)
        self._meters.observe("shoal_commit_duration_seconds", time.monotonic() - began)

    @property
    def base_due(self) -> bool:
        """Whether `rebase` should be called with the state as it was just committed."""
        return self._changelog.due

    def rebase(self, snapshot: Iterable[Block]) -> None:
        """Write the whole state over the next commits, so that older deltas can be dropped."""
        self._changelog.rebase(snapshot)

    async def stop(self) -> None:
        """Close the producer; an open transaction is left to the broker to abort."""
        await self._writer.stop()

    def _replayed(self) -> tuple[Iterator[Block], dict[str, int]]:
        """Refuse rather than guess: a state with a hole would name the wrong accounts."""
        topic = self._names.changelog_topic
        try:
            blocks, marks = self._changelog.replay()
        except StateError as error:
            raise StateError(f"{topic} cannot be restored: {error}; {LOST_STATE}") from error
        check_origin(self._changelog.stored_origin, self._changelog.origin, topic)
        return blocks, marks

    def _reader(self) -> Consumer:
        return consumer(self._names, fetch_bytes=8 << 20)

    def _kept(self, change: Record) -> Sent:
        header = (HEADER, change.place) if change.place else None
        return Sent(self._names.changelog_topic, change.key, change.value, 0, header)

    def _said(self, outputs: Outputs) -> Iterator[Sent]:
        for finding in outputs.findings:
            self._meters.add("shoal_findings_total", label=finding.activity)
            yield Sent(self._names.findings_topic, finding.uid.encode(), finding_bytes(finding))
        for verdict in outputs.verdicts:
            self._meters.add("shoal_verdicts_total")
            yield Sent(self._names.verdicts_topic, verdict.account_id.encode(), verdict_bytes(verdict))
        for reject in outputs.rejects:
            yield Sent(self._names.rejects_topic, reject.source.encode(), reject_bytes(reject))


def sizes(changes: Iterable[Record]) -> Counter[str]:
    """Bytes by what they are for: write amplification is all of them over the deltas."""
    found = Counter[str]()
    for change in changes:
        found[PARTS[change.key[:1]]] += len(change.value or b"")
    return found


async def _newest_head(reader: Consumer, tp: Partition) -> Record | None:
    """The head of the last commit: at the very end, unless transactions that were cut lie behind it."""
    reader.assign([tp])
    first = (await patiently(reader.beginning_offsets([tp]), "the changelog"))[tp]
    start = (await patiently(reader.end_offsets([tp]), "the changelog"))[tp]
    back = TAIL_RECORDS
    while start > first:
        start, back = max(first, start - back), 8 * back
        reader.seek(tp, start)
        heads = [r async for records, _ in _to_the_end(reader, tp) for r in records if r.key == HEAD]
        if heads:
            return heads[-1]
    return None


async def _to_the_end(reader: Consumer, tp: Partition) -> AsyncIterator[tuple[list[Record], float]]:
    """Every committed record of a partition from where the reader is to what is its end now.

    Raises BrokerError where Kafka is silent.
    """
    end = (await patiently(reader.end_offsets([tp]), "the changelog"))[tp]
    heard, start = time.monotonic(), await reader.position(tp)
    while await reader.position(tp) < end:
        records = (await reader.getmany(tp, timeout_ms=500)).get(tp, [])
        if records:
            heard = time.monotonic()
            found = [Record(r.key or b"", r.value, dict(r.headers).get(HEADER, b"")) for r in records]
            yield found, (records[-1].offset + 1 - start) / (end - start)
        elif time.monotonic() - heard > PATIENCE_S:
            raise BrokerError(f"Kafka was silent on the changelog for {PATIENCE_S:.0f} s")
