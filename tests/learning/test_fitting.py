"""The fit of the table of weights."""

from pathlib import Path

import numpy as np
import orjson

from stream.evidence import PIECES
from tests.learning.fitting import Look, fitted, labels

RNG = np.random.default_rng(5)


def look(guilty: bool, **nats: float) -> Look:
    values = RNG.uniform(0, 1, len(PIECES))
    for name, shift in nats.items():
        values[PIECES.index(name)] += shift
    return Look(0, "campaign/a" if guilty else "honest/b", int(RNG.integers(1 << 40)), guilty, values)


def test_what_tells_campaigns_apart_weighs_most_and_nothing_weighs_less_than_a_tenth() -> None:
    world = [look(True, alike=2.0) for _ in range(200)] + [look(False, young=2.0) for _ in range(200)]
    table = fitted([world])
    greatest = max(table.of(name) for name in PIECES)
    assert table.of("alike") == greatest
    assert table.of("young") < 0.2 * greatest
    assert all(table.of(name) >= 0.05 * greatest for name in PIECES)
    assert table.bias < 0


def test_either_truth_is_read(tmp_path: Path) -> None:
    file = tmp_path / "truth.json"
    told = {"a": "honest/firm", "b": {"population": "class", "campaign": None}, "c": {"campaign": "x"}}
    file.write_bytes(orjson.dumps({"accounts": told}))
    assert labels(file) == {"a": "honest/firm", "b": "honest/class", "c": "campaign/x"}
