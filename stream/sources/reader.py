"""What a reader of a gateway's records is."""

from collections.abc import Callable
from dataclasses import dataclass

from stream.event.decode import Read
from stream.event.times import TimeUnit
from stream.settings import Settings


@dataclass(frozen=True, slots=True)
class Reader:
    """How one gateway's records become canonical ones.

    `read` maps one JSON object to canonical records, None where it is one already; `time_unit` is
    the unit of numeric times, None where the settings say it. `configured` makes the `read` of
    settings, for a reader that has some; its `read` is that of their defaults.
    """

    name: str
    meaning: str
    read: Read | None = None
    time_unit: TimeUnit | None = None
    configured: Callable[[Settings], Read] | None = None

    def read_with(self, settings: Settings) -> Read | None:
        """How records are read under some settings."""
        return self.read if self.configured is None else self.configured(settings)
