"""Intake: a gateway's messages in any format -> events, or rejects with the reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from stream.config import Settings
from stream.event.decode import Decoded, Decoder, Limits
from stream.event.fields import RECORD
from stream.sources import reader_of


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Intake:
    """Reads messages as `settings.intake` says; counts, and keeps nothing that a decision depends on."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError where no reader is called `settings.intake.format`."""
        intake = settings.intake
        reader = reader_of(intake.format)
        limits = Limits(
            message_bytes=intake.max_record_bytes,
            earliest_ms=_milliseconds(intake.earliest_time),
            latest_ms=_milliseconds(intake.latest_time),
            raw_bytes=intake.keep_raw_bytes,
        )
        unit = reader.time_unit or intake.time_unit
        self._decoder = Decoder(intake.hash_key.get_secret_value(), unit, limits, reader.read_with(settings))
        self._present: Counter[str] = Counter()
        self.events = 0
        self.rejects: Counter[str] = Counter()
        """Reason -> records refused."""
        self.malformed: Counter[str] = Counter()
        """Field -> values that made no sense and were dropped while their event was kept."""

    def decode(self, source: str, records: Sequence[bytes], offsets: Sequence[int]) -> Decoded:
        """Events in input order, and rejects; one message may hold several records. Never raises."""
        return self.decode_counted(source, records, offsets)[0]

    def decode_counted(
        self, source: str, records: Sequence[bytes], offsets: Sequence[int]
    ) -> tuple[Decoded, Counter[str]]:
        """`decode`, and field -> how many of these events had it."""
        decoded, counts = self._decoder.decode(source, records, offsets)
        self.rejects.update(reject.reason for reject in decoded.rejects)
        self.malformed.update(counts.malformed)
        self.credit(decoded.events.height, counts.present)
        return decoded, counts.present

    def credit(self, events: int, present: Mapping[str, int]) -> None:
        """Count events, `present` of which had each field, whoever decoded them."""
        self.events += events
        self._present.update(present)

    def coverage(self) -> dict[str, tuple[int, int]]:
        """Per field of the record: how many events had it, of how many."""
        return {field.name: (self._present[field.name], self.events) for field in RECORD}
