"""The fit of the table of weights."""

from pathlib import Path

import numpy as np
import orjson

from stream.evidence import LIKENESS, PIECES
from tests.learning.fitting import Look, fitted, labels

RNG = np.random.default_rng(5)


FEATURES = (*PIECES, *LIKENESS)


def look(guilty: bool, group: str = "b", able: bool = True, **nats: float) -> Look:
    values = RNG.uniform(0, 1, len(FEATURES))
    for name, shift in nats.items():
        values[FEATURES.index(name)] += shift
    whose = "campaign/a" if guilty else f"honest/{group}"
    return Look(0, whose, int(RNG.integers(1 << 40)), guilty, values, able, np.empty(0))


def test_what_tells_campaigns_apart_weighs_most_and_nothing_weighs_less_than_a_tenth() -> None:
    world = [look(True, alike=2.0) for _ in range(200)] + [look(False, young=2.0) for _ in range(200)]
    table = fitted([world])
    greatest = max(table.of(name) for name in PIECES)
    assert table.of("alike") == greatest
    assert table.of("young") < 0.2 * greatest
    assert all(table.of(name) >= 0.05 * greatest for name in PIECES)
    assert all(table.of(name) < 0.5 * greatest for name in LIKENESS)


def test_in_every_fourth_world_an_honest_group_gets_over_the_threshold() -> None:
    worlds = [
        [look(True, same_model=2.0) for _ in range(50)]
        + [look(False, str(n % 5), same_model=float(RNG.uniform(0, 2))) for n in range(50)]
        + [look(False, "barred", able=False, same_model=9.0)]
        for _ in range(8)
    ]
    table, over = fitted(worlds), set()
    for number, world in enumerate(worlds):
        for seen in world:
            weighed = sum(table.of(name) * nats for name, nats in zip(FEATURES, seen.nats, strict=True))
            if not seen.guilty and seen.able and table.bias + weighed > 0:
                over.add((number, seen.group))
    assert len(over) == 2


def test_either_truth_is_read(tmp_path: Path) -> None:
    file = tmp_path / "truth.json"
    told = {"a": "honest/firm", "b": {"population": "class", "campaign": None}, "c": {"campaign": "x"}}
    file.write_bytes(orjson.dumps({"accounts": told}))
    assert labels(file) == {"a": "honest/firm", "b": "honest/class", "c": "campaign/x"}
