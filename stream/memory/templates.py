"""Templates: prompts of many accounts that are one text with other words in it.

The similarity hash of near-duplicates differs in few of its 64 bits (Charikar 2002; Manku et al. 2007),
but single 16-bit bands of it make poor links. So a band value that improbably many accounts share seeds
a centroid: the majority of each bit over those accounts, refined over everything near it. Every event
then belongs to the nearest centroid within a radius, however its slots are filled.

Fooled by: paraphrase of every prompt. Needs: prompt_simhash.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from stream.event.columns import Columns
from stream.windows.groups import Groups, distinct, order_by, runs
from stream.windows.slots import Column, Mask, SlotTable, evict_idle, mix
from stream.windows.tiles import DAY_MS

RADIUS: Final = 17
"""Bits: chance puts 1e-4 of unrelated prompts within 17 of 64 bits of a point (binomial)."""
COMMON_MS: Final = 7 * DAY_MS
"""Age at which a template is common ground."""
_CHANCE: Final = 3e-4  # of events within RADIUS of a point; prompts of one language are not independent
_EXCESS: Final = 10.0
_BANDS: Final = 4
_P_SEED: Final = 1e-6  # Poisson tail at which a band value is shared by improbably many
_MIN_ACCOUNTS: Final = 8
_MAX_SEEDS: Final = 200  # per band and search; the most shared first
_AGAIN: Final = 0.8
"""Share of a seed near something that was no template: it is that again, seen through another band."""
_WINDOW_MS: Final = 3 * DAY_MS
_IDLE_MS: Final = 28 * DAY_MS
_BITS: Final = np.arange(64, dtype=np.uint64)


class Chance(NamedTuple):
    """What chance alone brings near a point."""

    near: NDArray[np.float64]
    """Prompts of each account; shape (accounts,)."""
    often: float
    """Accounts with two or more, among those that do not have so many by their mere volume."""


class Templates:
    """Centroids, and the recent prompts that belong to none."""

    def __init__(self, stage: str, max_centroids: int, max_prompts: int) -> None:
        """`max_centroids`, `max_prompts`: rows held; the longest idle go first."""
        self._max_centroids, self._max_prompts = max_centroids, max_prompts
        self.centroids = SlotTable(
            stage, "centroids", {"first_ms": Column(np.int64), "last_ms": Column(np.int64)}
        )
        self.loose = SlotTable(
            stage,
            "loose_prompts",
            {"simhash": Column(np.uint64), "account": Column(np.uint64), "last_ms": Column(np.int64)},
        )
        self.tables = (self.centroids, self.loose)

    def assign(self, events: Columns) -> NDArray[np.uint64]:
        """Centroid of each event, 0 where it is near none; shape (n,). What is near none is kept a while."""
        simhash, found = events["simhash"], np.zeros(len(events["simhash"]), np.uint64)
        known = np.flatnonzero(simhash != 0)
        if len(self.centroids) and len(known):
            slot = _nearest(simhash[known], self.centroids.keys[: len(self.centroids)])
            near = slot >= 0
            found[known[near]] = self.centroids.keys[slot[near]]
            last = self.centroids["last_ms"]
            np.maximum.at(last, slot[near], events["time_ms"][known[near]])
            self.centroids.touch(distinct(slot[near]))
        self._keep(events, known[found[known] == 0])
        return found

    def _keep(self, events: Columns, rows: NDArray[np.int64]) -> None:
        keys = mix(events["simhash"][rows], events["account"][rows])
        first = Groups(keys).rows
        slots, _ = self.loose.claim(keys[first])
        for name, source in (("simhash", "simhash"), ("account", "account"), ("last_ms", "time_ms")):
            self.loose[name][slots] = events[source][rows[first]]

    def age_ms(self, values: NDArray[np.uint64], now_ms: int) -> NDArray[np.int64]:
        """Age of each centroid."""
        slots = self.centroids.find(values)
        if not len(self.centroids):
            return np.zeros(len(values), np.int64)
        return np.where(slots >= 0, now_ms - self.centroids["first_ms"][slots], 0)

    def search(self, now_ms: int) -> int:
        """Look for new centroids among the loose prompts of the last three days; how many were found."""
        self._expire(now_ms)
        # by key: the order of slots depends on what was evicted when
        order = order_by(self.loose.keys[: len(self.loose)])
        simhash, account = self.loose["simhash"][order], self.loose["account"][order]
        by_account = Groups(account)
        account = by_account.ids.astype(np.int32)
        free, found, chance = np.ones(len(order), np.bool_), 0, _chance(account)
        in_vain = np.zeros(len(order), np.bool_)
        for band in range(_BANDS):
            for shared in _seeds(simhash, account, by_account.order, free, band):
                seed = shared[free[shared]]
                if not len(seed) or in_vain[seed].mean() >= _AGAIN:
                    continue
                centroid, near = _grow(simhash, account, seed, chance)
                if centroid is None:
                    in_vain[near] = True
                else:
                    free &= np.bitwise_count(simhash ^ centroid) > RADIUS
                    found += self._add(centroid, now_ms)
        self.loose.retain(_scatter(order, free))
        return found

    def _add(self, centroid: np.uint64, now_ms: int) -> int:
        slots, made = self.centroids.claim(np.array([centroid], np.uint64))
        if made[0]:
            self.centroids["first_ms"][slots] = now_ms
        self.centroids["last_ms"][slots] = now_ms
        return int(made[0])

    def _expire(self, now_ms: int) -> None:
        self.loose.retain(self.loose["last_ms"] >= now_ms - _WINDOW_MS)
        evict_idle(self.loose, self._max_prompts)
        self.centroids.retain(self.centroids["last_ms"] >= now_ms - _IDLE_MS)
        evict_idle(self.centroids, self._max_centroids)


def _nearest(points: NDArray[np.uint64], centroids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Position of the nearest centroid within RADIUS, -1 for none; ties go to the smaller centroid."""
    order = np.argsort(centroids)
    nearest, best = np.full(len(points), -1, np.int64), np.full(len(points), RADIUS + 1, np.uint8)
    for i in order.tolist():
        distance = np.bitwise_count(points ^ centroids[i])
        closer = distance < best
        nearest[closer], best[closer] = i, distance[closer]
    return nearest


def _scatter(order: NDArray[np.int64], values: Mask) -> Mask:
    result = np.empty_like(values)
    result[order] = values
    return result


def _seeds(
    simhash: NDArray[np.uint64],
    account: NDArray[Any],
    by_account: NDArray[np.int64],
    free: Mask,
    band: int,
) -> list[NDArray[np.int64]]:
    """Prompts that share a band value which improbably many accounts share: their rows, most shared first.

    `by_account`: the order of rows by account; 16 bits are sorted in two passes, so it is made once.
    """
    value = (simhash >> np.uint64(16 * band)).astype(np.uint16)
    order = by_account[order_by(value[by_account])]
    counted = order if free.all() else order[free[order]]
    of_value = value[counted]
    accounts = np.bincount(of_value[runs(of_value, account[counted])], minlength=1 << 16)
    threshold = max(6, int(poisson.isf(_P_SEED, accounts.mean())) + 1)
    hot = np.flatnonzero(accounts >= threshold)
    hot = hot[np.argsort(-accounts[hot], kind="stable")][:_MAX_SEEDS]
    ordered = value[order]
    low, high = np.searchsorted(ordered, hot), np.searchsorted(ordered, hot, "right")
    return [np.sort(order[start:end]) for start, end in zip(low.tolist(), high.tolist(), strict=True)]


def _majority(simhash: NDArray[np.uint64], weight: NDArray[np.float64]) -> np.uint64:
    bits = ((simhash[:, None] >> _BITS) & np.uint64(1)).astype(np.float64)
    ones = (bits * weight[:, None]).sum(axis=0) > weight.sum() / 2
    return np.uint64((ones.astype(np.uint64) << _BITS).sum(dtype=np.uint64))


def _chance(account: NDArray[Any]) -> Chance:
    """What chance alone does, given how many prompts each account has."""
    near = np.bincount(account).astype(np.float64) * _CHANCE
    light = near[near * _EXCESS <= 2]
    return Chance(near, float((1 - np.exp(-light) * (1 + light)).sum()))


def _grow(
    simhash: NDArray[np.uint64], account: NDArray[Any], seed: NDArray[np.int64], chance: Chance
) -> tuple[np.uint64 | None, NDArray[np.int64]]:
    """Centroid refined twice from a seed, None where chance explains it or few accounts are near; what is."""
    near, first, centroid = seed, np.uint64(0), np.uint64(0)
    for step in range(3):
        prompts = np.bincount(account[near])
        if (prompts > 0).sum() < 6:
            return None, near
        centroid = _majority(simhash[near], 1.0 / prompts[account[near]])
        if step == 0:
            first, distance = centroid, np.bitwise_count(simhash ^ centroid)
        # a refined centroid lies a few bits off: what is near it was not far from the first
        may_be = np.flatnonzero(distance <= RADIUS + np.bitwise_count(first ^ centroid))
        near = may_be[np.bitwise_count(simhash[may_be] ^ centroid) <= RADIUS]
    prompts = np.bincount(account[near], minlength=len(chance.near))
    # an account with thousands of prompts is near everything twice: it counts by its excess
    often = (prompts >= 2) & (prompts >= _EXCESS * chance.near)
    too_few = (prompts > 0).sum() < _MIN_ACCOUNTS or often.sum() < 6 + 3 * chance.often
    return None if too_few else centroid, near
