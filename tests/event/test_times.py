from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.event.times import TimeUnit, from_number, from_texts

MOMENT = 1_767_225_600_123


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00:00.123Z", MOMENT),
        ("2026-01-01T00:00:00.1Z", 1_767_225_600_100),
        ("2026-01-01T00:00:00.123999999Z", MOMENT),
        ("2026-01-01t00:00:00.123z", MOMENT),
        ("2026-01-01 00:00:00.123Z", MOMENT),
        ("2026-01-01T02:00:00.123+02:00", MOMENT),
        ("2025-12-31T19:00:00.123-05:00", MOMENT),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("2026-01-01T00:00:00", None),
        ("2026-02-29T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-00-01T00:00:00Z", None),
        ("2026-01-01T24:00:00Z", None),
        ("2026-01-01T00:60:00Z", None),
        ("2026-01-01T00:00:00.Z", None),
        ("2026-01-01T00:00:00.12xZ", None),
        ("2026-01-01", None),
        ("0000-01-01T00:00:00Z", None),
        ("2026-1-1T00:00:00.0000Z", None),
        ("\uff12026-01-01T00:00:00Z", None),
        ("1767225600", None),
        ("", None),
    ],
)
def test_a_text_names_an_instant_or_none(text: str, moment: int | None) -> None:
    assert from_texts([text]) == [moment]
    assert from_texts([text, "2026-01-01T00:00:00.123Z"]) == [moment, MOMENT]


@given(
    st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1), st.sampled_from(["seconds", "milliseconds"])
)
def test_a_batch_reads_as_its_texts_one_by_one(moments: list[datetime], precision: str) -> None:
    texts = [moment.isoformat(timespec=precision).replace("+00:00", "Z") for moment in moments]
    expected = [
        (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000
        for text in texts
    ]
    assert from_texts(texts) == [round(moment) for moment in expected]
    assert from_texts(texts) == [from_texts([text])[0] for text in texts]


@given(st.lists(st.text(alphabet="0123456789-T:.Z+", min_size=20, max_size=24)))
def test_texts_that_look_like_times_read_the_same_alone_and_together(texts: list[str]) -> None:
    assert from_texts(texts) == [from_texts([text])[0] for text in texts]


@pytest.mark.parametrize(
    ("value", "unit", "moment"),
    [
        (1_767_225_600, "s", 1_767_225_600_000),
        (1_767_225_600.123, "s", MOMENT),
        (1_795_514_434.197, "s", 1_795_514_434_197),
        (MOMENT, "ms", MOMENT),
        (MOMENT + 0.4, "ms", MOMENT),
        (MOMENT * 1000 + 999, "us", MOMENT),
        (MOMENT * 1_000_000 + 999_999, "ns", MOMENT),
        (-1, "ms", -1),
        (1 << 63, "ms", None),
        (1 << 61, "s", None),
        (1e300, "s", None),
    ],
)
def test_a_number_counts_in_the_unit_of_its_source(value: float, unit: TimeUnit, moment: int | None) -> None:
    assert from_number(value, unit) == moment
