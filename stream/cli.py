"""The command line: one short function per command.

Imports of a command stand in its function, so that `shoal --help` is quick and only `shoal run`
loads Kafka's libraries.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeVar

from stream.errors import BrokerError, ConfigError, InputError, ShoalError
from stream.options import listed, parser

if TYPE_CHECKING:
    from stream.bench.runs import Done
    from stream.config import Loaded, Settings
    from stream.simulate import Leak, WorldSpec

Number = TypeVar("Number", int, float)

_LEAK_LIMIT = 0.2
"""Share of campaign accounts that one account figure may separate before a world is a defect."""

_OK, _FAILED, _INTERRUPTED = 0, 2, 130
"""Exit codes: done; a ShoalError or wrong usage; stopped by ctrl-C (128 + SIGINT)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code; whatever a user can mend is one line on stderr."""
    options = parser().parse_args(arguments)
    try:
        COMMANDS[options.command](options)
        sys.stdout.flush()
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("shoal: stopped", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: no more to say
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"shoal: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
        return _FAILED
    return _OK


def _demo(options: argparse.Namespace) -> None:
    from stream.demo import demo

    demo(Path(options.out), options.seed)


def _replay(options: argparse.Namespace) -> None:
    from stream.runtime.local import Files, replay
    from stream.runtime.progress import shown

    settings = _settings(options).settings
    until_ms = None if options.until is None else _time_ms("--until", options.until)
    feedback = _lines(options.feedback) if options.feedback else []
    with ExitStack() as stack:
        files = Files(
            *(stack.enter_context(_output(p)) for p in (options.alerts, options.verdicts, options.rejects))
        )
        report = stack.enter_context(shown("replay"))
        replay(options.paths, settings, until_ms=until_ms, sinks=[files], progress=report, feedback=feedback)


def _explain(options: argparse.Namespace) -> None:
    from stream.findings.case import case, show

    folder = Path(options.findings)
    findings = str(folder / "findings.ndjson") if folder.is_dir() else options.findings
    beside = folder / "verdicts.ndjson"
    verdicts = options.verdicts or (str(beside) if beside.exists() else None)
    show(case(options.uid, _lines(findings), _lines(verdicts) if verdicts else [], findings))


def _check(options: argparse.Namespace) -> None:
    from stream import check
    from stream.config import as_toml

    if options.defaults:
        print(as_toml(), end="")
        return
    loaded = _settings(options)
    if options.sample:
        check.show(check.measure(options.sample, loaded.settings), loaded.settings)
    else:
        check.show_settings(loaded)


def _run(options: argparse.Namespace) -> None:
    from stream.runtime.kafka import run

    settings = _settings(options).settings
    _warn_of_development_key(settings)
    run(settings)


def _topics(options: argparse.Namespace) -> None:
    from stream.runtime.topics import ensure

    reports = ensure(_settings(options).settings, options.partitions, create=not options.check)
    for report in reports:
        print(report)
    wrong = [report.name for report in reports if report.state in ("differs", "missing")]
    if wrong:
        raise BrokerError(f"not as they have to be: {', '.join(wrong)}")


def _produce(options: argparse.Namespace) -> None:
    from stream.runtime.produce import produce

    sent = produce(options.paths, _settings(options).settings, rate=options.rate)
    print(f"{sent:,} records written", file=sys.stderr)


def _simulate(options: argparse.Namespace) -> None:
    from stream.simulate import leaks, simulate, write_world

    if not (options.out or options.leaks):
        raise ConfigError("simulate: should be given a folder OUT, --leaks, or both")
    world = simulate(_world_spec(options))
    print(f"{world.events.height:,} exchanges of {len(world.truth.accounts):,} accounts")
    for uid, campaign in world.truth.campaigns.items():
        evasions = "".join(f" +{name}" for name in campaign.evasions)
        print(f"{uid}{evasions}: {len(campaign.accounts)} accounts from {campaign.first_exchange}")
    if options.out:
        files = write_world(world, Path(options.out), options.compress)
        print(f"written: {files.events}, {files.truth}")
    if options.leaks:
        _show_leaks(leaks(world))


def _world_spec(options: argparse.Namespace) -> "WorldSpec":
    from stream.simulate import LOOKALIKES, USUAL, WorldSpec

    onset = options.days / 2 if options.onset is None else options.onset
    similar = _chosen(getattr(options, "lookalikes", None), LOOKALIKES)
    campaigns = _chosen(options.campaigns, USUAL)
    try:
        return WorldSpec(options.seed, options.days, options.accounts, campaigns, onset, lookalikes=similar)
    except ValueError as error:
        raise ConfigError(f"simulate: {error}") from error


def _chosen(text: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    """The names in a list; `usual` in it stands for the usual ones, `none` alone for none."""
    names = listed("usual" if text is None else text)
    found = [other for name in names for other in (usual if name == "usual" else (name,))]
    return () if found == ["none"] else tuple(found)


def _show_leaks(found: "Sequence[Leak]") -> None:
    print(
        "campaign accounts beyond what one honest account in a thousand reaches "
        f"(limit {_LEAK_LIMIT:.0%}), by figure:"
    )
    for leak in found[:10]:
        print(f"{leak.separated:8.1%}  {leak.figure} ({leak.direction})")
    if found and found[0].separated > _LEAK_LIMIT:
        raise InputError(f"the world leaks: {found[0].figure} alone separates {found[0].separated:.1%}")


def _bench_detection(options: argparse.Namespace) -> None:
    from stream.bench import outcomes, report, suite

    seeds = _numbers("--seeds", options.seeds, int)
    if not seeds:
        raise ConfigError(f"--seeds {options.seeds}: should name one at least")
    worlds = [_world_spec(argparse.Namespace(**vars(options) | {"seed": seed})) for seed in seeds]
    asked = suite.Asked(
        without=listed(options.without),
        evasions=listed(options.evasions),
        pairs=options.pairs,
        ticks_s=_numbers("--tick", options.tick, float),
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
    result = suite.measured(asked, worlds, _settings(options).settings, execute)
    shown = suite.all_tables(result)
    report.show(shown)
    if options.report:
        report.write(Path(options.report), shown, suite.content(result))


def _ended(done: "Done") -> None:
    run, trial = done
    said = f"seed {run.spec.seed}, {run.name}: {trial.events:,} events replayed"
    print(said, file=sys.stderr, flush=True)


def _bench_latency(options: argparse.Namespace) -> None:
    from stream.bench import latency, report, worlds

    world = worlds.stored(latency.WORLD, _cache(options))
    settings = _settings(options).settings
    report.show([latency.grid(latency.measure(world, settings, options.rate, options.seconds))])


def _bench_speed(options: argparse.Namespace) -> None:
    from stream.bench import report, speed, worlds

    settings = _settings(options).settings
    path = Path(options.path) if options.path else worlds.stored(speed.WORLD, _cache(options)).events
    report.show([speed.grid(speed.measure(path, settings))])


def _cache(options: argparse.Namespace) -> Path:
    from stream.bench.worlds import cache_folder

    return Path(options.cache) if options.cache else cache_folder()


def _numbers(option: str, text: str, kind: type[Number]) -> list[Number]:
    try:
        return [kind(part) for part in listed(text)]
    except ValueError as error:
        wanted = "whole numbers" if kind is int else "numbers"
        raise ConfigError(f"{option} {text}: should be {wanted} separated by commas") from error


def _settings(options: argparse.Namespace) -> "Loaded":
    from stream.config import load

    form = getattr(options, "format", None)
    return load(options.config, {"intake.format": form} if form else None)


def _warn_of_development_key(settings: "Settings") -> None:
    from stream.config import DEVELOPMENT_KEY

    if settings.intake.hash_key.get_secret_value() == DEVELOPMENT_KEY:
        print("shoal: intake.hash_key is the development key: hashes hide nothing", file=sys.stderr)


def _time_ms(option: str, text: str) -> int:
    from stream.settings import instant

    try:
        return int(instant(text).timestamp() * 1000)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from error


def _lines(path: str) -> list[bytes]:
    try:
        return Path(path).read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


@contextmanager
def _output(path: str | None) -> Iterator[IO[bytes] | None]:
    """The file to write, `-` for standard output; None stays None."""
    if path is None or path == "-":
        yield path and sys.stdout.buffer  # type: ignore[misc]
        return
    try:
        file = Path(path).open("wb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    with file:
        yield file


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "demo": _demo,
    "replay": _replay,
    "explain": _explain,
    "check": _check,
    "run": _run,
    "topics": _topics,
    "produce": _produce,
    "simulate": _simulate,
    "bench detection": _bench_detection,
    "bench latency": _bench_latency,
    "bench speed": _bench_speed,
}
"""Every command by its name in `stream.options`."""


if __name__ == "__main__":
    sys.exit(main())
