import asyncio
import time

import pytest
from aiokafka import TopicPartition

from stream.config import Settings
from stream.errors import StallError
from stream.runtime import silence
from stream.runtime.requests import Requests

TP = TopicPartition("requests", 0)


class Drained:
    """A consumer that has read all there is."""

    def assignment(self) -> set[TopicPartition]:
        return {TP}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 7)

    async def position(self, partition: TopicPartition) -> int:
        return 7


def looking(monkeypatch: pytest.MonkeyPatch, *moments_s: float) -> list[list[TopicPartition]]:
    """What became idle at each look; a partition is idle after 30 s."""
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    reader = Requests(Settings(), "requests")
    reader._consumer = Drained()  # type: ignore[assignment]
    found = []
    for now_s in moments_s:  # noqa: B007 (the clock reads it)
        found.append(asyncio.run(reader.look()))
    return found


def test_silence_makes_a_drained_partition_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "DEAF_S", 60.0)
    assert looking(monkeypatch, 1, 20, 31, 32) == [[], [], [TP], []]


def test_time_without_kafka_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways could not write then either: what they kept comes once it is back."""
    monkeypatch.setattr(silence, "DEAF_S", 15.0)
    assert looking(monkeypatch, 1, 10, 40, 50, 60, 71) == [[], [], [], [], [], [TP]]


def test_a_partition_that_is_no_longer_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = iter((8, 9, 10))

    async def growing(self: Drained, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, next(ends))

    monkeypatch.setattr(Drained, "end_offsets", growing)
    monkeypatch.setattr(silence, "DEAF_S", 60.0)
    with pytest.raises(StallError, match="requests-0 stands at 7 for 60 s while its lag grew from 1 to 3"):
        looking(monkeypatch, 1, 31, 61)


def test_a_partition_that_waits_for_another_may_stand_and_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, ends, other = 0.0, iter((8, 9, 10)), TopicPartition("requests", 1)
    asked: list[tuple[TopicPartition, ...]] = []

    class Two(Drained):
        def assignment(self) -> set[TopicPartition]:
            return {TP, other}

        async def getmany(
            self, *wanted: TopicPartition, **options: object
        ) -> dict[TopicPartition, list[object]]:
            asked.append(wanted)
            return {}

        async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
            return {TP: next(ends), other: 7}

    async def once(reader: Requests) -> None:
        await reader.read({TP})
        await reader.look()

    monkeypatch.setattr(silence, "DEAF_S", 90.0)
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    reader = Requests(Settings(), "requests")
    reader._consumer = Two()  # type: ignore[assignment]
    for now_s in (1.0, 31.0, 91.0):  # noqa: B007 (the clock reads it)
        asyncio.run(once(reader))
    assert asked == [(other,)] * 3
    assert reader.lag == {TP: 3, other: 0}
