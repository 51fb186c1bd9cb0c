import string

from hypothesis import given
from hypothesis import strategies as st

from stream.event.hashing import Interned
from stream.event.texts import from_hex, named

HEX = st.text(alphabet="0123456789abcdefABCDEF", min_size=14, max_size=18)
LOOKALIKES = st.text(alphabet="0aF" + string.whitespace + "x\uff11", min_size=15, max_size=17)
OTHERS: st.SearchStrategy[object] = st.sampled_from([None, "", 0, False, 1.5, [], {}])


@given(st.lists(HEX | LOOKALIKES | OTHERS, max_size=6) | st.lists(HEX.filter(lambda text: len(text) == 16)))
def test_hex_reads_the_same_alone_and_together(values: list[object]) -> None:
    together, problems, _ = from_hex(values)
    alone = [from_hex([value]) for value in values]
    assert list(together) == [kept.values[0] for kept in alone]
    assert problems == {row: kept.problems[0] for row, kept in enumerate(alone) if kept.problems}


def test_only_names_that_are_there_and_unknown_are_dropped() -> None:
    numbers, problems, dropped = named(["one", None, "", "two", 3], Interned({"one": 1}.get))
    assert numbers == [1, None, None, None, None]
    assert list(problems) == [4]
    assert dropped == 1
