import pytest

from stream.errors import BrokerError
from stream.runtime import topics
from stream.runtime.topics import ensure
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
    monkeypatch.setattr(topics, "PATIENCE_MS", 1000)
    settings = named_settings(f"127.0.0.1:{free_ports(1)[0]}", "topics-nobody")
    with pytest.raises(BrokerError, match="did not do as asked"):
        ensure(settings)


def test_settings_are_the_only_source_of_names(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings(split=True)
    names = {value for name, value in settings.kafka.model_dump().items() if name.endswith("_topic")}
    assert {report.name for report in ensure(settings)} == names


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
