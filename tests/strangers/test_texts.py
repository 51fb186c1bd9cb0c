import numpy as np
import pytest

from tests.strangers.shapes import Words
from tests.strangers.texts import Languages, Voice, theme


@pytest.fixture
def languages() -> Languages:
    return Languages(np.random.default_rng(5))


def distances(words: Words) -> Words:
    """Bits in which each word differs from the first."""
    bits: Words = np.bitwise_count(words[1:] ^ words[0]).astype(np.uint64)
    return bits


def test_texts_of_a_template_are_near(languages: Languages) -> None:
    rng = np.random.default_rng(6)
    voice = languages.voice(rng, 0).with_part(theme(rng, 0.85))
    assert np.median(distances(voice.say(rng, 500)[0])) < 14


def test_unrelated_texts_of_a_language_share_some_bits_more_than_of_two(languages: Languages) -> None:
    rng = np.random.default_rng(7)

    def mean(first: int, second: int) -> float:
        speakers = [(languages.voice(rng, first), languages.voice(rng, second)) for _ in range(60)]
        apart = [one.say(rng, 50)[0] ^ two.say(rng, 50)[0] for one, two in speakers]
        return float(np.mean(np.bitwise_count(np.concatenate(apart))))

    assert 26 < mean(1, 1) < mean(1, 2) < 34


def test_a_stock_says_the_same_text_with_the_same_hash(languages: Languages) -> None:
    rng = np.random.default_rng(8)
    simhash, ident = languages.voice(rng, 0).with_stock(rng, 4, walks=True).say(rng, 40)
    assert len(set(zip(simhash.tolist(), ident.tolist(), strict=True))) == 4


def test_free_texts_never_repeat(languages: Languages) -> None:
    voice: Voice = languages.voice(np.random.default_rng(9), 2)
    assert len(np.unique(voice.say(np.random.default_rng(9), 5_000)[1])) == 5_000
