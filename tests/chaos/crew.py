"""The workers of a storm: processes of their own, forked from one that has loaded everything already."""

import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from stream.config import Settings
from tests.runtime.wire import environment, until

DEADLINE_S: Final = 120.0
"""For whatever must happen; only a storm that has failed waits this long."""
TOOK_OVER: Final = "took over: stopped"

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.runtime.worker"])


def make_ready() -> None:
    """Load all that a worker needs while something else is done."""
    forkserver.ensure_running()


class Member:
    """One worker from its start to its end."""

    def __init__(self, settings: Settings, log: Path, *arguments: str, pipeline: str = "real") -> None:
        self._log = log
        log.touch()
        self._process: BaseProcess = _context.Process(
            target=_live, args=(environment(settings), str(log), [pipeline, *arguments])
        )
        self._process.start()

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def until_reading(self) -> None:
        """Until it has fenced the one before it, restored and begun to read."""
        until(lambda: "INFO reading" in self.said or not self.alive, "a worker that reads", DEADLINE_S)
        assert self.alive, self.said

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self._process.join(DEADLINE_S)
        assert self._process.exitcode is not None, f"it lives on: {self.said}"
        return self._process.exitcode

    def must_say(self, code: int, *lines: str) -> None:
        """It ends with this code, and its last line has one of these in it; no traceback."""
        found, said = self.ended(), self.said
        last = said.splitlines()[-1] if said else ""
        assert found == code, f"exit code {found}, expected {code}: {said}"
        assert not lines or any(line in last for line in lines), f"expected {lines}: {said}"
        assert "Traceback" not in said, said

    def end(self) -> None:
        if self.alive:
            self._process.kill()
            self._process.join()


def _live(names: dict[str, str], log: str, arguments: list[str]) -> None:
    """In the forked process."""
    os.environ.update(names)
    sys.stderr = Path(log).open("a", buffering=1)  # noqa: SIM115
    os.dup2(sys.stderr.fileno(), 2)
    from tests.runtime.worker import main

    sys.exit(main(arguments))
