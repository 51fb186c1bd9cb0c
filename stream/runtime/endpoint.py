"""What a worker serves over HTTP: `/metrics` for Prometheus, `/health` for whoever starts workers.

`/health` is JSON with status 200 once the worker reads, and 503 while it waits for Kafka or restores. A
worker that hangs ends itself, and one without Kafka too, so no answer means that there is no worker.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import make_wsgi_app

from stream.errors import ConfigError
from stream.metrics import Meters
from stream.runtime.restoring import RATIO
from stream.runtime.stage import Stage

HEALTH: Final = "/health"
LAG: Final = "shoal_consumer_lag_records"
ANYWHERE: Final = "0.0.0.0"
"""Prometheus is on another machine as a rule."""

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Health(NamedTuple):
    """Whether a worker works, and how far behind it is."""

    stage: Stage
    reading: bool
    """The state is restored, and it reads on."""
    restored: float
    """Share of the stored state, from 0 to 1."""
    lag_records: dict[str, int]
    """By partition, at the last look."""
    events: int
    """Taken in since the start."""
    shedding: list[str]
    """Partitions of which the operator's rule leaves events out now."""
    shed_events: int
    """Left out since the state began."""


class _Server(ThreadingMixIn, WSGIServer):
    """A slow reader holds up no other."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A look every few seconds is no line in the log."""


@contextmanager
def serving(meters: Meters, port: int) -> Iterator[int]:
    """Answer in a thread of its own while the context lasts; yields the port. 0 takes a free one.

    Raises ConfigError where the port is taken.
    """
    try:
        server = make_server(ANYWHERE, port, _app(meters), _Server, _Silent)
    except OSError as error:
        raise ConfigError(f"kafka.metrics_port {port} cannot be opened: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, name="endpoint", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _app(meters: Meters) -> App:
    metrics: App = make_wsgi_app(meters.registry)

    def app(asked: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return _health(meters, start) if asked["PATH_INFO"] == HEALTH else metrics(asked, start)

    return app


def _health(meters: Meters, start: Callable[..., Any]) -> list[bytes]:
    found = health(meters)
    start("200 OK" if found.reading else "503 Service Unavailable", [("Content-Type", "application/json")])
    return [orjson.dumps(found._asdict())]


def health(meters: Meters) -> Health:
    """How it stands with a worker now, by its own metrics."""
    restored = meters.registry.get_sample_value(RATIO) or 0.0
    families = meters.registry.restricted_registry([LAG]).collect()
    lag = {sample.labels["partition"]: round(sample.value) for each in families for sample in each.samples}
    stats = meters.stats
    shed = (list(stats.shedding), sum(stats.shed.values()))
    return Health(stats.stage, restored == 1.0, restored, lag, stats.events, *shed)
