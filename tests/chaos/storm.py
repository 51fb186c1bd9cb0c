"""A storm: a worker on a real broker, one fault after the other, and the world written meanwhile."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from stream.config import Settings
from stream.runtime.topics import ensure
from tests.chaos.crew import DEADLINE_S, TOOK_OVER, Member
from tests.chaos.faults import FAULTS, decks
from tests.chaos.nodes import CLUSTER_FAULTS
from tests.chaos.world import PARTITIONS, Gateway, records
from tests.conftest import coarse, named_settings
from tests.runtime.broker import Broker
from tests.runtime.cluster import Cluster
from tests.runtime.wire import make_ready, until

FAULT_S: Final = 5.0
"""Half of a fault's share of the records is written within this time."""
COPIES: Final = 3
"""Of every topic, in a cluster: two of them commit, so that any one node may be lost."""
NEVER_IDLE_S: Final = 600.0
"""During a storm no silence may pass for the end of a source; the last worker takes a short one."""


class Storm:
    """Faults in an order and at moments that a seed decides."""

    def __init__(
        self, seed: int, folder: Path, tell: Callable[[str], None], *, cluster: bool = False
    ) -> None:
        """`cluster` takes three nodes in the place of one, and the faults that come with them."""
        make_ready()
        self.seed = seed
        self.folder = folder
        self.faults: Counter[str] = Counter()
        self.starts = 0
        self.longest_leave_s = 0.0
        self.broker: Broker | Cluster = Cluster(folder / "kafka") if cluster else Broker(folder / "kafka")
        self._faults = CLUSTER_FAULTS if cluster else FAULTS
        changes = {"idle_after_s": NEVER_IDLE_S} | ({"replication": COPIES} if cluster else {})
        self.settings = coarse(named_settings(self.broker.bootstrap, f"storm{seed}", **changes))
        self.rows = records(seed, folder / "world")
        self._tell = tell
        self._members: list[Member] = []
        self._group: KafkaConsumer | None = None

    def rage(self, *, minutes: float | None = None) -> None:
        """Every fault once; with `minutes` again and again for so long. Then all that is left is read."""
        chance = random.Random(self.seed)
        self.broker.start()
        ensure(self.settings, PARTITIONS)
        began = self._fault_began = time.monotonic()
        duration_s = 60 * (minutes or 0)
        gateway = Gateway(
            self.settings,
            self.rows,
            self._share_of_faults if minutes is None else lambda: (time.monotonic() - began) / duration_s,
        )
        gateway.start()
        for name in islice(decks(chance, self._faults), len(self._faults) if minutes is None else None):
            if minutes is not None and time.monotonic() - began > duration_s:
                break
            self._tell(f"{time.monotonic() - began:6.1f} s  {name}")
            self._fault_began = time.monotonic()
            self._faults[name](self, chance)
            self.faults[name] += 1
        gateway.finish()
        self.retire()
        self._drain()
        self._tell(f"{time.monotonic() - began:6.1f} s  all is read")

    def _share_of_faults(self) -> float:
        """However slow the machine, each fault has its share of the records, and more always comes."""
        age_s = time.monotonic() - self._fault_began
        return (self.faults.total() + age_s / (age_s + FAULT_S)) / len(self._faults)

    def _drain(self) -> None:
        kafka = self.settings.kafka.model_copy(update={"idle_after_s": 2.0})
        last = self._member(self.settings.model_copy(update={"kafka": kafka}), "once")
        last.must_say(0, "all that was read is committed")

    def start(self, *arguments: str) -> Member:
        """One more worker, which fences whoever lives."""
        return self._member(self.settings, *arguments)

    def working(self) -> Member:
        """The worker that lives, or a new one, once it reads."""
        live = next((member for member in self._members if member.running), None) or self.start()
        live.until_reading()
        return live

    def retire(self) -> None:
        """SIGTERM to whoever lives."""
        for member in self._living():
            member.signal(signal.SIGTERM)
            member.must_say(0, "all that was read is committed")

    def settle(self) -> None:
        """After a doomed worker: whom it had fenced ends too."""
        for member in self._living():
            member.must_say(2, TOOK_OVER)

    def only_one_of(self, members: list[Member]) -> Member:
        """The one that is left; the others were fenced."""
        until(lambda: sum(member.running for member in members) <= 1, "one worker that is left", DEADLINE_S)
        for member in members:
            if not member.running:
                member.must_say(2, TOOK_OVER)
        return next(member for member in members if member.running)

    def until_commit(self, live: Member) -> None:
        """Until it has committed records once more, or all that is written."""
        live.until_reading()
        before = self.committed()
        until(
            lambda: self.committed() > before or before == len(self.rows) or not live.running,
            "a commit",
            DEADLINE_S,
        )
        assert live.running, live.said

    def committed(self) -> int:
        """Records that the group has read, by its offsets."""
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                return self._offsets()
            except KafkaError:
                assert time.monotonic() < end, "the broker does not answer"
                time.sleep(0.2)

    def _offsets(self) -> int:
        if self._group is None:
            kafka = self.settings.kafka
            self._group = KafkaConsumer(
                bootstrap_servers=kafka.bootstrap_servers,
                group_id=kafka.application_id,
                enable_auto_commit=False,
            )
        topic = self.settings.kafka.requests_topic
        offsets = [self._group.committed(TopicPartition(topic, number)) for number in range(PARTITIONS)]
        return sum(offset or 0 for offset in offsets)

    def end(self) -> None:
        """Whatever happened: nothing of it is left running."""
        for member in self._members:
            member.end()
        if self._group is not None:
            self._group.close()
        self.broker.stop()

    def _living(self) -> list[Member]:
        return [member for member in self._members if member.running]

    def _member(self, settings: Settings, *arguments: str) -> Member:
        self.starts += 1
        member = Member(settings, self.folder / f"worker-{self.starts:03}.log", *arguments)
        self._members.append(member)
        return member
