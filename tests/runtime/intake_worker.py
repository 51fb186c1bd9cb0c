"""An intake worker as a process of its own, with the settings of the environment; SIGTERM ends it."""

import asyncio
import signal

from stream.config import load
from stream.runtime.intake import IntakeWorker


async def main() -> None:
    worker = IntakeWorker(load(None).settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stopping.set)
    await worker.run()


asyncio.run(main())
