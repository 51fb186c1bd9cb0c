from pathlib import Path

import pytest

from stream.bench.tuning import multiplied, numbers, scaled, with_tick
from stream.cases import hot
from stream.config import Links, Settings, links_path
from stream.links.kinds import load_kinds

SETTINGS = Settings()


def test_thresholds_margins_of_kinds_and_constants_are_numbers() -> None:
    found = numbers(SETTINGS)
    assert found["alerts.min_units"] == SETTINGS.alerts.min_units
    kinds = {kind.name: kind.extra_nats for kind in load_kinds(links_path(SETTINGS))}
    assert found["links.network.extra_nats"] == kinds["network"]
    assert "links.payment.extra_nats" not in found
    assert found["cases.hot._COUNTS"] == hot._COUNTS
    assert "alerts.decision_days" not in found


@pytest.mark.parametrize("factor", [0.75, 1.33])
def test_every_number_can_be_multiplied_and_moves_the_right_way(factor: float) -> None:
    for name, value in numbers(SETTINGS).items():
        moved = multiplied(value, factor)
        assert (abs(moved) > abs(value)) == (factor > 1), name
        assert isinstance(moved, int) == isinstance(value, int), name
        assert not 0 <= value < 1 or 0 <= moved < 1, name
        with scaled(name, factor, SETTINGS):
            assert numbers(SETTINGS)[name] == (moved if name.startswith(("cases", "evidence")) else value)


def test_a_threshold_is_another_setting() -> None:
    with scaled("alerts.threshold_nats", 1.5, SETTINGS) as settings:
        assert settings.alerts.threshold_nats == 1.5 * SETTINGS.alerts.threshold_nats
        assert settings.alerts.min_units == SETTINGS.alerts.min_units
        assert settings.windows == SETTINGS.windows


def test_a_margin_is_another_table_of_kinds(tmp_path: Path) -> None:
    table = tmp_path / "links.toml"
    table.write_text('[a]\nfields = ["network"]\nextra_nats = 4\nwhen = "refused"\n[b]\nfields = ["asn"]\n')
    own = Settings(links=Links(table=str(table)))
    a, b = load_kinds(table)
    with scaled("links.a.extra_nats", 0.75, own) as settings:
        assert load_kinds(links_path(settings)) == (a.model_copy(update={"extra_nats": 3.0}), b)


def test_no_name_changes_nothing() -> None:
    with scaled(None, 2.0, SETTINGS) as settings:
        assert settings is SETTINGS


def test_a_tick_can_be_set() -> None:
    assert with_tick(SETTINGS, 300).windows.tick_s == 300
