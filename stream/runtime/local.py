"""The embedded runtime: log files through the pipeline in one process, merged by event time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple, Protocol

from stream.config import Settings
from stream.findings.cleared import cleared_bytes
from stream.findings.render import finding_bytes, reject_bytes, verdict_bytes
from stream.runtime.files import Lines, LogFile, log_files
from stream.runtime.pipeline import Outputs, Pipeline
from stream.stages.intake import Intake

CHUNK_BYTES: Final = 8 << 20
"""Read at a time from one file: some 12,000 records, where the cost of a batch no longer shows."""

_PEEK: Final = 16
"""Records at the end of a chunk that are decoded to learn how far its file has come."""


class Sink(Protocol):
    """Takes what the pipeline says, in order."""

    def write(self, outputs: Outputs) -> None:
        """Takes the outputs of some ticks."""


class Reading(NamedTuple):
    """How far a replay has come."""

    bytes_read: int
    bytes_total: int
    records: int
    time_ms: int | None
    findings: int
    verdicts: int


Progress = Callable[[Reading], None]
"""Is told after every chunk, and once more at the end."""


@dataclass
class Files:
    """Sink that writes NDJSON, line by line as ticks are decided; a file that is None is left out.

    Each tick's lines are flushed at once, so `tail -f` follows a long replay and a replay that is
    stopped leaves whole lines. The same bytes come again from the same events, so nothing is lost by
    not replacing the file at the end.
    """

    findings: IO[bytes] | None = None
    verdicts: IO[bytes] | None = None
    rejects: IO[bytes] | None = None
    cleared: IO[bytes] | None = None

    def write(self, outputs: Outputs) -> None:
        """Appends one line for each finding, verdict, reject and link left alone."""
        _append(self.findings, map(finding_bytes, outputs.findings))
        _append(self.verdicts, map(verdict_bytes, outputs.verdicts))
        _append(self.rejects, map(reject_bytes, outputs.rejects))
        _append(self.cleared, map(cleared_bytes, outputs.cleared))


@dataclass
class Collected:
    """Sink that keeps everything in lists."""

    outputs: Outputs = field(default_factory=lambda: Outputs([], [], []))

    def write(self, outputs: Outputs) -> None:
        """Adds to the lists."""
        self.outputs.findings.extend(outputs.findings)
        self.outputs.verdicts.extend(outputs.verdicts)
        self.outputs.rejects.extend(outputs.rejects)


def replay(
    paths: Sequence[str],
    settings: Settings,
    *,
    until_ms: int | None = None,
    sinks: Sequence[Sink] = (),
    progress: Progress | None = None,
    feedback: Sequence[bytes] = (),
    chunk_bytes: int = CHUNK_BYTES,
) -> Pipeline:
    """Streams the files through a pipeline and returns it, for its numbers.

    The next chunk always comes from the file that is behind in event time, so little is held however
    many files there are. With `until_ms` it stops at that event time: what is decided up to then is
    said, the rest is not. Raises InputError.
    """
    return _Replay(paths, settings, until_ms, sinks, progress, feedback).run(chunk_bytes)


class _Replay:
    """The files still being read, and the event time that each has reached."""

    def __init__(
        self,
        paths: Sequence[str],
        settings: Settings,
        until_ms: int | None,
        sinks: Sequence[Sink],
        progress: Progress | None,
        feedback: Sequence[bytes],
    ) -> None:
        self._files = log_files(paths)
        self._pipeline = Pipeline(settings)
        self._pipeline.feedback(feedback)
        self._until_ms = until_ms
        self._sinks = sinks
        self._progress = progress
        self._clock = _Clock(settings)
        self._reached: dict[LogFile, int] = {}
        self._records = self._findings = self._verdicts = 0

    def run(self, chunk_bytes: int) -> Pipeline:
        self._begin(chunk_bytes)
        while self._reached and not self._is_over():
            file = min(self._reached, key=self._behind)
            self._read(file, chunk_bytes)
            self._say(self._pipeline.advance())
        if not self._reached:
            self._say(self._pipeline.finish())
        return self._pipeline

    def _begin(self, chunk_bytes: int) -> None:
        """Takes the first record of every file, so that none can come too late for time to wait for it."""
        for file in self._files:
            self._pipeline.open(file.name)
        for file in self._files:
            self._reached[file] = _UNKNOWN
            self._read(file, 0)
            while len(self._files) > 1 and self._reached.get(file) == _UNKNOWN:
                self._read(file, chunk_bytes)
            if len(self._files) > 1:
                file.close()  # there may be more files than a process may hold open

    def _read(self, file: LogFile, chunk_bytes: int) -> None:
        lines = file.read(chunk_bytes)
        if file.ended:
            file.close()
            del self._reached[file]
            self._pipeline.idle(file.name)
            return
        if not lines.records:
            return
        self._pipeline.absorb(file.name, lines.records, lines.offsets)
        self._records += len(lines.records)
        if len(self._files) > 1:
            self._reached[file] = self._clock.newest(file.name, lines) or self._reached[file]

    def _behind(self, file: LogFile) -> tuple[int, str]:
        return self._reached[file], file.name

    def _is_over(self) -> bool:
        watermark_ms = self._pipeline.watermark_ms
        return self._until_ms is not None and watermark_ms is not None and watermark_ms >= self._until_ms

    def _say(self, outputs: Outputs) -> None:
        said = outputs if self._until_ms is None else _up_to(self._until_ms, outputs)
        self._findings += len(said.findings)
        self._verdicts += len(said.verdicts)
        for sink in self._sinks:
            sink.write(said)
        if self._progress:
            self._progress(self._reading())

    def _reading(self) -> Reading:
        return Reading(
            sum(file.position for file in self._files),
            sum(file.size for file in self._files),
            self._records,
            self._pipeline.watermark_ms,
            self._findings,
            self._verdicts,
        )


_UNKNOWN: Final = -1
"""Event time of a file none of whose records could be read yet."""


class _Clock:
    """Learns from the end of a chunk how far its file has come."""

    def __init__(self, settings: Settings) -> None:
        self._intake = Intake(settings)

    def newest(self, source: str, lines: Lines) -> int | None:
        """Newest event time among the last records, ms; None where none of them is an event."""
        events = self._intake.decode(source, lines.records[-_PEEK:], lines.offsets[-_PEEK:]).events
        newest = events["time_ms"].max()
        return newest if isinstance(newest, int) else None


def _up_to(until_ms: int, outputs: Outputs) -> Outputs:
    return Outputs(
        [finding for finding in outputs.findings if finding.time_ms <= until_ms],
        [verdict for verdict in outputs.verdicts if verdict.time_ms <= until_ms],
        outputs.rejects,
        [link for link in outputs.cleared if link.time_ms <= until_ms],
    )


def _append(file: IO[bytes] | None, rendered: Iterable[bytes]) -> None:
    if file is None:
        return
    lines = b"".join(line + b"\n" for line in rendered)
    if lines:
        file.write(lines)
        file.flush()
