from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaConnectionError

from stream.errors import BrokerError
from stream.runtime import admin, blocking
from stream.runtime.topics import ensure, faults, wanted
from tests.conftest import KafkaSettings, free_ports, named_settings

pytestmark = pytest.mark.kafka


def test_topics_are_created_once_and_then_as_they_should_be(bootstrap: str, fresh_name: str) -> None:
    settings = named_settings(bootstrap, fresh_name)
    first = ensure(settings, 3)
    assert {report.state for report in first} == {"created"}
    assert str(first[0]) == f"{fresh_name}.requests: created (partitions 3)"
    second = ensure(settings)
    assert {report.state for report in second} == {"as it should be"}
    assert str(second[0]) == f"{fresh_name}.requests: as it should be (partitions 3)"


def test_a_topic_that_differs_is_told_and_left_alone(bootstrap: str, fresh_name: str) -> None:
    ensure(named_settings(bootstrap, fresh_name))
    settings = named_settings(bootstrap, fresh_name, changelog_topic=f"{fresh_name}.requests")
    for _ in range(2):
        report = ensure(settings)[-1]
        assert report.state == "differs"
        assert report.detail.startswith("partitions is 8, want 1; cleanup.policy is delete, want compact")


def test_check_creates_nothing(bootstrap: str, fresh_name: str) -> None:
    settings = named_settings(bootstrap, fresh_name)
    for _ in range(2):
        assert {report.state for report in ensure(settings, create=False)} == {"missing"}


def test_no_broker_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "PATIENCE_MS", 1000)
    settings = named_settings(f"127.0.0.1:{free_ports(1)[0]}", "topics-nobody")
    with pytest.raises(BrokerError, match="did not do as asked"):
        ensure(settings)


def test_settings_are_the_only_source_of_names(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings(split=True)
    names = {value for name, value in settings.kafka.model_dump().items() if name.endswith("_topic")}
    assert {report.name for report in ensure(settings)} == names


def test_copies_are_as_asked_and_two_of_three_commit(bootstrap: str, fresh_name: str) -> None:
    """One node cannot keep three copies: it says so, and creates nothing."""
    settings = named_settings(bootstrap, fresh_name, replication=3)
    asked = {"replication": 3, "min.insync.replicas": "2"}
    shapes = [{"replication": topic.replication, **topic.configs} for topic in wanted(settings)]
    assert all(shape.items() >= asked.items() for shape in shapes)
    with pytest.raises(
        BrokerError, match=rf"did not create {fresh_name}\..*factor of 3 cannot be reached"
    ) as told:
        ensure(settings)
    assert len(str(told.value)) < 250
    assert {report.state for report in ensure(settings, create=False)} == {"missing"}


def test_fewer_copies_than_asked_are_told_and_refused(bootstrap: str, fresh_name: str) -> None:
    ensure(named_settings(bootstrap, fresh_name, replication=1))
    settings = named_settings(bootstrap, fresh_name, replication=2)
    assert {report.detail.partition(";")[0] for report in ensure(settings)} == {"replication is 1, want 2"}
    assert faults(settings)[0].startswith(f"{fresh_name}.requests has 1 of the 2 copies of kafka.replication")
    assert len(faults(settings)) == len(ensure(settings))
    assert faults(named_settings(bootstrap, fresh_name)) == []


class Forgetful(KafkaAdminClient):  # type: ignore[misc]
    """The first questions go to a node that is lost, of which the others do not know yet."""

    unheard = 2

    def describe_topics(self, topics: list[str] | None = None) -> list[dict[str, Any]]:
        if Forgetful.unheard:
            Forgetful.unheard -= 1
            raise KafkaConnectionError
        found: list[dict[str, Any]] = super().describe_topics(topics)
        return found


def test_a_question_that_was_lost_with_a_node_is_asked_again(
    bootstrap: str, fresh_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "KafkaAdminClient", Forgetful)
    monkeypatch.setattr(admin, "AGAIN_S", 0.01)
    assert {report.state for report in ensure(named_settings(bootstrap, fresh_name))} == {"created"}
    assert Forgetful.unheard == 0


class Slow(KafkaAdminClient):  # type: ignore[misc]
    """Another one creates the same topics between the question and the order."""

    def create_topics(self, new: dict[str, Any], **options: Any) -> dict[str, Any]:
        super().create_topics(new)
        made: dict[str, Any] = super().create_topics(new, **options)
        return made


def test_two_at_once_create_the_same_topics(
    bootstrap: str, fresh_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "KafkaAdminClient", Slow)
    settings = named_settings(bootstrap, fresh_name)
    assert {report.state for report in ensure(settings)} == {"created"}
    assert {report.state for report in ensure(settings)} == {"as it should be"}


def test_the_topic_of_events_is_made_where_stages_are_split_and_as_wide_as_the_requests(
    bootstrap: str, fresh_name: str
) -> None:
    settings = named_settings(bootstrap, fresh_name)
    events = settings.kafka.events_topic
    assert events not in {report.name for report in ensure(settings, 3)}
    made = {report.name: str(report) for report in ensure(settings, split=True)}
    assert made[events] == f"{events}: created (partitions 3, cleanup.policy delete)"
    assert {report.state for report in ensure(settings)} == {"as it should be"}


def test_a_topic_of_events_of_another_width_is_told(bootstrap: str, fresh_name: str) -> None:
    settings = named_settings(bootstrap, fresh_name)
    ensure(settings, 3)
    names = {"requests_topic": settings.kafka.events_topic, "events_topic": settings.kafka.requests_topic}
    other = settings.model_copy(update={"kafka": settings.kafka.model_copy(update=names)})
    ensure(other, 2)
    found = {report.name: report.detail for report in ensure(settings) if report.state == "differs"}
    assert found == {settings.kafka.events_topic: "partitions is 2, want 3"}
