"""Leak check: does one figure of single accounts give the campaigns away?

A world in which it does is too easy: a threshold would find what only the group should show.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.strangers.exchanges import Columns
from tests.strangers.shapes import DAY_MS, HOUR_MS, Flags, Floats, Ints
from tests.strangers.world import World

HONEST_SHARE: Final = 0.001
"""Honest accounts that a threshold may hit."""
FEWEST: Final = 20
"""Exchanges from which an account has figures; below, all are noise."""


def separations(world: World, columns: Columns) -> dict[str, float]:
    """Share of campaign accounts beyond every figure's threshold, on its better side."""
    columns = _from_theft_on(world, columns)
    guilty = np.array([account.campaign >= 0 for account in world.accounts])
    enough = np.bincount(columns["account"], minlength=len(guilty)) >= FEWEST
    return {
        name: max(beyond(values[enough], guilty[enough]), beyond(-values[enough], guilty[enough]))
        for name, values in figures(world, columns).items()
    }


def beyond(values: Floats, guilty: Flags) -> float:
    """Share of the guilty strictly above all but one in a thousand of the others."""
    others = np.sort(values[~guilty])
    if not len(others) or not guilty.any():
        return 0.0
    threshold = others[-1 - int(len(others) * HONEST_SHARE)]
    return float((values[guilty] > threshold).mean())


def _from_theft_on(world: World, columns: Columns) -> Columns:
    """Without a stolen account's honest past."""
    stolen = np.array([account.population == "stolen" for account in world.accounts])
    keep = ~stolen[columns["account"]] | (columns["campaign"] >= 0)
    return {name: values[keep] for name, values in columns.items()}


def figures(world: World, columns: Columns) -> dict[str, Floats]:
    """One value for each account and figure."""
    account, count = columns["account"].astype(np.int64), len(world.accounts)
    total = np.maximum(np.bincount(account, minlength=count), 1)
    day = (columns["time_ms"] // DAY_MS).astype(np.int64)
    hour = (columns["time_ms"] // HOUR_MS % 24).astype(np.int64)
    active = distinct(account, day, count)

    def share(flags: NDArray[np.bool_]) -> Floats:
        return np.bincount(account, weights=flags.astype(float), minlength=count) / total

    def mean(values: NDArray[np.generic]) -> Floats:
        return np.bincount(account, weights=values.astype(float), minlength=count) / total

    cards = np.array([one.payment for one in world.accounts], dtype=np.uint64)
    _, card, holders = np.unique(cards, return_inverse=True, return_counts=True)
    spent = np.log1p(columns["input_tokens"]), np.log1p(columns["output_tokens"])
    known = np.isin(columns["prev"], columns["next"])
    return {
        "exchanges": total.astype(float),
        "exchanges a day": total / np.maximum(active, 1),
        "days": active,
        "hours": distinct(account, hour, count),
        "hours a day": distinct(account, day * 24 + hour, count) / np.maximum(active, 1),
        "night": share(hour < 6),
        "weekend": share((day + 3) % 7 >= 5),
        "gap spread": _spread(account, columns["time_ms"], count),
        "day spread": _day_spread(account, day, count),
        "tokens in": mean(spent[0]),
        "tokens out": mean(spent[1]),
        "tokens in spread": np.sqrt(np.maximum(mean(spent[0] ** 2) - mean(spent[0]) ** 2, 0)),
        "tokens out spread": np.sqrt(np.maximum(mean(spent[1] ** 2) - mean(spent[1]) ** 2, 0)),
        "ranges": distinct(account, columns["range"], count),
        "operators": distinct(account, np.array(world.atlas.asns)[columns["range"]], count),
        "clients": distinct(account, columns["client"], count),
        "models": distinct(account, columns["model"], count),
        "parameters": distinct(account, columns["params"], count),
        "heads": distinct(account, columns["prefix"], count),
        "heads an exchange": distinct(account, columns["prefix"], count) / total,
        "bodies an exchange": distinct(account, columns["body"], count) / total,
        "texts an exchange": distinct(account, columns["simhash"], count) / total,
        "depth": mean(columns["message_count"]),
        "no history": share(columns["prev"] == 0),
        "unknown history": share((columns["prev"] != 0) & ~known),
        "failures": share(columns["status"] != 200),
        "refusals": share(columns["safety"] != 0),
        "streamed": share(columns["stream"]),
        "tools": share(columns["tools"] != 0),
        "age": -np.array([one.created_ms for one in world.accounts], dtype=float),
        "accounts on its card": np.where(cards == 0, 1, holders[card]).astype(float),
        "begins": np.array(_first(account, columns["time_ms"], count), dtype=float),
    }


def distinct(account: Ints, values: NDArray[np.generic], count: int) -> Floats:
    """How many different values each account has."""
    _, codes = np.unique(values, return_inverse=True)
    pairs = np.unique(account * (int(codes.max(initial=0)) + 1) + codes)
    return np.bincount(pairs // (int(codes.max(initial=0)) + 1), minlength=count).astype(float)


def _spread(account: Ints, time_ms: Ints, count: int) -> Floats:
    """Coefficient of variation of the gaps between an account's exchanges (`time_ms` ascends)."""
    order = np.argsort(account, kind="stable")
    gaps, same = np.diff(time_ms[order]).astype(float), np.diff(account[order]) == 0
    owner = account[order][1:][same]
    total = np.maximum(np.bincount(owner, minlength=count), 1)
    first = np.bincount(owner, weights=gaps[same], minlength=count) / total
    second = np.bincount(owner, weights=gaps[same] ** 2, minlength=count) / total
    return np.sqrt(np.maximum(second - first**2, 0)) / np.maximum(first, 1)


def _day_spread(account: Ints, day: Ints, count: int) -> Floats:
    """Coefficient of variation of the exchanges of an account's active days."""
    pairs, counts = np.unique(account * 100_000 + day, return_counts=True)
    owner = pairs // 100_000
    days = np.maximum(np.bincount(owner, minlength=count), 1)
    first = np.bincount(owner, weights=counts, minlength=count) / days
    second = np.bincount(owner, weights=counts.astype(float) ** 2, minlength=count) / days
    return np.sqrt(np.maximum(second - first**2, 0)) / np.maximum(first, 1)


def _first(account: Ints, time_ms: Ints, count: int) -> Ints:
    first = np.zeros(count, np.int64)
    found, place = np.unique(account, return_index=True)
    first[found] = time_ms[place]
    return first
