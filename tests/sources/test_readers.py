"""What every reader must do: a reader that is registered is tested here without further ado."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.errors import ConfigError
from stream.event.batch import UnreadableRecordError
from stream.event.fields import RECORD
from stream.event.hashing import Hasher
from stream.event.split import JsonObject
from stream.sources import READERS, reader_of
from stream.sources.reader import Reader
from tests.event.records import decoder
from tests.sources import litellm_fixtures

NAMES = {field.name for field in RECORD}
SAMPLES: dict[str, list[JsonObject]] = {
    "native": [{"time": "2026-04-08T00:00:00Z", "account_id": "acct-1", "model": "m-large"}],
    "litellm": litellm_fixtures.records("logging_on.single.ndjson"),
    "generic": [
        {"time": "2026-04-08T00:00:00Z", "account": 17, "object": "item-7", "action": "like"},
        {
            "timestamp": 1_775_606_400_150,
            "user_id": "u-1",
            "item_id": 9,
            "ip": "203.0.113.8",
            "payment": "c1",
        },
    ],
}
"""Records that each gateway really writes; a new reader brings some."""

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path that leads to a value in a record, the longest lists cut."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    return [path] * bool(path) + [found for name, each in inner for found in _paths(each, (*path, name))]


def _replaced(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the record with another value at a path."""
    if not path:
        return value
    copied = record.copy()
    copied[path[0]] = _replaced(record[path[0]], path[1:], value)
    return copied


@pytest.fixture(params=READERS.values(), ids=lambda reader: reader.name)
def reader(request: pytest.FixtureRequest) -> Reader:
    found: Reader = request.param
    return found


def _read(reader: Reader, record: JsonObject) -> list[JsonObject]:
    return [record] if reader.read is None else list(reader.read(record, Hasher("a key").hider("reader")))


def test_a_reader_is_found_by_its_name(reader: Reader) -> None:
    assert reader_of(reader.name) is reader
    assert reader.meaning


def test_an_unknown_name_is_a_configuration_error_that_says_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no reader 'apache'; there are: .*litellm.*native"):
        reader_of("apache")


def test_its_samples_become_events(reader: Reader) -> None:
    messages = [orjson.dumps(record) for record in SAMPLES[reader.name]]
    events = (
        decoder(reader.time_unit or "ms", read=reader.read)
        .decode("log", messages, range(len(messages)))[0]
        .events
    )
    assert events.height >= len(messages) * 0.9


def test_it_writes_known_fields_only(reader: Reader) -> None:
    written = {name for sample in SAMPLES[reader.name] for record in _read(reader, sample) for name in record}
    assert written <= NAMES


def test_it_leaves_the_gateways_record_as_it_was(reader: Reader) -> None:
    for sample in SAMPLES[reader.name]:
        before = orjson.dumps(sample)
        _read(reader, sample)
        assert orjson.dumps(sample) == before


@given(st.data())
def test_any_value_anywhere_in_a_record_is_an_event_or_a_reject(data: st.DataObject) -> None:
    reader = data.draw(st.sampled_from(list(READERS.values())))
    sample = data.draw(st.sampled_from(SAMPLES[reader.name]))
    path = data.draw(st.sampled_from(_paths(sample)))
    record = _replaced(sample, path, data.draw(ODD))
    events, rejects = decoder(reader.time_unit or "ms", read=reader.read).decode(
        "log", [orjson.dumps(record)], [7]
    )[0]
    assert events.height + len(rejects) == 1


@given(st.sampled_from(list(READERS.values())), st.dictionaries(st.text(max_size=5), ODD))
def test_any_object_is_read_or_refused_as_unreadable(reader: Reader, record: JsonObject) -> None:
    with suppress(UnreadableRecordError):
        assert all(set(read) <= NAMES | set(record) for read in _read(reader, record))
