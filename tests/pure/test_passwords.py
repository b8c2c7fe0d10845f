"""Long passwords that are guessed first, and those that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.passwords import guessable

COMMON = {"password", "dragon", "letmein", "iloveyou", "trustno1"}


@pytest.mark.parametrize(
    "password",
    [
        "Password1234",
        "P@ssw0rd2026!!",
        "!!!!!Dragon!!!!!",
        "letmein letmein",
        "dragondragondragon",
        "1L0v3You!!2026",
        "trustno1----",
        "abcabcabcabc",
        "aaaaaaaaaaaaaaa",
        "121212121212",
        "qwertyuiopas",
        "zyxwvutsrqponm",
        "1234567890123",
    ],
)
def test_it_refuses(password: str) -> None:
    assert guessable(password, COMMON)


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "seven quiet copper kettles", "dragon under my garden", "tR7#kq0Lw9!z"]
)
def test_it_takes(password: str) -> None:
    assert not guessable(password, COMMON)


@given(password=st.text(max_size=40))
def test_anything_may_be_typed(password: str) -> None:
    assert guessable(password, COMMON) in {True, False}
