"""A broker of a test's own, to be stopped, killed and started again on its data."""

import os
import signal
import subprocess
from pathlib import Path

from tests.conftest import BROKER, free_ports


class Broker:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.control = free_ports(2)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it was started, and not stopped or killed since."""
        return (self.data / "pid").exists()

    def start(self) -> None:
        command = [str(BROKER), "start", str(self.data), str(self.port), str(self.control)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run([BROKER, "stop", self.data], check=True)

    def kill(self) -> None:
        """As a machine is lost; what it had written stays."""
        pid = self.data / "pid"
        os.kill(int(pid.read_text()), signal.SIGKILL)
        pid.unlink()
