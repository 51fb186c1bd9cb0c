"""The work in Shoal's columns is the work that all are given, whatever the batches and restarts."""

from collections.abc import Sequence
from types import SimpleNamespace

import orjson
import pytest

from stream.config import Settings
from stream.event.times import from_text
from stream.runtime import worker
from stream.runtime.ledger import Ledger
from tests.compare import shoal_windows
from tests.compare.windows import Windows
from tests.compare.work import PARTITIONS, Results, expected, network, read_result, result
from tests.conftest import KafkaSettings, Replayed
from tests.runtime.wire import values, write

DAY_MS = 86_400_000
EVENTS = 4000


@pytest.fixture(scope="module")
def records(replayed: Replayed) -> list[bytes]:
    return replayed.records[:EVENTS]


def time_ms(record: bytes) -> int:
    found = from_text(orjson.loads(record)["time"])
    assert found is not None
    return found


def told(windows: Windows) -> Results:
    return dict(windows.advance().findings)  # type: ignore[arg-type]


def work(records: Sequence[bytes], batch: int, restart: bool = False) -> Results:
    """Records in turn over the sources, and at the end of each one that is a day later."""
    windows = Windows(Settings())
    found: Results = {}
    last = orjson.dumps(orjson.loads(records[-1]) | {"time": time_ms(records[-1]) + DAY_MS})
    sources = {f"r-{number}": [*records[number::PARTITIONS], last] for number in range(PARTITIONS)}
    for source in sources:
        windows.open(source)
    for first in range(0, max(map(len, sources.values())), batch):
        for source, rows in sources.items():
            part = rows[first : first + batch]
            if part:
                windows.absorb(source, part, range(first, first + len(part)))
        found |= told(windows)
        if restart:
            stored, windows = windows.snapshot(), Windows(Settings())
            windows.restore(stored)
    return found


@pytest.mark.parametrize(("batch", "restart"), [(7, False), (1000, False), (250, True)])
def test_windows_are_as_worked_out_by_hand(records: list[bytes], batch: int, restart: bool) -> None:
    assert work(records, batch, restart) == expected((time_ms(record), record) for record in records)


def test_a_restart_goes_on_from_deltas(records: list[bytes]) -> None:
    first, second = Windows(Settings()), Windows(Settings())
    for at in range(0, EVENTS, 500):
        first.absorb("r", records[at : at + 500], range(at, at + 500))
        first.advance()
        second.restore(first.changes())
    assert second.positions() == {"r": EVENTS}
    assert [block.rows.to_dicts() for block in second.snapshot()] == [
        block.rows.to_dicts() for block in first.snapshot()
    ]


def test_no_window_is_told_before_every_source_has_passed_it(records: list[bytes]) -> None:
    windows = Windows(Settings())
    windows.open("slow")
    windows.absorb("quick", records, range(EVENTS))
    assert told(windows) == {}
    windows.idle("slow")
    assert told(windows)


def test_networks_are_the_blocks_that_shoal_takes() -> None:
    assert network("192.0.2.7") == "192.0.2"
    assert network("2001:db8:7::1") == "2001:db8:7"
    assert network(None) is None


def test_a_result_is_read_as_it_was_written(records: list[bytes]) -> None:
    found = work(records[:100], 100)
    written = [orjson.dumps(result(*window, figures)) for window, figures in found.items()]
    assert dict(map(read_result, written)) == found


@pytest.mark.kafka
def test_the_real_worker_drives_them(
    kafka_settings: KafkaSettings, records: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `python -m tests.compare` has it, which no other test runs."""
    settings = kafka_settings(2)
    monkeypatch.setattr(shoal_windows, "RESULTS", settings.kafka.findings_topic)
    monkeypatch.setattr(shoal_windows, "load", lambda: SimpleNamespace(settings=settings))
    monkeypatch.setattr(worker, "Ledger", Ledger)
    write(settings, settings.kafka.requests_topic, records, 2)
    shoal_windows.main()
    found = dict(map(read_result, values(settings, settings.kafka.findings_topic)))
    by_hand = expected((time_ms(record), record) for record in records)
    assert len(found) > len(by_hand) / 2
    assert found == {window: by_hand[window] for window in found}
