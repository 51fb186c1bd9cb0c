"""What `deploy/kafka/broker` says where something lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BROKER

TOOLS = ("bash", "cat", "dirname", "env", "grep", "head", "sed")


def said(tools: Path, *extra: str) -> tuple[int, str]:
    """`broker check` with only these commands there, and no Kafka fetched yet."""
    for name in (*TOOLS, *extra):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name}")
        (tools / name).symlink_to(found)
    environment = {"PATH": str(tools), "XDG_CACHE_HOME": str(tools), "HOME": os.environ.get("HOME", "/")}
    command = [str(tools / "bash"), str(BROKER), "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_no_java_is_one_line(tmp_path: Path) -> None:
    code, line = said(tmp_path)
    assert code == 1
    assert line.startswith("broker: Java 17 or newer is needed")
    assert line.count("\n") == 1


def test_no_maven_is_one_line(tmp_path: Path) -> None:
    code, line = said(tmp_path, "java")
    assert code == 1
    assert line.startswith("broker: Maven is needed to fetch Apache Kafka")
    assert line.count("\n") == 1
