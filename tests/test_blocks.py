import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.blocks import Block, decode, encode, pieces
from stream.errors import StateError


def test_a_block_comes_back_as_it_was() -> None:
    rows = pl.DataFrame(
        {"slot": [1, 2], "name": ["a", None], "bits": [[1, 2], []]},
        schema={"slot": pl.UInt32, "name": pl.String, "bits": pl.List(pl.Int64)},
    )
    block = decode("links", "members", True, encode(Block("links", "members", rows, True)))
    assert (block.stage, block.table, block.whole) == ("links", "members", True)
    assert block.rows.equals(rows)
    assert block.rows.schema == rows.schema


def test_an_empty_table_keeps_its_columns() -> None:
    rows = pl.DataFrame(schema={"slot": pl.UInt32})
    data = encode(Block("links", "members", rows))
    assert decode("links", "members", False, data).rows.schema == rows.schema


@pytest.mark.parametrize("data", [b"", b"no arrow", encode(Block("a", "b", pl.DataFrame({"x": [1]})))[:40]])
def test_what_is_no_arrow_is_an_error(data: bytes) -> None:
    with pytest.raises(StateError, match="links/members cannot be read"):
        decode("links", "members", False, data)


@given(st.binary(), st.integers(1, 20))
def test_pieces_are_small_and_joined_they_are_the_whole(data: bytes, limit: int) -> None:
    parts = list(pieces(data, limit))
    assert b"".join(parts) == data
    assert parts
    assert all(len(part) <= limit for part in parts)
