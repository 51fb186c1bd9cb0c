from pathlib import Path

import pytest

from stream.bench import speed
from stream.config import Settings
from stream.runtime import local
from tests.runtime.fake import FakePipeline


def test_every_event_is_counted_on_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "Pipeline", lambda settings: FakePipeline())
    path = tmp_path / "log.ndjson"
    path.write_bytes(b"".join(b'{"time": %d, "account_id": "a"}\n' % (n * 1000) for n in range(2000)))
    measured = speed.measure(path, Settings())
    assert measured.events == measured.state.events == 2000
    assert measured.record_bytes == path.stat().st_size / 2000
    assert 0 < measured.decode_cpu_s < measured.whole_cpu_s
    rows: dict[str, str] = {row[0]: row[1] for row in speed.grid(measured).rows}
    assert rows["events"] == f"2,000 of {measured.record_bytes:.0f} bytes"
    assert rows["accounts held"] == "1"
