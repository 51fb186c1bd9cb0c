import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.config import Intake, Kafka, Links, Settings, Windows, as_toml, config_path, digest, load, table
from stream.errors import ConfigError

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SHOAL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "shoal.toml"
        path.write_text(text)
        return path

    return write


def test_the_file_is_the_table() -> None:
    assert (CHECKOUT / "config" / "shoal.toml").read_text() == as_toml()


def test_the_file_holds_every_setting_with_its_default() -> None:
    content = tomllib.loads(as_toml())
    assert {f"{group}.{name}" for group, names in content.items() for name in names} == {
        row.key for row in table()
    }
    assert load(config_path("shoal.toml")).settings == Settings()


def test_every_setting_says_what_it_means_and_why() -> None:
    assert [row.key for row in table() if not (row.meaning and row.reason)] == []


def test_names_with_a_unit_say_it() -> None:
    units = {"_s": "s", "_bytes": "bytes"}
    for row in table():
        for ending, unit in units.items():
            if row.key.endswith(ending) and not row.key.endswith(("_units", "_accounts", "_members")):
                assert row.unit == unit or row.key.endswith("servers"), row.key


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    toml: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toml("[windows]\ntick_s = 60\nmax_accounts = 5\n")
    monkeypatch.setenv("SHOAL_WINDOWS__TICK_S", "30")
    loaded = load(path)
    assert (loaded.settings.windows.tick_s, loaded.settings.windows.max_accounts) == (30.0, 5)
    assert loaded.origins["windows.tick_s"] == "environment"
    assert loaded.origins["windows.max_accounts"] == f"file {path}"
    assert loaded.origins["windows.max_members"] == "default"


def test_the_command_line_wins_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_INTAKE__FORMAT", "native")
    loaded = load(overrides={"intake.format": "litellm"})
    assert loaded.settings.intake.format == "litellm"
    assert loaded.origins["intake.format"] == "command line"


def test_the_environment_names_the_file(toml: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_CONFIG", str(toml("[alerts]\nmin_units = 12\n")))
    assert load().settings.alerts.min_units == 12


def test_variables_of_an_orchestrator_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_SERVICE_HOST", "10.0.0.1")
    assert load().settings == Settings()


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_WINDOWS__TICK_S", "")
    assert load().settings == Settings()


WRONG = [
    ("[windows]\nticks = 1\n", "windows.ticks: no such setting; did you mean tick_s?"),
    ("[window]\ntick_s = 1\n", "window: no such setting; did you mean windows?"),
    ("windows = 3\n", "windows = 3: should be a table of settings"),
    ('[windows]\ntick_s = "600"\n', "windows.tick_s = '600': should be a valid number"),
    ("[windows]\ntick_s = 0\n", "windows.tick_s = 0: should be greater than 0"),
    ("[windows]\ntick_s = nan\n", "windows.tick_s = nan: should be a finite number"),
    ("[windows]\nmax_accounts = 1.5\n", "windows.max_accounts = 1.5: should be a valid integer"),
    ('[intake]\ntime_unit = "h"\n', "intake.time_unit = 'h': should be 's', 'ms', 'us' or 'ns'"),
    ('[intake]\nearliest_time = "May"\n', "intake.earliest_time = 'May': should be an RFC 3339 time"),
    ('[intake]\nearliest_time = "2020-01-01"\n', "should name its zone"),
    ('[intake]\nlatest_time = "2019-01-01T00:00:00Z"\n', "earliest_time should be before latest_time"),
    ('[kafka]\nbootstrap_servers = "broker"\n', "kafka.bootstrap_servers = 'broker': should match"),
    ("[kafka]\nmetrics_port = 70000\n", "kafka.metrics_port = 70000: should be less than or equal to 65535"),
    ("[windows\n", "is not TOML"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_file_is_one_line_with_key_value_and_remedy(
    text: str, said: str, toml: Callable[[str], Path]
) -> None:
    path = toml(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    message = str(caught.value)
    assert said in message
    assert str(path) in message
    assert "\n" not in message


def test_several_mistakes_are_counted(toml: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match=r"\(and 1 more\)"):
        load(toml("[windows]\ntick_s = 0\nmax_templates = 0\n"))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"/nowhere/shoal\.toml: No such file"):
        load("/nowhere/shoal.toml")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SHOAL_WINDOWS__TICK_S", "soon", "environment: windows.tick_s = 'soon': should be a valid number"),
        ("SHOAL_WINDOW__TICK_S", "60", "environment SHOAL_WINDOW__TICK_S: no such group"),
        ("SHOAL_WINDOWS__TICK", "60", "environment: windows.tick: no such setting; did you mean tick_s?"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert said in str(caught.value)


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_INTAKE__HASH_KEY", "hunter2")
    with pytest.raises(ConfigError) as caught:
        load()
    assert "hunter2" not in str(caught.value)


def test_a_password_that_is_a_number_is_not_repeated(toml: Callable[[str], Path]) -> None:
    with pytest.raises(
        ConfigError, match=r"kafka\.sasl_password = \*\*\*: should be a valid string"
    ) as caught:
        load(toml("[kafka]\nsasl_password = 8415\n"))
    assert "8415" not in str(caught.value)


def test_the_digest_changes_with_what_influences_findings() -> None:
    changed = [
        Settings(windows=Windows(tick_s=60)),
        Settings(intake=Intake(hash_key=SecretStr("another-key"))),
    ]
    assert len({digest(settings) for settings in [Settings(), *changed]}) == 3


def test_the_digest_ignores_where_the_broker_is() -> None:
    there = Kafka(bootstrap_servers="kafka:9092", sasl_username="shoal", sasl_password=SecretStr("s3same"))
    moved = Settings(kafka=there, intake=Intake(keep_raw_bytes=9))
    assert digest(moved) == digest(Settings())


def test_the_digest_follows_the_content_of_the_table_of_links(tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.toml", tmp_path / "other.toml"
    copy.write_bytes(config_path("links.toml").read_bytes())
    other.write_text('[payment]\nfields = ["payment"]\n')
    assert digest(Settings(links=Links(table=str(copy)))) == digest(Settings())
    assert digest(Settings(links=Links(table=str(other)))) != digest(Settings())


def test_a_missing_table_of_links_is_named() -> None:
    with pytest.raises(ConfigError, match=r"/nowhere\.toml: No such file"):
        digest(Settings(links=Links(table="/nowhere.toml")))


def test_a_packaged_file_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml is not installed"):
        config_path("nothing.toml")
