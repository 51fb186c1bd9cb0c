from hypothesis import given
from hypothesis import strategies as st

from stream.event.hashing import Hasher, Interned, big_endian, hex64


def test_a_fixed_key_gives_fixed_hashes_of_texts() -> None:
    hasher = Hasher("a key")
    found = {domain: hasher.texts(domain)["m-large"] for domain in ("model", "org_id")}
    assert found == VECTORS


def test_a_fixed_key_gives_fixed_hashes_of_identifiers() -> None:
    assert [
        f"{value:016x}" for value in Hasher("a key").identifiers("event_id")(["evt-1", ""])
    ] == IDENTIFIERS


def test_a_fixed_key_hides_as_32_hex_digits() -> None:
    assert Hasher("a key").hider("reader")("sk-secret") == HIDDEN


def test_another_key_and_another_kind_give_other_hashes() -> None:
    hashes = {Hasher(key).texts(domain)["same text"] for key in ("k1", "k2") for domain in ("a", "b")}
    assert len(hashes) == 4


def test_no_text_and_empty_text_have_no_hash() -> None:
    interned = Hasher("a key").texts("model")
    assert interned[None] is None
    assert interned[""] is None


def test_a_cache_stays_within_its_limit_and_forgets_nothing_that_matters() -> None:
    interned = Interned(len, limit=10)
    assert [interned["x" * length] for length in range(1, 100)] == list(range(1, 100))
    assert len(interned) <= 10
    assert interned[None] is None


def test_a_cache_holds_no_long_texts() -> None:
    interned = Interned(len)
    assert interned["x" * 100_000] == 100_000
    assert max(len(text) for text in interned if text is not None) == 0


def test_zero_is_moved_to_one_because_zero_means_absent_in_arrays() -> None:
    assert hex64("0000000000000000") == 1
    assert big_endian(bytes(8)).tolist() == [1]


def test_hex_of_fewer_digits_is_the_same_number_without_its_leading_zeros() -> None:
    assert hex64("ab") == hex64("00000000000000ab") == 0xAB


def test_hex_of_more_digits_counts_by_its_first_sixteen() -> None:
    assert hex64("0123456789abcdef" + "ffff") == 0x0123456789ABCDEF


@given(st.text())
def test_only_hex_digits_are_hex(text: str) -> None:
    sound = bool(text) and set(text) <= set("0123456789abcdefABCDEF")
    assert (hex64(text) is not None) == sound


VECTORS = {"model": 0x568E8CFD35F6372C, "org_id": 0x925689B0E92D04C0}
IDENTIFIERS = ["6caea11020f52b2b", "03a83633c6eace09"]
HIDDEN = "7915fdff1f51a11ad9c12ed4bf7fa919"
