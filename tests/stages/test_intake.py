from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.config import Settings
from stream.errors import ConfigError
from stream.event.fields import RECORD
from stream.stages.intake import Intake
from tests.event.records import FULL, changed, without
from tests.sources.litellm_fixtures import body


def _intake(**settings: Any) -> Intake:
    return Intake(Settings.model_validate({"intake": settings}))


def _lines(*records: Any) -> list[bytes]:
    return [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]


def test_events_and_rejects_carry_the_offsets_of_their_messages() -> None:
    lines = _lines(FULL, b"{", FULL, [FULL, FULL])
    events, rejects = _intake().decode("requests/0", lines, [10, 11, 13, 14])
    assert events["offset"].to_list() == [10, 13, 14, 14]
    assert [(reject.source, reject.offset) for reject in rejects] == [("requests/0", 11)]


def test_what_was_read_and_refused_is_counted() -> None:
    intake = _intake()
    intake.decode("log", _lines(FULL, b"{", without("time"), changed(client_ip="unknown")), range(4))
    intake.decode("log", _lines(FULL, b"}"), range(2))
    assert intake.events == 3
    assert intake.rejects == {"not_json": 2, "missing_time": 1}
    assert intake.malformed == {"client_ip": 1}


def test_coverage_says_how_many_events_had_each_field() -> None:
    intake = _intake()
    intake.decode(
        "log", _lines(FULL, without("asn", "plan"), changed(plan=None), changed(asn=-1), b"{"), range(5)
    )
    coverage = intake.coverage()
    assert set(coverage) == {field.name for field in RECORD}
    assert coverage["time"] == coverage["account_id"] == (3, 3)
    assert coverage["asn"] == (2, 3)
    assert coverage["plan"] == (1, 3)
    assert coverage["messages"] == (0, 3)


def test_coverage_counts_what_was_made_of_raw_text() -> None:
    intake = _intake()
    intake.decode("log", _lines(without("prompt_hash") | {"messages": ["hello"]}), [0])
    assert intake.coverage()["prompt_hash"] == intake.coverage()["messages"] == (1, 1)


def test_nothing_read_covers_nothing() -> None:
    assert _intake().coverage()["time"] == (0, 0)


def test_the_format_chooses_the_reader_and_its_unit_of_time() -> None:
    events, rejects = _intake(format="litellm").decode(
        "log", body("logging_on.single.ndjson").splitlines(), range(89)
    )
    assert events.height == 87
    assert {reject.reason for reject in rejects} == {"missing_account"}


def test_an_unknown_format_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="no reader 'apache'"):
        _intake(format="apache")


def test_the_settings_bound_size_and_time_of_a_record() -> None:
    lines = _lines(FULL, FULL | {"more": "x" * 999}, changed(time="2026-04-07T23:59:59.999Z"))
    intake = _intake(
        max_record_bytes=1200, earliest_time="2026-04-08T00:00:00Z", latest_time="2026-04-09T00:00:00Z"
    )
    assert [reject.reason for reject in intake.decode("log", lines, range(3)).rejects] == [
        "too_large",
        "time_range",
    ]


def test_another_key_gives_other_hashes_and_the_same_account() -> None:
    first, second = (
        _intake(hash_key=key).decode("log", _lines(FULL), [0]).events for key in ("a" * 8, "b" * 8)
    )
    assert first["account_id"].equals(second["account_id"])
    assert first["account"][0] != second["account"][0]
    assert first["payment"][0] != second["payment"][0]
    assert first["simhash"].equals(second["simhash"])


RECORDS = st.sampled_from(
    _lines(FULL, b"{", without("time"), changed(asn="x"), [FULL, 1], {**FULL, "messages": ["hi"]})
)


@given(st.lists(RECORDS, max_size=8), st.integers(1, 8))
def test_batch_sizes_change_nothing(lines: list[bytes], size: int) -> None:
    whole, parted = _intake(), _intake()
    together = whole.decode("log", lines, range(len(lines)))
    parts = [parted.decode("log", *_slice(lines, start, size)) for start in range(0, len(lines), size)]
    assert [row for part in parts for row in part.events.to_dicts()] == together.events.to_dicts()
    assert [reject for part in parts for reject in part.rejects] == together.rejects
    assert parted.coverage() == whole.coverage()


def _slice(lines: Sequence[bytes], start: int, size: int) -> tuple[Sequence[bytes], range]:
    return lines[start : start + size], range(start, min(start + size, len(lines)))
