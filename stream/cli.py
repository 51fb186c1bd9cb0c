"""The command line: one short function per command.

Imports of a command stand in its function, so that `shoal --help` is quick and only `shoal run`
loads Kafka's libraries.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stream.bench.command import bench_detection, bench_latency, bench_scale, bench_soak, bench_speed
from stream.errors import BrokerError, ConfigError, InputError, ShoalError
from stream.given import lines, output, settings_of, time_ms, world_spec
from stream.options import parser

if TYPE_CHECKING:
    from stream.config import Settings
    from stream.simulate import Leak

_LEAK_LIMIT = 0.2
"""Share of campaign accounts that one account figure may separate before a world is a defect."""

_OK, _FAILED, _INTERRUPTED = 0, 2, 130
"""Exit codes: done; a ShoalError or wrong usage; stopped by ctrl-C (128 + SIGINT)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code; whatever a user can mend is one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser().parse_args(given, argparse.Namespace(arguments=given))
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

    settings = settings_of(options).settings
    until_ms = None if options.until is None else time_ms("--until", options.until)
    feedback = lines(options.feedback) if options.feedback else []
    with ExitStack() as stack:
        paths = (options.alerts, options.verdicts, options.rejects, options.cleared)
        files = Files(*(stack.enter_context(output(path)) for path in paths))
        weights = stack.enter_context(output(options.weights))
        report = stack.enter_context(shown("replay"))
        done = replay(
            options.paths, settings, until_ms=until_ms, sinks=[files], progress=report, feedback=feedback
        )
        if weights:
            weights.write(done.weights().encode())


def _explain(options: argparse.Namespace) -> None:
    from stream.findings.case import case, show
    from stream.findings.cleared import show_cleared

    if options.cleared:
        show_cleared(options.uid, lines(options.cleared), options.cleared)
        return
    folder = Path(options.findings)
    findings = str(folder / "findings.ndjson") if folder.is_dir() else options.findings
    beside = folder / "verdicts.ndjson"
    verdicts = options.verdicts or (str(beside) if beside.exists() else None)
    show(case(options.uid, lines(findings), lines(verdicts) if verdicts else [], findings))


def _check(options: argparse.Namespace) -> None:
    from stream import check
    from stream.config import as_toml
    from stream.runtime.machine import given

    if options.defaults:
        print(as_toml(), end="")
        return
    loaded = settings_of(options)
    if options.sample:
        check.show(check.measure(options.sample, loaded.settings), loaded.settings)
    else:
        check.show_settings(loaded, given())


def _run(options: argparse.Namespace) -> None:
    from stream.runtime.kafka import run

    settings = settings_of(options).settings
    _warn_of_development_key(settings)
    if options.stage != "intake":  # which keeps no state
        _warn_of_memory(settings)
    run(settings, options.stage)


def _topics(options: argparse.Namespace) -> None:
    from stream.runtime.topics import ensure

    settings, create = settings_of(options).settings, not options.check
    reports = ensure(settings, options.partitions, create=create, split=options.split)
    for report in reports:
        print(report)
    wrong = [report.name for report in reports if report.state in ("differs", "missing")]
    if wrong:
        raise BrokerError(f"not as they have to be: {', '.join(wrong)}")


def _produce(options: argparse.Namespace) -> None:
    from stream.runtime.produce import produce

    sent = produce(options.paths, settings_of(options).settings, rate=options.rate)
    print(f"{sent:,} records written", file=sys.stderr)


def _simulate(options: argparse.Namespace) -> None:
    from stream.simulate import leaks, simulate, write_world

    if not (options.out or options.leaks):
        raise ConfigError("simulate: should be given a folder OUT, --leaks, or both")
    world = simulate(world_spec(options))
    print(f"{world.events.height:,} exchanges of {len(world.truth.accounts):,} accounts")
    for uid, campaign in world.truth.campaigns.items():
        evasions = "".join(f" +{name}" for name in campaign.evasions)
        print(f"{uid}{evasions}: {len(campaign.accounts)} accounts from {campaign.first_exchange}")
    if options.out:
        files = write_world(world, Path(options.out), options.compress)
        print(f"written: {files.events}, {files.truth}")
    if options.leaks:
        _show_leaks(leaks(world))


def _show_leaks(found: "Sequence[Leak]") -> None:
    print(
        "campaign accounts beyond what one honest account in a thousand reaches "
        f"(limit {_LEAK_LIMIT:.0%}), by figure:"
    )
    for leak in found[:10]:
        print(f"{leak.separated:8.1%}  {leak.figure} ({leak.direction})")
    if found and found[0].separated > _LEAK_LIMIT:
        raise InputError(f"the world leaks: {found[0].figure} alone separates {found[0].separated:.1%}")


def _warn_of_development_key(settings: "Settings") -> None:
    from stream.config import DEVELOPMENT_KEY

    if settings.intake.hash_key.get_secret_value() == DEVELOPMENT_KEY:
        print("shoal: intake.hash_key is the development key: hashes hide nothing", file=sys.stderr)


def _warn_of_memory(settings: "Settings") -> None:
    from stream.runtime.machine import given, too_much

    if said := too_much(settings.windows, given()):
        print(f"shoal: {said}, or the kernel may end the worker", file=sys.stderr)


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "demo": _demo,
    "replay": _replay,
    "explain": _explain,
    "check": _check,
    "run": _run,
    "topics": _topics,
    "produce": _produce,
    "simulate": _simulate,
    "bench detection": bench_detection,
    "bench latency": bench_latency,
    "bench scale": bench_scale,
    "bench soak": bench_soak,
    "bench speed": bench_speed,
}
"""Every command by its name in `stream.options`."""


if __name__ == "__main__":
    sys.exit(main())
