"""The topics: one table of what Shoal needs, created where missing, checked where present, never altered."""

import logging
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Any, Final, Literal, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.access import access
from stream.runtime.refusal import refused
from stream.runtime.stage import INTAKE, STAGES, Stage

REQUESTS_PARTITIONS: Final = 8
"""Partitions of the requests topic if Shoal has to create it: twice the cores of a small worker."""

BATCH_BYTES: Final = 1_000_000
"""Most bytes of a batch, just below the broker's default (1 MiB): a larger one would fail whole."""

PATIENCE_MS: Final = 8_000
"""A broker that does not answer for this long cannot be reached."""

_COMPACTED: Final = {"cleanup.policy": "compact"}
_DELETED: Final = {"cleanup.policy": "delete"}
_CHANGELOG: Final = {
    **_COMPACTED,
    # The newest segment is never compacted: small ones keep a restore short.
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.2",
}


_DECIDES: Final = frozenset[Stage]({"all", "judge"})
_APART: Final = frozenset[Stage]({"intake", "judge"})


class Topic(NamedTuple):
    """What a topic has to be; an existing one may have another number of partitions unless `fixed`."""

    name: str
    partitions: int
    configs: Mapping[str, str]
    stages: Set[Stage] = frozenset(STAGES)
    """Which cannot do without it."""
    fixed: bool = False


class Report(NamedTuple):
    """What was found or done about one topic; `str` makes it a line."""

    name: str
    state: Literal["created", "missing", "as it should be", "differs"]
    detail: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.name}: {self.state} ({self.detail})"


def wanted(settings: Settings, requests_partitions: int = REQUESTS_PARTITIONS) -> tuple[Topic, ...]:
    """The table of topics.

    The changelog must have one partition, for state is restored in order; the topic of events as many as
    that of requests, for a parcel goes to the partition that its events come from.
    """
    names = settings.kafka
    return (
        Topic(names.requests_topic, requests_partitions, {}),
        Topic(names.findings_topic, 1, _DELETED, _DECIDES),
        Topic(names.verdicts_topic, 1, _COMPACTED, _DECIDES),
        Topic(names.rejects_topic, 1, _DELETED),
        Topic(names.events_topic, requests_partitions, _DELETED, _APART, fixed=True),
        Topic(names.feedback_topic, 1, _DELETED, _DECIDES),
        Topic(names.changelog_topic, 1, _CHANGELOG, _DECIDES, fixed=True),
    )


def ensure(
    settings: Settings,
    requests_partitions: int = REQUESTS_PARTITIONS,
    *,
    create: bool = True,
    split: bool = False,
) -> list[Report]:
    """Check what is there and, unless told otherwise, create what is missing.

    `split`: stages run apart, so that the topic between them is needed too; if it is there it is checked
    in any case. Raises BrokerError if no broker answers.
    """
    names = settings.kafka
    with admin(settings) as client:
        there = {topic["name"]: len(topic["partitions"]) for topic in _described(client)}
        topics = [
            topic
            for topic in wanted(settings, there.get(names.requests_topic, requests_partitions))
            if split or topic.name in there or "all" in topic.stages
        ]
        missing = [topic for topic in topics if topic.name not in there]
        if create:
            _create(client, missing)
        present = [topic for topic in topics if topic.name in there]
        configs = _configs(client, present)
        return [
            _report(topic, there[topic.name], configs[topic.name])
            if topic.name in there
            else Report(topic.name, "created" if create else "missing", _listed(_shape(topic)))
            for topic in topics
        ]


def forget(settings: Settings) -> None:
    """Delete every topic of these settings and the groups: for trials, on names of their own."""
    with admin(settings) as client:
        there = {topic["name"] for topic in _described(client)}
        client.delete_topics([topic.name for topic in wanted(settings) if topic.name in there])
        own = settings.kafka.application_id
        client.delete_groups([own, own + INTAKE])


def faults(settings: Settings, stage: Stage = "all") -> list[str]:
    """What would lose state, stop a commit or go unread: a line each that says what to do, empty when fit.

    Other differences from the table (segment sizes, retention of outputs) are an operator's choice.
    Raises BrokerError if no broker answers.
    """
    names = settings.kafka
    topics = [topic for topic in wanted(settings) if stage in topic.stages]
    with admin(settings) as client:
        there = {topic["name"]: len(topic["partitions"]) for topic in _described(client)}
        missing = [topic.name for topic in topics if topic.name not in there]
        if missing:
            what = f"no topic {', '.join(missing)}, or no right to see it"
            option = "" if stage == "all" else " --split"
            return [f"{what}: `shoal topics{option}` creates what is missing"]
        configs = _configs(client, [topic for topic in topics if topic.name != names.requests_topic])
    unread = [name for name, config in configs.items() if not config]
    if unread:
        return [f"no right to read the configuration of {', '.join(unread)}: grant DescribeConfigs"]
    found = [line for name, config in configs.items() for line in _too_small(name, config)]
    if stage in _DECIDES:
        found += _state_faults(names.changelog_topic, there, configs)
    if stage in _APART and there[names.events_topic] != there[names.requests_topic]:
        found.append(
            f"{names.events_topic} has {there[names.events_topic]} partitions and {names.requests_topic} "
            f"{there[names.requests_topic]}: give them the same number"
        )
    return found


def _state_faults(
    changelog: str, there: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    policy = configs[changelog].get("cleanup.policy")
    if policy != "compact":
        yield (f"{changelog} has cleanup.policy {policy}: retention would cut the state; set it to compact")
    if there[changelog] != 1:
        yield (
            f"{changelog} has {there[changelog]} partitions: state is restored in order, from one; "
            "name another kafka.changelog_topic and let `shoal topics` create it"
        )


def _too_small(name: str, config: Mapping[str, str]) -> Iterator[str]:
    limit = int(config.get("max.message.bytes", BATCH_BYTES))
    if limit < BATCH_BYTES:
        yield f"{name} has max.message.bytes {limit}: set it to 1048588 or more: a batch has {BATCH_BYTES}"


def _described(client: KafkaAdminClient) -> list[dict[str, Any]]:
    topics: list[dict[str, Any]] = client.describe_topics()
    return [topic for topic in topics if topic["name"]]


def _create(client: KafkaAdminClient, topics: list[Topic]) -> None:
    """Replication is the broker's own default: one node cannot have more than one copy."""
    new = {
        topic.name: {"num_partitions": topic.partitions, "configs": dict(topic.configs)} for topic in topics
    }
    if new:
        client.create_topics(new, timeout_ms=PATIENCE_MS, wait_for_metadata=True)


def _configs(client: KafkaAdminClient, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Effective configuration by topic."""
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = client.describe_configs(resources, config_filter="all")["topic"]
    return {name: {key: str(entry["value"]) for key, entry in table.items()} for name, table in found.items()}


def _report(topic: Topic, partitions: int, configs: Mapping[str, str]) -> Report:
    is_, want = {"partitions": str(partitions), **configs}, _shape(topic)
    if not topic.fixed:
        want["partitions"] = is_["partitions"]
    wrong = [f"{key} is {is_.get(key)}, want {value}" for key, value in want.items() if is_.get(key) != value]
    if wrong:
        return Report(topic.name, "differs", "; ".join(wrong))
    return Report(topic.name, "as it should be", _listed(want))


def _shape(topic: Topic) -> dict[str, str]:
    return {"partitions": str(topic.partitions), **topic.configs}


def _listed(shape: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in shape.items())


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """A client for as long as the context lasts; what it raises becomes a BrokerError."""
    # The client tells of every failed try in its own log; the one line below says it all.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    client = None
    try:
        client = KafkaAdminClient(
            **access(settings.kafka),
            client_id="shoal-topics",
            bootstrap_timeout_ms=PATIENCE_MS,
            request_timeout_ms=PATIENCE_MS,
        )
        yield client
    except KafkaError as error:
        where = settings.kafka.bootstrap_servers
        why = f"Kafka at {where} did not do as asked: {error or type(error).__name__}"
        raise BrokerError(refused(settings.kafka) or why) from error
    finally:
        if client is not None:
            client.close()
