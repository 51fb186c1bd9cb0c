"""Tables of weights: promoted, read back, refused where wrong."""

from pathlib import Path

import pytest

from stream.config import Alerts, Settings, digest
from stream.errors import ConfigError
from stream.evidence import LIKENESS, PIECES
from stream.learning.verdicts import VerdictLearner
from stream.learning.weights import CANDIDATES, Weights, load_weights


def taught(start: Weights | None = None, lessons: int = 40) -> VerdictLearner:
    learner = VerdictLearner(start)
    for i in range(lessons):
        learner.learn({"young": 4.0, "alike": 3.0}, True, i)
        learner.learn({"young": 4.0, "place": 1.0}, False, i)
    return learner


def promoted(learner: VerdictLearner, folder: Path) -> Weights:
    file = folder / "weights.toml"
    file.write_text(learner.as_toml())
    return load_weights(str(file))


def test_a_promoted_table_says_what_the_learner_said(tmp_path: Path) -> None:
    learner = taught()
    anew = VerdictLearner(promoted(learner, tmp_path))
    nats = {"young": 4.0, "alike": 2.0, "breadth": 1.0}
    assert learner.probability(nats) != pytest.approx(VerdictLearner().probability(nats), rel=0.01)
    assert anew.probability(nats) == pytest.approx(learner.probability(nats), rel=1e-3)
    assert anew.standing == 0


def test_bounds_hold_around_the_promoted_table(tmp_path: Path) -> None:
    start = promoted(taught(), tmp_path)
    learner = taught(start, lessons=500)
    for name in ("young", "alike", "place"):
        assert 1 / 1.5 - 1e-9 <= learner.table().of(name) / start.of(name) <= 1.5 + 1e-9
    assert abs(learner.table().bias - start.bias) <= 1 + 1e-9


def test_every_piece_is_in_the_file(tmp_path: Path) -> None:
    by_piece = dict(promoted(VerdictLearner(), tmp_path).by_piece)
    assert set(by_piece) == {*PIECES, *LIKENESS, *CANDIDATES}
    assert all(weight == Weights().of(name) for name, weight in by_piece.items())


def test_the_digest_follows_the_content_of_the_table(tmp_path: Path) -> None:
    first, copy, other = (tmp_path / name for name in ("a.toml", "b.toml", "c.toml"))
    first.write_text("bias = -4.0\n")
    copy.write_text("bias = -4.0\n")
    other.write_text("bias = -3.5\n")
    told = [digest(Settings(alerts=Alerts(weights=str(path)))) for path in (first, copy, other)]
    assert told[0] == told[1]
    assert len({*told, digest(Settings())}) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("bias = 1.0", "bias"),
        ("bais = -4.0", "bais"),
        ("[weights]\nyoung = 1.2", "weights.young"),
        ("[weights]\nyoung = -0.1", "weights.young"),
        ("[weights]\nyoung = nan", "weights.young"),
        ("[weights]\nold = 0.4", "old is none of"),
        ("not toml", "weights "),
    ],
)
def test_a_wrong_table_is_refused_with_its_key(content: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=told):
        load_weights(str(file))


def test_a_missing_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="/nowhere"):
        load_weights("/nowhere/weights.toml")


def test_what_was_learned_from_another_table_is_left(tmp_path: Path) -> None:
    stored = taught().plain()
    anew = VerdictLearner(promoted(taught(), tmp_path))
    untaught = anew.plain()
    anew.restore(stored)
    assert anew.plain() == untaught
