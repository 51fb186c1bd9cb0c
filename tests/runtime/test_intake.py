"""Intake and judge apart, on a real broker: they say what replay says, byte for byte.

What happens to workers that are killed, join and leave is what `tests.chaos` tries.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition
from pydantic import SecretStr

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.findings.render import finding_bytes, verdict_bytes
from stream.metrics import Meters
from stream.runtime import intake, kafka
from stream.runtime.access import access
from stream.runtime.intake import IntakeWorker
from stream.runtime.pipeline import Pipeline
from stream.runtime.stage import INTAKE, Stage
from stream.simulate import WorldSpec, simulate
from tests.chaos.crew import Member
from tests.conftest import KafkaSettings, Replayed, coarse
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import events, make_ready, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4
NEVER_S = 600.0
"""No silence between two parts of the records may pass for the end of a source."""
AT_ONCE_S = 0.6

Start = Callable[..., Member]


@pytest.fixture(scope="module")
def small() -> Replayed:
    """A world of two campaigns, and what one process without a broker says of it."""
    spec = WorldSpec(
        seed=4, days=13, accounts=130, onset_day=9.0, campaigns=("judge", "prefix"), mean_requests_per_day=5.0
    )
    records = [orjson.dumps(row) for row in simulate(spec).events.iter_rows(named=True)]
    pipeline = Pipeline(coarse(Settings()))
    pipeline.absorb("file", records, range(len(records)))
    said = pipeline.finish()
    return Replayed(records, list(map(finding_bytes, said.findings)), list(map(verdict_bytes, said.verdicts)))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of a stage, in a process of its own that ends with the test."""
    make_ready()
    crew: list[Member] = []

    def begin(settings: Settings, stage: str, *arguments: str, pipeline: str = "fake") -> Member:
        log = tmp_path / f"{len(crew)}.log"
        crew.append(Member(settings, log, "stage", stage, *arguments, pipeline=pipeline))
        return crew[-1]

    yield begin
    for member in crew:
        member.end()


def handed_on(settings: Settings) -> int:
    """Records that the intake has handed on, over all partitions."""
    consumer = KafkaConsumer(**access(settings.kafka), group_id=settings.kafka.application_id + INTAKE)
    topic = settings.kafka.requests_topic
    offsets = [consumer.committed(TopicPartition(topic, number)) for number in range(PARTITIONS)]
    consumer.close()
    return sum(offset or 0 for offset in offsets)


def until_handed_on(settings: Settings, records: int) -> None:
    until(lambda: handed_on(settings) >= records, f"{records} records handed on")


def changed(settings: Settings, **kafka: object) -> Settings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update=kafka)})


def drain(settings: Settings, start: Start) -> None:
    """An intake and a judge that end once all is read."""
    hurried = changed(settings, idle_after_s=AT_ONCE_S)
    last = [start(hurried, stage, "once") for stage in ("intake", "judge")]
    for member in last:
        member.must_say(0)


def check(settings: Settings, records: list[bytes]) -> None:
    """The topics hold what an embedded run says."""
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    said = pipeline.finish()
    assert len(said.findings) > 10
    assert values(settings, settings.kafka.findings_topic) == [finding_bytes(row) for row in said.findings]
    assert values(settings, settings.kafka.verdicts_topic) == [verdict_bytes(row) for row in said.verdicts]


def left(member: Member) -> None:
    """Told to stop, it commits and leaves."""
    member.signal(signal.SIGTERM)
    member.must_say(0, "all that was read is committed")


@pytest.mark.parametrize("intakes", [1, 2, 4])
def test_any_number_of_intakes_and_a_judge_say_what_replay_says(
    kafka_settings: KafkaSettings, small: Replayed, start: Start, intakes: int
) -> None:
    """One partition has no traffic, and does not stop time."""
    settings = coarse(kafka_settings(PARTITIONS, split=True, idle_after_s=AT_ONCE_S))
    write(settings, settings.kafka.requests_topic, [*small.records, b"broken"], PARTITIONS - 1)
    crew = [start(settings, "intake") for _ in range(intakes)]
    start(settings, "judge", "once", pipeline="real").must_say(0)
    for member in crew:
        left(member)
    assert small.findings
    assert values(settings, settings.kafka.findings_topic) == small.findings
    assert values(settings, settings.kafka.verdicts_topic) == small.verdicts
    rejects = [orjson.loads(value)["reason"] for value in values(settings, settings.kafka.rejects_topic)]
    assert rejects == ["not_json"]


def test_one_process_takes_over_from_stages_apart_and_they_from_it(
    kafka_settings: KafkaSettings, start: Start
) -> None:
    settings, records = kafka_settings(PARTITIONS, split=True, idle_after_s=NEVER_S), events(3000)
    names = settings.kafka
    write(settings, names.requests_topic, records[:1000], PARTITIONS)
    whole = start(settings, "all")
    until(lambda: counted(settings, names.requests_topic) == 1000, "the first part counted")
    left(whole)
    write(settings, names.requests_topic, records[1000:2000], PARTITIONS)
    crew = [start(settings, "intake"), start(settings, "judge")]
    until_handed_on(settings, 2000)
    until(lambda: counted(settings, names.events_topic) == parcels(settings), "all parcels judged")
    for member in crew:
        left(member)
    write(settings, names.requests_topic, records[2000:], PARTITIONS)
    start(changed(settings, idle_after_s=AT_ONCE_S), "all", "once").must_say(0)
    check(settings, records)


def counted(settings: Settings, topic: str) -> int:
    """How far the worker that decides has committed, over all partitions."""
    consumer = KafkaConsumer(**access(settings.kafka), group_id=settings.kafka.application_id)
    offsets = [consumer.committed(TopicPartition(topic, number)) or 0 for number in range(PARTITIONS)]
    consumer.close()
    return sum(offsets)


def parcels(settings: Settings) -> int:
    """Where the last parcels end; only the marker of their transaction comes after them."""
    consumer = KafkaConsumer(**access(settings.kafka), group_id=None)
    partitions = [TopicPartition(settings.kafka.events_topic, number) for number in range(PARTITIONS)]
    found = consumer.end_offsets(partitions)
    consumer.close()
    return sum(end - 1 for end in found.values())


def test_of_two_workers_of_one_name_the_first_ends(kafka_settings: KafkaSettings, start: Start) -> None:
    settings = kafka_settings(PARTITIONS, split=True, idle_after_s=NEVER_S, instance_id="one")
    first = start(settings, "intake")
    first.until_reading()
    second = start(settings, "intake")
    first.must_say(2, "another worker has kafka.instance_id one too")
    assert second.running


def test_the_group_misses_a_worker_as_soon_as_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition of a worker that was killed stands for so long."""
    asked: dict[str, object] = {}
    monkeypatch.setattr(intake, "consumer", lambda names, **options: asked.update(options))
    settings = changed(Settings(), session_timeout_s=3.0)
    IntakeWorker(settings, Meters("intake"), asyncio.Event())._made()
    assert asked["session_timeout_ms"] == 3000
    assert asked["heartbeat_interval_ms"] == 500
    assert asked["rebalance_timeout_ms"] == 10_000, "who commits just then is waited for all the same"


def test_an_intake_shows_events_rejects_and_lag(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, meters = kafka_settings(2, split=True, idle_after_s=AT_ONCE_S), Meters("intake")
    monkeypatch.setattr(kafka, "Meters", lambda stage: meters)
    write(settings, settings.kafka.requests_topic, [*events(9), b"broken"], 2)
    kafka.run(settings, "intake", once=True)
    shown = meters.registry.get_sample_value
    assert shown("shoal_events_total", {"stage": "intake"}) == 9
    assert shown("shoal_rejects_total", {"reason": "not_json"}) == 1
    assert shown("shoal_consumer_lag_records", {"partition": f"{settings.kafka.requests_topic}-1"}) == 0
    assert shown("shoal_field_coverage_ratio", {"field": "account_id"}) == 1
    assert shown("shoal_partitions_idle") == 2
    assert (shown("shoal_parcel_bytes_total") or 0) > 0


def test_another_key_is_refused_before_anything_is_written(
    kafka_settings: KafkaSettings, start: Start
) -> None:
    settings = kafka_settings(PARTITIONS, split=True, idle_after_s=NEVER_S)
    write(settings, settings.kafka.requests_topic, [b'{"time": 1767225600000, "account_id": "a"}'])
    start(settings, "intake")
    until_handed_on(settings, 1)
    intake = settings.intake.model_copy(update={"hash_key": SecretStr("another key")})
    other = settings.model_copy(update={"intake": intake})
    with pytest.raises(StateError, match=r"-0 was handed on with another intake\.hash_key: go back to that"):
        kafka.run(other, "intake")
    with pytest.raises(StateError, match=r"events-0 at 0: .* hashed with another intake\.hash_key: give"):
        kafka.run(other, "judge")


def test_the_topic_of_events_has_to_be_there_and_as_wide_as_that_of_requests(
    kafka_settings: KafkaSettings,
) -> None:
    settings, wide = kafka_settings(PARTITIONS), kafka_settings(2, split=True)
    stages: tuple[Stage, ...] = ("intake", "judge")
    for stage in stages:
        with pytest.raises(BrokerError, match=r"no topic .*events, .*: `shoal topics --split` creates"):
            kafka.run(settings, stage)
        with pytest.raises(BrokerError, match=r"has 2 partitions and .*requests 4: give them the same"):
            kafka.run(changed(settings, events_topic=wide.kafka.events_topic), stage)
