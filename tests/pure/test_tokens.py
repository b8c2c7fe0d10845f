"""The text of a token: known by its form, a slip told at once, and never printed."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.tokens import TokenError, hide_tokens, token_digest, token_text

SECRET = bytes(range(32))


def test_it_works() -> None:
    text = token_text(SECRET)
    assert re.fullmatch(r"annexa_[0-9A-Za-z]{49}", text)
    assert re.fullmatch(r"[0-9a-f]{64}", token_digest(text))


def test_the_checksum_is_that_of_what_stands_before_it() -> None:
    """Rule: a scanner that knows the form can tell a token from a look-alike: CRC32 in base 62, digits first."""
    text, letters = token_text(SECRET), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for letter in text[-6:]:
        number = number * 62 + letters.index(letter)
    assert number == zlib.crc32(text[:-6].encode())


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_different_secrets_are_different_tokens(one: bytes, two: bytes) -> None:
    assert (token_text(one) == token_text(two)) == (one == two)
    assert len(token_text(one)) == 56


@given(st.integers(7, 55), st.sampled_from("0Zq"))
def test_every_slip_of_one_letter_is_told(place: int, letter: str) -> None:
    text = token_text(SECRET)
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong == text:
        return
    with pytest.raises(TokenError) as error:
        token_digest(wrong)
    assert wrong not in str(error.value)


@pytest.mark.parametrize("text", ["", "ghp_abc", "annexa_", token_text(SECRET)[:-1], token_text(SECRET) + " "])
def test_what_is_no_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(TokenError) as error:
        token_digest(text)
    assert len(text) < 8 or text not in str(error.value)


def test_another_number_of_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="not 31"):
        token_text(SECRET[1:])


@pytest.mark.parametrize("cut", [56, 40, 25])
def test_a_token_in_a_text_is_hidden_even_when_cut_short(cut: int) -> None:
    text = token_text(SECRET)[:cut]
    assert hide_tokens(f"GET /x?token={text}&more annexa_home") == "GET /x?token=annexa_…&more annexa_home"
