"""What may not be kept is told from what may, in time that the length of a text bounds."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annexa.pure.redaction import PREFILTER, SECRET_KEYS, cut, keyed_digest, pseudonym, redacted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Write to jane.doe+x@mail.example.org.", "Write to [email]."),
        ("Pay to DE89 3704 0044 0532 0130 00 today", "Pay to [account] today"),
        ("Pay to GB29 NWBK 6016 1331 9268 20", "Pay to GB29 NWBK 6016 1331 9268 20"),
        ("Card 4111-1111-1111-1111, please", "Card [card], please"),
        ("Order 4111-1111-1111-1112", "Order 4111-1111-1111-1112"),
        ("SSN 078-05-1120", "SSN [national id]"),
        ("Call +49 (170) 123-45-67 now", "Call [phone] now"),
        ("from 10.0.12.255", "from [address]"),
        ("version 1.2.3.4.5", "version 1.2.3.4.5"),
        ("key sk-abcdefghijklmnop1234", "key [secret]"),
        ("AKIAABCDEFGHIJKLMNOP", "[secret]"),
        ("password: hunter22!", "password: [secret]"),
        ("Authorization: Bearer abc123def456", "Authorization: Bearer [secret]"),
        ("the password is important", "the password is important"),
        ("12 tokens, 250 euros, 2026-11-30", "12 tokens, 250 euros, 2026-11-30"),
        ('{"content":"a@b.de\\nnext"}', '{"content":"[email]\\nnext"}'),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\n-----END RSA PRIVATE KEY-----", "[private key]"),
    ],
)
def test_what_is_found_and_what_stays(text: str, kept: str) -> None:
    """Check digits tell a card or an account from other numbers."""
    assert redacted(text) == kept


@given(st.text(alphabet="aZ09@.+- ()ESk_gDhpeyJ:", max_size=80))
@example("1.2.3.4")
@example("DE89370400440532013000")
@example("0049 170 1234567")
def test_the_prefilter_overlooks_nothing(text: str) -> None:
    """A text that it lets pass is one that no rule would change."""
    if not re.search(PREFILTER, text):
        assert redacted(text) == text


@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    """What stands in place of something is nothing itself."""
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "part", ["1 ", "a.", "a@", "-----BEGIN A", "0" * 7 + "-", "eyJaaaaaaaa.", "password ", "DE12 ", "+1("]
)
def test_hostile_texts_take_no_longer_than_others(part: str) -> None:
    """Twice the length takes some twice the time, not four times: measured with much to spare."""
    text = part * (100_000 // len(part))
    started = time.process_time()
    redacted(text)
    assert time.process_time() - started < 3


def test_names_of_secrets() -> None:
    """Values under such a name are never kept."""
    for name in ("http.request.header.authorization", "api_key", "x-api-key", "db.password", "access.token"):
        assert SECRET_KEYS.search(name), name
    for name in ("gen_ai.usage.input_tokens", "tokenizer", "llm.token_count.prompt_details"):
        assert not SECRET_KEYS.search(name), name


def test_long_texts_are_cut_and_say_so() -> None:
    """With length and digest, so that whoever has the whole can show that it is the one."""
    assert cut("x" * 10, 10) == "x" * 10
    assert cut("x" * 11, 10).startswith("x" * 10 + "… [cut: 11 characters, SHA-256 ")


def test_digests_and_pseudonyms_need_the_key() -> None:
    """The same text under the same key is the same, under another key another; users and texts do not meet."""
    assert keyed_digest(b"k", "a") == keyed_digest(b"k", "a") != keyed_digest(b"l", "a")
    assert pseudonym(b"k", "a") == pseudonym(b"k", "a") != pseudonym(b"l", "a")
    assert pseudonym(b"k", "a")[2:] not in keyed_digest(b"k", "a")
