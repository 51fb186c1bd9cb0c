"""What a reader of a gateway's records is."""

from dataclasses import dataclass

from stream.event.decode import Read
from stream.event.times import TimeUnit


@dataclass(frozen=True, slots=True)
class Reader:
    """How one gateway's records become canonical ones.

    `read` maps one JSON object to canonical records, None where it is one already; `time_unit` is
    the unit of numeric times, None where the settings say it.
    """

    name: str
    meaning: str
    read: Read | None = None
    time_unit: TimeUnit | None = None
