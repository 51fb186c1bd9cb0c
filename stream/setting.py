"""A setting: what one row of the table of settings is made of, and which times it may name."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def instant(text: str) -> datetime:
    """The instant that RFC 3339 `text` names; ValueError says what would be right."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("should be an RFC 3339 time such as 2026-01-01T00:00:00Z") from error
    if instant.tzinfo is None:
        raise ValueError("should name its zone, as 2026-01-01T00:00:00Z does")
    return instant.astimezone(UTC)


def setting(default: object, meaning: str, reason: str, unit: str = "", **bounds: Any) -> Any:
    """One row of the table; `bounds` are pydantic's constraints."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit, "reason": reason}, **bounds)


class Group(BaseModel):
    """Settings of one table of the file; they cannot be changed, and a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
