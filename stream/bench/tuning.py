"""Every number that detection rests on, and how to multiply one of them for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from stream.bench.constants import Number, constants, replaced
from stream.config import Settings, links_path
from stream.links.kinds import LinkKind, load_kinds

_ALERTS: Final = ("min_units", "posterior", "warm_up_days", "threshold_nats", "cases_per_week")
"""Thresholds among the settings; how long an analyst's decision holds is none."""
_NEAR_ONE: Final = 0.9
_KINDS, _EXTRA = "links", "extra_nats"


def numbers(settings: Settings) -> dict[str, Number]:
    """Every number by its name: `alerts.posterior`, `links.network.extra_nats`, `cases.hot._COUNTS`."""
    alerts = {f"alerts.{name}": getattr(settings.alerts, name) for name in _ALERTS}
    kinds = load_kinds(links_path(settings))
    extra = {f"{_KINDS}.{kind.name}.{_EXTRA}": kind.extra_nats for kind in kinds if kind.extra_nats}
    return alerts | extra | {name: each.value for name, each in constants().items()}


def multiplied(value: Number, factor: float) -> Number:
    """`value` times `factor`; a whole number moves by one at least, and stays whole.

    Of a probability or a majority of nine tenths and more it is the distance from one that is divided.

    >>> multiplied(3, 1.33), multiplied(0.5, 1.5), round(multiplied(0.95, 2), 3)
    (4, 0.75, 0.975)
    """
    if isinstance(value, int):
        step = 1 if (factor > 1) == (value > 0) else -1
        return round(value * factor) if round(value * factor) != value else value + step
    return 1 - (1 - value) / factor if _NEAR_ONE <= value < 1 else value * factor


@contextmanager
def scaled(name: str | None, factor: float, settings: Settings) -> Iterator[Settings]:
    """The settings to use in the block, in which the number `name` is multiplied by `factor`."""
    if name is None:
        yield settings
        return
    group, *_, last = name.split(".")
    value = multiplied(numbers(settings)[name], factor)
    if group == "alerts":
        yield _with(settings, group, last, value)
    elif group == _KINDS:
        with TemporaryDirectory() as folder:
            table = Path(folder) / "links.toml"
            table.write_text(_kinds(settings, name.split(".")[1], value))
            yield _with(settings, _KINDS, "table", str(table))
    else:
        with replaced(constants()[name], value):
            yield settings


def with_tick(settings: Settings, tick_s: float) -> Settings:
    """The settings with another length of the tick."""
    return _with(settings, "windows", "tick_s", tick_s)


def _with(settings: Settings, group: str, name: str, value: object) -> Settings:
    """Settings with one of them changed, and checked again."""
    changed: Any = getattr(settings, group).model_dump() | {name: value}
    whole = {key: getattr(settings, key) for key in Settings.model_fields}
    return Settings(**(whole | {group: type(getattr(settings, group))(**changed)}))


def _kinds(settings: Settings, kind: str, extra_nats: float) -> str:
    """The table of link kinds as TOML, with other extra nats for one kind."""
    rows = [
        row.model_copy(update={_EXTRA: extra_nats}) if row.name == kind else row
        for row in load_kinds(links_path(settings))
    ]
    return "\n".join(map(_table, rows))


def _table(kind: LinkKind) -> str:
    """JSON's strings, numbers, booleans and lists are TOML's too."""
    dump: Callable[[object], bytes] = orjson.dumps
    keys = kind.model_dump(exclude={"name"}, exclude_defaults=True)
    return "".join(
        [f"[{kind.name}]\n", *(f"{key} = {dump(value).decode()}\n" for key, value in keys.items())]
    )
