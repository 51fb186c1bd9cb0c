from dataclasses import replace
from pathlib import Path

import pytest

from stream.bench import pictures
from stream.bench.compare import LEAK_HOURS
from stream.bench.detection import Trial, summary
from stream.bench.leverage import Leverage
from tests.bench.outcomes import outcome, trial

PNG = b"\x89PNG"
GROWING = tuple(at / 100 for at in range(len(LEAK_HOURS)))


def scored(*scores: tuple[float, bool]) -> Trial:
    """Ten accounts of a campaign and a hundred honest ones, of whom those with a score are named."""
    guilty = sum(is_guilty for _, is_guilty in scores)
    one = trial(1, outcome("sweep-1", 10, guilty), honest=len(scores) - guilty)
    return replace(one, found=replace(one.found, scores=tuple(sorted(scores))))


def test_the_curve_counts_from_the_highest_score_down_to_all_that_were_named() -> None:
    done = [scored((9.0, True), (8.0, False), (8.0, True), (7.0, True)), scored((8.5, True))]
    assert pictures.curve(done) == [(0.0, 0.0), (0.0, 0.05), (0.0, 0.1), (0.005, 0.15), (0.005, 0.2)]
    whole = summary(done)
    assert pictures.curve(done)[-1] == (whole.honest.share, whole.recall.share)


def test_where_nobody_was_named_the_curve_is_a_point() -> None:
    assert pictures.curve([scored()]) == [(0.0, 0.0)]


@pytest.mark.parametrize("worlds", [1, 3])
def test_every_picture_is_drawn_from_one_world_and_from_several(tmp_path: Path, worlds: int) -> None:
    done = [trial(seed, outcome("sweep-1", 10, 9, leaked=GROWING)) for seed in range(worlds)]
    moves = [Leverage("alerts.posterior", 0.95, {0.5: summary(done), 2.0: summary(done)}, 0, 0.0)]
    drawn = [
        pictures.draw_found(tmp_path, done),
        pictures.draw_ablation(tmp_path, {"as it is": done, "without place": done}),
        pictures.draw_sensitivity(tmp_path, done, moves),
    ]
    assert len({picture.file for picture in drawn}) == len(drawn)
    for picture in drawn:
        assert (tmp_path / picture.file).read_bytes().startswith(PNG)


def test_the_same_outcomes_are_the_same_picture(tmp_path: Path) -> None:
    done = [trial(1, outcome("sweep-1", 10, 9, leaked=GROWING))]
    first, second = (tmp_path / name for name in "ab")
    for folder in (first, second):
        folder.mkdir()
        pictures.draw_found(folder, done)
    assert (first / "detection.png").read_bytes() == (second / "detection.png").read_bytes()
