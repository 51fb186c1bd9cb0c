"""One run of a contestant: a process of its own over one topic, what it took, and what it told."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from kafka.admin import KafkaAdminClient

from stream.runtime.topics import ensure
from tests.compare.topics import Load, changelogs, committed, create, forget, told, told_by_tables
from tests.compare.work import PARTITIONS, Results
from tests.conftest import named_settings
from tests.runtime.wire import environment

DEADLINE_S: Final = 1800.0
"""For one run: only one that hangs takes as long."""
LOOK_S: Final = 0.1
ROOT: Final = Path(__file__).parents[2]


class Contestant(NamedTuple):
    """`command` follows `python -m`; `promise` is the guarantee, with the seconds between commits.

    Each commits as often as it does by default; Bytewax, which has to be told so for its recovery, too.
    """

    name: str
    package: str
    promise: str
    command: Sequence[str]
    guarantee: str = ""
    tables: bool = False


_FAUST: Final = ["tests.compare.faust_windows", "worker", "-l", "warn", "--without-web"]
CONTESTANTS: Final = (
    Contestant("Shoal", "shoal", "exactly once, 1 s", ["tests.compare.shoal_windows"]),
    Contestant(
        "Bytewax", "bytewax", "at least once, 10 s",
        ["bytewax.run", "tests.compare.bytewax_windows", "-r", "{folder}", "-s", "10", "-b", "0"],
    ),
    Contestant(
        "Quix Streams", "quixstreams", "at least once, 5 s", ["tests.compare.quix_windows"], "at-least-once"
    ),
    Contestant(
        "Quix Streams", "quixstreams", "exactly once, 5 s", ["tests.compare.quix_windows"], "exactly-once"
    ),
    Contestant("Faust", "faust-streaming", "at least once, 2.8 s", _FAUST, "at_least_once", tables=True),
    Contestant("Faust", "faust-streaming", "exactly once, 2.8 s", _FAUST, "exactly_once", tables=True),
)  # fmt: skip


class Run(NamedTuple):
    """CPU of all threads from start to end, and seconds from the start until all was committed."""

    cpu_s: float
    wall_s: float
    results: Results


def run(contestant: Contestant, python: Path, bootstrap: str, load: Load) -> Run:
    """From an empty state to the end of the topic; raises CalledProcessError where it fails."""
    name, folder = f"compare-{uuid4().hex[:8]}", Path(tempfile.mkdtemp(prefix="shoal-compare-"))
    create(bootstrap, f"{name}-results", 1)
    if contestant.tables:
        # Faust makes them too, asks for them before they are there, and then stands for good.
        for changelog in changelogs(name).values():
            create(bootstrap, changelog, PARTITIONS)
    given = _environment(contestant, bootstrap, load, name, folder)
    try:
        cpu_s, wall_s = _worked(contestant, python, bootstrap, load.topic, load.records, given)
        results = told_by_tables(bootstrap, name) if contestant.tables else told(bootstrap, f"{name}-results")
    finally:
        shutil.rmtree(folder)
        forget(bootstrap, name)
    until = {window: figures for window, figures in results.items() if window.start_s < load.end_s}
    return Run(cpu_s, wall_s, until)


def _environment(
    contestant: Contestant, bootstrap: str, load: Load, name: str, folder: Path
) -> dict[str, str]:
    given = {
        "COMPARE_BOOTSTRAP": bootstrap,
        "COMPARE_TOPIC": load.topic,
        "COMPARE_RESULTS": f"{name}-results",
        "COMPARE_NAME": name,
        "COMPARE_FOLDER": str(folder),
        "COMPARE_GUARANTEE": contestant.guarantee,
    }
    if contestant.name == "Shoal":
        settings = named_settings(
            bootstrap, name, requests_topic=load.topic, commit_interval_s=1.0, idle_after_s=2.0
        )
        ensure(settings, PARTITIONS)
        given |= environment(settings)
    return os.environ | given


def _worked(
    contestant: Contestant, python: Path, bootstrap: str, topic: str, records: int, given: dict[str, str]
) -> tuple[float, float]:
    folder = given["COMPARE_FOLDER"]
    command = [str(python), "-m", *(part.format(folder=folder) for part in contestant.command)]
    if contestant.name == "Bytewax":
        subprocess.run([str(python), "-m", "bytewax.recovery", folder, "1"], check=True)
    log = Path(folder, "log")
    with log.open("wb") as file, KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=file, stderr=file)
        try:
            cpu_s, wall_s = _ended(process, lambda: committed(admin, given["COMPARE_NAME"], topic) >= records)
        finally:
            process.kill()  # where it was not to end, for this comparison was stopped
    if process.returncode:
        print(log.read_text()[-3000:])
        raise subprocess.CalledProcessError(process.returncode, command)
    return cpu_s, wall_s


def _ended(process: subprocess.Popen[bytes], done: Callable[[], bool]) -> tuple[float, float]:
    """Waits until a process has ended; told to, once all is done, unless it does so by itself."""
    began, wall_s = time.monotonic(), None
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        now_s = time.monotonic() - began
        if pid:
            code = os.waitstatus_to_exitcode(status)
            process.returncode = 0 if wall_s is not None and code == -signal.SIGTERM else code
            return used.ru_utime + used.ru_stime, wall_s or now_s
        if wall_s is None and done():
            wall_s = now_s
            process.send_signal(signal.SIGTERM)
        if now_s > DEADLINE_S:
            process.kill()
        time.sleep(LOOK_S)
