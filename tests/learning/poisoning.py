"""Replays a world of ramping operators with and without the lag; `python -m tests.learning.poisoning DIR`.

DIR is what `shoal simulate DIR` wrote. Prints, for each campaign, accounts named and when the first was.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Final

import orjson

from stream.cases import roster
from stream.config import Settings
from stream.findings.render import rfc3339
from stream.learning import history, reference
from stream.runtime.local import Collected, replay
from stream.stages import links

_HONEST: Final = "honest"


def without(everywhere: bool) -> None:
    """Take the lag off the reference; `everywhere` also off histories, veterans and older members."""
    reference.LAG_MS = 0  # type: ignore[misc]
    if everywhere:
        history._LAG_DAYS = 0  # type: ignore[misc]
        links.LAG_MS = roster.LAG_MS = 0  # type: ignore[attr-defined]


def named(folder: Path) -> dict[str, int]:
    """Account -> when it was first named, of those whose verdict stands at the end."""
    told = Collected()
    replay([str(folder / "events.ndjson")], Settings(), sinks=[told])
    first: dict[str, int] = {}
    for verdict in told.outputs.verdicts:
        if verdict.cleared:
            first.pop(verdict.account_id, None)
        else:
            first.setdefault(verdict.account_id, verdict.time_ms)
    return first


def main() -> None:
    """One replay."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--without", choices=("reference", "all"), help="whose lag is taken off")
    given = options.parse_args()
    if given.without:
        without(given.without == "all")
    truth = orjson.loads((given.folder / "truth.json").read_bytes())["accounts"]
    groups = {account: of if not of.startswith(_HONEST) else _HONEST for account, of in truth.items()}
    first = named(given.folder)
    hits = Counter(groups[account] for account in first)
    for group, size in sorted(Counter(groups.values()).items()):
        times = [time for account, time in first.items() if groups[account] == group]
        print(f"{group}: {hits[group]} of {size}, first {rfc3339(min(times)) if times else 'never'}")


if __name__ == "__main__":
    main()
