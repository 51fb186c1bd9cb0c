from pathlib import Path

import pytest

from stream.config import Settings, links_path
from stream.errors import StateError
from stream.runtime.origin import check_origin, check_whole, origin

KINDS = links_path(Settings()).read_text()


def with_kinds(path: Path, text: str) -> Settings:
    path.write_text(text)
    default = Settings()
    return default.model_copy(update={"links": default.links.model_copy(update={"table": str(path)})})


def test_the_same_settings_are_the_same_origin() -> None:
    check_origin(origin(Settings()), origin(Settings()), "log")


def test_a_changelog_of_before_origins_passes() -> None:
    check_origin({}, origin(Settings()), "log")


def test_weights_of_a_kind_may_change(tmp_path: Path) -> None:
    tuned = with_kinds(tmp_path / "links.toml", KINDS.replace("extra_nats = 4", "extra_nats = 5"))
    check_origin(origin(Settings()), origin(tuned), "log")


def test_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    more = with_kinds(tmp_path / "links.toml", f'{KINDS}\n[badge]\nfields = ["asn"]\n')
    with pytest.raises(
        StateError, match=r"log was made with other link kinds \(badge\): bring back their table"
    ):
        check_origin(origin(Settings()), origin(more), "log")


def test_another_order_is_refused(tmp_path: Path) -> None:
    first, _, rest = KINDS[KINDS.index("\n[") + 1 :].partition("\n[")
    turned = with_kinds(tmp_path / "links.toml", f"[{rest}\n{first}\n")
    with pytest.raises(StateError, match="in another order"):
        check_origin(origin(Settings()), origin(turned), "log")


def test_state_of_another_application_is_refused() -> None:
    mine = origin(Settings())
    with pytest.raises(StateError, match=r"belongs to kafka\.application_id theirs, not shoal"):
        check_origin({**mine, "application": "theirs"}, mine, "log")


@pytest.mark.parametrize("positions", [{}, {"requests-0": 6}])
def test_a_group_that_is_ahead_of_the_state_is_refused(positions: dict[str, int]) -> None:
    with pytest.raises(
        StateError, match=r"requests-0 was read up to 7, but the state in log is at (6|nothing)"
    ):
        check_whole(positions, {"requests-0": 7}, "log")


def test_state_that_is_ahead_of_what_the_group_had_is_whole() -> None:
    """Offsets of a group may be forgotten, or older than the state."""
    check_whole({"requests-0": 8, "requests-1": 1}, {"requests-0": 7}, "log")


def test_another_stretch_of_time_makes_other_values(tmp_path: Path) -> None:
    token = '[token]\nfields = ["object"]\nwithin_s = 900\n'
    quarter = with_kinds(tmp_path / "quarter.toml", token)
    hour = with_kinds(tmp_path / "hour.toml", token.replace("900", "3600"))
    with pytest.raises(StateError, match=r"\(token\)"):
        check_origin(origin(quarter), origin(hour), "log")
