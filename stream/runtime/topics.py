"""The topics: one table of what Shoal needs, created where missing, checked where present, never altered."""

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import partial
from typing import Any, Final, Literal, NamedTuple

from stream.config import Settings
from stream.errors import BrokerError
from stream.runtime.admin import asked
from stream.runtime.blocking import PATIENCE_MS, Admin, check_made, topic_configs
from stream.runtime.stage import INTAKE, STAGES, Stage

REQUESTS_PARTITIONS: Final = 8
"""Partitions of the requests topic if Shoal has to create it: twice the cores of a small worker."""

BATCH_BYTES: Final = 1_000_000
"""Most bytes of a batch, just below the broker's default (1 MiB): a larger one would fail whole."""

SAFE_COPIES: Final = 3
"""From so many copies on, two have to hold what is committed: with one gone it is whole, and work goes on."""
_SAFE: Final = {"min.insync.replicas": "2"}
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
    """What a topic has to be; an existing one may have another number of partitions unless `fixed`.

    `replication` is 0 where the broker's default is taken.
    """

    name: str
    partitions: int
    configs: Mapping[str, str]
    stages: Set[Stage] = frozenset(STAGES)
    """Which cannot do without it."""
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
    """The table of topics.

    The changelog must have one partition, for state is restored in order; the topic of events as many as
    that of requests, for a parcel goes to the partition that its events come from.
    """
    names = settings.kafka
    topics = (
        Topic(names.requests_topic, requests_partitions, {}),
        Topic(names.findings_topic, 1, _DELETED, _DECIDES),
        Topic(names.verdicts_topic, 1, _COMPACTED, _DECIDES),
        Topic(names.rejects_topic, 1, _DELETED),
        Topic(names.events_topic, requests_partitions, _DELETED, _APART, fixed=True),
        Topic(names.feedback_topic, 1, _DELETED, _DECIDES),
        Topic(names.changelog_topic, 1, _CHANGELOG, _DECIDES, fixed=True),
    )
    safe = _SAFE if names.replication >= SAFE_COPIES else {}
    return tuple(
        topic._replace(configs={**topic.configs, **safe}, replication=names.replication) for topic in topics
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
    return asked(settings, partial(_ensured, settings, requests_partitions, create, split))


def _ensured(
    settings: Settings, requests_partitions: int, create: bool, split: bool, client: Admin
) -> list[Report]:
    there, requests = _there(client), settings.kafka.requests_topic
    partitions = there[requests].partitions if requests in there else requests_partitions
    topics = [
        topic
        for topic in wanted(settings, partitions)
        if split or topic.name in there or "all" in topic.stages
    ]
    if create:
        _create(client, [topic for topic in topics if topic.name not in there])
    configs = _configs(client, [topic for topic in topics if topic.name in there])
    return [
        _report(topic, there[topic.name], configs[topic.name])
        if topic.name in there
        else Report(topic.name, "created" if create else "missing", _listed(_shape(topic)))
        for topic in topics
    ]


def id_of(settings: Settings, topic: str) -> str:
    """What tells a topic from another one of its name; raises BrokerError if no broker answers."""
    return str(asked(settings, lambda client: client.describe_topics([topic])[0]["topic_id"]))


def forget(settings: Settings) -> None:
    """Delete every topic of these settings and the groups: for trials, on names of their own."""

    def ask(client: Admin) -> None:
        there, own = _there(client), settings.kafka.application_id
        client.delete_topics([topic.name for topic in wanted(settings) if topic.name in there])
        client.delete_groups([own, own + INTAKE])

    asked(settings, ask)


def faults(settings: Settings, stage: Stage = "all") -> list[str]:
    """What would lose state, stop a commit or go unread: a line each that says what to do, empty when fit.

    Other differences from the table (segment sizes, retention of outputs) are an operator's choice.
    Raises BrokerError if no broker answers.
    """
    return asked(settings, partial(_faults, settings, stage))


def _faults(settings: Settings, stage: Stage, client: Admin) -> list[str]:
    names, there = settings.kafka, _there(client)
    topics = [topic for topic in wanted(settings) if stage in topic.stages]
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
    found += [line for topic in topics for line in _too_few(topic, there[topic.name].replication)]
    if stage in _DECIDES:
        found += _state_faults(names.changelog_topic, there, configs)
    if stage in _APART:
        events, requests = there[names.events_topic].partitions, there[names.requests_topic].partitions
        if events != requests:
            found.append(
                f"{names.events_topic} has {events} partitions and {names.requests_topic} "
                f"{requests}: give them the same number"
            )
    return found


def _state_faults(
    changelog: str, there: Mapping[str, _There], configs: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    policy = configs[changelog].get("cleanup.policy")
    if policy != "compact":
        yield (f"{changelog} has cleanup.policy {policy}: retention would cut the state; set it to compact")
    if there[changelog].partitions != 1:
        yield (
            f"{changelog} has {there[changelog].partitions} partitions: state is restored in order, from "
            "one; name another kafka.changelog_topic and let `shoal topics` create it"
        )


def _too_small(name: str, config: Mapping[str, str]) -> Iterator[str]:
    limit = int(config.get("max.message.bytes", BATCH_BYTES))
    if limit < BATCH_BYTES:
        yield f"{name} has max.message.bytes {limit}: set it to 1048588 or more: a batch has {BATCH_BYTES}"


def _too_few(topic: Topic, copies: int) -> Iterator[str]:
    if copies < topic.replication:
        yield (
            f"{topic.name} has {copies} of the {topic.replication} copies of kafka.replication: give it more "
            "with kafka-reassign-partitions, or set kafka.replication to what is enough"
        )


def _there(client: Admin) -> dict[str, _There]:
    topics: list[dict[str, Any]] = [topic for topic in client.describe_topics() if topic["name"]]
    return {topic["name"]: _shape_of(topic["partitions"]) for topic in topics}


def _shape_of(partitions: list[dict[str, Any]]) -> _There:
    copies = (len(partition["replica_nodes"]) for partition in partitions)
    return _There(len(partitions), min(copies, default=0))


def _create(client: Admin, topics: list[Topic]) -> None:
    new = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication or -1,
            "configs": dict(topic.configs),
        }
        for topic in topics
    }
    if new:
        made = client.create_topics(new, timeout_ms=PATIENCE_MS, raise_errors=False)
        _check_made(made["topics"])
        client.wait_for_topics(list(new))


def _check_made(topics: Iterable[Mapping[str, Any]]) -> None:
    """What another one created meanwhile is there; the client's own error would be a page long."""
    for topic in topics:
        wrong = check_made(topic["name"], topic["error_code"], topic["error_message"])
        if wrong:
            raise BrokerError(wrong)


def _configs(client: Admin, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Effective configuration by topic."""
    if not topics:
        return {}
    found = topic_configs(client, [topic.name for topic in topics])
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
