"""The work in Shoal: its real worker, with windows in the place of the detector. Reads all and ends."""

from collections.abc import Iterator
from typing import Any

import orjson

from stream.config import load
from stream.runtime import kafka, worker
from stream.runtime.ledger import Ledger
from stream.runtime.pipeline import Outputs
from stream.runtime.writer import Sent
from tests.compare.windows import Windows
from tests.compare.work import RESULTS, result


class Results(Ledger):
    """Writes each window that is told as a record of its own, within the same transaction as all else."""

    def _said(self, outputs: Outputs) -> Iterator[Sent]:
        told: Any = outputs.findings
        for window, figures in told:
            yield Sent(
                RESULTS,
                window.account.encode(),
                orjson.dumps(result(window.account, window.size_s, window.start_s, figures)),
                0,
            )


def main() -> None:
    settings = load().settings
    setattr(worker, "Ledger", Results)  # noqa: B010
    kafka.serve(settings, Windows(settings), once=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
