"""The audit after a storm: everything counted once, and everything said as `shoal replay` says it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition

from stream.config import Settings
from stream.runtime.changelog import HEADER, Changelog, Record
from stream.runtime.pipeline import Pipeline
from tests.chaos.world import PARTITIONS, PIECE
from tests.runtime.wire import environment


class Audit(NamedTuple):
    """What was counted; `wrong` is empty where all is as it has to be."""

    inputs: int
    events: int
    rejects: int
    findings: int
    verdicts: int
    aborted: int
    wrong: list[str]


def audit(settings: Settings, rows: list[bytes], folder: Path, *, apart: bool = False) -> Audit:
    """Read all topics as committed and hold them against the input and a replay of it."""
    names, wrong = settings.kafka, []
    sources = [_values(settings, names.requests_topic, number) for number in range(PARTITIONS)]
    if sources != [rows[number::PARTITIONS] for number in range(PARTITIONS)]:
        wrong.append("the requests topic does not hold what the gateway wrote")
    findings, verdicts, rejects = (
        _values(settings, topic, 0)
        for topic in (names.findings_topic, names.verdicts_topic, names.rejects_topic)
    )
    replayed = _replay(settings, sources, folder)
    if findings != replayed["findings"]:
        wrong.append(f"{len(findings)} findings, {len(replayed['findings'])} in a replay, or other bytes")
    if verdicts != replayed["verdicts"]:
        wrong.append(f"{len(verdicts)} verdicts, {len(replayed['verdicts'])} in a replay, or other bytes")
    wrong += _differing("rejects", Counter(map(_place, rejects)), Counter(map(_place, replayed["rejects"])))
    pipeline = _restored(settings)
    wrong += _differing("positions", _positions(pipeline), Counter(dict(enumerate(map(len, sources)))))
    events = Counter(orjson.loads(row)["account_id"] for row in rows if row.startswith(b"{"))
    wrong += _differing("events of an account", _counted(pipeline), events)
    wrong += _open_transactions(settings, apart=apart)
    told = [(topic, 0) for topic in (names.findings_topic, names.verdicts_topic, names.rejects_topic)]
    told += [(names.events_topic, number) for number in range(PARTITIONS) if apart]
    aborted = sum(_cut(settings, topic, number) for topic, number in told)
    return Audit(len(rows), events.total(), len(rejects), len(findings), len(verdicts), aborted, wrong)


def _differing(what: str, found: Counter[Any], want: Counter[Any]) -> list[str]:
    if found == want:
        return []
    return [f"{what}: {len(want - found)} missing or short, {len(found - want)} repeated or long"]


def _place(reject: bytes) -> tuple[int, int, str]:
    """Partition, offset and reason; a replay names its file where a worker names its partition."""
    told = orjson.loads(reject)
    partition = int(told["source"].removesuffix(".ndjson").rpartition("-")[2])
    return partition, told["offset"], told["reason"]


def _replay(settings: Settings, sources: list[list[bytes]], folder: Path) -> dict[str, list[bytes]]:
    """`shoal replay` of the partitions as files, in a process of its own."""
    logs, said = folder / "partitions", folder / "replayed"
    logs.mkdir()
    said.mkdir()
    for number, values in enumerate(sources):
        (logs / f"requests-{number}.ndjson").write_bytes(b"".join(value + b"\n" for value in values))
    outputs = {name: said / f"{name}.ndjson" for name in ("findings", "verdicts", "rejects")}
    options: list[str | Path] = [
        "--alerts",
        outputs["findings"],
        "--verdicts",
        outputs["verdicts"],
        "--rejects",
        outputs["rejects"],
    ]
    command: list[str | Path] = [sys.executable, "-c", _REPLAY, "replay", logs, *options]
    subprocess.run(command, env=os.environ | environment(settings), check=True, stderr=subprocess.DEVNULL)
    return {name: path.read_bytes().splitlines() for name, path in outputs.items()}


_REPLAY: Final = f"""
import sys
from stream.cli import main
from stream.windows import memory
memory.PIECE = {PIECE}
sys.exit(main(sys.argv[1:]))
"""


def _restored(settings: Settings) -> Pipeline:
    """The pipeline as the next worker would find it."""
    changelog, pipeline = Changelog(), Pipeline(settings)
    records = _records(settings, settings.kafka.changelog_topic, 0)
    changelog.load(Record(r.key, r.value, dict(r.headers).get(HEADER, b"")) for r in records)
    blocks, _ = changelog.replay()
    pipeline.restore(blocks)
    return pipeline


def _positions(pipeline: Pipeline) -> Counter[int]:
    return Counter({int(name.rpartition("-")[2]): offset for name, offset in pipeline.positions().items()})


def _counted(pipeline: Pipeline) -> Counter[str]:
    """Events in the state, decided or held, by account."""
    table = pipeline._accounts.table
    decided = zip(table["account_id"].tolist(), table["total"].tolist(), strict=True)
    counted = Counter({account: total for account, total in decided if total})
    return counted + Counter(pipeline._held.release(1 << 62)["account_id"].to_list())


def _open_transactions(settings: Settings, *, apart: bool) -> list[str]:
    """A transaction that nobody ends would hold back all readers for good."""
    names = settings.kafka
    topics = (names.findings_topic, names.verdicts_topic, names.rejects_topic, names.changelog_topic)
    partitions = [TopicPartition(topic, 0) for topic in topics]
    partitions += [TopicPartition(names.events_topic, number) for number in range(PARTITIONS) if apart]
    return [
        f"an open transaction on {tp.topic}-{tp.partition}"
        for tp in partitions
        if _end(settings, tp, "read_committed") != _end(settings, tp, "read_uncommitted")
    ]


def _consumer(settings: Settings, isolation: str) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        group_id=None,
    )


def _end(settings: Settings, tp: TopicPartition, isolation: str) -> int:
    consumer = _consumer(settings, isolation)
    end: int = consumer.end_offsets([tp])[tp]
    consumer.close()
    return end


def _records(settings: Settings, topic: str, partition: int, isolation: str = "read_committed") -> list[Any]:
    tp, consumer = TopicPartition(topic, partition), _consumer(settings, isolation)
    consumer.assign([tp])
    end = consumer.end_offsets([tp])[tp]
    found: list[Any] = []
    while consumer.position(tp) < end:
        for records in consumer.poll(timeout_ms=200).values():
            found += records
    consumer.close()
    return found


def _values(settings: Settings, topic: str, partition: int) -> list[bytes]:
    return [record.value for record in _records(settings, topic, partition)]


def _cut(settings: Settings, topic: str, partition: int) -> int:
    """Records that were written and not committed."""
    written = _records(settings, topic, partition, "read_uncommitted")
    return len(written) - len(_records(settings, topic, partition))
