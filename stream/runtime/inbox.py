"""The inbox: analysts' decisions that wait for the tick from which they count."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from stream.cases.feedback import Feedback, read_feedback
from stream.event.batch import Reject


class Inbox:
    """Decisions in order of arrival; a record that is none becomes a reject."""

    def __init__(self) -> None:
        """Empty."""
        self.waiting: list[Feedback] = []
        self.refused: Counter[str] = Counter()
        """Reason -> records refused."""
        self._position = 0

    def take(self, records: Sequence[bytes]) -> list[Reject]:
        """Take records, JSON each; what could not be read."""
        rejects = []
        for record in records:
            read = read_feedback(record, self._position)
            self._position += 1
            if isinstance(read, Reject):
                rejects.append(read)
                self.refused[read.reason] += 1
            else:
                self.waiting.append(read)
        return rejects

    def due(self, now_ms: int) -> list[Feedback]:
        """Hand out the decisions of before a tick, in order of time."""
        due = [row for row in self.waiting if row.time_ms < now_ms]
        self.waiting = [row for row in self.waiting if row.time_ms >= now_ms]
        return sorted(due, key=lambda row: (row.time_ms, str(row)))

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        rows = [[getattr(row, name) for name in Feedback.__slots__] for row in self.waiting]
        return {"feedback": rows, "feedback_position": self._position}

    def restore(self, plain: dict[str, Any]) -> None:
        """Inverse of `plain`."""
        self.waiting = [Feedback(*row) for row in plain["feedback"]]
        self._position = plain["feedback_position"]
