"""The long form: `python -m tests.chaos --seed 7 --minutes 10`; exit code 1 where anything went wrong.

Needs Java 17 and Maven, for a broker of its own; the folder of a storm that failed is kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.audit import Audit, audit
from tests.chaos.storm import Storm


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="decides world, order and moments of the faults")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults go on")
    parser.add_argument("--cluster", action="store_true", help="three nodes, of which one or all are lost")
    parser.add_argument("--apart", action="store_true", help="two intakes and a judge, which all are lost")
    options = parser.parse_args()
    folder, began = Path(tempfile.mkdtemp(prefix="shoal-chaos-")), time.monotonic()
    storm = Storm(options.seed, folder, _tell, cluster=options.cluster, apart=options.apart)
    try:
        storm.rage(minutes=options.minutes)
        found = audit(storm.settings, storm.rows, folder, apart=options.apart)
    finally:
        storm.end()
    print(report(storm, found, time.monotonic() - began))
    if found.wrong:
        print(f"kept: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def report(storm: Storm, found: Audit, took_s: float) -> str:
    lines = [
        f"seed {storm.seed}, {took_s / 60:.1f} min, {storm.starts} workers, {storm.faults.total()} faults"
    ]
    lines += [f"  {count:4d}  {name}" for name, count in sorted(storm.faults.items())]
    lines.append(
        f"inputs {found.inputs:,}: "
        f"{found.events:,} events and {found.rejects:,} rejects, each counted once;\n"
        f"{found.findings:,} findings and {found.verdicts:,} verdicts as in a replay, byte for byte;\n"
        f"{found.aborted:,} records of transactions that were cut, seen by nobody"
    )
    lines.append(f"longest from SIGTERM without a broker to the end: {storm.longest_leave_s:.1f} s")
    return "\n".join(lines if not found.wrong else [*lines[:-2], *(f"WRONG: {line}" for line in found.wrong)])


if __name__ == "__main__":
    sys.exit(main())
