"""Feeds: what a worker that decides is fed with, requests of gateways or parcels of an intake.

Both name a partition of gateways' requests the same, so that state made from the one can be gone on with
from the other.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from stream.config import Settings
from stream.errors import StateError
from stream.runtime.client import Partition, Record, source_of
from stream.runtime.origin import ANEW, fingerprint
from stream.runtime.parcel import HEADER, Packed, Parcel, unpack
from stream.runtime.pipeline import Pipeline
from stream.runtime.requests import BATCH_RECORDS
from stream.runtime.shedding import Keep

PARCELS_AT_ONCE: Final = 32
"""Parcels of one read: at most some 90,000 events, about a second of work."""
MARK: Final = "parcels/"
"""Beginning of the names under which positions in the topic of events are stored beside the state."""

Positions = dict[str, int]
"""Source -> next offset to read of its topic."""


class Feed(Protocol):
    """One topic, and how its records come into the pipeline."""

    topic: str
    batch_records: int

    def restore(self, marks: Mapping[str, int]) -> None:
        """Take over what `marks` said, once the pipeline is restored; raises StateError where it cannot."""

    def source(self, partition: Partition) -> str:
        """The pipeline's name for it."""

    def open(self, partition: Partition) -> None:
        """Declare a partition before its first record."""

    def take(self, partition: Partition, records: Sequence[Record], keep: Keep | None = None) -> None:
        """Hand records on, in order of offset; of their events those that are kept."""

    def silent(self, partition: Partition) -> None:
        """All records were read, and there were none for a while."""

    def positions(self) -> Positions:
        """Where to read on."""

    def marks(self) -> Mapping[str, int]:
        """What has to be stored beside the state."""


class Records:
    """Requests, which are decoded here."""

    batch_records = BATCH_RECORDS

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        """Nothing is read yet."""
        self.topic = settings.kafka.requests_topic
        self._pipeline = pipeline
        self._marks: Positions = {}

    def restore(self, marks: Mapping[str, int]) -> None:
        """Positions are those of the pipeline; marks of parcels are kept for the way back."""
        self._marks = _of_parcels(marks)

    def source(self, partition: Partition) -> str:
        """It is one itself."""
        return source_of(partition)

    def open(self, partition: Partition) -> None:
        """A source of the pipeline."""
        self._pipeline.open(source_of(partition))

    def take(self, partition: Partition, records: Sequence[Record], keep: Keep | None = None) -> None:
        """Decode them."""
        values, offsets = [record.value or b"" for record in records], [record.offset for record in records]
        self._pipeline.absorb(source_of(partition), values, offsets, keep)

    def silent(self, partition: Partition) -> None:
        """It no longer holds time."""
        self._pipeline.idle(source_of(partition))

    def positions(self) -> Positions:
        """Offsets of requests."""
        return self._pipeline.positions()

    def marks(self) -> Mapping[str, int]:
        """As they were found."""
        return self._marks


class Parcels:
    """Parcels of an intake that runs apart: one partition of events for each of requests."""

    batch_records = PARCELS_AT_ONCE

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        """Nothing is read yet."""
        self.topic = settings.kafka.events_topic
        self._names = settings.kafka
        self._key = fingerprint(settings)
        self._pipeline = pipeline
        self._marks: Positions = {}

    def restore(self, marks: Mapping[str, int]) -> None:
        """Positions in the topic of events are marks."""
        self._marks = _of_parcels(marks)
        own = f"{self._names.requests_topic}-"
        strange = [source for source in self._pipeline.positions() if not source.startswith(own)]
        if strange:
            raise StateError(
                f"the state in {self._names.changelog_topic} was made from {', '.join(sorted(strange))} too, "
                f"which is not of {self._names.requests_topic}: name that topic again, or {ANEW}"
            )

    def source(self, partition: Partition) -> str:
        """The partition of requests that its parcels come from."""
        return f"{self._names.requests_topic}-{partition.partition}"

    def open(self, partition: Partition) -> None:
        """A source of the pipeline."""
        self._pipeline.open(self.source(partition))

    def take(self, partition: Partition, records: Sequence[Record], keep: Keep | None = None) -> None:
        """Receive each; raises StateError where one is damaged, strange, missing or repeated."""
        for record in records:
            parcel = self._parcel(partition, record)
            try:
                self._pipeline.receive(parcel, keep)
            except StateError as error:
                raise StateError(
                    f"{error}: what {source_of(partition)} has at {record.offset} does not follow, parcels "
                    f"were lost or repeated; give kafka.events_topic a new name too, and {ANEW}"
                ) from error
        self._marks[MARK + source_of(partition)] = records[-1].offset + 1

    def silent(self, partition: Partition) -> None:
        """Says nothing of gateways: only their intake can tell, and puts a mark into the topic."""

    def positions(self) -> Positions:
        """Offsets of events."""
        own = f"{MARK}{self.topic}-"
        return {name.removeprefix(MARK): at for name, at in self._marks.items() if name.startswith(own)}

    def marks(self) -> Mapping[str, int]:
        """Positions, those in topics of events of before included."""
        return self._marks

    def _parcel(self, partition: Partition, record: Record) -> Parcel:
        where, place = f"{source_of(partition)} at {record.offset}", dict(record.headers).get(HEADER, b"")
        try:
            parcel = unpack(Packed(place, record.value or b""), self._key)
        except StateError as error:
            raise StateError(f"{where}: {error}") from error
        if parcel.source != self.source(partition):
            raise StateError(
                f"{where}: a parcel of {parcel.source}: name intake and judge the same kafka.requests_topic"
            )
        return parcel


def _of_parcels(marks: Mapping[str, int]) -> Positions:
    return {name: at for name, at in marks.items() if name.startswith(MARK)}


def other(marks: Mapping[str, int]) -> Positions:
    """The marks that are none of a feed."""
    return {name: at for name, at in marks.items() if not name.startswith(MARK)}
