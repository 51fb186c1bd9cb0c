"""A storm: workers on a real broker, one fault after the other, and the world written meanwhile."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from stream.config import Settings
from stream.runtime.stage import INTAKE
from stream.runtime.topics import ensure
from tests.chaos.crew import DEADLINE_S, TOOK_OVER, Member
from tests.chaos.faults import BROKER_FAULTS, FAULTS, decks
from tests.chaos.intakes import INTAKE_FAULTS
from tests.chaos.nodes import CLUSTER_FAULTS
from tests.chaos.world import PARTITIONS, PIECE, Gateway, records
from tests.conftest import coarse, named_settings
from tests.runtime.broker import Broker
from tests.runtime.cluster import Cluster
from tests.runtime.crash import KILLED
from tests.runtime.wire import make_ready, until

SPARE_S: Final = 120.0
"""Records come for so much longer than faults: who has nothing to commit does not crash in a commit."""
FAULT_S: Final = 5.0
"""Half of a fault's share of the records is written within this time."""
COPIES: Final = 3
"""Of every topic, in a cluster: two of them commit, so that any one node may be lost."""
INTAKES: Final = 2
"""Where stages are apart: each has partitions that the other is given."""
NEVER_IDLE_S: Final = 600.0
"""During a storm no silence may pass for the end of a source; the last worker takes a short one."""


class Storm:
    """Faults in an order and at moments that a seed decides."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        tell: Callable[[str], None],
        *,
        cluster: bool = False,
        apart: bool = False,
    ) -> None:
        """`cluster` takes three nodes in the place of one, `apart` intakes and a judge in that of a worker.

        Either brings faults of its own.
        """
        make_ready()
        self.seed = seed
        self.folder = folder
        self.apart = apart
        self.faults: Counter[str] = Counter()
        self.starts = 0
        self.longest_leave_s = 0.0
        self.broker: Broker | Cluster = Cluster(folder / "kafka") if cluster else Broker(folder / "kafka")
        self._faults = CLUSTER_FAULTS if cluster else FAULTS
        self._beside = INTAKE_FAULTS if apart else {}
        self._lock = threading.RLock()
        changes = {"idle_after_s": NEVER_IDLE_S} | ({"replication": COPIES} if cluster else {})
        self.settings = coarse(named_settings(self.broker.bootstrap, f"storm{seed}", **changes))
        self.rows = records(seed, folder / "world")
        self._tell = tell
        self._members: list[Member] = []
        self._all_intakes: list[Member] = []
        self._intakes: list[Member] = []
        self._groups: dict[str, KafkaConsumer] = {}

    def rage(self, *, minutes: float | None = None) -> None:
        """Every fault once; with `minutes` again and again for so long. Then all that is left is read.

        Where stages are apart, faults of the intakes happen beside those of the judge.
        """
        chance = random.Random(self.seed)
        self.broker.start()
        ensure(self.settings, PARTITIONS, split=self.apart)
        began = self._fault_began = time.monotonic()
        duration_s = 60 * (minutes or 0)
        gateway = Gateway(
            self.settings,
            self.rows,
            self._share_of_faults
            if minutes is None
            else lambda: (time.monotonic() - began) / (duration_s + SPARE_S),
        )
        gateway.start()
        others = decks(random.Random(self.seed + 1), self._beside) if self._beside else iter(())
        for name in islice(decks(chance, self._faults), len(self._faults) if minutes is None else None):
            if minutes is not None and time.monotonic() - began > duration_s:
                break
            other = None if name in BROKER_FAULTS else self._next(others, again=minutes is not None)
            self._tell(f"{time.monotonic() - began:6.1f} s  {name}{f', {other}' if other else ''}")
            self._fault_began = time.monotonic()
            with self._happening(other, chance.random()):
                self._faults[name](self, chance)
            self.faults.update(filter(None, (name, other)))
        gateway.finish()
        self.retire()
        self._retire_intakes()
        self._drain()
        self._tell(f"{time.monotonic() - began:6.1f} s  all is read")

    def _next(self, others: Iterator[str], *, again: bool) -> str | None:
        """A fault of the intakes, each of them once unless they come `again`."""
        name = next(others, None)
        return name if name and (again or not self.faults[name]) else None

    @contextmanager
    def _happening(self, name: str | None, seed: float) -> Iterator[None]:
        """A fault of the intakes goes on within the context, and is over at its end."""
        if name is None:
            yield
            return
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(self._beside[name], self, random.Random(seed))
            yield
            done.result()

    def _share_of_faults(self) -> float:
        """However slow the machine, each fault has its share of the records, and more always comes."""
        age_s = time.monotonic() - self._fault_began
        over = sum(self.faults[name] for name in self._faults)
        return (over + age_s / (age_s + FAULT_S)) / len(self._faults)

    def _drain(self) -> None:
        kafka = self.settings.kafka.model_copy(update={"idle_after_s": 2.0})
        hurried = self.settings.model_copy(update={"kafka": kafka})
        last = [self._intake(hurried, "once")] if self.apart else []
        for member in [*last, self._member(hurried, "once")]:
            member.must_say(0, "all that was read is committed")

    def start(self, *arguments: str) -> Member:
        """One more worker, which fences whoever lives."""
        self.intakes()
        return self._member(self.settings, *arguments)

    def working(self) -> Member:
        """The worker that lives, or a new one, once it reads; where stages are apart it has intakes."""
        self.intakes()
        live = next(iter(self._living()), None) or self.start()
        live.until_reading()
        return live

    def retire(self) -> None:
        """SIGTERM to whoever lives."""
        for member in self._living():
            member.signal(signal.SIGTERM)
            member.must_say(0, "all that was read is committed")

    def intakes(self) -> list[Member]:
        """As many as there should be, those that ended replaced; none where one worker does all."""
        with self._lock:
            for member in self._intakes:
                if not member.running:
                    assert member.ended() in (0, 2, KILLED), member.said
                    assert "Traceback" not in member.said, member.said
            self._intakes = [member for member in self._intakes if member.running]
            while self.apart and len(self._intakes) < INTAKES:
                self.intake()
            return list(self._intakes)

    def intake(self, *arguments: str) -> Member:
        """One more, which is given partitions of the others."""
        with self._lock:
            self._intakes.append(self._intake(self.settings, *arguments))
            return self._intakes[-1]

    def until_handed_on(self) -> None:
        """Until the intakes have handed on once more, or all that is written."""
        before = self.handed_on()
        until(
            lambda: self.handed_on() > before or before == len(self.rows) or not self.intakes(),
            "a parcel",
            DEADLINE_S,
        )

    def _retire_intakes(self) -> None:
        for member in self.intakes():
            member.until_reading()
            member.signal(signal.SIGTERM)
        for member in self._intakes:
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
            lambda: self.committed() > before or self._all_read(before) or not live.running,
            "a commit",
            DEADLINE_S,
        )
        assert live.running, live.said

    def _all_read(self, committed: int) -> bool:
        """Whether no further commit has to come; offsets of parcels tell no number of records."""
        self.intakes()
        return (self.handed_on() if self.apart else committed) == len(self.rows)

    def committed(self) -> int:
        """How far the worker that decides has read, by its offsets: records, or parcels."""
        names = self.settings.kafka
        return self._asked(names.application_id, names.events_topic if self.apart else names.requests_topic)

    def handed_on(self) -> int:
        """Records that the intakes have handed on."""
        names = self.settings.kafka
        return self._asked(names.application_id + INTAKE, names.requests_topic)

    def _asked(self, group: str, topic: str) -> int:
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                with self._lock:
                    return self._offsets(group, topic)
            except KafkaError:
                assert time.monotonic() < end, "the broker does not answer"
                time.sleep(0.2)

    def _offsets(self, group: str, topic: str) -> int:
        if group not in self._groups:
            self._groups[group] = KafkaConsumer(
                bootstrap_servers=self.settings.kafka.bootstrap_servers,
                group_id=group,
                enable_auto_commit=False,
            )
        asked = self._groups[group]
        offsets = [asked.committed(TopicPartition(topic, number)) for number in range(PARTITIONS)]
        return sum(offset or 0 for offset in offsets)

    def end(self) -> None:
        """Whatever happened: nothing of it is left running."""
        for member in self._members:
            member.end()
        for group in self._groups.values():
            group.close()
        self.broker.stop()

    def _living(self) -> list[Member]:
        """Workers that decide, or do all: one, but for a moment."""
        with self._lock:
            return [one for one in self._members if one.running and one not in self._all_intakes]

    def _member(self, settings: Settings, *arguments: str) -> Member:
        return self._started(settings, *(("stage", "judge") if self.apart else ()), *arguments)

    def _intake(self, settings: Settings, *arguments: str) -> Member:
        with self._lock:
            member = self._started(settings, "stage", "intake", *arguments)
            self._all_intakes.append(member)
            return member

    def _started(self, settings: Settings, *arguments: str) -> Member:
        with self._lock:
            self.starts += 1
            log = self.folder / f"worker-{self.starts:03}.log"
            member = Member(settings, log, "piece", str(PIECE), *arguments)
            self._members.append(member)
            return member
