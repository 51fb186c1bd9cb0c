"""The table of link kinds, and what is wrong with a bad one."""

from pathlib import Path

import pytest

from stream.config import config_path
from stream.errors import ConfigError
from stream.event.fields import RECORD
from stream.links.kinds import DERIVED, FLAGS, LinkKind, load_kinds

KINDS = load_kinds(config_path("links.toml"))
GENERIC = load_kinds(config_path("generic-links.toml"))


def load(folder: Path, text: str) -> tuple[LinkKind, ...]:
    path = folder / "links.toml"
    path.write_text(text)
    return load_kinds(path)


def test_the_packaged_table_declares_the_kinds_of_the_design() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    wanted = {"payment", "prompt_prefix", "template", "parameters", "client", "parameters_client", "tools"}
    wanted |= {"network", "operator_client", "signup_batch", "handover", "repeated_body"}
    assert wanted <= set(names)


@pytest.mark.parametrize("kind", [*KINDS, *GENERIC], ids=lambda kind: kind.name)
def test_a_kind_names_fields_of_the_record(kind: LinkKind) -> None:
    records = kind.records()
    assert records
    assert len(set(records)) == len(records)
    assert set(records) <= {field.name for field in RECORD}


def test_the_table_for_other_platforms_has_synchrony_tokens_that_make_cases_by_breadth() -> None:
    (tokens,) = (kind for kind in GENERIC if kind.within_s is not None)
    assert (tokens.fields, tokens.pooled, tokens.breadth) == (("object",), True, True)
    assert not any(kind.within_s or kind.pooled for kind in KINDS)


@pytest.mark.parametrize("table", [DERIVED, FLAGS])
def test_derived_columns_are_made_of_fields_of_the_record(table: dict[str, tuple[str, ...]]) -> None:
    names = {field.name for field in RECORD}
    for fields in table.values():
        assert fields
        assert set(fields) <= names


def test_an_operator_adds_a_kind_without_code(tmp_path: Path) -> None:
    (kind,) = load(tmp_path, '[endpoint_country]\nfields = ["endpoint", "country|asn"]\nextra_nats = 3\n')
    assert kind.name == "endpoint_country"
    assert kind.records() == ("endpoint", "country", "asn")
    assert (kind.extra_nats, kind.unit, kind.when) == (3.0, "payer", None)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[x]\nfields = ["no_such"]', "x.fields"),
        ('[x]\nfields = ["client|no_such"]', "x.fields"),
        ("[x]\nfields = []", "x.fields"),
        ("[x]", "x.fields"),
        ('[x]\nfields = "client"', "x.fields"),
        ('[x]\nfields = ["client"]\ncolour = "red"', "x.colour"),
        ('[x]\nfields = ["client"]\nmin_share = 1.5', "x.min_share"),
        ('[x]\nfields = ["client"]\nmin_share = "much"', "x.min_share"),
        ('[x]\nfields = ["client"]\nmin_events = 0', "x.min_events"),
        ('[x]\nfields = ["client"]\nunit = "planet"', "x.unit"),
        ('[x]\nfields = ["client"]\nwhen = "raining"', "x.when"),
        ('[x]\nfields = ["object"]\nwithin_s = 0', "x.within_s"),
        ('[x]\nfields = ["client"]\nname = "y"', "x"),
        ('x = "client"', "x"),
        ("", "declares none"),
        ("[x", "links.toml"),
    ],
)
def test_what_is_wrong_is_named_with_the_file_and_the_key(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert str(tmp_path / "links.toml") in message
    assert where in message
    assert "\n" not in message.partition("at line")[0]


def test_a_kind_is_made_of_one_alternative_of_each_field_and_of_its_flag(tmp_path: Path) -> None:
    text = '[x]\nfields = ["client", "country|asn"]\nwhen = "refused"\n'
    (kind,) = load(tmp_path, text)
    assert kind.made_of({"ja4", "asn", "safety_code"})
    assert not kind.made_of({"ja4", "user_agent", "safety_code"})
    assert not kind.made_of({"ja4", "asn", "country"})


@pytest.mark.parametrize(
    "field", ["account_id", "time_ms", "status", "message_count", "input_tokens", "email_class", "stream"]
)
def test_what_cannot_be_shared_makes_no_kind(tmp_path: Path, field: str) -> None:
    """Numbers and classes are no identities, and their absence is not 0."""
    with pytest.raises(ConfigError, match=r"x\.fields"):
        load(tmp_path, f'[x]\nfields = ["{field}"]')


def test_a_file_that_is_not_there_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_kinds(tmp_path / "nowhere.toml")


def test_a_file_that_is_not_text_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "links.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"links\.toml"):
        load_kinds(path)
