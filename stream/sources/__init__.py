"""Gateways whose records can be read: one file each, registered here by name.

A reader is mostly a table (path in the gateway's record -> field of the canonical record, see
`stream.event.fields.RECORD`) and a few functions where a gateway has its own way of saying things.
"""

from typing import Final

from stream.errors import ConfigError
from stream.sources import generic, litellm, native
from stream.sources.reader import Reader

READERS: Final[dict[str, Reader]] = {
    reader.name: reader for reader in (native.READER, litellm.READER, generic.READER)
}
"""Every reader by the name that `intake.format` takes."""


def reader_of(name: str) -> Reader:
    """The reader called `name`; raises ConfigError, which says what there is."""
    if name not in READERS:
        raise ConfigError(f"intake.format: no reader {name!r}; there are: {', '.join(sorted(READERS))}")
    return READERS[name]
