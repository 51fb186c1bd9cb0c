"""Near-duplicate prompts of many accounts."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import stream.memory.templates as module
from stream.blocks import decode, encode
from stream.event.columns import Columns
from stream.memory.templates import RADIUS, Templates
from tests.memory.columns import START_MS, columns

DAY_MS = 86_400_000


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def unrelated(count: int, seed: int = 1) -> NDArray[np.uint64]:
    return chance(seed).integers(1, 2**64, count, np.uint64, endpoint=False)


def variants(count: int, seed: int = 2, flips: int = 5) -> NDArray[np.uint64]:
    """One prompt with a few other bits each time."""
    rng, found = chance(seed), np.full(count, unrelated(1, seed)[0])
    for i in range(count):
        for bit in rng.choice(64, flips, replace=False).tolist():
            found[i] ^= np.uint64(1) << np.uint64(bit)
    return found


def prompts(simhash: NDArray[np.uint64], account: Any) -> Columns:
    return columns(simhash=simhash, account=account)


def templates(max_prompts: int = 10_000) -> Templates:
    return Templates("accounts", 64, max_prompts)


def background(memory: Templates) -> None:
    memory.assign(prompts(unrelated(1500), 1000 + np.arange(1500) // 5))


def test_near_duplicates_of_many_accounts_become_a_template() -> None:
    memory, pool = templates(), variants(120)
    background(memory)
    assert not memory.assign(prompts(pool, np.arange(120) % 30)).any(), "nothing is known yet"
    assert memory.search(START_MS + DAY_MS) == 1
    found = memory.assign(prompts(pool, np.arange(120) % 30))
    assert len(np.unique(found)) == 1
    assert found.all()
    assert np.bitwise_count(pool ^ found).max() <= RADIUS


def test_two_texts_are_two_templates() -> None:
    memory = templates()
    background(memory)
    for seed in (2, 3):
        memory.assign(prompts(variants(120, seed), seed * 10_000 + np.arange(120) % 30))
    assert memory.search(START_MS + DAY_MS) == 2
    found = memory.assign(prompts(np.concatenate([variants(9, 2), variants(9, 3)]), np.arange(18)))
    assert len(np.unique(found[:9])) == len(np.unique(found[9:])) == 1
    assert found[0] != found[-1]


def test_what_was_no_template_is_not_tried_again_from_another_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven accounts are too few, and their prompts share the values of three bands."""
    tried = []

    def grow(*given: Any) -> Any:
        tried.append(given)
        return grown(*given)

    grown = module._grow
    monkeypatch.setattr(module, "_grow", grow)
    memory = templates()
    background(memory)
    few = np.full(70, unrelated(1, 5)[0]) ^ chance(6).integers(0, 1 << 10, 70, np.uint64)
    memory.assign(prompts(few, 5000 + np.arange(70) % 7))
    assert memory.search(START_MS + DAY_MS) == 0
    assert len(tried) == 1


def test_unrelated_prompts_are_no_template() -> None:
    memory = templates()
    background(memory)
    assert memory.search(START_MS + DAY_MS) == 0
    assert not memory.assign(prompts(unrelated(200, 9), np.arange(200))).any()


def test_one_accounts_own_prompts_are_no_template() -> None:
    memory = templates()
    background(memory)
    memory.assign(prompts(variants(300), np.ones(300)))
    assert memory.search(START_MS + DAY_MS) == 0


def test_an_unknown_prompt_belongs_to_none() -> None:
    memory = templates()
    assert not memory.assign(columns(account=[1, 2])).any()
    assert len(memory.loose) == 0


def test_the_search_has_no_order() -> None:
    simhash = np.concatenate([unrelated(800), variants(100, 2), variants(100, 3)])
    account = np.concatenate([1000 + np.arange(800) // 4, np.arange(100) % 25, 500 + np.arange(100) % 25])
    found = []
    for order in (np.arange(1000), chance(4).permutation(1000), np.arange(1000)[::-1]):
        memory = templates()
        for part in np.array_split(order, 7):
            memory.assign(prompts(simhash[part], account[part]))
        memory.search(START_MS + DAY_MS)
        found.append(sorted(memory.centroids.keys[: len(memory.centroids)].tolist()))
    assert found[0]
    assert found[0] == found[1] == found[2]


def test_a_template_ages_from_its_discovery() -> None:
    memory = templates()
    background(memory)
    memory.assign(prompts(variants(120), np.arange(120) % 30))
    memory.search(START_MS + DAY_MS)
    found = memory.assign(prompts(variants(1), [1]))
    assert memory.age_ms(found, START_MS + 3 * DAY_MS).tolist() == [2 * DAY_MS]
    assert memory.age_ms(np.zeros(1, np.uint64), START_MS + 3 * DAY_MS).tolist() == [0]
    assert templates().age_ms(found, START_MS).tolist() == [0]


def test_old_prompts_and_idle_templates_are_forgotten() -> None:
    memory = templates()
    background(memory)
    memory.assign(prompts(variants(120), np.arange(120) % 30))
    memory.search(START_MS + DAY_MS)
    memory.search(START_MS + 10 * DAY_MS)
    assert len(memory.loose) == 0
    assert len(memory.centroids) == 1
    memory.search(START_MS + 40 * DAY_MS)
    assert len(memory.centroids) == 0


def test_the_limits_hold() -> None:
    memory = templates(max_prompts=100)
    background(memory)
    memory.search(START_MS + DAY_MS)
    assert len(memory.loose) <= 100


def test_stored_templates_find_the_same() -> None:
    memory, copy = templates(), templates()
    background(memory)
    memory.assign(prompts(variants(120), np.arange(120) % 30))
    for table, other in zip(memory.tables, copy.tables, strict=True):
        for block in table.snapshot():
            other.restore(decode(block.stage, block.table, block.whole, encode(block)))
    assert memory.search(START_MS + DAY_MS) == copy.search(START_MS + DAY_MS) == 1
    again = prompts(variants(10), np.arange(10))
    assert memory.assign(again).tolist() == copy.assign(again).tolist()
