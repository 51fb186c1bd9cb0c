"""Membership by mixture: which accounts on a hot link are of the campaign, which merely share the link.

Two components. The population (lagged, fixed) and the campaign (free, fitted by EM; Dempster, Laird and
Rubin 1977), in which only suspicious traits may rise. Continuous habits are bounded to less than a nat,
so that they cannot carry a verdict; an account is named only if it shows a trait that made the link hot.
Where members are beyond doubt draws of one dispatcher, to look like them is such a trait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.evidence.exchangeability import Shares, normalise
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS
from stream.evidence.units import Members, zeroed
from stream.links.kinds import TYPICAL_SHARE

HABITS: Final = ("log_rate", "log_in", "log_out", "streamed")
NEWCOMER: Final = "newcomer"
"""Trait of a member on its link, for membership alone: who has been on a link for long did not come with
the campaign. It tells accounts apart, it makes no link suspicious."""
_ROUNDS: Final = 12  # EM on a few hundred rows settles in fewer
_SETTLED: Final = 1e-4
_LEAST_RATE: Final = 0.003
_STRONG_NATS: Final = 1.0
_HABIT_BOUNDS: Final = (-1.5, 0.7)
_LEAST_SPREAD: Final = {"log_rate": 0.25, "log_in": 0.25, "log_out": 0.25, "streamed": 0.1}
_LOOK_SMOOTHING: Final = 0.05
_LOOK_BOUNDS: Final = (-3.0, 1.0)
"""Looking like the campaign is weak evidence for it, looking unlike it is strong evidence against."""
_SHARE_BOUNDS: Final = (-2.0, 1.0)


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean and spread of each habit."""

    mean: dict[str, float]
    spread: dict[str, float]


@dataclass(frozen=True, slots=True)
class Mixture:
    """A fitted mixture; `rates` and `normal` are the population's, `shown` and `own` the campaign's."""

    prior: float
    rates: dict[str, float]
    normal: Normal
    shown: dict[str, float]
    own: Normal
    look: list[float]
    """Log ratio of the campaign's to the population's share of events, by bin of the histograms."""
    identity: bool = True
    """Whether being young, say, is enough of a trait to be named for; not on a popular tool (`all_new`)."""
    drawn: bool = False
    """Whether looking like the campaign is; see `Judged.drawn`."""

    def plain(self) -> dict[str, Any]:
        """For storing as JSON."""
        return {
            "prior": self.prior, "rates": self.rates, "shown": self.shown,
            "normal": [self.normal.mean, self.normal.spread], "own": [self.own.mean, self.own.spread],
            "look": self.look, "identity": self.identity, "drawn": self.drawn,
        }  # fmt: skip

    @staticmethod
    def of(plain: dict[str, Any]) -> "Mixture":
        """Inverse of `plain`."""
        return Mixture(
            plain["prior"], plain["rates"], Normal(*plain["normal"]), plain["shown"], Normal(*plain["own"]),
            plain["look"], plain["identity"], plain["drawn"],
        )  # fmt: skip


def habits(members: Members) -> dict[str, Floats]:
    """Continuous habits of members, nan where unknown."""
    return {
        "log_rate": np.log(np.maximum(members.events, 1)),
        "log_in": members.log_in,
        "log_out": members.log_out,
        "streamed": members.streamed,
    }


def posterior(mixture: Mixture, members: Members) -> tuple[Floats, NDArray[np.bool_]]:
    """Probability of membership of each member, and whether it shows a trait that the campaign has."""
    odds = np.full(len(members.account), np.log(mixture.prior / (1 - mixture.prior)))
    strong = np.zeros(len(members.account), np.bool_)
    for name, rate in mixture.rates.items():
        rate = min(max(rate, _LEAST_RATE), 0.99)
        # only suspicious traits may rise: the campaign never shows a trait less than the population
        shown = min(max(mixture.shown[name], rate, 0.01), 0.99)
        has, knows = members.traits[name] > 0, np.isfinite(members.traits[name])
        told = np.where(has, np.log(shown / rate), np.log((1 - shown) / (1 - min(rate, 0.98))))
        odds += np.where(knows, told, 0.0)
        if np.log(shown / rate) > _STRONG_NATS and _tells(mixture, name):
            strong |= has
    for name, values in habits(members).items():
        nats = _log_normal(values, mixture.own, name) - _log_normal(values, mixture.normal, name)
        odds += zeroed(np.clip(nats, *_HABIT_BOUNDS))
    look = zeroed(normalise(members.histograms)[0]) @ np.array(mixture.look)
    odds += np.clip(look, *_LOOK_BOUNDS)
    if mixture.drawn:
        strong |= look >= _LOOK_BOUNDS[1]
    odds += np.clip(np.log(members.share / TYPICAL_SHARE), *_SHARE_BOUNDS)
    return 1 / (1 + np.exp(-odds)), strong


def _tells(mixture: Mixture, name: str) -> bool:
    """Whether a trait that the campaign has is one to name an account for."""
    return name != NEWCOMER and (mixture.identity or TRAITS[name].family != "identity")


def _log_normal(values: Floats, normal: Normal, name: str) -> Floats:
    z = (values - normal.mean[name]) / normal.spread[name]
    return np.asarray(-0.5 * z**2 - np.log(normal.spread[name]))


def fit(
    members: Members,
    traits: Sequence[str],
    shown: dict[str, float],
    rates: dict[str, float],
    normal: Normal,
    look: Floats,
    score: float,
    identity: bool = True,
    drawn: bool = False,
) -> tuple[Mixture, Floats, NDArray[np.bool_]]:
    """Fit the campaign's component to the members of a hot link.

    `shown`: shares of the traits to start from; `look`: shares of the population's events by bin;
    `score`: nats of the link, which set the first prior; `identity`, `drawn`: see `Mixture`.
    Returns the mixture and `posterior` of the members.
    """
    everyone = np.ones(len(members.account))
    start = _weighted(members, everyone)
    shape = zeroed(normalise(members.histograms)[0])
    rates = {name: rates[name] for name in traits}
    prior = float(np.clip(score / 40, 0.05, 0.9))
    mixture = Mixture(
        prior,
        rates,
        normal,
        {name: shown[name] for name in traits},
        start,
        _look(shape, everyone, look),
        identity,
        drawn,
    )
    weight, strong = posterior(mixture, members)
    for _ in range(_ROUNDS):
        mixture = Mixture(
            float(np.clip(weight.mean(), 0.02, 0.98)),
            rates,
            normal,
            {name: _mean(members.traits[name], weight, shown[name]) for name in traits},
            _weighted(members, weight),
            _look(shape, weight, look),
            identity,
            drawn,
        )
        before = weight
        weight, strong = posterior(mixture, members)
        if np.abs(weight - before).max() < _SETTLED:
            break
    return mixture, weight, strong


def refit(mixture: Mixture, named: Members, look: Floats) -> Mixture:
    """The same mixture, the campaign's side of it taken from the accounts that are named by now.

    A case that opens early knows its first accounts alone; those that follow differ from them more than
    they did from one another. `look`: shares of the population's events by bin.
    """
    weight = np.ones(len(named.account))
    return replace(
        mixture,
        shown={name: _mean(named.traits[name], weight, shown) for name, shown in mixture.shown.items()},
        own=_weighted(named, weight),
        look=_look(zeroed(normalise(named.histograms)[0]), weight, look),
    )


def _look(shape: Shares, weight: Floats, population: Floats) -> list[float]:
    """How the campaign's events look against everybody's; a member moves the mean that it is held to
    by its own share of it, which the smoothing outweighs.
    """
    mean = (shape * weight[:, None]).sum(axis=0) / max(float(weight.sum()), 1e-9)
    ratio: list[float] = np.log((mean + _LOOK_SMOOTHING) / (population + _LOOK_SMOOTHING)).tolist()
    return ratio


def _mean(values: Floats, weight: Floats, otherwise: float) -> float:
    known = np.isfinite(values)
    total = float(weight[known].sum())
    return float((weight[known] * values[known]).sum() / total) if total > 1e-9 else otherwise


def _weighted(members: Members, weight: Floats) -> Normal:
    mean, spread = {}, {}
    for name, values in habits(members).items():
        mean[name] = _mean(values, weight, 0.0)
        variance = _mean((values - mean[name]) ** 2, weight, 0.0)
        spread[name] = max(float(np.sqrt(variance)), _LEAST_SPREAD[name])
    return Normal(mean, spread)
