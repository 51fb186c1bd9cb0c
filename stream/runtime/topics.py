"""The topics: one table of what Shoal needs, created where missing, checked where present, never altered."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeVar

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, NoError, RetriableError, TopicAlreadyExistsError, for_code

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.access import access
from stream.runtime.refusal import refused
from stream.settings import Kafka

REQUESTS_PARTITIONS: Final = 8
"""Partitions of the requests topic if Shoal has to create it: twice the cores of a small worker."""

BATCH_BYTES: Final = 1_000_000
"""Most bytes of a batch, just below the broker's default (1 MiB): a larger one would fail whole."""

PATIENCE_MS: Final = 8_000
"""A broker that does not answer for this long cannot be reached."""

AGAIN_S: Final = 0.5
"""Time between tries to have an answer."""

SAFE_COPIES: Final = 3
"""From so many copies on, two have to hold what is committed: with one gone it is whole, and work goes on."""
_SAFE: Final = {"min.insync.replicas": "2"}
_COMPACTED: Final = {"cleanup.policy": "compact"}
_CHANGELOG: Final = {
    **_COMPACTED,
    # The newest segment is never compacted: small ones keep a restore short.
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.2",
}


T = TypeVar("T")


class Topic(NamedTuple):
    """What a topic has to be; an existing one may have another number of partitions unless `fixed`.

    `replication` is 0 where the broker's default is taken.
    """

    name: str
    partitions: int
    configs: Mapping[str, str]
    fixed: bool = False
    replication: int = 0


class _There(NamedTuple):
    """What a topic is: `replication` is that of the partition with the fewest copies."""

    partitions: int
    replication: int


class Report(NamedTuple):
    """What was found or done about one topic; `str` makes it a line."""

    name: str
    state: Literal["created", "missing", "as it should be", "differs"]
    detail: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.name}: {self.state} ({self.detail})"


def wanted(settings: Settings, requests_partitions: int = REQUESTS_PARTITIONS) -> tuple[Topic, ...]:
    """The table of topics. Only the changelog must have one partition: state is restored in order."""
    names = settings.kafka
    topics = (
        Topic(names.requests_topic, requests_partitions, {}),
        Topic(names.findings_topic, 1, {"cleanup.policy": "delete"}),
        Topic(names.verdicts_topic, 1, _COMPACTED),
        Topic(names.rejects_topic, 1, {"cleanup.policy": "delete"}),
        Topic(names.feedback_topic, 1, {"cleanup.policy": "delete"}),
        Topic(names.changelog_topic, 1, _CHANGELOG, fixed=True),
    )
    safe = _SAFE if names.replication >= SAFE_COPIES else {}
    return tuple(
        topic._replace(configs={**topic.configs, **safe}, replication=names.replication) for topic in topics
    )


def ensure(
    settings: Settings, requests_partitions: int = REQUESTS_PARTITIONS, *, create: bool = True
) -> list[Report]:
    """Check what is there and, unless told otherwise, create what is missing.

    Raises BrokerError if no broker answers.
    """
    return _asked(settings, partial(_ensured, topics=wanted(settings, requests_partitions), create=create))


def _ensured(admin: KafkaAdminClient, topics: Sequence[Topic], create: bool) -> list[Report]:
    there = _there(admin)
    missing = [topic for topic in topics if topic.name not in there]
    if create:
        _create(admin, missing)
    configs = _configs(admin, [topic for topic in topics if topic.name in there])
    return [
        _report(topic, there[topic.name], configs[topic.name])
        if topic.name in there
        else Report(topic.name, "created" if create else "missing", _listed(_shape(topic)))
        for topic in topics
    ]


def forget(settings: Settings) -> None:
    """Delete every topic of these settings and the group: for trials, on names of their own."""

    def ask(admin: KafkaAdminClient) -> None:
        there = _there(admin)
        admin.delete_topics([topic.name for topic in wanted(settings) if topic.name in there])
        admin.delete_groups([settings.kafka.application_id])

    _asked(settings, ask)


def faults(settings: Settings) -> list[str]:
    """What would lose state, stop a commit or go unread: a line each that says what to do, empty when fit.

    Other differences from the table (segment sizes, retention of outputs) are an operator's choice.
    Raises BrokerError if no broker answers.
    """
    return _asked(settings, partial(_faults, topics=wanted(settings), names=settings.kafka))


def _faults(admin: KafkaAdminClient, topics: Sequence[Topic], names: Kafka) -> list[str]:
    there = _there(admin)
    missing = [topic.name for topic in topics if topic.name not in there]
    if missing:
        what = f"no topic {', '.join(missing)}, or no right to see it"
        return [f"{what}: `shoal topics` creates what is missing"]
    configs = _configs(admin, [topic for topic in topics if topic.name != names.requests_topic])
    few = [topic for topic in topics if there[topic.name].replication < topic.replication]
    unread = [name for name, config in configs.items() if not config]
    if unread:
        return [f"no right to read the configuration of {', '.join(unread)}: grant DescribeConfigs"]
    found = [line for name, config in configs.items() for line in _too_small(name, config)]
    found += [_too_few(topic, there[topic.name].replication) for topic in few]
    policy = configs[names.changelog_topic].get("cleanup.policy")
    if policy != "compact":
        found.append(
            f"{names.changelog_topic} has cleanup.policy {policy}: retention would cut "
            "the state; set it to compact"
        )
    if there[names.changelog_topic].partitions != 1:
        found.append(
            f"{names.changelog_topic} has {there[names.changelog_topic].partitions} partitions: state is "
            "restored in order, from one; name another kafka.changelog_topic and let `shoal topics` create it"
        )
    return found


def _too_small(name: str, config: Mapping[str, str]) -> Iterator[str]:
    limit = int(config.get("max.message.bytes", BATCH_BYTES))
    if limit < BATCH_BYTES:
        yield f"{name} has max.message.bytes {limit}: set it to 1048588 or more: a batch has {BATCH_BYTES}"


def _too_few(topic: Topic, copies: int) -> str:
    return (
        f"{topic.name} has {copies} of the {topic.replication} copies of kafka.replication: give it more "
        "with kafka-reassign-partitions, or set kafka.replication to what is enough"
    )


def _there(admin: KafkaAdminClient) -> dict[str, _There]:
    topics: list[dict[str, Any]] = [topic for topic in admin.describe_topics() if topic["name"]]
    return {topic["name"]: _shape_of(topic["partitions"]) for topic in topics}


def _shape_of(partitions: list[dict[str, Any]]) -> _There:
    copies = (len(partition["replica_nodes"]) for partition in partitions)
    return _There(len(partitions), min(copies, default=0))


def _create(admin: KafkaAdminClient, topics: list[Topic]) -> None:
    new = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication or -1,
            "configs": dict(topic.configs),
        }
        for topic in topics
    }
    if new:
        made = admin.create_topics(new, timeout_ms=PATIENCE_MS, raise_errors=False)
        _check_made(made["topics"])
        admin.wait_for_topics(list(new))


def _check_made(topics: Iterable[Mapping[str, Any]]) -> None:
    """What another one created meanwhile is there; the client's own error would be a page long."""
    for topic in topics:
        error, why = for_code(topic["error_code"]), topic["error_message"]
        if issubclass(error, RetriableError):
            raise error(why)
        if error not in (NoError, TopicAlreadyExistsError):
            raise BrokerError(f"Kafka did not create {topic['name']}: {why or error.__name__}")


def _configs(admin: KafkaAdminClient, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Effective configuration by topic."""
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = admin.describe_configs(resources, config_filter="all")["topic"]
    return {name: {key: str(entry["value"]) for key, entry in table.items()} for name, table in found.items()}


def _report(topic: Topic, there: _There, configs: Mapping[str, str]) -> Report:
    is_, want = {name: str(number) for name, number in there._asdict().items()} | dict(configs), _shape(topic)
    if not topic.fixed:
        want["partitions"] = is_["partitions"]
    wrong = [f"{key} is {is_.get(key)}, want {value}" for key, value in want.items() if is_.get(key) != value]
    if wrong:
        return Report(topic.name, "differs", "; ".join(wrong))
    return Report(topic.name, "as it should be", _listed(want))


def _shape(topic: Topic) -> dict[str, str]:
    copies = {"replication": str(topic.replication)} if topic.replication else {}
    return {"partitions": str(topic.partitions), **copies, **topic.configs}


def _listed(shape: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in shape.items())


def _asked(settings: Settings, ask: Callable[[KafkaAdminClient], T]) -> T:
    """The answer; asked again where a broker of several is lost and the others have yet to notice."""
    until = time.monotonic() + PATIENCE_MS / 1000
    with _admin(settings) as admin:
        while True:
            try:
                return ask(admin)
            except RetriableError:
                if time.monotonic() >= until:
                    raise
            time.sleep(AGAIN_S)


@contextmanager
def _admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    # The client tells of every failed try in its own log; the one line below says it all.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    admin = None
    try:
        admin = KafkaAdminClient(
            **access(settings.kafka),
            client_id="shoal-topics",
            bootstrap_timeout_ms=PATIENCE_MS,
            request_timeout_ms=PATIENCE_MS,
        )
        yield admin
    except KafkaError as error:
        where = settings.kafka.bootstrap_servers
        why = f"Kafka at {where} did not do as asked: {error or type(error).__name__}"
        raise BrokerError(refused(settings.kafka) or why) from error
    finally:
        if admin is not None:
            admin.close()
