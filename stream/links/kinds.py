"""Link kinds: the table that says what accounts can share, read from `links.toml`."""

import tomllib
from collections.abc import Container
from pathlib import Path
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.errors import ConfigError
from stream.event.fields import EVENT

DERIVED: Final[dict[str, tuple[str, ...]]] = {
    "client": ("user_agent", "ja4"),
    "template": ("prompt_simhash",),
    "signup_slot": ("account_created_at",),
}
"""Columns that the accounts stage adds to an event -> the record's fields they are made of."""

FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "orphaned": ("conversation_prev", "conversation_next"),
    "handed_over": ("conversation_prev", "conversation_next"),
    "failed_over": ("prompt_hash", "status"),
    "repeated": ("prompt_hash",),
    "refused": ("safety_code",),
}
"""Flags that a kind's `when` may ask for -> the record's fields they are made of."""

TYPICAL_SHARE: Final = 0.3
"""Share of its traffic on a link that says nothing for or against an account's membership."""

_IDENTITIES: Final = (pl.UInt64, pl.UInt32)  # what can be shared: 0 stands for absent there, and nowhere else
_RECORD_OF: Final = {field.name: (field.record,) for field in EVENT if field.dtype in _IDENTITIES} | DERIVED


class LinkKind(BaseModel):
    """One row of the table; see `links.toml`, and `generic-links.toml`, for the meaning of each key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    fields: tuple[str, ...] = Field(min_length=1)
    when: str | None = None
    unit: Literal["payer", "org"] = "payer"
    min_events: Annotated[int, Field(ge=1)] = 2
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    extra_nats: float = 0.0
    blind_to: tuple[str, ...] = ()
    breadth: bool = False
    few_units: bool = False
    common: bool = False
    ties: bool = False
    adherence: bool = False
    within_s: Annotated[float, Field(ge=1)] | None = None
    pooled: bool = False
    typical_share: Annotated[float, Field(gt=0, le=1)] = TYPICAL_SHARE
    most_stretches: Annotated[int, Field(ge=1)] | None = None

    def records(self) -> tuple[str, ...]:
        """Fields of the record that the kind is made of; of alternatives, all."""
        names = [name for field in self.fields for name in field.split("|")]
        fields = [record for name in names for record in _RECORD_OF[name]]
        return tuple(dict.fromkeys([*fields, *(FLAGS[self.when] if self.when else ())]))

    def made_of(self, records: Container[str]) -> bool:
        """Whether events with these fields of the record can have a value of the kind."""
        fields = [
            [record for name in field.split("|") for record in _RECORD_OF[name]] for field in self.fields
        ]
        needed = [*fields, FLAGS[self.when]] if self.when else fields
        return all(any(record in records for record in of) for of in needed)


def load_kinds(path: Path) -> tuple[LinkKind, ...]:
    """Kinds of a file, in its order; raises ConfigError with the key that is wrong."""
    try:
        tables = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"link kinds {path}: {error}") from error
    kinds = tuple(_kind(path, name, table) for name, table in tables.items())
    if not kinds:
        raise ConfigError(f"link kinds {path}: the file declares none")
    return kinds


def _kind(path: Path, name: str, table: object) -> LinkKind:
    if not isinstance(table, dict):
        raise ConfigError(f"link kinds {path}: {name} is no table; write [{name}] with its keys below")
    try:
        kind = LinkKind(name=name, **table)
    except (ValidationError, TypeError) as error:
        detail = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in (name, *detail["loc"]))
        raise ConfigError(f"link kinds {path}: {where}: {detail['msg']}") from error
    for field in (part for group in kind.fields for part in group.split("|")):
        if field not in _RECORD_OF:
            raise ConfigError(
                f"link kinds {path}: {name}.fields: {field!r} is none of {', '.join(_RECORD_OF)}"
            )
    if kind.when is not None and kind.when not in FLAGS:
        raise ConfigError(f"link kinds {path}: {name}.when: {kind.when!r} is none of {', '.join(FLAGS)}")
    return kind
