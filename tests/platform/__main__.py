"""Worlds of another platform, a line each: `python -m tests.platform --seeds 61,62 --campaign 12`."""

import argparse
import tempfile
from pathlib import Path

from tests.platform.outcome import outcome
from tests.platform.world import Plan, add_options


def main() -> None:
    """Replays a world for each seed and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="61", help="numbers separated by commas")
    parser.add_argument("--tick-s", type=float, default=3600.0)
    add_options(parser)
    options = vars(parser.parse_args())
    seeds, tick_s = [int(seed) for seed in options.pop("seeds").split(",")], options.pop("tick_s")
    print("seed  campaign accounts named  honest named  cases  days to the first")
    for seed in seeds:
        plan = Plan(**options | {"seed": seed})
        with tempfile.TemporaryDirectory() as folder:
            found = outcome(plan, Path(folder), tick_s)
        honest, days = len(found.honest()), f"{found.days:.1f}" if found.cases else "-"
        named = f"{len(found.named) - honest} of {plan.campaign}"
        print(f"{seed:4}  {named:>23}  {honest:12}  {len(found.cases):5}  {days:>17}", flush=True)


if __name__ == "__main__":
    main()
