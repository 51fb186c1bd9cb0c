import pytest

from stream.event.hashing import Hasher
from stream.event.simhash import Simhash

WORDS = [f"word{number}" for number in range(200)]


@pytest.fixture(name="simhash")
def _simhash() -> Simhash:
    return Simhash(Hasher("a key"))


def _distance(first: int | None, second: int | None) -> int:
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


def test_a_fixed_key_gives_a_fixed_hash(simhash: Simhash) -> None:
    assert f"{simhash('Grade the following answer from one to five.'):016x}" == VECTOR


def test_near_duplicates_differ_in_few_bits(simhash: Simhash) -> None:
    changed = [*WORDS[:100], "another", *WORDS[101:]]
    assert _distance(simhash(" ".join(WORDS)), simhash(" ".join(changed))) <= 8


def test_unlike_texts_differ_in_about_half_of_the_bits(simhash: Simhash) -> None:
    others = " ".join(f"other{number}" for number in range(200))
    assert 20 <= _distance(simhash(" ".join(WORDS)), simhash(others)) <= 44


def test_letter_case_punctuation_and_white_space_do_not_count(simhash: Simhash) -> None:
    assert simhash("Translate this,\n  please!") == simhash("translate THIS please")


def test_the_order_of_words_counts(simhash: Simhash) -> None:
    assert _distance(simhash("a b c d e f"), simhash("f e d c b a")) > 8


def test_repetition_does_not_drown_the_rest(simhash: Simhash) -> None:
    padded = " ".join(WORDS) + " pad" * 1000
    assert _distance(simhash(" ".join(WORDS)), simhash(padded)) <= 12


def test_scripts_without_spaces_have_near_duplicates_too(simhash: Simhash) -> None:
    text = "请把下面这段话翻译成英文然后总结成三句话并且列出所有的人名和地名以及日期"
    assert _distance(simhash(text), simhash(text.replace("三", "五"))) <= 16


@pytest.mark.parametrize("text", ["", "  ", "!?", "\n"])
def test_a_text_without_words_has_none(simhash: Simhash, text: str) -> None:
    assert simhash(text) is None


@pytest.mark.parametrize("text", ["one", "one two"])
def test_a_text_shorter_than_a_shingle_has_one(simhash: Simhash, text: str) -> None:
    assert simhash(text) is not None


def test_another_key_gives_another_hash(simhash: Simhash) -> None:
    text = " ".join(WORDS)
    assert _distance(simhash(text), Simhash(Hasher("another key"))(text)) > 16


VECTOR = "8a93a8bf0594920c"
