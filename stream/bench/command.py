"""The bench on the command line: one short function per command."""

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stream.errors import BrokerError, ConfigError
from stream.given import numbers, settings_of, world_spec
from stream.options import listed

if TYPE_CHECKING:
    from stream.bench.report import Grid
    from stream.bench.runs import Done
    from stream.bench.suite import Measured


def bench_detection(options: argparse.Namespace) -> None:
    """Replay simulated worlds and print how well campaigns are found."""
    from stream.bench import outcomes, report, suite

    seeds = numbers("--seeds", options.seeds, int)
    if not seeds:
        raise ConfigError(f"--seeds {options.seeds}: should name one at least")
    worlds = [world_spec(argparse.Namespace(**vars(options) | {"seed": seed})) for seed in seeds]
    asked = suite.Asked(
        without=listed(options.without),
        evasions=listed(options.evasions),
        pairs=options.pairs,
        ticks_s=numbers("--tick", options.tick, float),
        ablation=options.ablation,
        sensitivity=listed(options.sensitivity),
        lookalikes=options.look_alikes,
    )
    execute = partial(
        outcomes.gathered,
        cache=_cache(options),
        jobs=options.jobs,
        keep_worlds=not options.discard,
        resume=options.resume,
        told=_ended,
    )
    result = suite.measured(asked, worlds, settings_of(options).settings, execute)
    shown = suite.all_tables(result)
    report.show(shown)
    if options.report:
        _write(options, shown, result)


def _write(options: argparse.Namespace, shown: "list[Grid]", result: "Measured") -> None:
    from stream.bench import report, suite

    folder, command = Path(options.report), shlex.join(["shoal", *options.arguments])
    folder.mkdir(parents=True, exist_ok=True)
    drawn = suite.all_pictures(result, folder)
    report.write(folder, shown, suite.content(result), command, drawn)
    if not drawn:
        print("shoal: no pictures without matplotlib: pip install 'shoal[report]'", file=sys.stderr)


def _ended(done: "Done") -> None:
    run, trial = done
    said = f"seed {run.spec.seed}, {run.name}: {trial.events:,} events replayed"
    print(said, file=sys.stderr, flush=True)


def bench_latency(options: argparse.Namespace) -> None:
    """Play a log to Kafka and print how long events take to count and be judged."""
    from stream.bench import latency, report, worlds

    world = worlds.stored(latency.WORLD, _cache(options))
    settings = settings_of(options).settings
    report.show([latency.grid(latency.measure(world, settings, options.rate, options.seconds))])


def bench_scale(options: argparse.Namespace) -> None:
    """Hand a log on with one and with more intakes, and print what each stage costs."""
    from stream.bench import report, scale, worlds

    intakes = numbers("--intakes", options.intakes, int)
    if not intakes or min(intakes) < 1:
        raise ConfigError(f"--intakes {options.intakes}: should be 1 or more, separated by commas")
    world = worlds.stored(scale.WORLD, _cache(options))
    report.show([scale.grid(scale.measure(world, settings_of(options).settings, intakes))])


def bench_soak(options: argparse.Namespace) -> None:
    """Have a worker work for an hour or more and print whether memory and lag stay as they are."""
    from stream.bench import endurance, pictures, report, rounds, soak, worlds

    folder = Path(options.report)
    folder.mkdir(parents=True, exist_ok=True)
    log = rounds.Rounds(worlds.stored(soak.WORLD, _cache(options)).events)
    with (folder / "soak.csv").open("w", buffering=1) as kept:
        kept.write(endurance.HEADING)

        def seen(sample: soak.Sample) -> None:
            kept.write(endurance.row(sample))
            print(endurance.line(sample), file=sys.stderr, flush=True)

        found = soak.measure(log, settings_of(options).settings, options.minutes, options.rate, seen)
    report.show([endurance.grid(found)])
    if pictures.is_possible():
        endurance.draw(folder, found)
    if found.wrong:
        raise BrokerError("; ".join(found.wrong))


def bench_speed(options: argparse.Namespace) -> None:
    """Print what an event costs beside the bare decode of the same file, and on Kafka if asked."""
    from stream.bench import endtoend, report, speed, worlds

    settings = settings_of(options).settings
    path = Path(options.path) if options.path else worlds.stored(speed.WORLD, _cache(options)).events
    if options.kafka:
        found = endtoend.measure(path, settings)
        report.show([speed.grid(found.embedded), endtoend.grid(found)])
    else:
        report.show([speed.grid(speed.measure(path, settings))])


def _cache(options: argparse.Namespace) -> Path:
    from stream.bench.worlds import cache_folder

    return Path(options.cache) if options.cache else cache_folder()
