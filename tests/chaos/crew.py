"""The workers of a storm, and what each has to say at its end."""

import threading
import time
from pathlib import Path
from typing import Final

from stream.config import Settings
from tests.runtime.wire import Process, until

DEADLINE_S: Final = 120.0
"""For whatever must happen; only a storm that has failed waits this long."""
LOOK_S: Final = 0.05
TOOK_OVER: Final = "took over: stopped"
_asking: Final = threading.RLock()
"""Of two threads that ask at once after a process that has ended, one would be told a code of 255; a start
asks after all of them."""


class Member(Process):
    """One worker from its start to its end."""

    def __init__(self, settings: Settings, log: Path, *arguments: str, pipeline: str = "real") -> None:
        with _asking:
            super().__init__(settings, pipeline, *arguments, log=log)

    @property
    def running(self) -> bool:
        with _asking:
            return super().running

    def until_reading(self) -> None:
        """Until it has fenced the one before it, restored and begun to read."""
        until(lambda: "INFO reading" in self.said or not self.running, "a worker that reads", DEADLINE_S)
        assert self.running, self.said

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        end = time.monotonic() + DEADLINE_S
        while self.running and time.monotonic() < end:
            time.sleep(LOOK_S)
        code, _ = self.wait(0)
        return code

    def must_say(self, code: int, *lines: str) -> None:
        """It ends with this code, and its last line has one of these in it; no traceback."""
        found, said = self.ended(), self.said
        last = said.splitlines()[-1] if said else ""
        assert found == code, f"exit code {found}, expected {code}: {said}"
        assert not lines or any(line in last for line in lines), f"expected {lines}: {said}"
        assert "Traceback" not in said, said

    def end(self) -> None:
        if self.running:
            self.kill()
