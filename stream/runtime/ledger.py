"""The ledger: outputs, state and source offsets of a worker, in one Kafka transaction per commit."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from stream.blocks import SCHEMA_VERSION, Block
from stream.config import Settings
from stream.errors import StateError
from stream.findings.render import finding_bytes, reject_bytes, verdict_bytes
from stream.metrics import Meters
from stream.runtime import client
from stream.runtime.changelog import FORMAT_VERSION, HEAD, HEADER, Changelog, Record, commits_of
from stream.runtime.client import Consumer, Partition, consumer
from stream.runtime.groups import newest_note
from stream.runtime.hanging import abort, finish, first_open, hanging
from stream.runtime.mirror import Last, Mirror
from stream.runtime.newest import newest, to_the_end
from stream.runtime.origin import LOST_STATE, check_origin, origin
from stream.runtime.pipeline import Outputs
from stream.runtime.restoring import COPY, KAFKA, Restoring
from stream.runtime.topics import id_of
from stream.runtime.waiting import connect, goodbye, patiently
from stream.runtime.writer import Offsets, Sent, Writer

COMMIT: Final = "commit"
"""Name of the header of findings and verdicts that has the number of their commit."""
PARTS: Final = {b"d": "deltas", b"b": "base", HEAD[:1]: "heads"}
"""By how the key of a record begins."""
TAIL_RECORDS: Final = 32
"""Read from the end for the head, at first: more than a commit of a small state has."""


log = logging.getLogger(__name__)


class Ledger:
    """The transactional producer and the changelog that it writes."""

    def __init__(self, settings: Settings, meters: Meters) -> None:
        """Nothing is connected before `start`."""
        self._names = settings.kafka
        self._meters = meters
        self._changelog = Changelog(origin(settings))
        self._writer = Writer(settings)
        self._settings = settings
        folder = settings.kafka.local_copy
        self._mirror = Mirror(folder, settings.kafka.application_id) if folder else None

    async def check(self) -> None:
        """Raise StateError where its head tells that the state cannot be gone on with; fences nobody."""
        topic = self._names.changelog_topic
        reader = await connect(self._reader, self._names)
        try:
            head = await self._head(reader)
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
        outputs = (self._names.findings_topic, self._names.verdicts_topic)
        changelog = Partition(self._names.changelog_topic, 0)
        opened = await hanging(self._names, [changelog, *await self.partitions(outputs)])
        if opened and await self._committed(opened, changelog):
            await finish(self._names, self._writer, opened)
        elif opened:
            also = await self.partitions((*outputs, self._names.rejects_topic))
            await abort(self._names, self._writer, opened, also)

    async def _committed(self, opened: Mapping[Partition, int], changelog: Partition) -> bool:
        """Whether the transaction of which some partitions were never told the end was committed.

        Others were told: the changelog, whose head has the number of its last commit, else the group, else
        those who read findings and verdicts.
        """
        reader = await connect(self._reader, self._names)
        try:
            last = commits_of(await self._head(reader))
            if changelog in opened:
                return await self._noted() > last or await self._is_told(reader, last + 1)
        finally:
            await reader.stop()
        first = [await first_open(self._names, tp, offset) for tp, offset in opened.items()]
        return max(_commit_of(one) or last + 1 for one in first) <= last

    async def _noted(self) -> int:
        """The last commit that the group knows."""
        return await asyncio.to_thread(newest_note, self._settings, self._names.application_id)

    async def _is_told(self, reader: Consumer, commit: int) -> bool:
        """Whether a finding or verdict of a commit can be read."""
        outputs = await self.partitions((self._names.findings_topic, self._names.verdicts_topic))
        told = [await newest(reader, tp, TAIL_RECORDS) for tp in sorted(outputs)]
        return any(_commit_of(one) == commit for one in told if one)

    async def _head(self, reader: Consumer) -> Record | None:
        """Of the last commit."""
        found = await newest(
            reader, Partition(self._names.changelog_topic, 0), TAIL_RECORDS, lambda one: one.key == HEAD
        )
        return None if found is None else _record(found)

    async def partitions(self, topics: Iterable[str]) -> set[Partition]:
        """The partitions that the topics have now."""
        return await self._writer.partitions(topics)

    async def restore(self) -> tuple[Iterator[Block], dict[str, int]]:
        """The committed state, and the marks of the last commit; call it after `start`."""
        began = time.monotonic()
        restoring = Restoring(self._meters)
        reader = await connect(self._reader, self._names)
        try:
            tp = Partition(self._names.changelog_topic, 0)
            reader.assign([tp])
            await self._begin(reader, tp, restoring)
            start, end = await reader.position(tp), (await patiently(reader.end_offsets([tp]), tp.topic))[tp]
            async for found in to_the_end(reader, tp):
                records, last = [_record(one) for one in found], found[-1].offset
                self._changelog.load(records)
                self._keep(records, last)
                restoring.read(KAFKA, records, min(1.0, (last + 1 - start) / max(1, end - start)))
                await self._settled()
        finally:
            await reader.stop()
        blocks, marks = self._replayed()
        log.info("%s in %.1f s", restoring, time.monotonic() - began)
        return restoring.building(blocks, self._changelog.blocks), marks

    async def commit(
        self, outputs: Iterable[Outputs], deltas: Iterable[Block], marks: Mapping[str, int], offsets: Offsets
    ) -> None:
        """One transaction; whatever fails in it fails the whole."""
        began, base = time.monotonic(), self._changelog.base
        changes = self._changelog.commit(deltas, marks)
        said = [record for output in outputs for record in self._said(output)]
        kept = [self._kept(change) for change in changes]
        last = await self._writer.commit(said, kept, offsets, str(self._changelog.commits))
        self._keep(changes, last)
        if self._mirror and self._changelog.base != base:
            self._mirror.seal()
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
        if self._mirror:
            self._mirror.begin()

    async def stop(self) -> None:
        """Close the producer; an open transaction is left to the broker to abort."""
        copied = [goodbye(asyncio.to_thread(self._mirror.close))] if self._mirror else []
        await asyncio.gather(self._writer.stop(), *copied)

    async def _begin(self, reader: Consumer, tp: Partition, restoring: Restoring) -> None:
        """Load the local copy, if there is one and Kafka has all that follows it; read on from there."""
        await patiently(reader.seek_to_beginning(tp), tp.topic)
        if self._mirror is None:
            return
        topic_id = await asyncio.to_thread(id_of, self._settings, tp.topic)
        versions = {"format": FORMAT_VERSION, "schema": SCHEMA_VERSION}
        copied = Changelog(self._changelog.origin)
        for records in self._mirror.read({"topic": topic_id, **versions, **copied.origin}):
            copied.load(records)
            restoring.read(COPY, records)
            await asyncio.sleep(0)
        last = self._mirror.last
        if last and await self._follows(reader, tp, last):
            self._changelog = copied
            reader.seek(tp, last.offset + 1)
            self._mirror.go_on()
        else:
            await patiently(reader.seek_to_beginning(tp), tp.topic)
            self._mirror.start_anew()

    async def _follows(self, reader: Consumer, tp: Partition, last: Last) -> bool:
        """Whether Kafka still has all that was written after the last record of a copy."""
        first = (await patiently(reader.beginning_offsets([tp]), "the changelog"))[tp]
        end = (await patiently(reader.end_offsets([tp]), "the changelog"))[tp]
        why = None
        if last.offset >= end:
            why = f"is newer than the topic: it ends at {last.offset}, that at {end}"
        elif last.offset + 1 < first:
            why = f"is too old: it ends at {last.offset}, and Kafka has nothing before {first}"
        else:
            reader.seek(tp, max(first, last.offset))
            found = await patiently(reader.getone(tp), "the changelog")
            # It may be gone, for a newer one has its key; what took its place under its number is no copy's.
            if found.offset == last.offset and _record(found) != last.record:
                why = f"is of another topic: another record stands at {last.offset}"
        if why:
            log.warning("local copy in %s %s: all is read from Kafka", self._names.local_copy, why)
        return why is None

    def _keep(self, records: Sequence[Record], last: int) -> None:
        if self._mirror:
            self._mirror.append(records, last)

    async def _settled(self) -> None:
        """The disk may be slower than Kafka: what waits for it is memory."""
        if self._mirror:
            await asyncio.to_thread(self._mirror.settle)

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
        of = (COMMIT, str(self._changelog.commits).encode())
        for finding in outputs.findings:
            self._meters.add("shoal_findings_total", label=finding.activity)
            yield Sent(self._names.findings_topic, finding.uid.encode(), finding_bytes(finding), None, of)
        for verdict in outputs.verdicts:
            self._meters.add("shoal_verdicts_total")
            key = verdict.account_id.encode()
            yield Sent(self._names.verdicts_topic, key, verdict_bytes(verdict), None, of)
        for reject in outputs.rejects:
            yield Sent(self._names.rejects_topic, reject.source.encode(), reject_bytes(reject))


def sizes(changes: Iterable[Record]) -> Counter[str]:
    """Bytes by what they are for: write amplification is all of them over the deltas."""
    found = Counter[str]()
    for change in changes:
        found[PARTS[change.key[:1]]] += len(change.value or b"")
    return found


def _commit_of(told: client.Record) -> int:
    """The number of the commit of a finding or verdict; 0 where it has none."""
    return int(dict(told.headers).get(COMMIT, b"0"))


def _record(read: client.Record) -> Record:
    return Record(read.key or b"", read.value, dict(read.headers).get(HEADER, b""))
