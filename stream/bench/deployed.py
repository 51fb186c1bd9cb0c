"""Deployments for a measurement: topics that are deleted afterwards, workers in processes of their own."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final
from uuid import uuid4

from stream.config import Settings
from stream.errors import BrokerError, ShoalError
from stream.runtime.stage import Stage
from stream.runtime.topics import ensure, forget

LEAVES_S: Final = 15.0


def named(settings: Settings, purpose: str) -> Settings:
    """The same settings with names that nothing else has."""
    name = f"shoal-{purpose}-{uuid4().hex[:8]}"
    topics = {key: f"{name}.{key}" for key in type(settings.kafka).model_fields if key.endswith("_topic")}
    own: dict[str, Any] = {**topics, "application_id": name, "metrics_port": 0}
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update=own)})


@contextmanager
def topics(settings: Settings, partitions: int, *, split: bool = False) -> Iterator[None]:
    """They are there while the context lasts; raises BrokerError."""
    ensure(settings, partitions, split=split)
    try:
        yield
    except BaseException:
        with suppress(BrokerError):  # what went wrong first is what is told
            forget(settings)
        raise
    forget(settings)


class Deployment:
    """A worker of one stage; `cpu_s` is what it has used once it has ended, all threads, imports not."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        """It starts at once."""
        context = get_context("spawn")
        self._told, telling = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(settings, stage, telling), daemon=True)
        self._process.start()
        telling.close()
        self.cpu_s = 0.0

    def check(self) -> None:
        """Raise BrokerError once it has ended."""
        if self._process.exitcode is not None:
            raise BrokerError("the worker ended, see above")

    def end(self) -> None:
        """Have it commit and leave."""
        self._process.terminate()
        self._process.join(LEAVES_S)
        self._process.kill()
        # A worker that failed, or was ended before, says nothing.
        with suppress(EOFError):
            if self._told.poll():
                self.cpu_s = self._told.recv()


@contextmanager
def working(settings: Settings, stage: Stage = "all") -> Iterator[Deployment]:
    """A worker while the context lasts."""
    worker = Deployment(settings, stage)
    try:
        yield worker
    finally:
        worker.end()


def _work(settings: Settings, stage: Stage, telling: "Connection[float, Any]") -> None:
    from stream.runtime.kafka import run

    logging.disable(logging.INFO)
    began = time.process_time()
    try:
        run(settings, stage)
        telling.send(time.process_time() - began)
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        sys.exit(2)
