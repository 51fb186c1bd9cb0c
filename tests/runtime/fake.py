"""A pipeline without a detector: each account's every tenth event is a finding, decided on ticks.

It keeps the contract of the real one: the same events give the same outputs whatever the batches,
partitions and restarts. Records are `{"time": ms, "account_id": text}`; anything else is a reject.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
import orjson
import polars as pl

from stream.blocks import Block
from stream.errors import StateError
from stream.event.decode import Reject
from stream.findings.finding import Finding, Verdict
from stream.runtime.parcel import Parcel
from stream.runtime.pipeline import Outputs
from stream.runtime.shedding import Keep
from stream.runtime.stats import Stats

TICK_MS = 60_000
EVERY = 10


class FakePipeline:
    def __init__(self, ballast: int = 0) -> None:
        self.ballast = ballast
        self.sources: dict[str, tuple[int, int | None]] = {}
        self.idles: set[str] = set()
        self.held: list[tuple[int, str]] = []
        self.counts: Counter[str] = Counter()
        self.tick_ms = 0
        self.told: list[bytes] = []
        self.rejects: list[Reject] = []
        self.refused: Counter[str] = Counter()
        self.events = 0
        self.dirty: set[str] = set()
        self.progress = 0
        self.behind = False

    def open(self, source: str) -> None:
        self.sources.setdefault(source, (0, None))

    def absorb(
        self, source: str, records: Sequence[bytes], offsets: Sequence[int], keep: Keep | None = None
    ) -> None:
        self.idles.discard(source)
        newest = self.sources.get(source, (0, None))[1]
        for offset, record in zip(offsets, records, strict=True):
            try:
                event = orjson.loads(record)
                time_ms, account = int(event["time"]), str(event["account_id"])
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
                self.rejects.append(Reject("not_json", "no event", source, offset, None))
                self.refused["not_json"] += 1
                continue
            if keep is None or keep(np.array([crc32(account.encode())], np.uint64))[0]:
                self.held.append((time_ms, account))
            self.events += 1
            newest = max(newest or 0, time_ms)
        self.sources[source] = (offsets[-1] + 1, newest)

    def receive(self, parcel: Parcel, keep: Keep | None = None) -> None:
        position, newest = self.sources.get(parcel.source, (0, None))
        if position not in (0, parcel.first):
            raise StateError(f"{parcel.source} goes on at offset {position}, not at {parcel.first}")
        found = list(parcel.events.select("time_ms", "account_id").iter_rows())
        self.held += found
        self.events += len(found)
        if found:
            self.idles.discard(parcel.source)
            newest = max(newest or 0, *(time_ms for time_ms, _ in found))
        if parcel.idle:
            self.idles.add(parcel.source)
        self.sources[parcel.source] = (parcel.end, newest)

    def feedback(self, records: Sequence[bytes]) -> None:
        self.told += records

    def idle(self, source: str) -> None:
        self.idles.add(source)

    @property
    def idle_sources(self) -> int:
        return len(self.idles)

    @property
    def watermark_ms(self) -> int | None:
        live = [newest for source, (_, newest) in self.sources.items() if source not in self.idles]
        if not live:
            return max((newest for _, newest in self.sources.values() if newest is not None), default=None)
        return None if None in live else min(newest for newest in live if newest is not None)

    def advance(self, most: int | None = None) -> Outputs:
        watermark = self.watermark_ms
        outputs = Outputs([], [], self.rejects)
        self.rejects = []
        if watermark is None:
            return outputs
        last = watermark // TICK_MS * TICK_MS
        due = sorted(event for event in self.held if event[0] < last)
        self.held = [event for event in self.held if event[0] >= last]
        for time_ms, account in due:
            self.counts[account] += 1
            self.dirty.add(account)
            if self.counts[account] % EVERY == 0:
                outputs.findings.append(_finding(account, self.counts[account], time_ms))
                outputs.verdicts.append(Verdict(account, f"c-{account}", time_ms, 1.0, 0.99, ()))
        return outputs

    def finish(self) -> Outputs:
        self.idles = set(self.sources)
        return self.advance()

    @property
    def held_events(self) -> int:
        return len(self.held)

    def waiting(self, most_held: int) -> set[str]:
        """As the real one; an idle source never waits."""
        known = {name: newest or 0 for name, (_, newest) in self.sources.items() if name not in self.idles}
        slowest = min(known.values(), default=0)
        return {name for name, newest in known.items() if newest > slowest and len(self.held) > most_held}

    def positions(self) -> dict[str, int]:
        return {source: offset for source, (offset, newest) in self.sources.items() if newest is not None}

    def changes(self) -> list[Block]:
        accounts, self.dirty = sorted(self.dirty), set()
        return [self._sources(), self._held(), self._counts(accounts, whole=False)]

    def snapshot(self) -> list[Block]:
        self.dirty = set()
        return [self._sources(), self._held(), self._counts(sorted(self.counts), whole=True)]

    def restore(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            rows = block.rows.rows()
            if block.table == "sources":
                self.sources = {source: (offset, newest) for source, offset, newest, _ in rows}
                self.idles = {source for source, _, _, idle in rows if idle}
            elif block.table == "held":
                self.held = [(time_ms, account) for time_ms, account in rows]
            else:
                if block.whole:
                    self.counts.clear()
                self.counts.update({account: n - self.counts[account] for account, n, _ in rows})

    def stats(self) -> Stats:
        return Stats(
            events=self.events,
            rejects=dict(self.refused),
            accounts=len(self.counts),
            watermark_ms=self.watermark_ms,
            coverage={"account_id": (self.events, self.events), "ja4": (0, self.events)},
            state_bytes={"accounts": 0},
            degraded={"network": True},
        )

    def _sources(self) -> Block:
        rows = [
            (source, offset, newest, source in self.idles)
            for source, (offset, newest) in sorted(self.sources.items())
        ]
        schema = {"source": pl.String, "offset": pl.Int64, "newest": pl.Int64, "idle": pl.Boolean}
        return Block("fake", "sources", pl.DataFrame(rows, schema, orient="row"), whole=True)

    def _held(self) -> Block:
        schema = {"time_ms": pl.Int64, "account": pl.String}
        return Block("fake", "held", pl.DataFrame(self.held, schema, orient="row"), whole=True)

    def _counts(self, accounts: list[str], *, whole: bool) -> Block:
        rows = [(account, self.counts[account], _noise(account, self.ballast)) for account in accounts]
        schema = {"account": pl.String, "count": pl.Int64, "ballast": pl.Binary}
        return Block("fake", "counts", pl.DataFrame(rows, schema, orient="row"), whole)


def _noise(text: str, size: int) -> bytes:
    """Bytes that do not compress, the same for the same text."""
    return random.Random(text).randbytes(size)


def _finding(account: str, count: int, time_ms: int) -> Finding:
    return Finding(
        uid=f"c-{account}", activity="open" if count == EVERY else "update", time_ms=time_ms,
        title=f"{account} was seen {count} times", severity="low", confidence=0.5, member_count=1,
        members=(account,), first_seen_ms=time_ms, last_seen_ms=time_ms, exchanges=count, links=(),
        evidence=(), history=(), config_digest="none",
    )  # fmt: skip
