"""The memory that a process is given: by the machine, and by the control groups that it is in.

It is held against the budget and told to the operator; nothing that is found depends on it. And what a
process has freed is given back.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from stream.settings import LEAST_MEMORY_MB, Windows

_STEP_MB: Final = 100
_GROUPS: Final = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""Controller in /proc/self/cgroup -> folder below /sys/fs/cgroup and file: of versions 2 and 1 (kernel,
admin-guide/cgroup-v2 and cgroup-v1/memory)."""


class Given(NamedTuple):
    """How much, and what sets the limit."""

    size_bytes: int
    by: str


def too_much(windows: Windows, given: Given | None) -> str | None:
    """What is wrong and what to set where the budget is more than there is, as far as that is known."""
    if given is None or windows.memory_mb * 1e6 <= given.size_bytes:
        return None
    there = int(given.size_bytes / 1e6)
    fits = there * 9 // 10 // _STEP_MB * _STEP_MB
    right = f"set {fits} at most" if fits >= LEAST_MEMORY_MB else f"give it {LEAST_MEMORY_MB + _STEP_MB} MB"
    return f"windows.memory_mb {windows.memory_mb} is more than the {there:,} MB of {given.by}: {right}"


def given(root: Path = Path("/")) -> Given | None:
    """The least of what machine and control groups give; None where the system does not tell (no Linux)."""
    return min((*_machine(root), *_groups(root)), default=None)


def give_back() -> None:
    """Give the system what was freed and lies below something that is in use.

    glibc keeps that for good unless asked (malloc_trim(3)), and arrays of up to 32 MB lie there once some as
    large were freed (M_MMAP_THRESHOLD, mallopt(3)). Does nothing where there is another C library.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _machine(root: Path) -> Iterator[Given]:
    for line in _lines(root / "proc/meminfo"):
        name, _, size = line.partition(":")
        if name == "MemTotal":
            yield Given(int(size.split()[0]) * 1024, "this machine")


def _groups(root: Path) -> Iterator[Given]:
    """A group is bound by those above it; where a container sees only its own, that is the top one."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller not in _GROUPS:
                continue
            folder, file = _GROUPS[controller]
            top, place = root / "sys/fs/cgroup" / folder, PurePosixPath(path.lstrip("/"))
            for below in {top, *(top / each for each in (place, *place.parents))}:
                for text in _lines(below / file):
                    if text.isdecimal():  # else "max"
                        yield Given(int(text), f"its control group ({file})")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []  # another system, or a group that it does not show
