"""How far a restore has come is shown while it goes on, and told where it takes long."""

import logging
import time

import polars as pl
import pytest

from stream.blocks import Block
from stream.metrics import Meters
from stream.runtime.restoring import KAFKA, RATIO, Restoring


def shown(meters: Meters) -> float | None:
    return meters.registry.get_sample_value(RATIO)


def test_reading_is_the_first_half_and_building_the_second() -> None:
    meters = Meters()
    restoring = Restoring(meters)
    seen = [shown(meters)]
    for share in (0.5, 1.0):
        restoring.read(KAFKA, [], share)
        seen.append(shown(meters))
    blocks = [Block("links", str(number), pl.DataFrame()) for number in range(4)]
    built = []
    for block in restoring.building(blocks, len(blocks)):
        built.append(block)
        seen.append(shown(meters))
    assert built == blocks
    assert [*seen, shown(meters)] == [0.0, 0.25, 0.5, 0.5, 0.625, 0.75, 0.875, 1.0]


def test_nothing_to_restore_is_all_restored() -> None:
    meters = Meters()
    assert list(Restoring(meters).building([], 0)) == []
    assert shown(meters) == 1.0


def test_a_long_restore_is_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks = iter([0.0, 4.0, 6.0, 9.0, 12.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(looks))
    caplog.set_level(logging.INFO)
    restoring = Restoring(Meters())
    for share in (0.1, 0.2, 0.4, 0.6):
        restoring.read(KAFKA, [], share)
    assert [line.partition(":")[0] for line in caplog.messages] == ["restore at 10 %", "restore at 30 %"]
