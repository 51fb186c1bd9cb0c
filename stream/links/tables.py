"""Tables of the links stage: what it keeps of a link and of a membership, an account on a link."""

from typing import Final

import numpy as np

from stream.links.sightings import TILE_MS
from stream.windows.slots import Column
from stream.windows.tiles import NEVER, Ring
from stream.windows.volumes import ring_columns

WINDOW: Final = Ring(TILE_MS, 13)
"""What a membership counts: three days, and the running tile."""

LINK: Final[dict[str, Column]] = {
    "kind": Column(np.uint8),
    "value": Column(np.uint64),
    "members": Column(np.int32),
    "hot_ms": Column(np.int64, fill=-1),
    **ring_columns(np.uint16),
}
"""A link: what it is, and the events on it in each horizon."""

MEMBER: Final[dict[str, Column]] = {
    "link": Column(np.int32),
    "account": Column(np.int32),
    "first_ms": Column(np.int64),
    "counts": Column(np.uint16, 2 * WINDOW.length),
    "counts_newest": Column(np.int32, fill=NEVER),
    # sums for life: a million events of one busy account overflow 32 bits
    **dict.fromkeys(("log_in", "log_out"), Column(np.int64)),
    **dict.fromkeys(("streamed", "events"), Column(np.int32)),
}
"""A membership; `link` and `account` are slots."""
