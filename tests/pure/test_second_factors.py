"""Codes of apps and on paper. The vectors are those of RFC 6238, appendix B, cut to six digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.second_factors import (
    RECOVERY_BYTES,
    recovery_digest,
    recovery_text,
    totp_code,
    totp_secret_text,
    totp_step,
)

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_it_works(seconds: int, code: str) -> None:
    assert totp_code(SECRET, seconds // 30) == code
    assert totp_step(SECRET, code, seconds=seconds, after=0) == seconds // 30


@pytest.mark.parametrize(("late", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_differ_by_one_step(late: int, taken: bool) -> None:
    now = 1111111111
    assert (totp_step(SECRET, totp_code(SECRET, now // 30), seconds=now + late, after=0) is not None) is taken


def test_no_code_is_taken_twice() -> None:
    """RFC 6238, 5.2: the verifier must not accept the second attempt."""
    step = totp_step(SECRET, "050471", seconds=1111111111, after=0)
    assert step is not None
    assert totp_step(SECRET, "050471", seconds=1111111111, after=step) is None


@given(typed=st.text(max_size=12))
def test_anything_may_be_typed(typed: str) -> None:
    assert totp_step(SECRET, typed, seconds=59, after=0) is None or "".join(typed.split()) in {
        "287082",
        "755224",
        "359152",
    }


def test_what_an_app_reads() -> None:
    assert totp_secret_text(SECRET).replace(" ", "") == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_a_recovery_code_cannot_be_guessed() -> None:
    """Rule: 128 random bits all of which stand on paper, so that a plain digest may be kept (ASVS 5.0.0, 6.5.2)."""
    assert RECOVERY_BYTES * 8 >= 128
    code = bytes(range(RECOVERY_BYTES))
    assert recovery_text(code) == "0001-0203-0405-0607-0809-0a0b-0c0d-0e0f"
    others = {recovery_digest(recovery_text(code[:n] + bytes([code[n] ^ 1]) + code[n + 1 :])) for n in range(len(code))}
    assert len(others | {recovery_digest(recovery_text(code))}) == RECOVERY_BYTES + 1


@given(code=st.binary(min_size=RECOVERY_BYTES, max_size=RECOVERY_BYTES))
def test_a_recovery_code_may_be_typed_as_one_likes(code: bytes) -> None:
    text = recovery_text(code)
    assert (
        recovery_digest(text) == recovery_digest(f" {text.upper().replace('-', ' ')}\n") == recovery_digest(code.hex())
    )
