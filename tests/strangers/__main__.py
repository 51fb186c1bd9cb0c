"""`python -m tests.strangers OUT --seed N`: makes one world."""

import argparse
from pathlib import Path

from tests.strangers.honest import populate
from tests.strangers.operators import attack
from tests.strangers.record import GROUPS, names, write
from tests.strangers.truth import tell
from tests.strangers.world import World


def make(seed: int, accounts: int | None = None, campaigns: int | None = None) -> World:
    """A whole world; what is not given is drawn: 2,000 to 4,000 honest accounts, campaigns as `main` says."""
    world = World(seed)
    quiet = world.rng.random() < 0.1
    drawn = 0 if quiet else int(world.rng.integers(5, 9))
    populate(world, int(world.rng.integers(2_000, 4_001)) if accounts is None else accounts)
    attack(world, drawn if campaigns is None else campaigns)
    return world


def main() -> None:
    """Reads the command line, makes the world, writes it."""
    parser = argparse.ArgumentParser(prog="python -m tests.strangers", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of events.ndjson.zst, truth.json and campaign.parquet")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--accounts", type=int, help="honest accounts (default: drawn from 2,000 to 4,000)")
    parser.add_argument("--campaigns", type=int, help="default: five to eight, in one world of ten none")
    parser.add_argument(
        "--without", default="", help="fields that the gateway does not log: " + ",".join(GROUPS)
    )
    given = parser.parse_args()
    without = frozenset(filter(None, given.without.split(",")))
    if without - set(GROUPS):
        parser.error(f"--without: expected some of {', '.join(GROUPS)}")
    world = make(given.seed, given.accounts, given.campaigns)
    columns = world.columns()
    ids = names(world, columns)
    given.out.mkdir(parents=True, exist_ok=True)
    write(world, columns, ids, given.out / "events.ndjson.zst", without)
    tell(world, columns, ids, given.out, given.seed)
    sizes = f"{len(columns['time_ms']):,} exchanges, {len(ids):,} accounts, {len(world.operations)} campaigns"
    print(f"{given.out}: {sizes}")


if __name__ == "__main__":
    main()
