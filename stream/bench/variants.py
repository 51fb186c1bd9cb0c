"""Variants: grids of runs in which one thing at a time is otherwise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from stream.bench.runs import AS_IT_IS, Change, Run
from stream.bench.tuning import numbers, with_tick
from stream.config import Settings
from stream.errors import ConfigError
from stream.event.fields import RECORD
from stream.evidence import FAMILIES
from stream.simulate import EVASIONS, LOOKALIKES, MORE_LOOKALIKES, WorldSpec

_BARE: Final = ("time", "account_id", "model", "input_tokens", "output_tokens", "client_ip")
MISSING: Final[dict[str, tuple[str, ...]]] = {
    "signup": ("account_created_at", "email_class", "plan"),
    "payment": ("payment_hash",),
    "prompts": (
        "prompt_prefix_hash",
        "prompt_hash",
        "prompt_simhash",
        "messages",
        "prompt",
        "answer",
    ),
    "operator": ("asn", "ja4"),
    "bare": tuple(field.name for field in RECORD if field.name not in _BARE),
}
"""What a gateway may not log -> the fields of the record that are missing then."""

FACTORS: Final = (0.5, 2.0)
"""Half and twice: whoever sets a number by guess is as far off."""

Worlds = Sequence[WorldSpec]


def as_it_is(worlds: Worlds, settings: Settings) -> list[Run]:
    """The worlds with nothing changed."""
    return [Run(AS_IT_IS, world, settings) for world in worlds]


def without(worlds: Worlds, settings: Settings, names: Sequence[str]) -> list[Run]:
    """Records without some of their fields; `names` of MISSING, or `all`."""
    chosen = _chosen("--without", names, tuple(MISSING))
    return [
        Run(f"without {name}", w, settings, Change(fields=MISSING[name])) for name in chosen for w in worlds
    ]


def ticks(worlds: Worlds, settings: Settings, lengths_s: Sequence[float]) -> list[Run]:
    """Other lengths of the tick; raises ConfigError for one that is none."""
    if wrong := [length for length in lengths_s if not 0 < length < math.inf]:
        raise ConfigError(f"--tick {wrong[0]:g}: should be more than 0")
    return [Run(f"{length:g} s", w, with_tick(settings, length)) for length in lengths_s for w in worlds]


def ablation(worlds: Worlds, settings: Settings) -> list[Run]:
    """Each family of evidence left out in turn, then each alone."""
    changes: dict[str, tuple[str, ...]] = {f"without {name}": (name,) for name in FAMILIES}
    changes |= {f"{name} alone": tuple(each for each in FAMILIES if each != name) for name in FAMILIES}
    return [Run(name, w, settings, Change(silent=silent)) for name, silent in changes.items() for w in worlds]


def sensitivity(worlds: Worlds, settings: Settings, names: Sequence[str]) -> list[Run]:
    """Each number of detection at half and at twice; `names` of `tuning.numbers`, or `all`."""
    chosen = _chosen("--sensitivity", names, tuple(numbers(settings)))
    return [
        Run(name, world, settings, Change(constant=name, factor=factor))
        for name in chosen
        for factor in FACTORS
        for world in worlds
    ]


def lookalikes(worlds: Worlds, settings: Settings) -> list[Run]:
    """No campaign, and every honest group that resembles one."""
    every = LOOKALIKES + MORE_LOOKALIKES
    return [Run("no campaign", replace(w, campaigns=(), lookalikes=every), settings) for w in worlds]


def evasions(worlds: Worlds, settings: Settings, names: Sequence[str]) -> list[Run]:
    """Each evasion alone, on every kind of campaign that can have it; `names` of EVASIONS, or `all`."""
    return _evading(worlds, settings, [(name,) for name in _chosen("--evasions", names, tuple(EVASIONS))])


def pairs(worlds: Worlds, settings: Settings, recall: Mapping[str, float], most: int) -> list[Run]:
    """The `most` pairs of evasions whose recalls add up to the least and that one campaign can have."""
    ranked = sorted(combinations(recall, 2), key=lambda pair: recall[pair[0]] + recall[pair[1]])
    possible = [pair for pair in ranked if all(evading(world, pair) for world in worlds)]
    return _evading(worlds, settings, possible[:most])


def evading(world: WorldSpec, evasions: Sequence[str]) -> WorldSpec | None:
    """The world in which each kind of campaign has the evasions; None where none can have them."""
    kinds = dict.fromkeys(name.split("+")[0] for name in world.campaigns)
    able = tuple(plan for kind in kinds if _is_possible(world, plan := "+".join((kind, *evasions))))
    return replace(world, campaigns=able) if able else None


def _evading(worlds: Worlds, settings: Settings, choices: Sequence[Sequence[str]]) -> list[Run]:
    found = [("+".join(chosen), evading(world, chosen)) for chosen in choices for world in worlds]
    return [Run(name, world, settings) for name, world in found if world is not None]


def _is_possible(world: WorldSpec, plan: str) -> bool:
    """Whether the simulator makes such a campaign."""
    try:
        replace(world, campaigns=(plan,))
    except ValueError:
        return False
    return True


def _chosen(option: str, names: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """The names, `all` standing for every known one; raises ConfigError for one that is not."""
    if "all" in names:
        return known
    for name in names:
        if name not in known:
            raise ConfigError(f"{option} {name}: should be all, or some of {', '.join(known)}")
    return tuple(dict.fromkeys(names))
