"""Profiles: what the links stage knows of an account, as the accounts stage last told it."""

from typing import Final

import numpy as np

from stream.memory import histograms
from stream.windows.slots import TEXT, Column
from stream.windows.tiles import HORIZONS

PROFILE: Final[dict[str, Column]] = {
    "account_id": Column(TEXT, fill=""),
    **dict.fromkeys(("org", "payment", "tool"), Column(np.uint64)),
    "created_ms": Column(np.int64, fill=-1),
    "first_ms": Column(np.int64),
    "last_ms": Column(np.int64),
    "email_class": Column(np.uint8, fill=255),
    **dict.fromkeys(("goes_on", "away"), Column(np.uint8)),
    "home_share": Column(np.float32),
    **dict.fromkeys(
        ("total", "events", "sized", "streamed", "orphaned", "handed_over", "failed_over",
         "refused", "foreign", "templated", "log_in", "log_out", "log_copied", "active_hours"),
        Column(np.int32),
    ),
    "histograms": Column(np.uint8, histograms.WIDTH),
    "volumes": Column(np.int32, len(HORIZONS)),
    "campaign": Column(np.int32),
}  # fmt: skip
"""What the accounts stage tells of an account, and the campaign that it is named in (0: none)."""
ASIDE: Final = ("account_id", "volumes")
"""Columns that no evidence reads."""
