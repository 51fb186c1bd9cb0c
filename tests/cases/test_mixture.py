"""Who on a hot link is of the campaign, and who merely shares the link."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.cases.mixture import HABITS, Mixture, Normal, fit, posterior, refit
from stream.evidence.piece import Floats
from stream.evidence.traits import TRAITS
from stream.evidence.units import Members
from stream.memory.histograms import ATTRIBUTES, BINS, WIDTH
from tests.evidence.population import DAY_MS, NOW_MS, Population, histogram

NORMAL = Normal(dict.fromkeys(HABITS, 4.0), dict.fromkeys(HABITS, 1.5))
LOOK = np.full(WIDTH, 1 / BINS)
RATES = dict.fromkeys(TRAITS, 0.03) | {"young": 0.15, "roaming": 0.2}
HONEST: dict[str, Any] = {"created_ms": NOW_MS - 700 * DAY_MS, "email_class": 1, "home_share": 0.9}
GUILTY: dict[str, Any] = {
    "created_ms": NOW_MS - 4 * DAY_MS, "email_class": 2, "home_share": 0.2, "handed_over": 4, "orphaned": 38,
}  # fmt: skip
NUMBERS = 60


def mixed(guilty: int, seed: int = 1, **of_guilty: Any) -> Members:
    """Sixty accounts on one link, the first of which are a pool with one look and rate."""
    rng, made = np.random.default_rng(seed), Population()
    look = histogram([3] * len(ATTRIBUTES))
    honest = NUMBERS - guilty
    looks = np.stack([histogram(rng.integers(0, BINS, len(ATTRIBUTES))) for _ in range(honest)])
    events = np.exp(rng.normal(4.0, 1.5, honest)).astype(int) + 2
    made.accounts(range(guilty, NUMBERS), **HONEST, events=events, last_ms=NOW_MS, histograms=looks)
    if guilty:
        pool = GUILTY if not of_guilty else HONEST | of_guilty
        made.accounts(range(guilty), **pool, events=40, last_ms=NOW_MS, histograms=look)
    made.link("client", 1, range(NUMBERS), events=200)
    return made.members()


def is_guilty(members: Members, guilty: int) -> Any:
    """By slot: honest accounts are met first."""
    return members.account >= NUMBERS - guilty


def fitted(members: Members, score: float = 15.0, **rates: float) -> tuple[Mixture, Floats, Any]:
    shown = {name: float(np.nan_to_num(np.nanmean(members.traits[name]))) for name in TRAITS}
    return fit(members, list(TRAITS), shown, RATES | rates, NORMAL, LOOK, score)


@pytest.mark.parametrize("guilty", [12, 30, 50])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_pool_is_separated_from_who_shares_the_link(guilty: int, seed: int) -> None:
    members = mixed(guilty, seed)
    _, probability, strong = fitted(members)
    named, pool = (probability >= 0.95) & strong, is_guilty(members, guilty)
    assert named[pool].mean() > 0.95
    assert not named[~pool].any()


def test_on_a_link_of_honest_accounts_nobody_is_named() -> None:
    _, probability, strong = fitted(mixed(0))
    assert not ((probability >= 0.95) & strong).any()


def test_habits_alone_name_nobody() -> None:
    """Accounts with one look and one rate that show no suspicious trait."""
    members = mixed(30, tool=7)
    _, _, strong = fitted(members)
    assert not strong.any()


def test_of_what_is_drawn_by_one_who_looks_like_it_is_named_and_who_merely_shares_the_link_is_not() -> None:
    members = mixed(40, tool=7)
    shown = {name: float(np.nan_to_num(np.nanmean(members.traits[name]))) for name in TRAITS}
    mixture, _, strong = fit(members, list(TRAITS), shown, RATES, NORMAL, LOOK, 15.0, drawn=True)
    pool = is_guilty(members, 40)
    assert strong[pool].all()
    assert not strong[~pool].any()
    assert Mixture.of(orjson.loads(orjson.dumps(mixture.plain()))).drawn


def test_who_shows_no_trait_of_the_campaign_is_never_strong() -> None:
    members = mixed(30)
    _, _, strong = fitted(members)
    shows = np.any([members.traits[name] > 0 for name in TRAITS], axis=0)
    assert not strong[~shows].any()


def test_a_fit_is_the_posterior_of_its_mixture_and_outlives_a_restart() -> None:
    members = mixed(20)
    mixture, probability, strong = fitted(members)
    stored = Mixture.of(orjson.loads(orjson.dumps(mixture.plain())))
    assert stored == mixture
    again, again_strong = posterior(stored, members)
    assert (again == probability).all()
    assert (again_strong == strong).all()


def test_more_evidence_on_the_link_makes_members_likelier() -> None:
    members = mixed(20)
    posteriors = [
        posterior(Mixture(prior, RATES, NORMAL, dict.fromkeys(TRAITS, 0.5), NORMAL, [0.0] * WIDTH), members)[
            0
        ]
        for prior in (0.05, 0.3, 0.9)
    ]
    assert (posteriors[0] <= posteriors[1]).all()
    assert (posteriors[1] <= posteriors[2]).all()


rates = st.floats(0.0, 1.0)


@given(st.sampled_from(list(TRAITS)), rates, rates)
def test_a_suspicious_trait_never_speaks_for_an_account(name: str, rate: float, shown: float) -> None:
    """However the fit came out: two accounts that differ in one trait alone."""
    members = mixed(2)
    values = {other: np.zeros(NUMBERS) for other in TRAITS}
    values[name][0] = 1.0
    same = {f: getattr(members, f)[np.zeros(NUMBERS, int)] for f in Members.__slots__ if f != "traits"}
    mixture = Mixture(0.5, {name: rate}, NORMAL, {name: shown}, NORMAL, [0.0] * WIDTH)
    probability, _ = posterior(mixture, Members(traits=values, **same))
    assert probability[0] >= probability[1] - 1e-12


@pytest.mark.parametrize("name", TRAITS)
def test_an_unknown_trait_says_nothing(name: str) -> None:
    members = mixed(2)
    told = []
    for value in (np.nan, 0.0, 1.0):
        values = {other: np.zeros(NUMBERS) for other in TRAITS} | {name: np.full(NUMBERS, value)}
        same = {f: getattr(members, f) for f in Members.__slots__ if f != "traits"}
        mixture = Mixture(0.5, {name: 0.1}, NORMAL, {name: 0.9}, NORMAL, [0.0] * WIDTH)
        told.append(posterior(mixture, Members(traits=values, **same))[0])
    assert (told[1] < told[0]).all()
    assert (told[0] < told[2]).all()


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_habits_are_bounded(mean: float, own: float) -> None:
    """No rate, size or look carries a verdict: from even odds nobody comes near to being named."""
    members = mixed(2)
    mixture = Mixture(
        0.05,
        {},
        Normal(dict.fromkeys(HABITS, mean), dict.fromkeys(HABITS, 1.0)),
        {},
        Normal(dict.fromkeys(HABITS, own), dict.fromkeys(HABITS, 0.1)),
        [9.0] * WIDTH,
    )
    probability, strong = posterior(mixture, members)
    assert np.isfinite(probability).all()
    assert probability.max() < 0.95
    assert not strong.any()


def test_on_a_popular_tool_nobody_is_named_for_being_young() -> None:
    members = mixed(30, created_ms=NOW_MS - 4 * DAY_MS)
    shown = {name: float(np.nan_to_num(np.nanmean(members.traits[name]))) for name in TRAITS}
    strong = {
        tool: fit(members, list(TRAITS), shown, RATES, NORMAL, LOOK, 15.0, identity=not tool)[2]
        for tool in (False, True)
    }
    assert strong[False][is_guilty(members, 30)].all()
    assert not strong[True].any()


def test_whatever_else_they_do_is_named_there_all_the_same() -> None:
    members = mixed(30)
    shown = {name: float(np.nan_to_num(np.nanmean(members.traits[name]))) for name in TRAITS}
    _, _, strong = fit(members, list(TRAITS), shown, RATES, NORMAL, LOOK, 15.0, identity=False)
    assert strong[is_guilty(members, 30)].all()


def test_a_mixture_is_refitted_on_who_is_named() -> None:
    members = mixed(30)
    mixture, _, _ = fitted(members)
    named = members.where(is_guilty(members, 30))
    again = refit(mixture, named.where(np.arange(10)), LOOK)
    assert again.shown["orphaned"] == again.shown["handed_over"] == 1.0
    assert again.own.mean["log_rate"] == pytest.approx(np.log(40))
    assert (again.prior, again.rates, again.normal) == (mixture.prior, mixture.rates, mixture.normal)
