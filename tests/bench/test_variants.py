from dataclasses import replace

import pytest

from stream.bench import variants
from stream.bench.tuning import numbers
from stream.config import Settings
from stream.errors import ConfigError
from stream.event.fields import RECORD
from stream.evidence import FAMILIES
from stream.simulate import EVASIONS, MORE_LOOKALIKES, USUAL, WorldSpec

SETTINGS = Settings()
WORLDS = [WorldSpec(seed=seed) for seed in (1, 2)]


def test_what_is_missing_are_fields_of_the_record() -> None:
    known = {field.name for field in RECORD}
    for name, fields in variants.MISSING.items():
        assert set(fields) < known, name
        assert not {"time", "account_id"} & set(fields)
    assert known - set(variants.MISSING["bare"]) == {
        "time", "account_id", "model", "input_tokens", "output_tokens", "client_ip",
    }  # fmt: skip


def test_each_missing_group_runs_on_each_world() -> None:
    runs = variants.without(WORLDS, SETTINGS, ["payment", "bare"])
    assert [(run.name, run.spec.seed) for run in runs] == [
        ("without payment", 1), ("without payment", 2), ("without bare", 1), ("without bare", 2),
    ]  # fmt: skip
    assert runs[0].change.fields == ("payment_hash",)
    assert len(variants.without(WORLDS, SETTINGS, ["all"])) == 2 * len(variants.MISSING)
    assert variants.without(WORLDS, SETTINGS, []) == []


def test_a_name_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="--without colour: should be all, or some of signup, payment"):
        variants.without(WORLDS, SETTINGS, ["colour"])
    with pytest.raises(ConfigError, match="--evasions hide"):
        variants.evasions(WORLDS, SETTINGS, ["hide"])
    with pytest.raises(ConfigError, match="--sensitivity everything"):
        variants.sensitivity(WORLDS, SETTINGS, ["everything"])


def test_an_evasion_is_put_on_every_kind_that_can_have_it() -> None:
    (first, _) = variants.evasions(WORLDS, SETTINGS, ["sticky"])
    assert first.spec == replace(WORLDS[0], campaigns=("relay+sticky", "reseller+sticky"))
    every = variants.evasions(WORLDS[:1], SETTINGS, ["all"])
    assert [run.name for run in every] == list(EVASIONS)
    budgets = next(run for run in every if run.name == "budgets")
    assert budgets.spec.campaigns == tuple(f"{kind}+budgets" for kind in USUAL)


def test_an_evasion_that_no_campaign_of_the_world_can_have_makes_no_run() -> None:
    only_sweeps = [WorldSpec(campaigns=("sweep", "sweep+aged"))]
    assert variants.evasions(only_sweeps, SETTINGS, ["sticky"]) == []
    (run,) = variants.evasions(only_sweeps, SETTINGS, ["jitter"])
    assert run.spec.campaigns == ("sweep+jitter",)


def test_the_best_pairs_are_those_of_least_recall_that_can_be_joined() -> None:
    recall = {"ramp": 0.1, "retire": 0.2, "aged": 0.3, "jitter": 0.9}
    runs = variants.pairs(WORLDS[:1], SETTINGS, recall, 2)
    assert [run.name for run in runs] == ["ramp+aged", "retire+aged"]  # ramp and retire cannot be joined
    assert runs[0].spec.campaigns[0] == "sweep+ramp+aged"


def test_ticks_are_settings_and_families_are_changes() -> None:
    assert [run.settings.windows.tick_s for run in variants.ticks(WORLDS[:1], SETTINGS, [300, 900])] == [
        300,
        900,
    ]
    runs = variants.ablation(WORLDS[:1], SETTINGS)
    silent = {run.name: set(run.change.silent) for run in runs}
    for name in FAMILIES:
        assert silent[f"without {name}"] == {name}
        assert silent[f"{name} alone"] == set(FAMILIES) - {name}
    assert len(runs) == 2 * len(FAMILIES)


def test_every_number_is_taken_up_and_down() -> None:
    runs = variants.sensitivity(WORLDS[:1], SETTINGS, ["all"])
    assert {run.change.constant for run in runs} == set(numbers(SETTINGS))
    assert {run.change.factor for run in runs} == {0.5, 2.0}
    assert len(set(runs)) == len(runs) == 2 * len(numbers(SETTINGS))


def test_a_world_of_lookalikes_has_no_campaign_and_all_of_them() -> None:
    (run, _) = variants.lookalikes(WORLDS, SETTINGS)
    assert run.spec.campaigns == ()
    assert set(MORE_LOOKALIKES) < set(run.spec.lookalikes)
