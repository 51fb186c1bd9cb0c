"""Truth: which account belongs to what, and what each campaign drew."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import orjson


@dataclass(frozen=True)
class CampaignTruth:
    """One campaign: its archetype, pools, first exchange (RFC 3339), accounts with traffic, and its draw in
    words.
    """

    archetype: str
    pools: int
    first_exchange: str | None
    accounts: list[str]
    drawn: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """Labels of all accounts that have traffic, and the campaigns by uid.

    A label is ``honest/<population>`` or ``campaign/<archetype>-<n>``; ``honest/resold`` is a customer of a
    reseller with an account of his own.
    """

    accounts: dict[str, str]
    campaigns: dict[str, CampaignTruth]

    def to_json(self) -> bytes:
        """The truth as JSON, keys sorted."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
