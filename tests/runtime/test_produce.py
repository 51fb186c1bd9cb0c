import gzip
import time
from pathlib import Path

import pytest

from stream.errors import BrokerError, InputError
from stream.runtime import blocking
from stream.runtime.produce import produce
from tests.conftest import KafkaSettings, free_ports, named_settings
from tests.runtime.wire import values

pytestmark = pytest.mark.kafka


def test_every_record_arrives_in_order(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    settings = kafka_settings(partitions=1)
    lines = [b'{"n": %d}' % n for n in range(2500)]
    (tmp_path / "a.ndjson").write_bytes(b"\n".join(lines[:1000]) + b"\n")
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(b"\r\n".join(lines[1000:])))
    told: list[int] = []
    assert produce([str(tmp_path)], settings, progress=told.append) == 2500
    assert values(settings, settings.kafka.requests_topic) == lines
    assert told == [1000, 2000]


def test_a_rate_is_kept(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    """300 records at 500 a second take over half a second, however fast the machine is."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"{}\n" * 300)
    began = time.monotonic()
    produce([str(file)], kafka_settings(), rate=500)
    assert time.monotonic() - began > 0.5


def test_too_large_a_record_names_its_line(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"{}\n" + b"x" * (2 << 20))
    with pytest.raises(InputError, match="line 2 has more bytes than Kafka takes"):
        produce([str(file)], kafka_settings())


def test_no_topic_is_one_line(bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "PATIENCE_MS", 1000)
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"{}\n")
    with pytest.raises(BrokerError, match="no topic produce-nothing"):
        produce([str(file)], named_settings(bootstrap, "produce-nothing"))


def test_no_broker_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "PATIENCE_MS", 1000)
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"{}\n")
    with pytest.raises(BrokerError, match="Unable to bootstrap"):
        produce([str(file)], named_settings(f"127.0.0.1:{free_ports(1)[0]}", "produce-nobody"))
