"""The work that all are given: per account, count, tokens and distinct networks of each minute and hour.

A window is tumbling, of event time, which is also the Kafka timestamp of each record. Imports nothing
that one of the contestants' environments might not have.
"""

import json
import os
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

BOOTSTRAP: Final = os.environ.get("COMPARE_BOOTSTRAP", "")
TOPIC: Final = os.environ.get("COMPARE_TOPIC", "")
RESULTS: Final = os.environ.get("COMPARE_RESULTS", "")
NAME: Final = os.environ.get("COMPARE_NAME", "")
FOLDER: Final = os.environ.get("COMPARE_FOLDER", "")
GUARANTEE: Final = os.environ.get("COMPARE_GUARANTEE", "")
"""What the comparison tells a contestant."""
PARTITIONS: Final = 4
SIZES_S: Final = (60, 3600)


class Window(NamedTuple):
    """One window of one account; `start_s` in seconds since the epoch."""

    account: str
    size_s: int
    start_s: int


class Figures(NamedTuple):
    """What is asked of a window."""

    events: int
    tokens: int
    networks: int


Results = dict[Window, Figures]


def network(address: str | None) -> str | None:
    """The /24 or /48 of an address."""
    if address is None:
        return None
    return ":".join(address.split(":")[:3]) if ":" in address else address.rpartition(".")[0]


def expected(records: Iterable[tuple[int, bytes]]) -> Results:
    """The results by hand, from records with their event times in ms."""
    counts: dict[Window, int] = {}
    tokens: dict[Window, int] = {}
    networks: dict[Window, set[str]] = {}
    for time_ms, record in records:
        fields = json.loads(record)
        for size_s in SIZES_S:
            window = Window(fields["account_id"], size_s, time_ms // 1000 // size_s * size_s)
            counts[window] = counts.get(window, 0) + 1
            tokens[window] = tokens.get(window, 0) + (fields.get("output_tokens") or 0)
            seen = networks.setdefault(window, set())
            place = network(fields.get("client_ip"))
            if place is not None:
                seen.add(place)
    return {window: Figures(counts[window], tokens[window], len(networks[window])) for window in counts}


def result(account: str, size_s: int, start_s: int, figures: Iterable[int]) -> dict[str, Any]:
    """A result as it is written, one record a window."""
    return {"account": account, "size_s": size_s, "start_s": start_s, "figures": list(figures)}


def read_result(value: bytes) -> tuple[Window, Figures]:
    """Inverse of `result` as JSON."""
    fields = json.loads(value)
    return Window(fields["account"], fields["size_s"], fields["start_s"]), Figures(*fields["figures"])
