"""The commands of `shoal` and their options; what each does stands in `stream.cli`."""

import argparse
import math
from typing import Any, NoReturn

from stream import __version__
from stream.runtime.stage import STAGES


def parser() -> argparse.ArgumentParser:
    """Every command with its options; `command` in what it parses is the command's name.

    >>> parser().parse_args(["bench", "speed"]).command
    'bench speed'
    """
    top = _OneLine(prog="shoal", description="Finds coordinated abuse of model APIs in a stream.")
    top.add_argument("--version", action="version", version=f"shoal {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_demo, _add_replay, _add_explain, _add_check, _add_run, _add_topics, _add_produce):
        add(commands)
    _add_simulate(commands)
    _add_bench(commands)
    return top


class _OneLine(argparse.ArgumentParser):
    """Wrong usage is one line, as every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _command(commands: Any, name: str, text: str, *, config: bool = True) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=command.prog.removeprefix("shoal "))
    if config:
        command.add_argument("--config", metavar="FILE", help="settings, TOML (default: $SHOAL_CONFIG)")
    return command


def _add_demo(commands: Any) -> None:
    command = _command(commands, "demo", "simulate a small world and find its campaigns", config=False)
    command.add_argument("--out", metavar="DIR", default="shoal-demo", help="where results go (%(default)s)")
    command.add_argument("--seed", type=int, default=7, help="which world (%(default)s)")


def _add_replay(commands: Any) -> None:
    command = _command(commands, "replay", "read log files and say what is found in them")
    command.add_argument("paths", nargs="+", metavar="PATH", help="NDJSON, .gz or .zst; a folder; - is stdin")
    command.add_argument("--format", help="reader of the records (intake.format)")
    command.add_argument("--alerts", metavar="FILE", default="-", help="findings, NDJSON (default: stdout)")
    command.add_argument("--verdicts", metavar="FILE", help="verdicts, NDJSON")
    command.add_argument("--rejects", metavar="FILE", help="refused records with the reason, NDJSON")
    command.add_argument("--feedback", metavar="FILE", help="analysts' decisions, NDJSON")
    command.add_argument("--cleared", metavar="FILE", help="links left alone and why, daily, NDJSON")
    command.add_argument(
        "--weights", metavar="FILE", help="what the learner came to, a table for alerts.weights (TOML)"
    )
    command.add_argument("--until", metavar="TIME", help="stop at this event time, RFC 3339")


def _add_explain(commands: Any) -> None:
    command = _command(commands, "explain", "print one case as an analyst reads it", config=False)
    command.add_argument(
        "uid", metavar="UID", help="the finding's uid, or its beginning; with --cleared a link's value"
    )
    command.add_argument(
        "--findings", metavar="FILE", default=".", help="or a folder with findings.ndjson (default: this one)"
    )
    command.add_argument("--cleared", metavar="FILE", help="says why a link in it was left alone")
    command.add_argument("--verdicts", metavar="FILE", help="adds why each account was named")


def _add_check(commands: Any) -> None:
    command = _command(commands, "check", "validate settings; with a sample, say which evidence is blind")
    command.add_argument("--defaults", action="store_true", help="print a commented file of all defaults")
    command.add_argument("--sample", metavar="FILE", help="a real log to map")
    command.add_argument("--format", help="reader of the sample's records (intake.format)")


def _add_run(commands: Any) -> None:
    command = _command(commands, "run", "consume the requests topic and publish findings (Kafka)")
    command.add_argument(
        "--stage",
        choices=STAGES,
        default="all",
        help="one stage as a deployment of its own: any number of intakes, one judge (%(default)s)",
    )


def _add_topics(commands: Any) -> None:
    command = _command(commands, "topics", "create missing topics and check the others (Kafka)")
    command.add_argument(
        "--partitions", type=_positive, metavar="N", default=8, help="of a new requests topic (%(default)s)"
    )
    command.add_argument("--split", action="store_true", help="also what stages need that run apart")
    command.add_argument("--check", action="store_true", help="create nothing")


def _add_produce(commands: Any) -> None:
    command = _command(commands, "produce", "write log files to the requests topic (Kafka)")
    command.add_argument("paths", nargs="+", metavar="FILE", help="NDJSON, .gz or .zst; - is stdin")
    command.add_argument(
        "--rate", type=_rate, metavar="N", help="records a second (default: as fast as it goes)"
    )


def _add_simulate(commands: Any) -> None:
    command = _command(commands, "simulate", "write a world's events and their truth", config=False)
    command.add_argument("out", nargs="?", metavar="OUT", help="folder for events.ndjson and truth.json")
    command.add_argument("--seed", type=int, default=1, help="which world (%(default)s)")
    command.add_argument("--days", type=_positive, default=28, help="(%(default)s)")
    command.add_argument("--accounts", type=_positive, default=2500, help="honest ones (%(default)s)")
    command.add_argument(
        "--campaigns",
        metavar="A,B+E",
        default="usual",
        help="kinds, or none; A+E+F puts evasions on A (%(default)s)",
    )
    command.add_argument(
        "--lookalikes",
        metavar="A,B",
        default="usual",
        help="honest groups that resemble campaigns (%(default)s)",
    )
    command.add_argument(
        "--onset", type=float, metavar="DAY", help="when campaigns begin (default: half way)"
    )
    command.add_argument("--compress", action="store_true", help="write events.ndjson.zst")
    command.add_argument(
        "--leaks", action="store_true", help="say what single account figures give away; fail above 20 %%"
    )


def _add_bench(commands: Any) -> None:
    text = "measure detection, speed, latency, scale or endurance"
    kinds = commands.add_parser("bench", help=text, description=text).add_subparsers(
        required=True, metavar="WHAT"
    )
    detection = _command(kinds, "detection", "recall and false alarms on simulated worlds")
    detection.add_argument("--seeds", metavar="A,B", default="1,2,3", help="one world each (%(default)s)")
    detection.add_argument("--days", type=_positive, default=28, help="(%(default)s)")
    detection.add_argument("--accounts", type=_positive, default=2500, help="honest ones (%(default)s)")
    detection.add_argument("--campaigns", metavar="A,B", help="kinds of campaign, or none (default: all)")
    detection.add_argument(
        "--onset", type=float, metavar="DAY", help="when campaigns begin (default: half way)"
    )
    _add_grids(detection)
    detection.add_argument("--jobs", type=_positive, default=2, help="runs at a time (%(default)s)")
    detection.add_argument("--report", metavar="DIR", help="writes detection.md and detection.json there")
    detection.add_argument("--cache", metavar="DIR", help="where worlds are kept (default: the user's cache)")
    detection.add_argument("--discard", action="store_true", help="keep no world that was made for this")
    detection.add_argument(
        "--resume",
        action="store_true",
        help="take over runs that ended before, by the same code and settings",
    )
    _add_latency(kinds)
    _add_scale(kinds)
    _add_soak(kinds)
    speed = _command(kinds, "speed", "CPU per event beside the bare decode, and bytes of state")
    speed.add_argument("path", nargs="?", metavar="FILE", help="plain NDJSON (default: a simulated world)")
    speed.add_argument(
        "--kafka",
        action="store_true",
        help="and end to end on Kafka, over topics of its own that are deleted afterwards",
    )
    _keeps_world(speed)


def _keeps_world(command: Any) -> None:
    command.add_argument("--cache", metavar="DIR", help="where the world is kept (default: the user's cache)")


def _add_latency(kinds: Any) -> None:
    latency = _command(kinds, "latency", "from an event, and from a tick, to what can be read of it (Kafka)")
    latency.description = (
        "Plays the end of a simulated world to a worker of its own, on topics of its own that are deleted "
        "afterwards. Findings come at ticks of event time, so two things are measured: from sending an event "
        "to its being committed as counted; and from sending the record with which the watermark passes a "
        "tick to when the findings and verdicts of that tick can be read (read_committed). What an event "
        "waits for its tick (windows.tick_s and intake.max_disorder_s of event time) comes on top."
    )
    latency.add_argument("--rate", type=_rate, metavar="N", default=500, help="events a second (%(default)s)")
    latency.add_argument("--seconds", type=_positive, metavar="S", default=60, help="(%(default)s)")
    _keeps_world(latency)


def _add_scale(kinds: Any) -> None:
    scale = _command(kinds, "scale", "events/s, CPU and bytes with intakes apart from a judge (Kafka)")
    scale.description = (
        "Loads a simulated world into a topic, then starts intakes and a judge on it, all on topics of their "
        "own that are deleted afterwards. All share this machine with the broker if it runs here too."
    )
    scale.add_argument("--intakes", metavar="A,B", default="1,2", help="workers, a run each (%(default)s)")
    _keeps_world(scale)


def _add_soak(kinds: Any) -> None:
    soak = _command(kinds, "soak", "memory, lag and durations of a worker over an hour or more (Kafka)")
    soak.description = (
        "Has a worker of its own read a simulated world again and again, each time later and with new "
        "accounts, on topics of its own that are deleted afterwards: the first round as fast as it goes, the "
        "others at half of that or at --rate if it is less. Fails unless every record was counted once."
    )
    soak.add_argument("--minutes", type=_positive, default=60, help="(%(default)s)")
    soak.add_argument("--rate", type=_rate, metavar="N", default=math.inf, help="events a second at most")
    soak.add_argument("--report", metavar="DIR", default=".", help="soak.csv and soak.png go there (here)")
    _keeps_world(soak)


def _add_grids(detection: argparse.ArgumentParser) -> None:
    """What is measured beside the worlds as they are."""
    grids = detection.add_argument_group("grids", "each stands beside the worlds as they are")
    grids.add_argument(
        "--without",
        metavar="A,B",
        default="",
        help="fields missing: signup, payment, prompts, operator, bare, or all",
    )
    grids.add_argument(
        "--evasions",
        nargs="?",
        const="all",
        metavar="A,B",
        default="",
        help="each alone (without a list: all)",
    )
    grids.add_argument("--pairs", type=_positive, metavar="N", default=0, help="the N best pairs of evasions")
    grids.add_argument("--tick", metavar="S,S", default="", help="lengths of the tick, s")
    grids.add_argument("--ablation", action="store_true", help="each family of evidence left out, and alone")
    grids.add_argument(
        "--sensitivity",
        nargs="?",
        const="all",
        metavar="A,B",
        default="",
        help="each number of detection a third less and more, on the first seed (without a list: all)",
    )
    grids.add_argument(
        "--lookalikes",
        dest="look_alikes",
        action="store_true",
        help="no campaign, and every look-alike, mass migration included",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be at least 1")
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("should be more than 0")
    return number


def listed(text: str) -> tuple[str, ...]:
    """The parts of `text` between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
