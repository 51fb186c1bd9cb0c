"""How far a replay has come: a bar on a terminal, a plain line every tenth otherwise."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from stream.findings.render import rfc3339
from stream.runtime.local import Progress as Report
from stream.runtime.local import Reading

_LINES = 10
"""Plain lines over a whole replay."""

_UNSIZED_RECORDS = 200_000
"""Records between plain lines where the input has no size (standard input)."""


@contextmanager
def shown(title: str, stream: TextIO | None = None) -> Iterator[Report]:
    """A report to hand to `replay`; `stream` is standard error by default."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield PlainLines(title, stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TextColumn("[dim]{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield _Bar(progress, progress.add_task(title, total=1, state=""))


class PlainLines:
    """Writes a line for each tenth of the input."""

    def __init__(self, title: str, stream: TextIO) -> None:
        """`title` begins each line."""
        self._title = title
        self._stream = stream
        self._step = 0

    def __call__(self, reading: Reading) -> None:
        """Writes a line if another tenth has been read."""
        if reading.bytes_total:
            step = _LINES * reading.bytes_read // reading.bytes_total
            share = f"{100 * reading.bytes_read // reading.bytes_total:3d} %, "
        else:
            step, share = reading.records // _UNSIZED_RECORDS, ""
        if step > self._step:
            self._step = step
            print(f"{self._title}: {share}{_state(reading)}", file=self._stream, flush=True)


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, reading: Reading) -> None:
        total = reading.bytes_total or None
        self._progress.update(self._task, completed=reading.bytes_read, total=total, state=_state(reading))


def _state(reading: Reading) -> str:
    """`2,000 records to 2026-01-02 03:04, 1 finding, 12 verdicts`."""
    time = "" if reading.time_ms is None else f" to {rfc3339(reading.time_ms)[:16].replace('T', ' ')}"
    return (
        f"{reading.records:,} records{time}, "
        f"{_count(reading.findings, 'finding')}, {_count(reading.verdicts, 'verdict')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
