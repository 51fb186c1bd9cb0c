"""Where settings come from: command line, environment, file, default; the first that has one wins.

The environment names a setting as `SHOAL_GROUP__NAME`, the file (TOML) as `name` under `[group]`.
Errors are ConfigErrors of one line: the key, what was found, what would be right.
"""

import difflib
import hashlib
import hmac
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource

from stream.errors import ConfigError
from stream.settings import DEVELOPMENT_KEY, Alerts, Generic, Intake, Kafka, Links, Settings, Windows

__all__ = [
    "DEVELOPMENT_KEY", "Alerts", "Generic", "Intake", "Kafka", "Links", "Loaded", "Settings", "Windows",
    "as_toml", "config_path", "digest", "links_path", "load", "table",
]  # fmt: skip

_PREFIX: Final = "SHOAL_"
_NOT_IN_DIGEST: Final = frozenset({"kafka", "intake.keep_raw_bytes", "links.table", "alerts.weights"})
"""Groups and keys that cannot change a finding; of tables the content counts, not the path."""

_WORDING: Final = (
    ("Input should be a valid dictionary or instance of", "should be a table of settings, [group] in TOML:"),
    ("items after validation", "characters"),
    ("Input should", "should"),
    ("Value should", "should"),
    ("String should", "should"),
)
"""pydantic speaks of types; an operator reads of settings."""

Tree = dict[str, Any]
"""Settings as nested dictionaries: group -> name -> value."""


class Loaded(NamedTuple):
    """Effective settings, and for each key (`group.name`) where its value came from."""

    settings: Settings
    origins: dict[str, str]


class Row(NamedTuple):
    """One setting as the table declares it."""

    key: str
    default: Any
    unit: str
    meaning: str
    reason: str


def load(path: str | Path | None = None, overrides: Mapping[str, Any] | None = None) -> Loaded:
    """Effective settings; `overrides` (`group.name` -> value) come from the command line.

    Without `path` the file is the one that `$SHOAL_CONFIG` names, if any. Raises ConfigError.
    """
    path = path or os.environ.get("SHOAL_CONFIG") or None
    layers = [] if path is None else [(f"file {path}", _file_tree(Path(path)))]
    layers.append(("environment", _environment_tree()))
    layers.append(("command line", _nested(overrides or {})))
    origins = {row.key: "default" for row in table()}
    merged: Tree = {}
    for origin, tree in layers:
        _validated(tree, origin, strict=origin.startswith("file"))
        for group, values in tree.items():
            merged.setdefault(group, {}).update(values)
            origins.update({f"{group}.{name}": origin for name in values})
    return Loaded(_validated(merged, "all layers together", strict=False), origins)


def table() -> Iterator[Row]:
    """Every setting, in the order of the groups."""
    for group, group_field in Settings.model_fields.items():
        for name, field in type(group_field.default).model_fields.items():
            extra: Any = field.json_schema_extra
            yield Row(
                f"{group}.{name}", field.default, extra["unit"], field.description or "", extra["reason"]
            )


def digest(settings: Settings) -> str:
    """16 hex digits over everything in the configuration that influences findings.

    Secrets enter as a hash keyed by themselves; where the broker is does not enter, so the embedded
    and the Kafka runtime agree. The table of link kinds is part of it, and a table of weights.
    """
    values = {key: _public(value) for key, value in _flat(settings) if not _out_of_digest(key, settings)}
    content = orjson.dumps(values, option=orjson.OPT_SORT_KEYS) + _content(links_path(settings))
    if settings.alerts.weights:
        content += _content(Path(settings.alerts.weights))
    return hashlib.sha256(content).hexdigest()[:16]


def links_path(settings: Settings) -> Path:
    """The table of link kinds to use: the one that is set, else the packaged one."""
    return Path(settings.links.table) if settings.links.table else config_path("links.toml")


def config_path(name: str) -> Path:
    """The packaged configuration file `name`, else the checkout's; raises ConfigError."""
    package = Path(__file__).parent
    for folder in (package / "_config", package.parent / "config"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(f"configuration file {name} is not installed; reinstall the package")


def as_toml() -> str:
    """The table of settings as a commented TOML file of defaults: `config/shoal.toml`."""
    lines = [
        "# Every setting of Shoal with its default. Keep the lines that you change, delete the rest.",
        "# The environment wins over this file: SHOAL_WINDOWS__TICK_S=300 sets tick_s under [windows].",
        "# `shoal check --config FILE` prints each effective value with its origin.",
    ]
    shown = ""
    for row in table():
        group, name = row.key.split(".")
        if group != shown:
            lines += ["", f"# {_doc(group)}", f"[{group}]"]
            shown = group
        unit = f" ({row.unit})" if row.unit else ""
        lines.append(f"# {row.meaning}{unit}. Why: {row.reason}.")
        lines.append(f"{name} = {_toml_value(row.default)}")
    return "\n".join(lines) + "\n"


def _doc(group: str) -> str:
    return str(type(Settings.model_fields[group].default).__doc__).splitlines()[0]


def _toml_value(value: object) -> str:
    """JSON's strings, numbers and booleans are TOML's too."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return orjson.dumps(plain).decode()


def _flat(settings: Settings) -> Iterator[tuple[str, Any]]:
    for group, values in settings:
        for name, value in values:
            yield f"{group}.{name}", value


def _out_of_digest(key: str, settings: Settings) -> bool:
    group = key.split(".")[0]
    # names of fields count where records are read by them
    unread = group == "generic" and settings.intake.format != group
    return unread or key in _NOT_IN_DIGEST or group in _NOT_IN_DIGEST


def _public(value: Any) -> Any:
    if not isinstance(value, SecretStr):
        return value
    return hmac.new(value.get_secret_value().encode(), b"shoal configuration", hashlib.sha256).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"configuration file {path}: {error.strerror or error}") from error


def _file_tree(path: Path) -> Tree:
    try:
        return tomllib.loads(_content(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} is not TOML: {error}") from error


class _Environment(Settings, BaseSettings):  # type: ignore[misc]  # both narrow the same model_config
    """Lets pydantic-settings read the environment by the same table."""


def _environment_tree() -> Tree:
    """What the environment sets; a misspelt group is an error like a misspelt name.

    Names without `__` are left alone: orchestrators put `SHOAL_SERVICE_HOST` and the like there.
    """
    for name in os.environ:
        group = name.removeprefix(_PREFIX).partition("__")[0].lower()
        if name.startswith(_PREFIX) and "__" in name and group not in Settings.model_fields:
            raise ConfigError(f"environment {name}: no such group of settings; {_nearest(group, Settings)}")
    source = EnvSettingsSource(
        _Environment, env_prefix=_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )
    return {group: values for group, values in source().items() if isinstance(values, dict)}


def _nested(flat: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    for key, value in flat.items():
        group, name = key.split(".")
        tree.setdefault(group, {})[name] = value
    return tree


def _validated(tree: Tree, origin: str, *, strict: bool) -> Settings:
    try:
        return Settings.model_validate(tree, strict=strict)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{origin}: {_problem(problems[0])}{more}") from error


def _problem(details: Any) -> str:
    """`key = found: what would be right`, from pydantic's own description."""
    location = [str(part) for part in details["loc"]]
    key = ".".join(location)
    if details["type"] == "extra_forbidden":
        model = type(Settings.model_fields[location[0]].default) if len(location) > 1 else Settings
        return f"{key}: no such setting; {_nearest(location[-1], model)}"
    row = next((row for row in table() if row.key == key), None)
    secret = row is not None and isinstance(row.default, SecretStr)
    found = "" if isinstance(details["input"], dict) else f" = {'***' if secret else repr(details['input'])}"
    right = details["msg"].removeprefix("Value error, ")
    for wordy, plain in _WORDING:
        right = right.replace(wordy, plain)
    return f"{key}{found}: {right}" + (f" ({row.meaning})" if row else "")


def _nearest(name: str, model: type[BaseModel]) -> str:
    close = difflib.get_close_matches(name, model.model_fields, 1)
    return f"did you mean {close[0]}?" if close else "there are " + ", ".join(model.model_fields)
