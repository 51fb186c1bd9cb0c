"""The input of a storm: a simulated world, and a gateway that writes it while everything else breaks."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson
from kafka import KafkaProducer

from stream.config import Settings
from stream.simulate import LOOKALIKES, WorldSpec, simulate, write_world

PARTITIONS: Final = 4
BROKEN_EVERY: Final = 40
"""Every record of this number is no JSON: so nearly every commit has an output, a reject."""
AT_ONCE: Final = 0.4
"""Share of the records that are there from the start: most of what happens before the first case may open."""
PIECE: Final = 100
"""Events of a tick that are absorbed at once: a tick has several hundred."""
FOREVER_MS: Final = 3_600_000
_PACE_S: Final = 0.05


def records(seed: int, folder: Path) -> list[bytes]:
    """Two weeks with three campaigns and few that look alike, in order of time.

    Without event ids: a record that is counted twice then shows in state and findings, for nothing
    drops it as a repeat.
    """
    spec = WorldSpec(
        seed=seed,
        days=14,
        accounts=250,
        onset_day=6.0,
        campaigns=("sweep", "prefix", "judge"),
        lookalikes=LOOKALIKES[:3],
        mean_requests_per_day=8.0,
    )
    lines = write_world(simulate(spec), folder).events.read_bytes().splitlines()
    mixed: list[bytes] = []
    for number, line in enumerate(lines):
        if number % BROKEN_EVERY == 0:
            mixed.append(b"broken %d" % number)
        mixed.append(orjson.dumps({k: v for k, v in orjson.loads(line).items() if k != "event_id"}))
    return mixed


class Gateway(threading.Thread):
    """Writes the records in turn over the partitions; idempotent, it gives nothing up.

    `share` says how much of them may be written by now, from 0 to 1.
    """

    def __init__(self, settings: Settings, rows: list[bytes], share: Callable[[], float]) -> None:
        super().__init__(name="gateway", daemon=True)
        self._settings = settings
        self._rows = rows
        self._share = share
        self._hurry = threading.Event()
        self.failures: list[Exception] = []

    def finish(self) -> None:
        """Write the rest as fast as it goes, and end."""
        self._hurry.set()
        self.join()
        if self.failures:
            raise self.failures[0]

    def run(self) -> None:
        try:
            self._write()
        except Exception as error:  # `finish` raises it where it is seen
            self.failures.append(error)

    def _write(self) -> None:
        topic, first = self._settings.kafka.requests_topic, int(len(self._rows) * AT_ONCE)
        with KafkaProducer(
            bootstrap_servers=self._settings.kafka.bootstrap_servers,
            enable_idempotence=True,
            acks="all",
            linger_ms=20,
            max_block_ms=FOREVER_MS,
            delivery_timeout_ms=FOREVER_MS,
            request_timeout_ms=10_000,
        ) as producer:
            for number, row in enumerate(self._rows):
                share = (number - first) / (len(self._rows) - first)
                while self._share() < share and not self._hurry.is_set():
                    time.sleep(_PACE_S)
                producer.send(topic, row, partition=number % PARTITIONS).add_errback(self.failures.append)
            producer.flush()
