"""Columns -> the gateway's records, one JSON object a line, sorted by time and compressed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import zstandard

from tests.strangers.exchanges import Columns
from tests.strangers.shapes import Flags, Ints, Words, blend
from tests.strangers.style import ENDPOINTS, MODELS, SAFETY
from tests.strangers.world import PLANS, World

SLICE_ROWS: Final = 100_000
PLAIN_INGRESS: Final = 16
"""One range in so many comes by a way on which nobody sees the TLS handshake."""
NO_RETENTION: Final = 40
"""One account in so many has it in writing that nothing of its prompts is kept, not even a hash."""
HEX: Final = (
    ("params_hash", "params"), ("tools_hash", "tools"), ("prompt_prefix_hash", "prefix"),
    ("prompt_hash", "body"), ("prompt_simhash", "simhash"),
    ("conversation_prev", "prev"), ("conversation_next", "next"),
)  # fmt: skip
"""The record's field and the column it is written from; 0 becomes null."""
NUMBERS: Final = ("status", "stream", "message_count", "input_tokens", "output_tokens", "duration_ms")
EMAILS: Final = ("corporate", "free", "disposable", "education")

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "payment": ("payment_hash",),
    "signup": ("plan", "account_created_at", "email_class", "payment_hash", "org_id"),
    "prompts": (
        "prompt_prefix_hash",
        "prompt_hash",
        "prompt_simhash",
        "conversation_prev",
        "conversation_next",
    ),
    "operator": ("asn", "country", "ja4"),
}
"""What a gateway may not log, by the name of `--without`."""


def names(world: World, columns: Columns) -> list[str]:
    """Public name of each account: random, so that neither order nor form tells anything."""
    salt = np.uint64(int(columns["next"][:1].sum()))
    words = blend(np.arange(len(world.accounts), dtype=np.uint64), np.full(len(world.accounts), salt))
    return [f"acct_{value:016x}"[:15] for value in words.tolist()]


def write(
    world: World, columns: Columns, ids: list[str], path: Path, unlogged: frozenset[str] = frozenset()
) -> None:
    """All exchanges to `path` (NDJSON, zstd); `unlogged` names groups of fields that are left out."""
    gone = {field for group in unlogged for field in GROUPS[group]}
    facts = _facts(world, ids)
    with path.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as out:
        for part in _slices(columns):
            frame = _frame(world, part, facts)
            out.write(frame.drop(gone & set(frame.columns)).write_ndjson().encode())


def _slices(columns: Columns) -> Iterator[Columns]:
    for begin in range(0, len(columns["time_ms"]), SLICE_ROWS):
        yield {name: values[begin : begin + SLICE_ROWS] for name, values in columns.items()}


def _facts(world: World, ids: list[str]) -> dict[str, pl.Series]:
    """What is known of each account, in their order."""
    accounts = world.accounts
    return {
        "account_id": pl.Series(ids),
        "org_id": pl.Series(
            [f"org_{one.org:016x}"[:14] if one.org else None for one in accounts], dtype=pl.String
        ),
        "plan": pl.Series([PLANS[one.plan] for one in accounts]),
        "account_created_at": _times(np.array([one.created_ms for one in accounts])),
        "email_class": pl.Series([EMAILS[one.email] for one in accounts]),
        "payment_hash": pl.Series(
            [f"{one.payment:016x}" if one.payment else None for one in accounts], dtype=pl.String
        ),
    }


def _frame(world: World, part: Columns, facts: dict[str, pl.Series]) -> pl.DataFrame:
    rows, places = part["account"].astype(np.int64), part["range"].astype(np.int64)
    atlas, catalogue = world.atlas, world.catalogue
    series: dict[str, Any] = {"time": _times(part["time_ms"])}
    series["event_id"] = hexed(blend(part["next"], part["body"], part["time_ms"].astype(np.uint64)))
    series |= {name: values.gather(rows) for name, values in facts.items()}
    series["client_ip"] = _addresses(atlas.prefixes, places, part["host"])
    series["asn"] = np.array(atlas.asns)[places]
    series["country"] = pl.Series(atlas.countries).gather(places)
    plain = blend(places.astype(np.uint64)) % PLAIN_INGRESS == 0
    series["ja4"] = without(pl.Series(catalogue.ja4s).gather(part["client"].astype(np.int64)), plain)
    series["user_agent"] = pl.Series(catalogue.agents).gather(part["client"].astype(np.int64))
    series["model"] = pl.Series(MODELS).gather(part["model"].astype(np.int64))
    series["endpoint"] = pl.Series(ENDPOINTS).gather(part["endpoint"].astype(np.int64))
    series |= {name: part[name] for name in NUMBERS}
    series |= {field: hexed(part[name]) for field, name in HEX}
    unkept = blend(rows.astype(np.uint64) + np.uint64(7)) % NO_RETENTION == 0
    series |= {field: without(series[field], unkept) for field in GROUPS["prompts"]}
    series["safety_code"] = pl.Series(SAFETY, dtype=pl.String).gather(part["safety"].astype(np.int64))
    return pl.DataFrame(series)


def hexed(words: Words) -> pl.Series:
    """16 hex digits each, null for 0."""
    digits = words.astype(">u8").tobytes().hex()
    texts = pl.Series([digits[begin : begin + 16] for begin in range(0, len(digits), 16)], dtype=pl.String)
    return pl.select(pl.when(pl.Series(words != 0)).then(texts)).to_series()


def without(series: pl.Series, gone: Flags) -> pl.Series:
    """The series with nulls where `gone`."""
    return pl.select(pl.when(pl.Series(~gone)).then(series)).to_series()


def _times(time_ms: Ints) -> pl.Series:
    return pl.Series(time_ms).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def _addresses(prefixes: list[str], places: Ints, hosts: Ints) -> pl.Series:
    prefix = pl.Series(prefixes).gather(places)
    host = pl.Series(hosts).cast(pl.String)
    sixth = prefix.str.contains(":", literal=True)
    return pl.select(pl.when(sixth).then(prefix + "::" + host).otherwise(prefix + "." + host)).to_series()
