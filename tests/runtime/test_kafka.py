"""The loop against a real broker, with a pipeline that is easy to reckon with."""

import orjson
import pytest
from kafka.admin import KafkaAdminClient

from stream.config import Settings
from stream.errors import BrokerError, StateError
from stream.findings.render import finding_bytes, verdict_bytes
from stream.runtime import changelog, kafka, worker
from stream.runtime.pipeline import Outputs
from tests.conftest import KafkaSettings, free_ports, named_settings
from tests.runtime.crash import KILLED, POINTS
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import Process, events, offset_of_group, read, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4


def worked(settings: Settings, ballast: int = 0) -> FakePipeline:
    """A worker in this process that ends once all is read."""
    pipeline = FakePipeline(ballast)
    kafka.serve(settings, pipeline, once=True)  # type: ignore[arg-type]
    return pipeline


def embedded(records: list[bytes]) -> Outputs:
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    return pipeline.finish()


def check_outputs(settings: Settings, records: list[bytes]) -> None:
    """The topics hold what an embedded run says, byte for byte, and every offset is committed."""
    want = embedded(records)
    assert len(want.findings) > 10
    assert values(settings, settings.kafka.findings_topic) == [finding_bytes(f) for f in want.findings]
    assert values(settings, settings.kafka.verdicts_topic) == [verdict_bytes(v) for v in want.verdicts]
    offsets = [offset_of_group(settings, number) for number in range(PARTITIONS)]
    assert offsets == [len(records[number::PARTITIONS]) for number in range(PARTITIONS)]


def test_topics_hold_what_an_embedded_run_says(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS), events(2000)
    write(settings, settings.kafka.requests_topic, records, PARTITIONS)
    worked(settings)
    check_outputs(settings, records)


def test_keys_are_the_campaign_and_the_account(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings(PARTITIONS)
    write(settings, settings.kafka.requests_topic, events(600), PARTITIONS)
    worked(settings)
    findings = read(settings, settings.kafka.findings_topic)
    verdicts = read(settings, settings.kafka.verdicts_topic)
    assert findings
    assert verdicts
    assert all(m.key == orjson.loads(m.value or b"")["uid"].encode() for m in findings)
    assert all(m.key == orjson.loads(m.value or b"")["account_id"].encode() for m in verdicts)


@pytest.mark.parametrize("runs", [2, 3])
def test_clean_stops_change_nothing(kafka_settings: KafkaSettings, runs: int) -> None:
    settings, records = kafka_settings(PARTITIONS), events(2400)
    size = len(records) // runs
    for start in range(0, len(records), size):
        write(settings, settings.kafka.requests_topic, records[start : start + size], PARTITIONS)
        worked(settings)
    check_outputs(settings, records)


def test_bases_replace_deltas(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """State far above the limits: several records a base, several bases, and the same outputs."""
    monkeypatch.setattr(changelog, "FLOOR_BYTES", 100_000)
    monkeypatch.setattr(changelog, "STEP_BYTES", 300_000)
    monkeypatch.setattr(worker, "HEARTBEAT_S", 0.2)
    settings, records = kafka_settings(PARTITIONS), events(2400)
    for start in range(0, 2400, 600):
        write(settings, settings.kafka.requests_topic, records[start : start + 600], PARTITIONS)
        worked(settings, ballast=300_000)
    check_outputs(settings, records)
    keys = {message.key for message in read(settings, settings.kafka.changelog_topic)}
    assert any(key.startswith(b"b/2/") for key in keys if key)


def test_a_worker_that_is_stopped_midway_goes_on(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS, idle_after_s=2.0), events(4000)
    write(settings, settings.kafka.requests_topic, records[:2000], PARTITIONS)
    worker = Process(settings)
    until(lambda: bool(read(settings, settings.kafka.findings_topic)), "first finding")
    code, said = worker.stop()
    assert (code, "Traceback" in said) == (0, False), said
    write(settings, settings.kafka.requests_topic, records[2000:], PARTITIONS)
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    check_outputs(settings, records)


def test_a_worker_that_is_killed_loses_and_repeats_nothing(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS, idle_after_s=2.0), events(5500)
    topic = settings.kafka.requests_topic
    write(settings, topic, records[:1500], PARTITIONS)
    for start in (1500, 3500):
        worker = Process(settings)
        until_more_findings(settings, len(values(settings, settings.kafka.findings_topic)))
        write(settings, topic, records[start : start + 2000], PARTITIONS)
        worker.kill()
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    check_outputs(settings, records)


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_within_a_commit_loses_and_repeats_nothing(kafka_settings: KafkaSettings, point: str) -> None:
    """Random kills miss the few milliseconds of an open transaction; these do not."""
    settings, records = kafka_settings(PARTITIONS, idle_after_s=2.0), events(3000)
    write(settings, settings.kafka.requests_topic, records[:1000], PARTITIONS)
    worker = Process(settings, "crash", point, "2")
    # A first commit made before both partitions were heard of has no finding, and the second is the last.
    until(lambda: not worker.running or bool(values(settings, settings.kafka.findings_topic)), "a commit")
    write(settings, settings.kafka.requests_topic, records[1000:], PARTITIONS)
    code, said = worker.wait()
    assert code == KILLED, said
    code, said = Process(settings, "once").wait()
    assert code == 0, said
    check_outputs(settings, records)


def until_more_findings(settings: Settings, seen: int) -> None:
    until(lambda: len(values(settings, settings.kafka.findings_topic)) > seen, "a finding")


def test_rejects_go_to_their_topic_and_stop_nothing(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS), events(1200)
    broken = [*records[:600], b"not json", b'{"time": 1}', *records[600:1198]]
    write(settings, settings.kafka.requests_topic, broken, PARTITIONS)
    worked(settings)
    rejects = [orjson.loads(value) for value in values(settings, settings.kafka.rejects_topic)]
    assert [reject["reason"] for reject in rejects] == ["not_json", "not_json"]
    check_outputs(settings, broken)


def test_feedback_is_read_once(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings(PARTITIONS)
    write(settings, settings.kafka.feedback_topic, [b'{"n": 1}', b'{"n": 2}'])
    assert worked(settings).told == [b'{"n": 1}', b'{"n": 2}']
    write(settings, settings.kafka.feedback_topic, [b'{"n": 3}'])
    assert worked(settings).told == [b'{"n": 3}']


def test_a_second_worker_fences_the_first(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS, idle_after_s=2.0), events(4000)
    write(settings, settings.kafka.requests_topic, records[:2000], PARTITIONS)
    first = Process(settings)
    until(lambda: bool(read(settings, settings.kafka.findings_topic)), "first finding")
    second = Process(settings, "once")
    write(settings, settings.kafka.requests_topic, records[2000:], PARTITIONS)
    code, said = first.wait()
    assert code == 2
    assert f"shoal: another worker of kafka.application_id {settings.kafka.application_id} took over" in said
    assert "Traceback" not in said
    code, said = second.wait()
    assert code == 0, said
    check_outputs(settings, records)


def test_added_partitions_are_read(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = kafka_settings(1)
    write(settings, settings.kafka.requests_topic, events(300))
    worked(settings)
    grow(settings, PARTITIONS)
    write(settings, settings.kafka.requests_topic, events(300), PARTITIONS)
    assert worked(settings).events == 300


def grow(settings: Settings, partitions: int) -> None:
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        admin.create_partitions({settings.kafka.requests_topic: partitions})


def test_no_broker_is_one_line() -> None:
    settings = named_settings(f"127.0.0.1:{free_ports(1)[0]}", "nobody")
    code, said = Process(settings, "impatient").wait()
    assert code == 2
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(
        f"shoal: Kafka at {settings.kafka.bootstrap_servers} did not answer"
    )


def test_a_fault_of_the_pipeline_is_raised_and_nothing_of_it_committed(kafka_settings: KafkaSettings) -> None:
    class Faulty(FakePipeline):
        def advance(self, most: int | None = None) -> Outputs:
            raise ZeroDivisionError("a fault")

    settings = kafka_settings(PARTITIONS)
    write(settings, settings.kafka.requests_topic, events(600), PARTITIONS)
    with pytest.raises(ZeroDivisionError):
        kafka.serve(settings, Faulty(), once=True)  # type: ignore[arg-type]
    assert offset_of_group(settings, 0) is None
    worked(settings)
    check_outputs(settings, events(600))


def test_missing_topics_are_one_line(bootstrap: str) -> None:
    with pytest.raises(BrokerError, match=r"no topic nothing\.requests, .*: `shoal topics` creates"):
        worked(named_settings(bootstrap, "nothing"))


def test_a_topic_made_anew_is_an_error(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings(1)
    write(settings, settings.kafka.requests_topic, events(300))
    worked(settings)
    other = kafka_settings(1)
    names = ("application_id", "changelog_topic", "requests_topic")
    changed = {name: getattr(settings.kafka, name) for name in names}
    again = other.model_copy(update={"kafka": other.kafka.model_copy(update=changed)})
    remake(again.kafka.bootstrap_servers, again.kafka.requests_topic)
    with pytest.raises(StateError, match="made anew"):
        worked(again)


def remake(bootstrap: str, topic: str) -> None:
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics(), "deletion")
        admin.create_topics({topic: {"num_partitions": 1}}, wait_for_metadata=True)
