"""Other platforms' records: fields by the names that settings give them."""

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from stream.config import Generic, Intake, Settings, digest
from stream.stages import intake

TIME = "2026-04-08T00:00:00Z"


def read(record: dict[str, Any], **names: str) -> dict[str, Any]:
    """The event of one record; {} where it is refused."""
    stage = intake.Intake(Settings(intake=Intake(format="generic"), generic=Generic(**names)))
    decoded = stage.decode("log", [orjson.dumps(record)], [0])
    return decoded.events.to_dicts()[0] if decoded.events.height else {}


def test_who_acted_on_what_and_when_make_an_event() -> None:
    event = read({"account": "a", "time": TIME, "object": "item-7"})
    assert (event["account_id"], event["time_ms"]) == ("a", 1_775_606_400_000)
    assert event["object"] not in (None, 0)


def test_other_names_are_settings_nested_ones_with_a_dot() -> None:
    record = {"reviewer": {"id": 17}, "when": TIME, "book": "b-1", "voucher": "v"}
    event = read(record, account="reviewer.id", time="when", object="none|book", payment="voucher")
    plain = read({"account": "17", "time": TIME, "object": "b-1", "payment": "v"})
    assert event == plain
    assert event["payment"] is not None


def test_of_alternatives_the_first_that_is_present_counts() -> None:
    both = read({"user": "u", "account": "a", "time": TIME})
    assert both["account_id"] == "a"
    assert read({"user": "u", "account": None, "time": TIME})["account_id"] == "u"


@pytest.mark.parametrize("time", [1_775_606_400_000, "1775606400000", TIME, "2026-04-08 00:00:00Z"])
def test_times_are_texts_or_numbers_in_the_unit_that_is_set(time: str | int) -> None:
    assert read({"account": "a", "time": time})["time_ms"] == 1_775_606_400_000


def test_the_same_object_is_the_same_number_and_another_is_another() -> None:
    one, same, other = (read({"account": "a", "time": TIME, "object": o})["object"] for o in (7, "7", 8))
    assert one == same != other


@pytest.mark.parametrize("record", [{"time": TIME}, {"account": "a"}, {"account": True, "time": TIME}])
def test_a_record_without_account_or_time_is_refused(record: dict[str, Any]) -> None:
    assert read(record) == {}


@pytest.mark.parametrize("names", ["", "|", "a|", "a b"])
def test_a_setting_names_one_field_at_least(names: str) -> None:
    with pytest.raises(ValidationError):
        Generic(account=names)


def test_names_enter_the_digest_where_records_are_read_by_them() -> None:
    renamed = Generic(object="book")
    assert digest(Settings(generic=renamed)) == digest(Settings())
    generic = Intake(format="generic")
    assert digest(Settings(intake=generic, generic=renamed)) != digest(Settings(intake=generic))
