"""What a worker serves: numbers for Prometheus, and whether it works for whoever starts workers."""

import socket
import urllib.error
import urllib.request
from typing import Any

import orjson
import pytest

from stream.errors import ConfigError
from stream.metrics import Meters
from stream.runtime.endpoint import serving
from stream.runtime.stats import Stats


def asked(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def health(port: int) -> tuple[int, Any]:
    status, said = asked(port, "/health")
    return status, orjson.loads(said)


def test_a_worker_is_well_once_its_state_is_restored_and_tells_its_lag() -> None:
    meters = Meters("judge")
    with serving(meters, 0) as port:
        before = health(port)
        meters.put("shoal_restore_ratio", 0.4)
        midway = health(port)
        meters.put("shoal_restore_ratio", 1.0)
        meters.put_each("shoal_consumer_lag_records", {"requests-0": 12, "requests-1": 0})
        meters.publish(Stats(events=7, shed={"requests-0": 5}, shedding=("requests-0",)))
        after = health(port)
    told = {"stage": "judge", "reading": False, "restored": 0.0, "lag_records": {}, "events": 0}
    told |= {"shedding": [], "shed_events": 0}
    assert before == (503, told)
    assert midway == (503, told | {"restored": 0.4})
    lag = {"requests-0": 12, "requests-1": 0}
    shed = {"shedding": ["requests-0"], "shed_events": 5}
    assert after == (200, {**told, "reading": True, "restored": 1.0, "lag_records": lag, "events": 7, **shed})


def test_numbers_are_served_beside_it() -> None:
    with serving(Meters(), 0) as port:
        status, said = asked(port, "/metrics")
    assert status == 200
    assert b"shoal_commits_total 0.0" in said


def test_the_port_is_free_again_afterwards() -> None:
    with serving(Meters(), 0) as port:
        asked(port, "/metrics")
    with pytest.raises(urllib.error.URLError):
        asked(port, "/metrics")
    with serving(Meters(), port):
        asked(port, "/metrics")


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"{port} cannot be opened"), serving(Meters(), port):
            pass
