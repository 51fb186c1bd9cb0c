"""A budget that the machine or a control group cannot hold is told, with what to set."""

from pathlib import Path

import numpy as np
import pytest

from stream.runtime.machine import Given, give_back, given, too_much
from stream.settings import LEAST_MEMORY_MB, Windows

MACHINE = "MemTotal:        8000000 kB\nMemFree:          100000 kB\n"
MACHINE_BYTES = 8_000_000 * 1024


def system(root: Path, files: dict[str, str]) -> Path:
    """A root with the files of a kernel."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


CASES = {
    "no control group": ({}, MACHINE_BYTES),
    "version 2, its own": (
        {"proc/self/cgroup": "0::/pods/one\n", "sys/fs/cgroup/pods/one/memory.max": "4294967296\n"},
        4 << 30,
    ),
    "version 2, one above": (
        {
            "proc/self/cgroup": "0::/pods/one\n",
            "sys/fs/cgroup/pods/one/memory.max": "max\n",
            "sys/fs/cgroup/pods/memory.max": "2147483648\n",
        },
        2 << 30,
    ),
    "version 2, a container that sees its own at the top": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"},
        1 << 30,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "5:cpu,memory:/pods/one\n0::/\n",
            "sys/fs/cgroup/memory/pods/one/memory.limit_in_bytes": "3221225472\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
        3 << 30,
    ),
    "version 1, a container whose path is the host's": (
        {
            "proc/self/cgroup": "5:memory:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "3221225472\n",
        },
        3 << 30,
    ),
    "no limit": (
        {
            "proc/self/cgroup": "5:memory:/\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
        MACHINE_BYTES,
    ),
}


@pytest.mark.parametrize(("files", "size"), CASES.values(), ids=CASES)
def test_the_least_of_machine_and_control_groups_is_given(
    tmp_path: Path, files: dict[str, str], size: int
) -> None:
    found = given(system(tmp_path, {"proc/meminfo": MACHINE} | files))
    assert found is not None
    assert found.size_bytes == size
    assert ("control group" in found.by) == (size < MACHINE_BYTES)


def test_a_system_that_tells_nothing_is_believed(tmp_path: Path) -> None:
    assert given(tmp_path) is None
    assert too_much(Windows(), None) is None


def test_this_machine_gives_something() -> None:
    found = given()
    assert found is None or found.size_bytes > 100e6


def test_a_budget_above_what_there_is_is_told_with_what_to_set() -> None:
    little = Given(4 << 30, "its control group (memory.max)")
    said = (
        "windows.memory_mb 8000 is more than the 4,294 MB of its control group (memory.max): set 3800 at most"
    )
    assert too_much(Windows(memory_mb=8000), little) == said
    assert too_much(Windows(memory_mb=4294), little) is None
    assert too_much(Windows(memory_mb=3800), little) is None
    assert too_much(Windows(memory_mb=0), little) is None


def test_where_no_budget_fits_more_memory_is_asked_for() -> None:
    said = too_much(Windows(memory_mb=LEAST_MEMORY_MB), Given(300_000_000, "this machine"))
    assert said == "windows.memory_mb 400 is more than the 300 MB of this machine: give it 500 MB"


def test_what_was_freed_below_something_in_use_is_given_back() -> None:
    """Half of some small arrays are freed, each below one that is kept."""
    arrays = [np.ones(12_000) for _ in range(2000)]
    del arrays[::2]
    before = resident()
    give_back()
    assert before - resident() > 10_000, "40 MB of the 96, or more: pages of 4 KB"


def resident() -> int:
    """Pages of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1])
