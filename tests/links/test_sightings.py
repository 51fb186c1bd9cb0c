"""What every kind of link has to keep, by standing in the table: its values, and who was seen with them."""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest

from stream.config import Windows, config_path
from stream.event.columns import Columns, take
from stream.event.fields import EVENT, SCHEMA
from stream.links.kinds import DERIVED, FLAGS, LinkKind, load_kinds
from stream.links.sightings import TILE_MS, link_values, merged, sight
from stream.stages.accounts import Accounts
from tests.memory.columns import START_MS, columns

KINDS = load_kinds(config_path("links.toml"))
TEN_MINUTES_MS = 600_000
ALL = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
COUNT = 200


def events(seed: int = 0) -> Columns:
    """Events with every column that a kind may ask for, a third of the values absent."""
    rng = np.random.default_rng(seed)
    names = {part for kind in KINDS for field in kind.fields for part in field.split("|")}
    values = {
        name: np.where(rng.random(COUNT) < 0.33, 0, rng.integers(1, 4, COUNT)).astype(np.uint64)
        for name in names
    }
    flags = {name: rng.random(COUNT) < 0.5 for name in FLAGS}
    counts = {name: rng.integers(0, 2000, COUNT) for name in ("log_in", "log_out")}
    made = columns(
        account=rng.integers(1, 9, COUNT), time_ms=START_MS + np.sort(rng.integers(0, 2 * TILE_MS, COUNT))
    )
    return made | values | flags | counts | {"streamed": flags["refused"], "foreign": flags["orphaned"]}


def parts(kind: LinkKind, made: Columns, row: int) -> tuple[int, ...]:
    """The values that a row's link is made of: of each field the first alternative that is present."""
    found = []
    for field in kind.fields:
        present = [int(made[name][row]) for name in field.split("|") if made[name][row]]
        found.append(present[0] if present else 0)
    return tuple(found)


@ALL
def test_a_kind_says_nothing_where_a_field_is_absent(kind: LinkKind) -> None:
    made = events()
    for row, value in enumerate(link_values(kind, made).tolist()):
        says = all(parts(kind, made, row)) and (kind.when is None or bool(made[kind.when][row]))
        assert (value != 0) is says


@ALL
def test_the_same_fields_are_the_same_value_and_others_another(kind: LinkKind) -> None:
    made = events()
    values = link_values(kind, made).tolist()
    seen = {(parts(kind, made, row), value) for row, value in enumerate(values) if value}
    assert seen
    assert len({of for of, _ in seen}) == len({value for _, value in seen}) == len(seen)


@ALL
def test_the_value_of_a_row_does_not_depend_on_other_rows(kind: LinkKind) -> None:
    made, order = events(), np.random.default_rng(1).permutation(COUNT)
    whole = link_values(kind, made)
    assert link_values(kind, take(made, order)).tolist() == whole[order].tolist()
    assert link_values(kind, take(made, np.arange(7))).tolist() == whole[:7].tolist()


@ALL
def test_a_kind_has_all_its_columns_from_the_accounts_stage(kind: LinkKind) -> None:
    names = {part for field in kind.fields for part in field.split("|")}
    assert names <= {*SCHEMA, *DERIVED}
    assert kind.when is None or kind.when in FLAGS


def test_sightings_are_sums_by_link_account_and_tile() -> None:
    made = events()
    rows = sight(KINDS, made)
    expected: Counter[tuple[int, ...]] = Counter()
    sums: Counter[tuple[int, ...]] = Counter()
    for number, kind in enumerate(KINDS):
        for row, value in enumerate(link_values(kind, made).tolist()):
            if value:
                key = (number, value, int(made["account"][row]), int(made["time_ms"][row]) // TILE_MS)
                expected[key] += 1
                sums[key] += int(made["log_in"][row])
    keys = rows.select("kind", "value", "account", "tile").rows()
    assert keys == sorted(keys)
    assert dict(zip(keys, rows["events"].to_list(), strict=True)) == dict(expected)
    assert dict(zip(keys, rows["log_in"].to_list(), strict=True)) == dict(sums)
    assert (rows["first_ms"] <= rows["last_ms"]).all()


def test_a_sighting_tells_how_many_of_its_events_are_of_its_newest_ten_minutes() -> None:
    made = events()
    rows = sight(KINDS, made)
    expected: Counter[tuple[int, ...]] = Counter()
    newest = {row[:4]: row[4] for row in rows.select("kind", "value", "account", "tile", "last_ms").rows()}
    for number, kind in enumerate(KINDS):
        for row, value in enumerate(link_values(kind, made).tolist()):
            time_ms = int(made["time_ms"][row])
            key = (number, value, int(made["account"][row]), time_ms // TILE_MS)
            if value:
                expected[key] += time_ms // TEN_MINUTES_MS == newest[key] // TEN_MINUTES_MS
    assert dict(zip(newest, rows["latest"].to_list(), strict=True)) == dict(expected)
    assert (rows["latest"] < rows["events"]).any()


def test_sightings_of_slices_are_those_of_all() -> None:
    made, slice_ = events(), np.random.default_rng(3).integers(0, 3, COUNT)
    parts = [sight(KINDS, take(made, np.flatnonzero(slice_ == number))) for number in range(3)]
    assert merged(parts).equals(sight(KINDS, made))


def test_sightings_have_no_order() -> None:
    made, order = events(), np.random.default_rng(2).permutation(COUNT)
    assert sight(KINDS, take(made, order)).equals(sight(KINDS, made))


def test_events_that_share_nothing_are_no_sightings() -> None:
    made = {name: values[:0] for name, values in events().items()}
    rows = sight(KINDS, made)
    assert rows.height == 0
    assert rows.columns == sight(KINDS, events()).columns


# Through the accounts stage, from bare events.

BARE: dict[str, Any] = {
    "payment": [11] * 3,
    "org": [5] * 3,
    "created_ms": [START_MS - 86_400_000] * 3,
    "network": [21] * 3,
    "asn": [22] * 3,
    "ja4": [23] * 3,
    "user_agent": [24] * 3,
    "params": [25] * 3,
    "tools": [26] * 3,
    "prefix": [27] * 3,
    "body": [28] * 3,
    "safety": [29] * 3,
    "status": [200] * 3,
}


def kinds_seen(made: Columns) -> set[str]:
    accounts = Accounts(Windows(), KINDS)
    ids = pl.Series([f"acc-{account}" for account in made["account"].tolist()])
    accounts.absorb(made, ids)
    (block,) = (block for block in accounts.tick(START_MS + 3_600_000) if block.table == "sightings")
    return {KINDS[number].name for number in block.rows["kind"].unique().to_list()}


def test_bare_events_share_nothing() -> None:
    assert kinds_seen(columns(account=[1, 2, 3])) == set()


@ALL
def test_a_kind_is_silent_without_its_fields(kind: LinkKind) -> None:
    """Taking all the columns away that a kind is made of leaves no sighting of it."""
    lost = {field.name for field in EVENT if field.record in kind.records()}
    assert kind.name not in kinds_seen(columns(**{n: v for n, v in BARE.items() if n not in lost}))


def test_plain_fields_make_their_kinds() -> None:
    seen = kinds_seen(columns(**BARE))
    plain = {kind.name for kind in KINDS if kind.when is None and "template" not in kind.fields}
    assert plain <= seen
    assert "refusals" in seen


def test_a_synchrony_token_is_shared_by_who_meets_within_one_stretch_of_time() -> None:
    token = LinkKind(name="synchrony", fields=("object",), within_s=900)
    start = START_MS - START_MS % 900_000
    made = columns(time_ms=start + np.array([0, 899_999, 900_000, 0, 0]), account=np.arange(1, 6))
    made["object"] = np.array([7, 7, 7, 8, 0], np.uint64)
    first, same, later, other, absent = link_values(token, made).tolist()
    assert first == same
    assert absent == 0
    assert len({first, later, other, absent}) == 4
