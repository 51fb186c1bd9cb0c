"""A worker for tests: `shoal run` on the settings of the environment, with the fake pipeline or the real."""

import sys

from stream.config import load
from stream.errors import ShoalError
from stream.runtime import kafka
from tests.runtime.fake import FakePipeline


def main(arguments: list[str]) -> int:
    settings = load().settings
    try:
        if "real" in arguments:
            kafka.run(settings, once="once" in arguments)
        else:
            kafka.serve(settings, FakePipeline(), once="once" in arguments)  # type: ignore[arg-type]
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
