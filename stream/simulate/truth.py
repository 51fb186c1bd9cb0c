"""Truth: which account belongs to what, and what each campaign drew."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import orjson


@dataclass(frozen=True)
class CampaignTruth:
    """One campaign: its archetype, pools, first exchange of its work (RFC 3339), accounts with traffic, its
    draw in words, its evasions and what each costs its operator.

    `ramp_days` is how long an account takes to its full rate; `signup_days` and `joining_days` the days over
    which nine tenths of the accounts (of the first pool, where a second replaces it) signed up and went to
    work. A campaign without ramp_days whose joining_days are few starts at once.
    """

    archetype: str
    pools: int
    first_exchange: str | None
    accounts: list[str]
    drawn: dict[str, str | int | float] = field(default_factory=dict)
    evasions: list[str] = field(default_factory=list)
    costs: dict[str, str] = field(default_factory=dict)
    ramp_days: float = 0.0
    signup_days: float = 0.0
    joining_days: float = 0.0


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
