"""The pipeline: the same records give the same findings and verdicts, whatever comes between."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from math import exp
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from stream.blocks import Block, decode, encode
from stream.config import Links, Settings
from stream.errors import ConfigError
from stream.findings.render import finding_bytes, rfc3339, verdict_bytes
from stream.learning import tail
from stream.learning.tail import LEAST_PEAKS, LEAST_WEEKS, Tail
from stream.runtime.clock import CONFIRM
from stream.runtime.pipeline import Outputs, Pipeline
from stream.simulate import LOOKALIKES, WorldSpec, simulate
from stream.windows import memory
from stream.windows.tiles import DAY_MS, HOUR_MS, MINUTE_MS

TICK_MS = 6 * HOUR_MS
START_MS = 1_775_606_400_000  # 2026-04-08T00:00:00Z, a multiple of every tick here


def settings_of(tick_s: float = TICK_MS / 1000, threshold_nats: float = 6.0) -> Settings:
    """Coarse ticks, for a tick costs the same on a small world; a low threshold, for cases in plenty."""
    default = Settings()
    return default.model_copy(
        update={
            "windows": default.windows.model_copy(update={"tick_s": tick_s}),
            "alerts": default.alerts.model_copy(
                update={"threshold_nats": threshold_nats, "warm_up_days": 8.0}
            ),
        }
    )


class Told(NamedTuple):
    """Rendered findings and verdicts, in the order in which they were decided."""

    findings: list[bytes]
    verdicts: list[bytes]


def told(outputs: Iterable[Outputs]) -> Told:
    both = Told([], [])
    for output in outputs:
        both.findings.extend(finding_bytes(finding) for finding in output.findings)
        both.verdicts.extend(verdict_bytes(verdict) for verdict in output.verdicts)
    return both


def feed(
    pipeline: Pipeline, records: Sequence[bytes], sizes: Iterable[int], source: str = "a"
) -> Iterator[Outputs]:
    """Absorb records in batches of the given sizes from where the source stands, advancing after each."""
    start = pipeline.positions().get(source, 0)
    first = start
    for size in sizes:
        batch = records[start - first : start - first + size]
        if not batch:
            return
        pipeline.absorb(source, batch, range(start, start + len(batch)))
        start += len(batch)
        yield pipeline.advance()


def forever(size: int) -> Iterator[int]:
    while True:
        yield size


def restored(blocks: Iterable[Block]) -> Pipeline:
    """A new pipeline from blocks that went through their stored form."""
    pipeline = Pipeline(settings_of())
    pipeline.restore([decode(b.stage, b.table, b.whole, encode(b)) for b in blocks])
    return pipeline


def time_of(record: bytes) -> str:
    return str(orjson.loads(record)["time"])


def epoch_of(record: bytes) -> float:
    time = orjson.loads(record)["time"]
    return time / 1000 if isinstance(time, int) else datetime.fromisoformat(time).timestamp()


class World(NamedTuple):
    records: list[bytes]
    told: Told


def made(seed: int, tick_ms: int = TICK_MS) -> World:
    """Two weeks of a small world with two campaigns, and what one pipeline says of it in one batch."""
    spec = WorldSpec(
        seed=seed,
        days=13,
        accounts=130,
        onset_day=9.0,
        campaigns=("judge", "prefix"),
        lookalikes=LOOKALIKES[:1],
        mean_requests_per_day=5.0,
    )
    records = [orjson.dumps(row) for row in simulate(spec).events.iter_rows(named=True)]
    pipeline = Pipeline(settings_of(tick_ms / 1000))
    pipeline.absorb("a", records, range(len(records)))
    return World(records, told([pipeline.finish()]))


@pytest.fixture(scope="module")
def world() -> World:
    """A world of a case or two."""
    return made(21)


class Midway(NamedTuple):
    """State and records left at the time when every case is open; `first` says what was told before."""

    blocks: list[Block]
    first: Told
    left: list[bytes]


@pytest.fixture(scope="module")
def midway(world: World) -> Midway:
    openings = [orjson.loads(line) for line in world.told.findings if b'"open"' in line]
    opened = min(str(finding["time"]) for finding in openings)
    cut = next(i for i, record in enumerate(world.records) if time_of(record) > opened) + 800
    pipeline = Pipeline(settings_of())
    first = told(feed(pipeline, world.records[:cut], forever(1000)))
    assert first.findings
    return Midway(pipeline.snapshot(), first, world.records[cut:])


def test_the_world_tells_something(world: World) -> None:
    assert len(world.told.findings) >= 2
    assert len(world.told.verdicts) >= 10


def _strongest(finding: dict[str, Any]) -> float:
    """Most nats over the threshold of a case's links."""
    return max(float(link["score"] - link["threshold"]) for link in finding["links"])


def test_a_new_case_needs_the_nats_that_the_budget_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    tick_ms = 3 * HOUR_MS
    world = made(52, tick_ms)
    monkeypatch.setattr(tail, "MOST_NATS", 50.0)  # what gets over the need does so by more than is ever asked

    def asks(margin: float) -> tuple[list[dict[str, Any]], Pipeline]:
        """Cases as they open where honest traffic is known to need so many nats more."""
        pipeline = Pipeline(settings_of(tick_ms / 1000))
        budget = pipeline._links.budget
        monkeypatch.setattr(budget, "read", lambda now_ms: None)
        budget.tail = Tail(at_need=exp(margin), scale=1.0, peaks=LEAST_PEAKS, weeks=LEAST_WEEKS)
        pipeline.absorb("a", world.records, range(len(world.records)))
        findings = findings_of(told([pipeline.finish()]))
        return [finding for finding in findings if finding["activity"] == "open"], pipeline

    plain, calm = asks(0.0)
    over = [_strongest(finding) for finding in plain]
    more = 0.5 + min(over)
    late, noisy = asks(more)
    assert [f["time"] for f in plain] == [
        f["time"] for f in findings_of(world.told) if f["activity"] == "open"
    ]
    assert late
    assert all(_strongest(finding) >= more for finding in late), "others get over it later, if ever"
    for finding, margin in [(f, 0.0) for f in plain] + [(f, more) for f in late]:
        strongest = max(finding["links"], key=lambda link: float(link["score"] - link["threshold"]))
        assert strongest["score"] >= strongest["threshold"] + strongest["margin"]
        assert finding["budget"]["margin"] == pytest.approx(margin)
        assert finding["budget"]["margin"] >= strongest["margin"]
    assert calm.stats().margin_nats == 0 < noisy.stats().margin_nats
    assert calm.stats().cases == {"granted": 4.0, "expected": 4.0, "opened": len(plain), "honest": 0}


def test_one_batch_or_many(world: World) -> None:
    pipeline = Pipeline(settings_of())
    outputs = [*feed(pipeline, world.records, forever(97)), pipeline.finish()]
    assert told(outputs) == world.told


@examples(max_examples=3, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 4000), min_size=1, max_size=12))
def test_any_batches(world: World, sizes: list[int]) -> None:
    pipeline = Pipeline(settings_of())
    outputs = list(feed(pipeline, world.records, sizes))
    rest = world.records[pipeline.positions()["a"] :]
    outputs += [*feed(pipeline, rest, forever(5000)), pipeline.finish()]
    assert told(outputs) == world.told


def test_eight_sources(world: World) -> None:
    sources: dict[str, list[bytes]] = {f"requests-{i}": [] for i in range(8)}
    for record in world.records:
        sources[f"requests-{crc32(record) % 8}"].append(record)
    pipeline, chance = Pipeline(settings_of()), random.Random(8)
    for source in sources:
        pipeline.open(source)
    outputs: list[Outputs] = []
    while sources:
        for source in list(sources):
            start = pipeline.positions()[source]
            batch = sources[source][start : start + chance.randint(1, 400)]
            if batch:
                pipeline.absorb(source, batch, range(start, start + len(batch)))
            else:
                pipeline.idle(source)
                del sources[source]
            outputs.append(pipeline.advance())
    outputs.append(pipeline.finish())
    assert told(outputs) == world.told


def test_disorder_within_the_limit_and_repeats(world: World) -> None:
    chance = random.Random(5)
    disorder_s = int(Settings().intake.max_disorder_s) - 1
    arrival = {i: epoch_of(record) + chance.uniform(0, disorder_s) for i, record in enumerate(world.records)}
    records = [world.records[i] for i in sorted(arrival, key=lambda i: arrival[i])]
    for i in chance.sample(range(len(records) // 2), 300):
        records.insert(i, records[i])
    pipeline = Pipeline(settings_of())
    outputs = [*feed(pipeline, records, forever(700)), pipeline.finish()]
    assert told(outputs) == world.told
    assert pipeline.stats().duplicates == len(records) - len(world.records)
    assert pipeline.stats().late == 0


def test_a_restart_in_the_middle(world: World, midway: Midway) -> None:
    pipeline = restored(midway.blocks)
    assert pipeline.positions() == {"a": len(world.records) - len(midway.left)}
    rest = told([*feed(pipeline, midway.left, forever(333)), pipeline.finish()])
    assert midway.first.findings + rest.findings == world.told.findings
    assert midway.first.verdicts + rest.verdicts == world.told.verdicts


def test_a_restart_from_a_chain_of_changes(world: World) -> None:
    """A snapshot and what changed since, through every phase of the world, are the state."""
    pipeline = Pipeline(settings_of())
    links: list[Block] = pipeline.snapshot()
    outputs: list[Outputs] = []
    third = len(world.records) // 3
    outputs += feed(pipeline, world.records[:third], forever(1000))
    links += pipeline.changes()
    for output in feed(pipeline, world.records[third : 2 * third], forever(600)):
        outputs.append(output)
        links += pipeline.changes()
    pipeline = restored(links)
    links = pipeline.snapshot()
    for output in feed(pipeline, world.records[2 * third :], forever(450)):
        outputs.append(output)
        links += pipeline.changes()
    pipeline = restored(links)
    outputs.append(pipeline.finish())
    assert told(outputs) == world.told


def test_changes_alone_are_a_whole_state(midway: Midway) -> None:
    """The first `changes` of a pipeline hold everything, so a changelog needs no snapshot to begin with."""
    pipeline = Pipeline(settings_of())
    first = list(feed(pipeline, midway.left, forever(400)))
    again = restored(pipeline.changes())
    assert told([pipeline.finish()]) == told([again.finish()])
    assert first


def test_a_restored_pipeline_has_nothing_to_save(midway: Midway) -> None:
    blocks = restored(midway.blocks).changes()
    assert {block.table for block in blocks} <= {"meta"}


def _later(records: Sequence[bytes], days: float) -> list[bytes]:
    """Exchanges of three accounts that are in no campaign, days after all others: enough to move time."""
    back_ms = int(epoch_of(records[-1]) * 1000) + int(days * DAY_MS)
    return [record(back_ms + i * MINUTE_MS, f"late-{i % 3}") for i in range(CONFIRM)]


def test_a_long_silence_is_the_same_however_it_ends(midway: Midway) -> None:
    """Cases close after a week of silence, whether or not what follows it is known already."""
    silence = [*midway.left, *_later(midway.left, 50), *_later(midway.left, 52)]
    one, many = restored(midway.blocks), restored(midway.blocks)
    at_once = told([*feed(one, silence, forever(len(silence))), one.finish()])
    one_by_one = chain([len(midway.left)], forever(1))
    assert told([*feed(many, silence, one_by_one), many.finish()]) == at_once
    closed = [finding for finding in map(orjson.loads, at_once.findings) if finding["activity"] == "close"]
    assert closed
    assert all(
        datetime.fromisoformat(finding["time"]).timestamp() < epoch_of(silence[len(midway.left)])
        for finding in closed
    )


def test_one_exchange_from_the_future_changes_nothing_that_is_found(midway: Midway) -> None:
    """It is counted, and held until its time comes."""
    honest, fooled = restored(midway.blocks), restored(midway.blocks)
    newest_ms = int(epoch_of(midway.left[-1]) * 1000)
    wrong = record(newest_ms + 400 * DAY_MS, "wrong-clock")
    expected = told([*feed(honest, midway.left, forever(500)), honest.finish()])
    among = [*midway.left[:200], wrong, *midway.left[200:]]
    assert told([*feed(fooled, among, forever(500)), fooled.finish()]) == expected
    assert fooled.stats().ahead == 1
    assert fooled.watermark_ms == newest_ms


def test_the_operators_own_table_of_links_is_used(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[address]\nfields = ["network"]\n')
    own = settings_of().model_copy(update={"links": Links(table=str(path))})
    pipeline = Pipeline(own)
    pipeline.absorb(
        "a", [record(START_MS + i * HOUR_MS, client_ip="192.0.2.1", ja4="x") for i in range(9)], range(9)
    )
    pipeline.finish()
    assert len(pipeline._links.state.links) == 1
    path.write_text("[address]\n")
    with pytest.raises(ConfigError, match=r"own\.toml"):
        Pipeline(own)


# What one source does.


def record(time_ms: int, account: str = "acc-1", **fields: Any) -> bytes:
    return orjson.dumps({"time": time_ms, "account_id": account, **fields})


def small() -> Pipeline:
    return Pipeline(settings_of(tick_s=600))


def absorb(pipeline: Pipeline, source: str, *times_ms: int) -> None:
    start = pipeline.positions().get(source, 0)
    batch = [record(time_ms) for time_ms in times_ms]
    pipeline.absorb(source, batch, range(start, start + len(batch)))


def test_the_watermark_trails_by_the_disorder() -> None:
    pipeline = small()
    assert pipeline.watermark_ms is None
    absorb(pipeline, "a", START_MS, START_MS + HOUR_MS, START_MS + MINUTE_MS)
    disorder_ms = int(Settings().intake.max_disorder_s * 1000)
    assert pipeline.watermark_ms == START_MS + HOUR_MS - disorder_ms


def test_the_slowest_source_holds_time() -> None:
    pipeline = small()
    absorb(pipeline, "fast", START_MS + DAY_MS)
    absorb(pipeline, "slow", START_MS + HOUR_MS)
    assert pipeline.watermark_ms is not None
    assert pipeline.watermark_ms < START_MS + HOUR_MS


def test_an_idle_source_does_not_hold_time() -> None:
    pipeline = small()
    absorb(pipeline, "slow", START_MS)
    absorb(pipeline, "fast", START_MS + DAY_MS)
    pipeline.idle("slow")
    pipeline.advance()
    assert pipeline.watermark_ms is not None
    assert pipeline.watermark_ms > START_MS + 23 * HOUR_MS
    absorb(pipeline, "slow", START_MS + 23 * HOUR_MS)
    assert pipeline.watermark_ms < START_MS + 23 * HOUR_MS, "its next record makes it count again"


def test_an_open_source_without_records_holds_time() -> None:
    pipeline = small()
    pipeline.open("silent")
    absorb(pipeline, "a", *range(START_MS, START_MS + DAY_MS, HOUR_MS))
    pipeline.advance()
    assert pipeline.watermark_ms is None
    assert pipeline.stats().ticks == 0
    pipeline.idle("silent")
    pipeline.advance()
    assert pipeline.stats().ticks > 0


def test_the_last_tick_is_decided_only_when_it_is_complete() -> None:
    pipeline = small()
    absorb(pipeline, "a", START_MS, START_MS + 29 * MINUTE_MS)
    pipeline.finish()
    assert pipeline.stats().ticks == 2
    assert pipeline.stats().accounts == 1


@pytest.mark.parametrize("tick_s", [1500, 14_400, 30_000])
def test_the_reference_grows_whatever_the_length_of_ticks(tick_s: float) -> None:
    """Its records are taken every six hours, which is no multiple of these."""
    pipeline = Pipeline(settings_of(tick_s=tick_s))
    absorb(pipeline, "a", *range(START_MS, START_MS + 3 * DAY_MS, HOUR_MS))
    pipeline.finish()
    assert len(pipeline._links.reference.records) >= 3 * DAY_MS // max(6 * HOUR_MS, 1000 * tick_s) - 1


def test_late_records_are_counted_and_still_count() -> None:
    pipeline = small()
    absorb(pipeline, "a", START_MS, START_MS + HOUR_MS, START_MS + 10 * MINUTE_MS, START_MS + 2 * HOUR_MS)
    pipeline.finish()
    assert pipeline.stats().late == 1
    assert pipeline.stats().events == 4


def test_records_after_the_end_of_their_tick_do_not_reopen_it() -> None:
    pipeline = small()
    absorb(pipeline, "a", START_MS, START_MS + HOUR_MS)
    pipeline.finish()
    ticks = pipeline.stats().ticks
    absorb(pipeline, "a", START_MS + 5 * MINUTE_MS)
    pipeline.finish()
    assert pipeline.stats().ticks == ticks
    assert pipeline.stats().late == 1


def test_repeats_are_dropped_and_counted() -> None:
    pipeline = small()
    same = [record(START_MS + i * MINUTE_MS, event_id="one", account="a") for i in (0, 1, 30)]
    pipeline.absorb("x", [*same, record(START_MS + HOUR_MS, event_id="one", account="b")], range(4))
    pipeline.absorb("y", [same[0], record(START_MS + HOUR_MS)], range(2))
    pipeline.finish()
    assert pipeline.stats().duplicates == 3


def test_rejects_come_with_the_next_outputs_once() -> None:
    pipeline = small()
    pipeline.absorb("a", [b"{", record(START_MS), b'{"time": 1}'], [5, 6, 7])
    assert pipeline.positions() == {"a": 8}
    rejects = pipeline.advance().rejects
    assert [(reject.source, reject.offset) for reject in rejects] == [("a", 5), ("a", 7)]
    assert pipeline.advance().rejects == []


def test_values_that_made_no_sense_are_counted_by_field() -> None:
    pipeline = small()
    pipeline.absorb(
        "a", [record(START_MS, client_ip="nowhere"), record(START_MS, client_ip="192.0.2.1")], range(2)
    )
    stats = pipeline.stats()
    assert stats.malformed["client_ip"] == 1
    assert sum(stats.malformed.values()) == 1
    assert set(stats.malformed) == set(stats.coverage)


def test_rejects_outlive_a_restart() -> None:
    pipeline = small()
    pipeline.absorb("a", [b"{"], [0])
    pipeline.feedback([b"{"])
    again = restored(pipeline.snapshot())
    assert again.advance().rejects == pipeline.advance().rejects
    assert again.positions() == {"a": 1}


def test_held_records_outlive_a_restart() -> None:
    pipeline = small()
    absorb(pipeline, "a", START_MS, START_MS + MINUTE_MS)
    chain = pipeline.snapshot()
    absorb(pipeline, "a", START_MS + 2 * MINUTE_MS)
    chain += pipeline.changes()
    again = Pipeline(settings_of(tick_s=600))
    again.restore(chain)
    absorb(again, "a", START_MS + HOUR_MS)
    again.finish()
    assert int(again._accounts.table["total"][0]) == 3


# What analysts say.


def decision(time: str, what: str, **fields: str) -> bytes:
    return orjson.dumps({"time": time, "decision": what, "author": "an analyst", **fields})


def findings_of(outputs: Told) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in outputs.findings]


def verdicts_of(outputs: Told) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in outputs.verdicts]


def after(midway: Midway, *decisions: bytes) -> tuple[Told, Pipeline]:
    """What is told after decisions at the time of the snapshot."""
    pipeline = restored(midway.blocks)
    pipeline.feedback(decisions)
    return told([*feed(pipeline, midway.left, forever(1000)), pipeline.finish()]), pipeline


def named(midway: Midway) -> dict[str, set[str]]:
    """Campaign uid -> accounts named in it before the snapshot."""
    accounts: dict[str, str] = {}
    for verdict in verdicts_of(midway.first):
        accounts[verdict["account_id"]] = verdict["campaign_uid"]
    return {uid: {a for a, of in accounts.items() if of == uid} for uid in set(accounts.values())}


def test_a_campaign_judged_honest_is_closed_and_its_accounts_cleared(midway: Midway) -> None:
    uid, accounts = sorted(named(midway).items())[0]
    outputs, _ = after(midway, decision(time_of(midway.left[0]), "honest", campaign_uid=uid))
    cleared = [v for v in verdicts_of(outputs) if v.get("cleared")]
    assert {v["account_id"] for v in cleared} == accounts
    assert {v["campaign_uid"] for v in cleared} == {uid}
    closed = [f for f in findings_of(outputs) if f["uid"] == uid and f["activity"] == "close"]
    assert len(closed) == 1
    assert any("an analyst" in line for line in closed[0]["history"])


def test_an_account_judged_honest_is_not_named_again(midway: Midway) -> None:
    uid, accounts = sorted(named(midway).items())[0]
    account = min(accounts)
    outputs, pipeline = after(midway, decision(time_of(midway.left[0]), "honest", account_id=account))
    own = [v for v in verdicts_of(outputs) if v["account_id"] == account]
    assert [(v["campaign_uid"], v.get("cleared")) for v in own] == [(uid, True)]
    again = restored(pipeline.snapshot())
    assert account in again._campaigns._exempt
    profiles = again._links.state.profiles
    assert profiles["campaign"][profiles["account_id"].tolist().index(account)] == 0


def test_an_exemption_ends_with_its_expiry(midway: Midway) -> None:
    account = min(sorted(named(midway).items())[0][1])
    start_ms = int(epoch_of(midway.left[0]) * 1000)
    ends = rfc3339(start_ms + DAY_MS)
    line = decision(time_of(midway.left[0]), "honest", account_id=account, expires=ends)
    outputs, pipeline = after(midway, line)
    own = [v for v in verdicts_of(outputs) if v["account_id"] == account]
    assert own[0]["cleared"]
    assert all(v["time"] >= ends for v in own[1:])
    assert account not in pipeline._campaigns._exempt


def test_a_snoozed_campaign_names_accounts_and_tells_no_finding(midway: Midway) -> None:
    time, (uid, *_) = time_of(midway.left[0]), sorted(named(midway))
    plain, _ = after(midway)
    line = decision(time, "snooze", campaign_uid=uid, until="2026-12-01T00:00:00Z")
    outputs, pipeline = after(midway, line)
    assert not [f for f in findings_of(outputs) if f["uid"] == uid]
    assert findings_of(outputs) == [f for f in findings_of(plain) if f["uid"] != uid]
    assert outputs.verdicts == plain.verdicts
    again = restored(pipeline.snapshot())._campaigns.by_uid(uid)
    assert again is not None
    assert again.snoozed_ms > 0


def test_a_restart_under_decisions_changes_nothing(midway: Midway) -> None:
    """Standing decisions are state: told again from a snapshot in their midst."""
    start_ms = int(epoch_of(midway.left[0]) * 1000)
    uid, accounts = sorted(named(midway).items())[0]
    lines = [
        decision(rfc3339(start_ms), "snooze", campaign_uid=uid, until=rfc3339(start_ms + 2 * DAY_MS)),
        decision(rfc3339(start_ms), "honest", account_id=min(accounts), expires=rfc3339(start_ms + DAY_MS)),
    ]
    whole, _ = after(midway, *lines)
    pipeline = restored(midway.blocks)
    pipeline.feedback(lines)
    half = len(midway.left) // 3
    first = told(feed(pipeline, midway.left[:half], forever(500)))
    pipeline = restored(pipeline.snapshot())
    rest = told([*feed(pipeline, midway.left[half:], forever(300)), pipeline.finish()])
    assert first.findings + rest.findings == whole.findings
    assert first.verdicts + rest.verdicts == whole.verdicts


def test_an_allowed_link_ties_nobody_any_more(midway: Midway) -> None:
    finding = next(f for f in findings_of(midway.first) if f["links"])
    links = [(link["kind"], link["value"]) for link in finding["links"]]
    time = time_of(midway.left[0])
    outputs, pipeline = after(
        midway, *(decision(time, "allow_value", kind=kind, value=value) for kind, value in links)
    )
    held = {key for case in pipeline._campaigns.cases.values() for key in case.links}
    assert not held & {(kind, int(value, 16)) for kind, value in links}
    assert any(v.get("cleared") for v in verdicts_of(outputs))


def test_verdicts_teach_the_learner(midway: Midway) -> None:
    uid = min(named(midway))
    before = restored(midway.blocks)
    assert before.stats().learner_updates == 0
    _, pipeline = after(midway, decision(time_of(midway.left[0]), "confirmed", campaign_uid=uid))
    stats = pipeline.stats()
    assert stats.learner_updates > 0
    assert stats.learner_age_s is not None
    assert restored(pipeline.snapshot()).stats().learner_updates == stats.learner_updates


def test_the_order_of_decisions_does_not_matter(midway: Midway) -> None:
    time = time_of(midway.left[0])
    decisions = [decision(time, "confirmed", campaign_uid=uid) for uid in sorted(named(midway))]
    decisions.append(decision(time, "honest", account_id=min(min(named(midway).values(), key=min))))
    assert after(midway, *decisions)[0] == after(midway, *reversed(decisions))[0]


def test_a_decision_waits_for_its_time(midway: Midway) -> None:
    uid = min(named(midway))
    pipeline = restored(midway.blocks)
    pipeline.feedback([decision("2099-01-01T00:00:00Z", "honest", campaign_uid=uid)])
    pipeline = restored(pipeline.snapshot())
    outputs = told([*feed(pipeline, midway.left[:300], forever(300)), pipeline.finish()])
    assert not any(v.get("cleared") for v in verdicts_of(outputs))
    assert len(pipeline._inbox.waiting) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'"honest"',
        decision("yesterday", "honest", account_id="a"),
        decision("2026-04-08T00:00:00", "honest", account_id="a"),
        decision("2026-04-08T00:00:00Z", "guilty", account_id="a"),
        decision("2026-04-08T00:00:00Z", "honest"),
        decision("2026-04-08T00:00:00Z", "honest", kind="client"),
        decision("2026-04-08T00:00:00Z", "allow_value", account_id="a"),
        decision("2026-04-08T00:00:00Z", "allow_value", kind="client", value="no hex"),
        decision("2026-04-08T00:00:00Z", "allow_value", kind="client", value="f" * 17),
        decision("2026-04-08T00:00:00Z", "allow_value", kind="client", value="-1"),
        decision("2026-04-08T00:00:00Z", "allow", campaign_uid="c-1"),
        decision("2026-04-08T00:00:00Z", "honest", account_id="a", expires="tomorrow"),
        decision("2026-04-08T00:00:00Z", "honest", account_id="a", expires="2026-04-08T00:00:00Z"),
        decision("2026-04-08T00:00:00Z", "honest", account_id="a", until="2026-04-09T00:00:00Z"),
        decision("2026-04-08T00:00:00Z", "snooze", campaign_uid="c-1"),
        decision("2026-04-08T00:00:00Z", "snooze", campaign_uid="c-1", until="2026-04-07T00:00:00Z"),
        decision("2026-04-08T00:00:00Z", "snooze", account_id="a", until="2026-04-09T00:00:00Z"),
        b'{"time": "2026-04-08T00:00Z", "decision": "honest", "author": "", "account_id": "a", "expires": 3}',
        b'{"time": 3, "decision": "honest", "author": "x", "account_id": "a"}',
        b'{"time": "2026-04-08T00:00:00Z", "decision": [], "author": "x", "account_id": "a"}',
    ],
)
def test_bad_decisions_are_rejected_and_counted(line: bytes) -> None:
    pipeline = small()
    pipeline.feedback([line])
    reject, *more = pipeline.advance().rejects
    assert not more
    assert (reject.reason, reject.source, reject.offset) == ("bad_feedback", "feedback", 0)
    assert reject.detail
    assert pipeline.stats().rejects == {"bad_feedback": 1}


def test_decisions_about_what_nobody_knows_change_nothing() -> None:
    pipeline = small()
    time = "2026-04-08T00:00:00Z"
    pipeline.feedback(
        [
            decision(time, "honest", campaign_uid="c-none"),
            decision(time, "confirmed", campaign_uid="c-none"),
            decision(time, "honest", account_id="nobody"),
            decision(time, "allow_value", kind="no_such_kind", value="1"),
            decision(time, "allow_value", kind="client", value="f" * 16),
            decision(time, "honest", kind="client", value="1"),
            decision(time, "confirmed", kind="client", value="1"),
        ]
    )
    absorb(pipeline, "a", *range(START_MS, START_MS + HOUR_MS, 5 * MINUTE_MS))
    outputs = pipeline.finish()
    assert (outputs.findings, outputs.verdicts, outputs.rejects) == ([], [], [])


@pytest.mark.parametrize("most", [1, 3])
def test_a_few_ticks_at_a_time(world: World, most: int) -> None:
    """With a restart between them, for a worker may be stopped there."""
    pipeline, outputs = Pipeline(settings_of()), []
    for start in range(0, len(world.records), 4000):
        batch = world.records[start : start + 4000]
        pipeline.absorb("a", batch, range(start, start + len(batch)))
        outputs += few_ticks(pipeline, most)
        pipeline = restored(pipeline.snapshot())
    pipeline.idle("a")
    assert told([*outputs, *few_ticks(pipeline, most)]) == world.told


def few_ticks(pipeline: Pipeline, most: int) -> list[Outputs]:
    outputs, more = [], True
    while more:
        before = pipeline.ticks
        outputs.append(pipeline.advance(most))
        assert pipeline.ticks - before <= most
        more = pipeline.behind
    return outputs


def test_a_stop_between_ticks_loses_none(world: World) -> None:
    """What was held back is in the state, and the next worker decides it."""
    pipeline = Pipeline(settings_of())
    pipeline.absorb("a", world.records, range(len(world.records)))
    pipeline.idle("a")
    first = told([pipeline.advance(40)])
    assert pipeline.behind
    rest = told([restored(pipeline.changes()).advance()])
    assert first.findings + rest.findings == world.told.findings
    assert first.verdicts + rest.verdicts == world.told.verdicts


PIECE = 50
"""Events of a piece: a tick of the busy days has three or four."""


@pytest.fixture
def in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What is told where ticks are absorbed in pieces, of one batch."""
    monkeypatch.setattr(memory, "PIECE", PIECE)
    pipeline = Pipeline(settings_of())
    pipeline.absorb("a", world.records, range(len(world.records)))
    found = told([pipeline.finish()])
    assert pipeline.progress > 2 * pipeline.ticks
    assert len(found.findings) >= 2
    return found


def test_pieces_in_small_batches_with_restarts_between_them(world: World, in_pieces: Told) -> None:
    pipeline, outputs = Pipeline(settings_of()), list[Outputs]()
    stored = pipeline.snapshot()
    for start in range(0, len(world.records), 170):
        batch = world.records[start : start + 170]
        pipeline.absorb("a", batch, range(start, start + len(batch)))
        progress, more = pipeline.progress, True
        while more:
            outputs.append(pipeline.advance(1))
            assert pipeline.progress - progress <= 1
            progress, more = pipeline.progress, pipeline.behind
            stored += pipeline.changes()
        if start % 1700 == 0:
            pipeline = restored(stored)
            stored = pipeline.snapshot()
    pipeline.idle("a")
    assert told([*outputs, *few_ticks(restored(pipeline.snapshot()), 1)]) == in_pieces


def test_pieces_over_several_sources(world: World, in_pieces: Told) -> None:
    pipeline, outputs = Pipeline(settings_of()), list[Outputs]()
    parts = {str(i): world.records[i::3] for i in range(3)}
    for source in parts:
        pipeline.open(source)
    for start in range(0, len(world.records), 300):
        for source, records in parts.items():
            batch = records[start : start + 300]
            pipeline.absorb(source, batch, range(start, start + len(batch)))
            outputs.append(pipeline.advance())
    assert told([*outputs, pipeline.finish()]) == in_pieces


def test_rows_over_the_limit_go_between_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PIECE", PIECE)
    few = settings_of(tick_s=10 * DAY_MS / 1000)
    limits = {"max_accounts": 60, "max_members": 200, "max_exchanges": 100}
    pipeline = Pipeline(few.model_copy(update={"windows": few.windows.model_copy(update=limits)}))
    for start in range(0, len(world.records), 100):
        batch = world.records[start : start + 100]
        pipeline.absorb("a", batch, range(start, start + len(batch)))
        pipeline.advance()
        stats = pipeline.stats()
        assert stats.accounts <= 60
        assert stats.members <= 200
    assert stats.ticks <= 2
    assert stats.evictions > 200
