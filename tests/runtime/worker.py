"""A worker for tests: `shoal run` on the settings of the environment.

Arguments: `real` takes the real pipeline instead of the fake, `once` ends when all is read, and
`impatient` gives a silent broker up after seconds,
`crash CALL WHEN` ends the process in its second commit, `before` or `after` a call of the producer's.
"""

import os
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from stream.config import load
from stream.errors import ShoalError
from stream.runtime import kafka, waiting
from tests.runtime.fake import FakePipeline

CRASHED = 9


def main(arguments: list[str]) -> int:
    settings = load().settings
    if "impatient" in arguments:
        waiting.PATIENCE_S = 6.0  # type: ignore[misc]
    if "crash" in arguments:
        crash(*arguments[arguments.index("crash") + 1 :][:2])
    try:
        if "real" in arguments:
            kafka.run(settings, once="once" in arguments)
        else:
            kafka.serve(settings, FakePipeline(), once="once" in arguments)  # type: ignore[arg-type]
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return 1
    return 0


def crash(call: str, when: str) -> None:
    """As a power cut would: nothing is flushed, nothing said goodbye to."""
    whole, calls = getattr(AIOKafkaProducer, call), 0

    async def cut(self: AIOKafkaProducer, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 and when == "before":
            os._exit(CRASHED)
        await whole(self, *arguments)
        if calls == 2:
            os._exit(CRASHED)

    setattr(AIOKafkaProducer, call, cut)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
