from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.config import Alerts, Intake, Settings, Windows, links_path
from stream.errors import StateError
from stream.runtime.origin import check_origin, check_whole, origin

KINDS = links_path(Settings()).read_text()


def with_kinds(path: Path, text: str) -> Settings:
    path.write_text(text)
    default = Settings()
    return default.model_copy(update={"links": default.links.model_copy(update={"table": str(path)})})


def keyed(key: str, tick_s: float = 3600.0) -> Settings:
    return Settings(intake=Intake(hash_key=SecretStr(key)), windows=Windows(tick_s=tick_s))


def test_the_same_settings_are_the_same_origin() -> None:
    check_origin(origin(Settings()), origin(Settings()), "log")


def test_a_changelog_of_before_origins_passes() -> None:
    check_origin({}, origin(Settings()), "log")


def test_weights_of_a_kind_may_change(tmp_path: Path) -> None:
    tuned = with_kinds(tmp_path / "links.toml", KINDS.replace("extra_nats = 4", "extra_nats = 5"))
    check_origin(origin(Settings()), origin(tuned), "log")


def test_what_only_bounds_or_judges_may_change() -> None:
    tuned = Settings(windows=Windows(max_accounts=9), alerts=Alerts(threshold_nats=20.0))
    check_origin(origin(Settings()), origin(tuned), "log")


def test_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    more = with_kinds(tmp_path / "links.toml", f'{KINDS}\n[badge]\nfields = ["asn"]\n')
    with pytest.raises(
        StateError, match=r"log was made with other link kinds \(badge\) of links\.table: go back to that, or"
    ):
        check_origin(origin(Settings()), origin(more), "log")


def test_another_order_is_refused(tmp_path: Path) -> None:
    first, _, rest = KINDS[KINDS.index("\n[") + 1 :].partition("\n[")
    turned = with_kinds(tmp_path / "links.toml", f"[{rest}\n{first}\n")
    with pytest.raises(StateError, match="in another order"):
        check_origin(origin(Settings()), origin(turned), "log")


def test_state_of_another_application_is_refused() -> None:
    mine = origin(Settings())
    with pytest.raises(StateError, match=r"was made with kafka\.application_id theirs, not shoal: go back"):
        check_origin({**mine, "application": "theirs"}, mine, "log")


def test_all_that_differs_is_told_at_once() -> None:
    with pytest.raises(StateError, match=r"another intake\.hash_key, windows\.tick_s 3600, not 300: go back"):
        check_origin(origin(keyed("a-key-of-our-own")), origin(keyed("another-of-our-own", 300.0)), "log")


def test_a_key_that_was_forgotten_is_told_as_such() -> None:
    with pytest.raises(StateError, match=r"another intake\.hash_key, and now it is the development key: go"):
        check_origin(origin(keyed("a-key-of-our-own")), origin(Settings()), "log")


def test_a_key_is_not_stored() -> None:
    made = origin(keyed("a-key-of-our-own"))
    assert made != origin(keyed("another-of-our-own"))
    assert "a-key-of-our-own" not in str(made)


def test_what_a_newer_release_stores_beside_passes() -> None:
    check_origin(origin(Settings()) | {"more": "1"}, origin(Settings()), "log")


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
