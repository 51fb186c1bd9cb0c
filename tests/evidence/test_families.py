"""What every family of evidence has to keep, by being one: the suite asks `FAMILIES`, not a list here."""

from typing import Any

import numpy as np
import pytest

from stream.event.fields import RECORD
from stream.evidence import FAMILIES, LIKENESS, PIECES, RANKED, Lagged, Piece, Units, fields_needed
from stream.evidence import score as scored
from stream.evidence.exchangeability import dissimilarity, rho_by_attribute, tool_diversity
from stream.evidence.piece import DEEDS, binomial
from stream.evidence.rhythm import excess_spread
from stream.evidence.traits import TRAITS
from stream.evidence.widen import upper_deviation
from stream.memory.histograms import ATTRIBUTES, BINS
from tests.evidence.population import KINDS, NOW_MS, Population, histogram, lagged

CAP = 5.0
"""Nats that one piece may add at most (4-5 by design)."""
SOFT_CAP = CAP + 3.5
"""Of a deed: what 30 votes at the least rate come to, 30 ln 50, beyond the cap by its logarithm."""
DAY_MS = 86_400_000
FLAGS = ("orphaned", "handed_over", "failed_over", "refused", "foreign", "templated")


def random_population(seed: int) -> Population:
    """Links of every kind with accounts of every sort, some of them with much unknown."""
    rng, made, first = np.random.default_rng(seed), Population(), 0
    for number, kind in enumerate(KINDS):
        count = int(rng.integers(6, 40))
        accounts = range(first, first + count)
        events = rng.integers(1, 400, count)
        unknown = rng.random(count) < 0.3

        def flag(events: Any = events, count: int = count) -> Any:
            return rng.binomial(events, rng.random(count))

        made.accounts(
            accounts,
            events=events,
            total=events,
            last_ms=NOW_MS - 1,
            created_ms=np.where(unknown, -1, NOW_MS - rng.integers(0, 400, count) * DAY_MS),
            email_class=np.where(unknown, 255, rng.integers(0, 4, count)),
            home_share=np.where(unknown, np.nan, rng.random(count)),
            payment=np.where(rng.random(count) < 0.5, 0, rng.integers(1, 9, count)),
            org=np.where(rng.random(count) < 0.5, 0, rng.integers(10, 90, count)),
            tool=np.where(unknown, 0, rng.integers(1, 4, count)),
            sized=np.where(unknown, 0, events),
            log_in=events * rng.integers(0, 3000, count),
            log_out=events * rng.integers(0, 3000, count),
            streamed=flag(),
            active_hours=rng.integers(0, 25, count),
            goes_on=rng.integers(0, 2, count),
            histograms=np.stack([histogram(rng.integers(-1, BINS, len(ATTRIBUTES))) for _ in accounts]),
            log_copied=events * rng.integers(0, 3000, count),
            **{name: flag() for name in FLAGS},
        )
        for value in range(1, 4):
            made.link(kind.name, 100 * number + value, accounts, int(rng.integers(3, 60)))
        first += count
    return made


def score(units: Units, lagged: Lagged) -> dict[str, Piece]:
    """What adds up."""
    return scored(units, lagged).pieces


def nats(pieces: dict[str, Piece], name: str) -> list[float]:
    return [float(value) for value in pieces[name].nats]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_pieces_are_whole_finite_and_capped(family: str, seed: int) -> None:
    units = random_population(seed).units()
    links = len(units.start)
    for given in (lagged(units), lagged(units, rate=0.0, ranks=np.zeros(0)), lagged(units, rate=1.0)):
        for piece in FAMILIES[family](units, given):
            assert piece.name in PIECES
            for column in (piece.nats, piece.observed, piece.expected, piece.threshold):
                assert column.shape == (links,)
            assert np.isfinite(piece.nats).all()
            assert piece.nats.max() <= (SOFT_CAP if piece.name in DEEDS else CAP)
            assert piece.nats.min() >= -CAP
            told = piece.nats != 0
            assert np.isfinite(piece.observed[told]).all(), "what counts says what it saw"
            assert np.isfinite(piece.expected[told]).all()
            assert np.isfinite(piece.threshold[told]).all()


def test_all_families_together_tell_every_piece_once() -> None:
    units = random_population(0).units()
    pieces = score(units, lagged(units))
    assert sorted(pieces) == sorted(PIECES)
    assert all(name == piece.name for name, piece in pieces.items())


def test_what_a_kind_is_blind_to_counts_nothing() -> None:
    units = random_population(1).units()
    pieces = score(units, lagged(units, rate=0.0))
    for name, piece in pieces.items():
        blind = np.array([name in KINDS[number].blind_to for number in units.kind])
        assert not piece.nats[blind].any()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_blind_only_to_what_exists(kind: Any) -> None:
    assert set(kind.blind_to) <= set(PIECES)


def test_every_family_names_fields_of_the_record() -> None:
    needed = fields_needed(KINDS)
    assert list(needed) == list(FAMILIES)
    names = {field.name for field in RECORD}
    for fields in needed.values():
        assert fields
        assert set(fields) <= names


@pytest.mark.parametrize("seed", range(2))
def test_scores_do_not_depend_on_the_order_of_arrival(seed: int) -> None:
    def scores(order: int) -> dict[tuple[int, int], list[float]]:
        rng, made = np.random.default_rng(seed), Population()
        accounts = list(range(40))
        young = dict(zip(accounts, rng.random(40) < 0.5, strict=True))
        events = dict(zip(accounts, rng.integers(1, 100, 40).tolist(), strict=True))
        for number in np.random.default_rng(order).permutation(accounts).tolist():
            created = NOW_MS - (DAY_MS if young[number] else 900 * DAY_MS)
            made.accounts([number], events=events[number], last_ms=NOW_MS, created_ms=created, home_share=0.9)
        for value in np.random.default_rng(order).permutation(5).tolist():
            made.link("client", value + 1, accounts[value * 4 :])
        units = made.units()
        pieces = score(units, lagged(units))
        values = made.links.state.links["value"][units.link].tolist()
        return {value: [float(p.nats[i]) for p in pieces.values()] for i, value in enumerate(values)}

    assert scores(1) == scores(2)


# The same group everywhere: nothing stands out.


def same_groups() -> Population:
    """Fifty links of each kind, whose groups are copies of one another with other accounts."""
    made, first = Population(), 0
    rng = np.random.default_rng(5)
    looks = np.stack([histogram(rng.integers(0, BINS, len(ATTRIBUTES))) for _ in range(12)])
    for number, kind in enumerate(KINDS):
        for value in range(50):
            accounts = range(first, first + 12)
            made.accounts(
                accounts,
                events=np.geomspace(10, 200, 12).astype(int),
                sized=10,
                log_in=np.linspace(5000, 20_000, 12).astype(int),
                log_out=np.linspace(5000, 20_000, 12).astype(int),
                last_ms=NOW_MS - 1,
                created_ms=[NOW_MS - (i % 3) * 300 * DAY_MS for i in range(12)],
                email_class=[i % 4 for i in range(12)],
                home_share=np.linspace(0.3, 1, 12),
                tool=np.arange(12) // 2 + 1,
                refused=[200 * (i == 3) for i in range(12)],
                templated=[200 * (i == 4) for i in range(12)],
                orphaned=[200 * (i == 5) for i in range(12)],
                handed_over=[i == 6 for i in range(12)],
                failed_over=[2 * (i == 7) for i in range(12)],
                histograms=looks,
            )
            made.link(kind.name, 1000 * number + value + 1, accounts, events=40)
            first += 12
    return made


def test_a_group_like_all_others_is_silent() -> None:
    units = same_groups().units()
    rates = {name: float(np.nanmean(values)) for name, values in units.traits.items()}
    contrast = 0.5
    everywhere = lagged(units, rates, contrast=contrast)
    ranks = {
        "even": excess_spread(units),
        "tokens_in": upper_deviation(units, units.log_in),
        "tokens_out": upper_deviation(units, units.log_out),
        "alike": dissimilarity(
            rho_by_attribute(units, everywhere.contrast, np.ones(len(units.start), np.bool_))
        ),
        "uniform_tool": tool_diversity(units),
    }
    assert ranks.keys() == set(RANKED)
    for name, piece in score(units, lagged(units, rates, ranks, contrast)).items():
        assert piece.nats.max() <= 0, name


# What is unknown never counts.


def test_a_group_of_which_nothing_is_known_is_silent() -> None:
    """Against a population in which everything is known and nothing is suspicious."""
    made, first = Population(), 0
    for number, kind in enumerate(KINDS):
        accounts = range(first, first + 20)
        made.accounts(accounts, events=np.geomspace(6, 3000, 20).astype(int), last_ms=NOW_MS - 1)
        made.link(kind.name, 1000 + number, accounts, events=200)
        first += 20
    units = made.units()
    assert len(units.start) >= len(KINDS) - 2
    for name, piece in score(units, lagged(units, rate=0.0)).items():
        assert piece.nats.max() <= 0, name


@pytest.mark.parametrize("name", TRAITS)
def test_a_trait_is_never_shown_by_whoever_nothing_is_known_of(name: str) -> None:
    made = Population()
    made.accounts(range(8), events=30, last_ms=NOW_MS - 1)
    made.link("client", 1, range(8))
    shown = made.members().traits[name]
    assert not (shown > 0).any()


@pytest.mark.parametrize("name", TRAITS)
def test_a_trait_names_its_family_and_fields(name: str) -> None:
    trait = TRAITS[name]
    assert trait.family in FAMILIES
    assert trait.sentence
    assert set(trait.needs) <= {field.name for field in RECORD}


# More of it is more evidence.

SHOWING: dict[str, dict[str, Any]] = {
    "young": {"created_ms": NOW_MS - DAY_MS},
    "throwaway": {"email_class": 2},
    "roaming": {"home_share": 0.1},
    "orphaned": {"orphaned": 40},
    "handed_over": {"handed_over": 5},
    "failed_over": {"failed_over": 5},
    "refused": {"refused": 20},
    "changed": {"foreign": 40, "goes_on": 1},
    "templated": {"templated": 40},
}
PLAIN: dict[str, Any] = {
    "events": 40,
    "last_ms": NOW_MS - 1,
    "created_ms": NOW_MS - 900 * DAY_MS,
    "email_class": 1,
    "home_share": 0.9,
}


def showing(name: str, hits: int, votes: int = 16) -> Units:
    """One link, `hits` of whose accounts show a trait."""
    made = Population()
    made.accounts(range(hits, votes), **PLAIN)
    if hits:
        made.accounts(range(hits), **(PLAIN | SHOWING[name]))
    foreign = 10 if name == "changed" else 0
    made.link("payment", 1, range(hits), foreign=foreign)
    made.link("payment", 1, range(hits, votes))
    return made.units()


@pytest.mark.parametrize(("owners", "told"), [(0, False), (1, False), (2, True), (16, True)])
def test_accounts_that_changed_are_a_migration_if_hardly_any_owner_goes_on(owners: int, told: bool) -> None:
    made = Population()
    going_on = np.arange(16) < owners
    made.accounts(range(16), **(PLAIN | SHOWING["changed"] | {"goes_on": going_on.astype(int)}))
    made.link("payment", 1, range(16), foreign=10)
    units = made.units()
    piece = score(units, lagged(units, rate=0.05))["changed"]
    assert piece.observed[0] == 1
    assert bool(piece.nats[0] > 2) is told


def test_who_has_just_come_is_even_in_part_only() -> None:
    told = []
    for events in (3, 6, 30):
        made = Population()
        made.accounts(range(16), **(PLAIN | {"events": events, "total": events}))
        made.link("client", 1, range(16), events=events)
        units = made.units()
        told.append(float(score(units, lagged(units))["even"].nats[0]))
    assert 0 < told[0] < told[1] < told[2]


def test_there_is_an_account_for_every_trait() -> None:
    assert SHOWING.keys() == TRAITS.keys()


@pytest.mark.parametrize("name", TRAITS)
def test_more_accounts_with_a_trait_are_more_evidence(name: str) -> None:
    told = []
    for hits in range(17):
        units = showing(name, hits)
        piece = score(units, lagged(units, rate=0.05))[name]
        assert float(piece.observed[0]) == pytest.approx(hits / 16)
        told.append(float(piece.nats[0]))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] > 2


@pytest.mark.parametrize("name", TRAITS)
def test_a_trait_that_everybody_has_is_no_evidence(name: str) -> None:
    units = showing(name, 16)
    assert float(score(units, lagged(units, rate=0.99))[name].nats[0]) < 0.1


@pytest.mark.parametrize("name", TRAITS)
def test_evidence_begins_about_where_its_threshold_says(name: str) -> None:
    for hits in range(17):
        units = showing(name, hits)
        piece = score(units, lagged(units, rate=0.1))[name]
        if piece.nats[0] > 0.5:
            assert piece.observed[0] > piece.expected[0]
            assert piece.observed[0] >= piece.threshold[0] * 0.9
        if piece.observed[0] < piece.expected[0]:
            assert piece.nats[0] == 0


def of_spread(spread: float) -> Units:
    """Twenty accounts whose rates and sizes differ by about `spread` on a logarithmic scale."""
    made, steps = Population(), np.linspace(-1, 1, 20) * spread
    events = np.rint(300 * np.exp(steps)).astype(int)
    log_in = np.rint(256 * events * (6 + steps)).astype(int)
    made.accounts(
        range(20), **(PLAIN | {"events": events, "sized": events, "log_in": log_in, "log_out": log_in})
    )
    made.link("payment", 1, range(20), events=200)
    return made.units()


@pytest.mark.parametrize("name", ["even", "tokens_in", "tokens_out"])
def test_the_more_even_the_more_evidence(name: str) -> None:
    told = []
    for spread in (3.0, 1.5, 1.0, 0.5, 0.2, 0.05):
        units = of_spread(spread)
        told.append(float(score(units, lagged(units))[name].nats[0]))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] > 0.5


def likeness_of(same: str, kind: str = "payment") -> dict[str, Piece]:
    """Twenty accounts that are alike in one attribute alone, on a link of a kind."""
    made, rng = Population(), np.random.default_rng(4)
    looks = rng.integers(0, BINS, (20, len(ATTRIBUTES)))
    looks[:, ATTRIBUTES.index(same)] = 3
    made.accounts(range(20), **PLAIN, histograms=np.stack([histogram(look) for look in looks]))
    made.link(kind, 1, range(20))
    units = made.units()
    return scored(units, lagged(units, contrast=0.8)).likeness


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_who_is_alike_in_one_thing_is_like_strangers_in_the_rest(attribute: str) -> None:
    likeness = likeness_of(attribute)
    assert likeness.keys() == LIKENESS.keys()
    assert likeness[f"same_{attribute}"].nats[0] == 3.0
    assert all(piece.nats[0] < 0 for name, piece in likeness.items() if name != f"same_{attribute}")


def test_what_a_link_is_about_or_nobody_knows_is_no_likeness() -> None:
    assert likeness_of("prefix", "prompt_prefix")["same_prefix"].nats[0] == 0.0
    made = Population()
    made.accounts(range(20), **PLAIN)
    made.link("payment", 1, range(20))
    units = made.units()
    assert all(piece.nats[0] == 0.0 for piece in scored(units, lagged(units)).likeness.values())


def test_who_sends_what_others_send_word_for_word_does_no_harvest() -> None:
    told = []
    for copied in (0, 5, 20, 50):
        made = Population()
        made.accounts(range(20), **(PLAIN | {"log_out": 100 * 1280, "log_copied": copied * 1280}))
        made.link("payment", 1, range(20))
        units = made.units()
        told.append(float(score(units, lagged(units))["copied"].nats[0]))
    assert told[:2] == [0.0, 0.0]
    assert told[3] <= told[2] < 0


def with_looks(kinds_of_looks: int, tools: int) -> Units:
    made, rng = Population(), np.random.default_rng(3)
    looks = [histogram(rng.integers(0, BINS, len(ATTRIBUTES))) for _ in range(kinds_of_looks)]
    histograms = np.stack([looks[i % kinds_of_looks] for i in range(20)])
    made.accounts(range(20), **PLAIN, histograms=histograms, tool=np.arange(20) % tools + 1)
    made.link("payment", 1, range(20))
    return made.units()


@pytest.mark.parametrize(("name", "what"), [("alike", 0), ("uniform_tool", 1)])
def test_the_more_alike_the_more_evidence(name: str, what: int) -> None:
    told = []
    for variety in (20, 8, 3, 1):
        units = with_looks(variety if what == 0 else 5, variety if what == 1 else 5)
        ranks = np.linspace(0.5, 1.0, 101)
        told.append(float(score(units, lagged(units, ranks=ranks, contrast=0.8))[name].nats[0]))
    assert told == sorted(told)
    assert told[0] < 0.5
    assert told[-1] > 0.5


def test_a_tool_that_is_unknown_is_no_common_tool() -> None:
    """Three units with tools of their own, seventeen of which nobody knows the tool."""
    made = Population()
    made.accounts(range(20), **PLAIN, tool=[1, 2, 3] + [0] * 17)
    made.link("payment", 1, range(20))
    few = Population()
    few.accounts(range(6), **PLAIN, tool=[1, 2, 3, 0, 0, 0])
    few.link("payment", 1, range(6))
    assert tool_diversity(made.units()).tolist() == tool_diversity(few.units()).tolist()


def test_too_small_a_reference_says_nothing() -> None:
    units = of_spread(0.05)
    pieces = score(units, lagged(units, ranks=np.linspace(0.4, 1.6, 10)))
    assert [nats(pieces, name) for name in RANKED] == [[0.0]] * len(RANKED)


def sharing(links: int) -> Units:
    made = Population()
    made.accounts(range(20), **PLAIN)
    for value in range(1, links + 1):
        made.link(next(kind.name for kind in KINDS if kind.breadth), value, range(20))
    return made.units()


def test_the_more_they_share_the_more_evidence() -> None:
    told = []
    for links in (1, 2, 4, 12):
        units = sharing(links)
        told.append(float(score(units, lagged(units))["breadth"].nats[0]))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] > 3


def test_links_of_other_people_are_no_breadth() -> None:
    made, name = Population(), next(kind.name for kind in KINDS if kind.breadth)
    made.accounts(range(60), **PLAIN)
    for value in range(6):
        made.link(name, value + 1, range(10 * value, 10 * value + 10))
    units = made.units()
    assert not score(units, lagged(units))["breadth"].nats.any()


def in_one_room(there: int) -> Units:
    made = Population()
    made.accounts(range(20), **PLAIN)
    made.link("prompt_prefix", 1, range(20))
    made.link("network", 9, range(there))
    return made.units()


def test_a_common_place_counts_against() -> None:
    told = []
    for there in (0, 5, 20):
        units = in_one_room(there)
        at = int(np.flatnonzero(units.kind == [kind.name for kind in KINDS].index("prompt_prefix"))[0])
        told.append(float(score(units, lagged(units))["place"].nats[at]))
    assert told[:2] == [0, 0]
    assert told[2] < -1


def test_what_others_have_known_for_long_counts_against() -> None:
    made = Population()
    made.accounts(range(20), **PLAIN)
    for number, kind in enumerate(KINDS):
        made.link(kind.name, 100 + number, range(20))
    units = made.units()
    new, old = (score(units, lagged(units, veterans=count))["common"].nats for count in (0, 50))
    assert not new.any()
    common = np.array([KINDS[number].common for number in units.kind])
    assert (old[common] < -1).all()
    assert not old[~common].any()


# One firm, one vote.


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_seats_of_one_payer_have_one_vote(kind: Any) -> None:
    made = Population()
    made.accounts(range(400), **PLAIN, org=5, payment=6)
    made.accounts(range(400, 420), **PLAIN)
    made.link(kind.name, 1, range(420))
    assert made.units().votes.tolist() == [21]


def test_on_a_payment_link_organisations_vote() -> None:
    made = Population()
    made.accounts(range(30), **PLAIN, payment=6, org=np.arange(30) // 2 + 1)
    made.link("payment", 6, range(30))
    made.link("client", 6, range(30))
    units = made.units()
    assert units.votes.tolist() == [15]
    assert units.kind.tolist() == [0]


@pytest.mark.parametrize("name", sorted(TRAITS))
def test_more_of_a_deed_counts_more_and_more_of_the_rest_does_not(name: str) -> None:
    few, many = (float(binomial(name, n, n, 0.02).nats[0]) for n in (np.array([5.0]), np.array([25.0])))
    assert few >= CAP
    assert (many > few) == (name in DEEDS)
