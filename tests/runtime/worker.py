"""A worker for tests: `shoal run` on the settings of the environment.

Arguments: `real` takes the real pipeline instead of the fake, `once` ends when all is read, `impatient`
gives a silent broker up after seconds, `crash POINT N` kills the process at a point of its Nth commit.
"""

import sys

from stream.config import load
from stream.errors import ShoalError
from stream.runtime import kafka, waiting
from tests.runtime.crash import arm
from tests.runtime.fake import FakePipeline


def main(arguments: list[str]) -> int:
    settings = load().settings
    if "impatient" in arguments:
        waiting.PATIENCE_S = 6.0  # type: ignore[misc]
        waiting.START_S = 3.0  # type: ignore[misc]
    if "crash" in arguments:
        point, commit = arguments[arguments.index("crash") + 1 :][:2]
        arm(point, int(commit))
    try:
        if "real" in arguments:
            kafka.run(settings, once="once" in arguments)
        else:
            kafka.serve(settings, FakePipeline(), once="once" in arguments)  # type: ignore[arg-type]
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
