"""A restore on its way: how far it has come, as a metric and as a line now and then."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Final

from stream.blocks import Block
from stream.metrics import Meters
from stream.runtime.changelog import Record

TELL_S: Final = 5.0
"""Time between two lines; most restores are over before the first one."""
RATIO: Final = "shoal_restore_ratio"
BYTES: Final = "shoal_restore_read_bytes"
KAFKA: Final = "kafka"
COPY: Final = "copy"

log = logging.getLogger(__name__)


class Restoring:
    """Half of a restore is reading the changelog, the other half is building the state of it."""

    def __init__(self, meters: Meters) -> None:
        """It begins now."""
        self._meters = meters
        self._told = time.monotonic()
        self._records = 0
        self._bytes = {KAFKA: 0, COPY: 0}
        meters.put(RATIO, 0.0)
        meters.put_each(BYTES, self._bytes)

    def read(self, place: str, records: Iterable[Record], share: float = 0.0) -> None:
        """These came from there, and with them so much of the topic, from 0 to 1, is read."""
        sizes = [len(record.value or b"") for record in records]
        self._records += len(sizes)
        self._bytes[place] += sum(sizes)
        self._meters.put_each(BYTES, self._bytes)
        self._see(share / 2, "reading the changelog")

    def __str__(self) -> str:
        """What was read."""
        copied = f", {self._bytes[COPY] / 1e6:.1f} MB of a local copy" if self._bytes[COPY] else ""
        return f"read {self._records} changelog records ({self._bytes[KAFKA] / 1e6:.1f} MB of Kafka{copied})"

    def building(self, blocks: Iterable[Block], total: int) -> Iterator[Block]:
        """The same blocks, of which there are `total`; each is built in before the next is taken."""
        for number, block in enumerate(blocks):
            self._see((1 + number / total) / 2, "building the state")
            yield block
        self._meters.put(RATIO, 1.0)

    def _see(self, share: float, step: str) -> None:
        self._meters.put(RATIO, share)
        now = time.monotonic()
        if now - self._told >= TELL_S:
            self._told = now
            log.info("restore at %.0f %%: %s", 100 * share, step)
