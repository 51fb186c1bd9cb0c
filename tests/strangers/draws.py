"""What an operator decides before the first request: how many, how much, from where, with what, how slyly."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from tests.strangers.rhythm import Habit
from tests.strangers.shapes import DAYS, Rng, log_uniform

Network = Literal[
    "sticky residential", "rotating residential", "one exit", "few exits", "data centre", "homes"
]
Spread = Literal["one", "few", "varied"]
SignUp = Literal["bunched", "trickled", "aged", "stolen", "contract"]
Start = Literal["full", "ramp", "trickle"]

RATES: Final[dict[str, tuple[float, float]]] = {
    "T1": (13, 60), "T2": (300, 900), "T3": (40, 400), "T4": (50, 600),
    "T5": (13, 150), "T6": (20, 200), "T7": (11, 14), "T8": (60, 1_100),
}  # fmt: skip
"""Exchanges a day and account, by archetype: template sweep, injected prefix, relay, judge and cleaner,
stored-session replay, reasoning begun here and continued there, technique search, reseller pool."""

EVASIONS: Final = (
    "paraphrase", "daily curve", "heavy tail", "shards", "isolated", "aged", "corporate", "filler", "sticky",
    "retire", "ramp", "aggregator", "stolen", "small",
)  # fmt: skip

CONFINED: Final[dict[str, tuple[str, ...]]] = {
    "sticky": ("T3",),
    "paraphrase": ("T1", "T2", "T4", "T7", "T8"),
    "shards": ("T1", "T2", "T4", "T7", "T8"),
}
"""Archetypes to which a trick is confined: only a relay has sessions to keep together, and only what has
a template can paraphrase it or deal out its tasks."""

LARGEST: Final = 70_000
"""Exchanges of one campaign: a world has to end. A larger draw gets fewer accounts, then fewer days."""


@dataclass(frozen=True)
class Draw:
    """One campaign's decisions."""

    archetype: str
    evasions: tuple[str, ...]
    size: int
    payers: int
    rate: float
    onset: float
    days: float
    network: Network
    tooling: Spread
    settings: Spread
    sign_up: SignUp
    start: Start
    evenness: float
    """Deviation of the logarithm of the accounts' loads."""
    common: float
    """Share of a prompt that is the template's."""
    filler: float
    """Share of an account's exchanges that are cover."""
    hours: Habit
    unrest: float
    """Shape of the renewals: 1 is Poisson, less comes in bursts, more is a metronome."""
    ban_after: float
    """Days until the first pool is closed; 0 is never."""
    email: tuple[float, float, float, float]
    parts: int
    """Pools that know nothing of each other (cards, programs, networks of their own)."""


def draw(rng: Rng, archetype: str, evasions: tuple[str, ...], largest: float = LARGEST) -> Draw:
    """Decisions of a plain operator, then what the evasions change."""
    low, high = RATES[archetype]
    size = int(log_uniform(rng, 20, 250))
    payers = int(rng.integers(5, 9)) if rng.random() < 0.2 else int(log_uniform(rng, 1, size))
    if archetype == "T8":
        payers = max(1, size // int(rng.integers(2, 7)))
    networks: list[Network] = [
        "sticky residential",
        "rotating residential",
        "one exit",
        "few exits",
        "data centre",
    ]
    spreads: list[Spread] = ["one", "few", "varied"]
    signs: list[SignUp] = ["bunched", "trickled", "aged"]
    begins: list[Start] = ["full", "ramp", "trickle"]
    onset = float(rng.uniform(14, 17 if archetype == "T7" else 22))
    made = Draw(
        archetype,
        evasions,
        size,
        payers,
        log_uniform(rng, low, high),
        onset,
        days=DAYS - onset if rng.random() < 0.6 or archetype == "T7" else float(rng.uniform(4, DAYS - onset)),
        network=networks[int(rng.choice(5, p=[0.25, 0.2, 0.15, 0.2, 0.2]))],
        tooling=spreads[int(rng.choice(3, p=[0.5, 0.35, 0.15]))],
        settings=spreads[int(rng.choice(3, p=[0.5, 0.35, 0.15]))],
        sign_up=signs[int(rng.choice(3, p=[0.55, 0.3, 0.15]))],
        start=begins[int(rng.choice(3, p=[0.6, 0.2, 0.2]))],
        evenness=float(rng.uniform(0.02, 0.7)),
        common=float(rng.uniform(0.45, 0.9)),
        filler=0.0 if rng.random() < 0.7 else float(rng.uniform(0.02, 0.3)),
        hours="flat" if rng.random() < 0.55 else "day",
        unrest=log_uniform(rng, 0.2, 8),
        ban_after=float(rng.uniform(1, 6)) if archetype == "T2" or rng.random() < 0.15 else 0.0,
        email=(0.05, 0.7, 0.24, 0.01),
        parts=1,
    )
    for evasion in evasions:
        made = evade(rng, made, evasion)
    return bounded(made, largest)


def tricks(rng: Rng, archetype: str) -> tuple[str, ...]:
    """No evasion, one, or two."""
    open_to = [name for name in EVASIONS if archetype in CONFINED.get(name, (archetype,))]
    count = int(rng.choice([0, 1, 2], p=[0.45, 0.35, 0.2]))
    return tuple(sorted(str(name) for name in rng.choice(open_to, count, replace=False)))


def evade(rng: Rng, made: Draw, evasion: str) -> Draw:
    """The same operation with one more trick."""
    stolen: SignUp = "stolen"
    changes: dict[str, dict[str, object]] = {
        "paraphrase": {"common": float(rng.uniform(0.02, 0.2))},
        "daily curve": {"hours": "office", "unrest": float(rng.uniform(0.1, 0.8))},
        "heavy tail": {"evenness": float(rng.uniform(1.0, 1.8))},
        "isolated": {"payers": made.size, "network": "homes", "tooling": "varied", "settings": "varied"},
        "aged": {"sign_up": "aged", "evenness": max(made.evenness, 0.8)},
        "corporate": {"email": (0.9, 0.1, 0.0, 0.0)},
        "filler": {"filler": float(rng.uniform(0.5, 0.9))},
        "ramp": {"start": "ramp", "onset": 14.0 + float(rng.uniform(0, 3)), "days": 28.0},
        "aggregator": {"sign_up": "contract", "size": min(made.size, int(rng.integers(6, 26)))},
        "stolen": {"sign_up": stolen, "size": min(made.size, 60), "payers": 1},
        "small": {"parts": max(2, min(made.size, 48) // int(rng.integers(5, 9))), "size": min(made.size, 48)},
    }
    return replace(made, **changes.get(evasion, {}))  # type: ignore[arg-type]


def bounded(made: Draw, largest: float) -> Draw:
    """A world's share: no campaign with more than `largest` exchanges, none beyond the last day."""
    days = min(made.days, DAYS - made.onset)
    made = replace(made, size=min(made.size, max(20, int(250 * largest / LARGEST))))
    if made.size % 2:  # as good as a coin: half of the large ones are short, half are small
        days = max(min(days, 3.0), min(days, largest / (made.rate * made.size)))
    size = int(max(min(20, made.size), min(made.size, largest / (made.rate * days))))
    days = min(max(2.0, min(days, largest / (made.rate * size))), DAYS - made.onset)
    ban_after = min(made.ban_after, days / 2)
    return replace(made, days=days, size=size, payers=max(1, min(made.payers, size)), ban_after=ban_after)
