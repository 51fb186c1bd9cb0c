"""A worker for tests: `shoal run` on the settings of the environment.

Arguments: `real` takes the real pipeline instead of the fake, `stage NAME` one stage of it, `piece N` absorbs
N events of a tick at once, `once` ends when all is read, `impatient` gives a silent broker up after seconds
and `patient` waits minutes for one, `hang` stands still at its first record, `crash POINT N` kills the
process at a point of its Nth commit.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

from stream.config import load
from stream.errors import ShoalError
from stream.runtime import kafka, waiting, watch
from stream.windows import memory
from tests.runtime.crash import arm
from tests.runtime.fake import FakePipeline


class Hanging(FakePipeline):
    def absorb(self, source: str, records: Sequence[bytes], offsets: Sequence[int], *_: object) -> None:
        while True:
            time.sleep(1)


def main(arguments: list[str]) -> int:
    settings = load().settings
    if "impatient" in arguments:
        waiting.PATIENCE_S = 6.0  # type: ignore[misc]
        waiting.START_S = 3.0  # type: ignore[misc]
    if "patient" in arguments:
        waiting.START_S = 300.0  # type: ignore[misc]
    if "hang" in arguments:
        watch.BEAT_S = 2.0  # type: ignore[misc]
    if "piece" in arguments:
        memory.PIECE = int(arguments[arguments.index("piece") + 1])  # type: ignore[misc]
    if "crash" in arguments:
        point, commit = arguments[arguments.index("crash") + 1 :][:2]
        arm(point, int(commit))
    try:
        stage: Any = arguments[arguments.index("stage") + 1] if "stage" in arguments else "all"
        if "real" in arguments or stage == "intake":
            kafka.run(settings, stage, once="once" in arguments)
        else:
            pipeline = Hanging() if "hang" in arguments else FakePipeline()
            kafka.serve(settings, pipeline, stage, once="once" in arguments)  # type: ignore[arg-type]
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
