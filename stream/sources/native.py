"""The canonical record itself (`stream.event.fields.RECORD`): nothing to map."""

from typing import Final

from stream.sources.reader import Reader

READER: Final = Reader("native", "the canonical record, one JSON object per exchange")
