"""Trouble with Kafka: one line that says what to do, nothing lost, and on it goes once that is done."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from pydantic import SecretStr

from stream.config import Settings, links_path
from stream.errors import BrokerError, StateError
from stream.findings.render import finding_bytes
from stream.runtime import changelog, kafka, ledger
from stream.runtime.access import access
from stream.runtime.pipeline import Outputs
from tests.conftest import KafkaSettings
from tests.runtime.fake import FakePipeline
from tests.runtime.wire import Process, events, offset_of_group, until, values, write

pytestmark = pytest.mark.kafka

PARTITIONS = 4


def worked(settings: Settings, pipeline: FakePipeline | None = None) -> None:
    kafka.serve(settings, pipeline or FakePipeline(), once=True)  # type: ignore[arg-type]


def loaded(kafka_settings: KafkaSettings, **changes: float) -> Settings:
    settings = kafka_settings(PARTITIONS, **changes)
    write(settings, settings.kafka.requests_topic, events(1000), PARTITIONS)
    return settings


def check(settings: Settings, records: list[bytes]) -> None:
    pipeline = FakePipeline()
    pipeline.absorb("file", records, range(len(records)))
    said = [finding_bytes(finding) for finding in pipeline.finish().findings]
    assert values(settings, settings.kafka.findings_topic) == said


def configure(settings: Settings, topic: str, **configs: str) -> None:
    named = {name.replace("_", "."): value for name, value in configs.items()}
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=named)])


def cut(settings: Settings, share: float) -> None:
    """Delete the oldest records of the changelog, as retention would."""
    topic = settings.kafka.changelog_topic
    configure(settings, topic, cleanup_policy="delete")
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        tp = TopicPartition(topic, 0)
        end = admin.list_partition_offsets({tp: -1})[tp].offset
        admin.delete_records({tp: int(end * share)})
    configure(settings, topic, cleanup_policy="compact")


def abort(settings: Settings, records: int) -> None:
    """A transaction on the changelog that is cut."""
    with KafkaProducer(
        **access(settings.kafka), transactional_id=f"{settings.kafka.changelog_topic}-cut"
    ) as cut:
        cut.init_transactions()
        cut.begin_transaction()
        for number in range(records):
            cut.send(settings.kafka.changelog_topic, b"", key=b"d/%d" % number, partition=0)
        cut.flush()
        cut.abort_transaction()


def test_a_changelog_that_is_not_compacted_is_refused(kafka_settings: KafkaSettings) -> None:
    settings = loaded(kafka_settings)
    configure(settings, settings.kafka.changelog_topic, cleanup_policy="compact,delete")
    with pytest.raises(BrokerError, match=r"cleanup.policy compact,delete: .* set it to compact"):
        worked(settings)
    configure(settings, settings.kafka.changelog_topic, cleanup_policy="compact")
    worked(settings)
    check(settings, events(1000))


def test_a_changelog_of_several_partitions_is_refused(kafka_settings: KafkaSettings) -> None:
    settings = loaded(kafka_settings)
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        admin.create_partitions({settings.kafka.changelog_topic: 2})
    with pytest.raises(BrokerError, match=r"has 2 partitions: .* name another kafka\.changelog_topic"):
        worked(settings)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.5, "cannot be restored: the changelog's"), (1.0, "was read up to .* is at nothing")],
)
def test_a_changelog_that_was_cut_is_refused(kafka_settings: KafkaSettings, share: float, told: str) -> None:
    settings = loaded(kafka_settings)
    worked(settings)
    write(settings, settings.kafka.requests_topic, events(2000)[1000:], PARTITIONS)
    worked(settings)
    cut(settings, share)
    before = values(settings, settings.kafka.findings_topic)
    with pytest.raises(StateError, match=f"{told}.*bring the topic back"):
        worked(settings)
    assert values(settings, settings.kafka.findings_topic) == before


def test_fewer_partitions_than_before_are_refused(kafka_settings: KafkaSettings) -> None:
    """What is read no more would hold event time for good."""
    settings, other = loaded(kafka_settings), kafka_settings(2)
    worked(settings)
    names = {"requests_topic": other.kafka.requests_topic}
    moved = settings.model_copy(update={"kafka": settings.kafka.model_copy(update=names)})
    with pytest.raises(StateError, match=r"was made from .*requests-0, .*requests-3 too.* bring them back"):
        worked(moved)


def test_a_topic_for_smaller_batches_is_refused(kafka_settings: KafkaSettings) -> None:
    settings = loaded(kafka_settings)
    configure(settings, settings.kafka.verdicts_topic, max_message_bytes="500000")
    with pytest.raises(BrokerError, match=r"has max\.message\.bytes 500000: set it to 1048588 or more"):
        worked(settings)


class Wordy(FakePipeline):
    def advance(self, most: int | None = None) -> Outputs:
        outputs = super().advance(most)
        findings = [replace(finding, title="x" * 2_000_000) for finding in outputs.findings[:1]]
        return Outputs([*findings, *outputs.findings[1:]], outputs.verdicts, outputs.rejects)


def test_an_output_above_the_limit_is_refused_until_the_limit_is_raised(
    kafka_settings: KafkaSettings,
) -> None:
    settings = loaded(kafka_settings)
    topic = settings.kafka.findings_topic
    with pytest.raises(BrokerError, match=rf"a record of 2,000,\d+ bytes is more than {topic} takes: raise"):
        worked(settings, Wordy())
    assert offset_of_group(settings, 0) is None
    assert values(settings, topic) == []
    configure(settings, topic, max_message_bytes="3000000")
    worked(settings, Wordy())
    assert max(map(len, values(settings, topic))) > 2_000_000
    assert offset_of_group(settings, 0) == 250


def test_state_above_the_limit_is_refused_until_the_limit_is_raised(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changelog, "RECORD_BYTES", 100_000_000)
    settings = loaded(kafka_settings)
    topic = settings.kafka.changelog_topic
    with pytest.raises(BrokerError, match=rf"a record of [\d,]+ bytes is more than {topic} takes: raise"):
        worked(settings, FakePipeline(ballast=500_000))
    assert offset_of_group(settings, 0) is None
    configure(settings, topic, max_message_bytes="20000000", cleanup_policy="compact")
    worked(settings, FakePipeline(ballast=500_000))
    check(settings, events(1000))


def test_a_changelog_that_is_deleted_under_a_worker_ends_it_and_is_named(
    kafka_settings: KafkaSettings,
) -> None:
    settings = loaded(kafka_settings, idle_after_s=600.0)
    worker = Process(settings, "impatient")
    until(lambda: bool(values(settings, settings.kafka.findings_topic)), "first finding")
    with KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers) as admin:
        admin.delete_topics([settings.kafka.changelog_topic])
    write(settings, settings.kafka.requests_topic, events(1100)[1000:], PARTITIONS)
    gone = settings.kafka.changelog_topic
    lost = f"shoal: {gone} was deleted under the worker, and the state with it: bring the topic back"
    for line in (lost, f"shoal: no topic {gone}"):
        code, said = worker.wait()
        assert code == 2
        assert said.splitlines()[-1].startswith(line)
        assert "Traceback" not in said
        worker = Process(settings, "once")
    worker.kill()


def test_other_link_kinds_are_refused(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    settings = loaded(kafka_settings)
    worked(settings)
    table = tmp_path / "links.toml"
    table.write_text(f'{links_path(settings).read_text()}\n[badge]\nfields = ["asn"]\n')
    changed = settings.model_copy(update={"links": settings.links.model_copy(update={"table": str(table)})})
    code, said = Process(changed, "once").wait()
    assert code == 2
    assert "was made with other link kinds (badge) of links.table: go back" in said.splitlines()[-1]
    assert "Traceback" not in said
    worked(settings)


def test_other_settings_are_refused_and_fence_nobody(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that runs on the right ones works on."""
    settings = loaded(kafka_settings, idle_after_s=2.0)
    topic = settings.kafka.findings_topic
    worker = Process(settings)
    until(lambda: bool(values(settings, topic)), "first finding")
    intake = settings.intake.model_copy(update={"hash_key": SecretStr("another key")})
    windows = settings.windows.model_copy(update={"tick_s": 60.0})
    with pytest.raises(StateError, match=r"made with another intake\.hash_key: go back to that, or give"):
        worked(settings.model_copy(update={"intake": intake}))
    with pytest.raises(StateError, match=r"made with windows\.tick_s 3600, not 60: go back to that, or give"):
        worked(settings.model_copy(update={"windows": windows}))
    monkeypatch.setattr(changelog, "SCHEMA_VERSION", 99)
    with pytest.raises(StateError, match=r"cannot be restored: .* this release knows .* schema 99"):
        worked(settings)
    seen = len(values(settings, topic))
    write(settings, settings.kafka.requests_topic, events(3000)[1000:], PARTITIONS)
    until(lambda: len(values(settings, topic)) > seen, "it works on")
    code, said = worker.stop()
    assert code == 0, said


def test_a_head_behind_what_was_cut_is_found(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of a transaction that was aborted stand behind the last head, more than are read at first."""
    monkeypatch.setattr(ledger, "TAIL_RECORDS", 2)
    settings = loaded(kafka_settings)
    worked(settings)
    abort(settings, records=40)
    windows = settings.windows.model_copy(update={"tick_s": 60.0})
    with pytest.raises(StateError, match=r"made with windows\.tick_s 3600, not 60"):
        worked(settings.model_copy(update={"windows": windows}))
    worked(settings)
    check(settings, events(1000))


def test_a_zombie_that_wakes_is_told_and_fences_nobody(kafka_settings: KafkaSettings) -> None:
    settings, records = kafka_settings(PARTITIONS, idle_after_s=600.0), events(4000)
    write(settings, settings.kafka.requests_topic, records[:2000], PARTITIONS)
    zombie = Process(settings)
    until(lambda: bool(values(settings, settings.kafka.findings_topic)), "first finding")
    zombie.signal(signal.SIGSTOP)
    seen = len(values(settings, settings.kafka.findings_topic))
    second = Process(settings)
    write(settings, settings.kafka.requests_topic, records[2000:3000], PARTITIONS)
    until(lambda: len(values(settings, settings.kafka.findings_topic)) > seen, "a finding of the second")
    zombie.signal(signal.SIGCONT)
    code, said = zombie.wait()
    assert code == 2
    assert said.splitlines()[-1].endswith("took over: stopped")
    assert "Traceback" not in said
    seen = len(values(settings, settings.kafka.findings_topic))
    write(settings, settings.kafka.requests_topic, records[3000:], PARTITIONS)
    until(lambda: len(values(settings, settings.kafka.findings_topic)) > seen, "it works on")
    code, said = second.stop()
    assert code == 0, said


def test_a_loop_that_hangs_ends_with_a_line(kafka_settings: KafkaSettings) -> None:
    settings = loaded(kafka_settings)
    code, said = Process(settings, "hang").wait()
    assert code == 2
    assert said.splitlines()[-1].startswith("shoal: the loop stood still for 2 s: ended")
    assert "Traceback" not in said
    worked(settings)
    check(settings, events(1000))
