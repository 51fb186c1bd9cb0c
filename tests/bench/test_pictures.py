"""Pictures of the bench, from outcomes made by hand."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from stream.bench import pictures, suite
from stream.bench.compare import LEAK_HOURS
from stream.bench.detection import Trial
from stream.bench.runs import AS_IT_IS
from stream.config import Settings
from tests.bench.outcomes import outcome, trial


def told(seed: int, scores: tuple[tuple[float, bool], ...] = ()) -> Trial:
    leaked = tuple(hours / LEAK_HOURS[-1] / 2 for hours in LEAK_HOURS)
    ramped = replace(outcome("relay-1", 10, 2, staggered_days=5), leaked=leaked)
    one = trial(seed, replace(outcome("sweep-1", 30, 27), leaked=leaked), ramped, honest=1)
    return replace(one, found=replace(one.found, scores=scores))


def size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its first chunk (PNG specification, section 11.2.2)."""
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_curve_counts_accounts_from_the_highest_score_down_and_equal_ones_together() -> None:
    done = [told(1, ((12.0, False), (12.0, True), (30.0, True))), told(2, ((20.0, True),))]
    # 80 campaign accounts and 200 honest ones in both worlds
    assert pictures.curve(done) == [(0.0, 0.0), (0.0, 1 / 80), (0.0, 2 / 80), (1 / 200, 3 / 80)]


def test_the_curve_of_nobody_named_is_its_origin() -> None:
    assert pictures.curve([told(1)]) == [(0.0, 0.0)]


@pytest.mark.parametrize("worlds", [1, 3])
def test_what_was_found_and_what_leaked_is_drawn(tmp_path: Path, worlds: int) -> None:
    done = [told(seed, ((12.0, False), (30.0, True))) for seed in range(worlds)]
    picture = pictures.draw_found(tmp_path, done)
    width, height = size(tmp_path / picture.file)
    assert width > height > 400
    assert picture.caption.endswith(".")


def test_the_same_outcomes_are_the_same_picture(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append((tmp_path / name / pictures.draw_found(tmp_path / name, [told(1)]).file).read_bytes())
    assert files[0] == files[1]


def test_more_families_make_a_higher_picture(tmp_path: Path) -> None:
    heights = []
    for families in (2, 8):
        named = {AS_IT_IS: [told(1)]} | {f"without {n}": [told(1)] for n in range(families)}
        heights.append(size(tmp_path / pictures.draw_ablation(tmp_path, named).file)[1])
    assert heights[0] < heights[1]


def test_without_matplotlib_nothing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "is_possible", lambda: False)
    assert suite.all_pictures(suite.Measured([told(1)], {}, Settings()), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_worlds_as_they_are_have_one_picture(tmp_path: Path) -> None:
    (drawn,) = suite.all_pictures(suite.Measured([told(1)], {}, Settings()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [drawn.file]
