"""Amounts in words: what is written out reads back as the same amount, in correct French."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_to_num import text2num

from shared.money import MAX_CENTS
from shared.words import euros_in_words


def read_back(words: str) -> int:
    """Cents, from words alone."""
    if words.endswith(" d'euro"):
        return text2num(words.removesuffix(" d'euro").rsplit(" ", 1)[0], "fr")
    euros, _, cents = words.partition(" et ") if words.endswith(("centime", "centimes")) else (words, "", "")
    while cents and "euro" not in euros:  # « vingt et un euros et un centime »: the euros end with their unit
        more, _, cents = cents.partition(" et ")
        euros = f"{euros} et {more}"
    number = euros.removesuffix("s").removesuffix(" euro").removesuffix(" d'euro")
    part = cents.removesuffix("s").removesuffix(" centime")
    return text2num(number, "fr") * 100 + (text2num(part, "fr") if part else 0)


@given(st.integers(0, MAX_CENTS))
def test_an_amount_in_words_reads_back_as_itself(amount_cents):
    assert read_back(euros_in_words(amount_cents)) == amount_cents


@given(st.integers(1, 600).map(lambda millions: millions * 100_000_000))
def test_whole_millions_are_counted_with_de(amount_cents):
    words = euros_in_words(amount_cents)
    assert words.endswith((" million d'euros", " millions d'euros"))
    assert read_back(words) == amount_cents


@pytest.mark.parametrize(
    ("amount_cents", "words"),
    [
        (0, "zéro euro"),
        (100, "un euro"),
        (101, "un euro et un centime"),
        (1, "un centime d'euro"),
        (80, "quatre-vingts centimes d'euro"),
        (200, "deux euros"),
        (8_000, "quatre-vingts euros"),
        (8_100, "quatre-vingt-un euros"),
        (8_000_000, "quatre-vingt mille euros"),
        (20_000, "deux cents euros"),
        (20_100, "deux cent un euros"),
        (20_000_000, "deux cent mille euros"),
        (100_000, "mille euros"),
        (2_100, "vingt et un euros"),
        (7_121, "soixante et onze euros et vingt et un centimes"),
        (10_048_815, "cent mille quatre cent quatre-vingt-huit euros et quinze centimes"),
        (100_000_000, "un million d'euros"),
        (100_000_050, "un million d'euros et cinquante centimes"),
        (100_000_100, "un million un euros"),
        (325_000_005, "trois millions deux cent cinquante mille euros et cinq centimes"),
        (8_000_000_000, "quatre-vingts millions d'euros"),
        (50_000_000_000, "cinq cents millions d'euros"),
        (60_000_000_000, "six cents millions d'euros"),
        (100_000_000_000, "un milliard d'euros"),
    ],
)
def test_the_agreements_are_those_of_french_grammar(amount_cents, words):
    assert euros_in_words(amount_cents) == words
