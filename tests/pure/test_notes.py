"""Signed notes and checkpoints: what other tools wrote is read, and nothing changed is believed."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.ledger import EMPTY_ROOT
from annexa.pure.notes import (
    NOTE_LIMIT,
    SIGNATURE_LIMIT,
    Checkpoint,
    NoteError,
    Signature,
    SignatureType,
    VerifierKey,
    cosign_text,
    join_note,
    open_checkpoint,
    open_note,
    read_base64,
    read_count,
    sign_text,
    write_base64,
)
from tests.pure.ledger_samples import flipped

# Key, note and checkpoint below were written and read by golang.org/x/mod/sumdb/note and tlog, byte for byte.
SEED = bytes(range(32))
ORIGIN = "annexa.example/ledger"
VERIFIER = "annexa.example/ledger+e8f08b72+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
TEXT = f"{ORIGIN}\n70000\no5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=\n".encode()
LINE = (
    f"— {ORIGIN} 6PCLcjvjgSZzmaW4HHhwob3HNr46oLLQm0jB6+3DnTKxKMgSCicLZ5A9AgveGK82/bOJgJ7aMKaR8kHxuvoGjg7axgU=\n"
).encode()
NOTE = TEXT + b"\n" + LINE

KEY = Ed25519PrivateKey.from_private_bytes(SEED)
LOG = VerifierKey.parse(VERIFIER)
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = VerifierKey(
    name="witness.example", public=WITNESS_KEY.public_key().public_bytes_raw(), type=SignatureType.WITNESS
)
SEEN_AT = datetime(2026, 8, 2, 9, 30, tzinfo=UTC)


def stranger(number: int) -> bytes:
    """The signature line of a key that nobody here knows."""
    return sign_text(TEXT, name=f"stranger{number}.example", key=WITNESS_KEY)


class TestNotes:
    """Signing and opening."""

    def test_it_works(self) -> None:
        """The same key signs the same text with the same bytes as Go's note package, and both can be opened."""
        assert join_note(TEXT, [sign_text(TEXT, name=ORIGIN, key=KEY)]) == NOTE
        opened = open_note(NOTE, [LOG])
        assert (opened.text, opened.signatures, opened.unknown) == (TEXT, (Signature(key=LOG),), ())

    def test_the_text_may_hold_empty_lines(self) -> None:
        """The last empty line parts text and signatures."""
        text = "è subito sera.\n\nEd è finita.\n".encode()
        assert open_note(join_note(text, [sign_text(text, name=ORIGIN, key=KEY)]), [LOG]).text == text

    def test_unknown_signatures_are_named_and_do_not_count(self) -> None:
        """Anyone may add a signature; it neither helps nor harms."""
        opened = open_note(join_note(TEXT, [stranger(1), LINE, stranger(2)]), [LOG])
        assert opened.unknown == ("stranger1.example", "stranger2.example")
        with pytest.raises(NoteError, match=r"not signed by any key known here; it names stranger1\.example"):
            open_note(join_note(TEXT, [stranger(1)]), [LOG])

    def test_same_name_but_another_key_is_unknown(self) -> None:
        """Name and id together mark a key; one of them alone does not."""
        other = sign_text(TEXT, name=ORIGIN, key=WITNESS_KEY)
        assert open_note(join_note(TEXT, [other, LINE]), [LOG]).unknown == (ORIGIN,)

    def test_a_known_key_that_fails_rejects_the_note(self) -> None:
        """A good signature does not excuse a bad one of a key we know, whichever comes first."""
        bad = sign_text(b"another text\n", name=ORIGIN, key=KEY)
        good = cosign_text(TEXT, name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT)
        for lines in ([bad, good], [good, bad], [LINE, bad]):
            with pytest.raises(NoteError, match=r"annexa\.example/ledger \(e8f08b72\) does not fit"):
                open_note(join_note(TEXT, lines), [LOG, WITNESS])

    @given(st.integers(0, len(NOTE) * 8 - 1))
    def test_any_flipped_bit_is_refused(self, bit: int) -> None:
        """Whatever bit of the note is changed, it is not opened."""
        with pytest.raises(NoteError):
            open_note(flipped(NOTE, bit), [LOG])

    @pytest.mark.parametrize(
        "note",
        [
            b"",
            TEXT,
            TEXT + b"\n",
            NOTE[:-1],
            NOTE + b"\n",
            TEXT + LINE,
            TEXT.replace(b"\n", b"\r\n") + b"\n" + LINE,
            b"\xff" + NOTE,
            b"\x00" + NOTE,
            NOTE.replace("— ".encode(), b"- "),
            NOTE.replace("— ".encode(), "—".encode()),
            NOTE.replace(b"axgU=\n", b"axgU\n"),
            NOTE[:-1] + b" \n",
            NOTE + b"not a signature\n",
            NOTE + "— name+plus AAAAAAAA\n".encode(),
            NOTE + "— name\u2003space AAAAAAAA\n".encode(),
            NOTE + "— stranger.example AAAAAA==\n".encode(),
            NOTE + "— stranger.example \n".encode(),
        ],
    )
    def test_malformed_notes_are_refused(self, note: bytes) -> None:
        """A note has one form; one bad line spoils it even where the other lines are good."""
        with pytest.raises(NoteError):
            open_note(note, [LOG])

    def test_limits(self) -> None:
        """Sixteen signatures are always read; a flood of them, or of bytes, is refused."""
        assert len(open_note(join_note(TEXT, [LINE, *map(stranger, range(16))]), [LOG]).unknown) == 16
        with pytest.raises(NoteError, match="signatures; at most"):
            open_note(join_note(TEXT, [LINE] * (SIGNATURE_LIMIT + 1)), [LOG])
        with pytest.raises(NoteError, match="bytes; at most"):
            open_note(b"x" * NOTE_LIMIT + NOTE, [LOG])

    def test_a_text_that_no_note_can_hold_is_not_signed(self) -> None:
        """Nothing is signed that nobody could open."""
        for text in (b"no newline", b"tab\t\n", b"\xff\n", b""):
            with pytest.raises(NoteError):
                sign_text(text, name=ORIGIN, key=KEY)


class TestVerifierKeys:
    """The text people pass on so that others can check."""

    def test_it_works(self) -> None:
        """Reading and writing agree with Go's note package."""
        assert VerifierKey(name=ORIGIN, public=KEY.public_key().public_bytes_raw()) == LOG
        assert (str(LOG), LOG.id.hex()) == (VERIFIER, "e8f08b72")
        assert VerifierKey.parse(str(WITNESS)) == WITNESS
        assert WITNESS.id != VerifierKey(name=WITNESS.name, public=WITNESS.public).id

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "name",
            VERIFIER.replace("e8f08b72", "e8f08b73"),
            VERIFIER.replace("e8f08b72", "E8F08B72"),
            VERIFIER.replace("e8f08b72", "8f08b72"),
            VERIFIER.replace("+AQ", "+BQ"),
            VERIFIER.replace("annexa", "annexb"),
            VERIFIER.replace("annexa", "ann xa"),
            VERIFIER + "=",
            VERIFIER + "\n",
            VERIFIER[:-4],
            VERIFIER.partition("+")[2],
            "annexa.example/ledger+e8f08b72+",
        ],
    )
    def test_what_it_refuses(self, text: str) -> None:
        """A slip in copying the key is noticed."""
        with pytest.raises(NoteError):
            VerifierKey.parse(text)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\x00b", "\ud800"])
    def test_names_that_cannot_be(self, name: str) -> None:
        """A name must fit into a signature line."""
        with pytest.raises(NoteError, match="key name"):
            VerifierKey(name=name, public=LOG.public)

    def test_two_known_keys_that_cannot_be_told_apart(self) -> None:
        """Only an attack makes two keys with one name and one id; nothing is opened then."""

        class Twin(VerifierKey):
            """A key found by trying until the id was the same."""

            @property
            def id(self) -> bytes:
                """The id of the other key."""
                return LOG.id

        with pytest.raises(NoteError, match="Two different"):
            open_note(NOTE, [LOG, Twin(name=ORIGIN, public=WITNESS.public)])


class TestBase64AndCounts:
    """Each value has one spelling."""

    @given(st.binary(max_size=80))
    def test_it_works(self, data: bytes) -> None:
        """Writing and reading return the same bytes."""
        assert read_base64(write_base64(data)) == data

    @pytest.mark.parametrize("text", ["AA", "AB==", "AAA", "AA==\n", "A A==", "-_-_", "AA==AA==", "é", "====", "AAB="])
    def test_other_spellings_are_refused(self, text: str) -> None:
        """Neither missing padding, nor spare bits, nor other alphabets."""
        with pytest.raises(NoteError):
            read_base64(text)
        assert text not in {base64.b64encode(bytes([byte])).decode() for byte in range(256)}

    @pytest.mark.parametrize("text", ["", "00", "01", "-1", "+1", "1 ", "1.0", "٣", str(2**63), "9" * 5000])
    def test_odd_numbers_are_refused(self, text: str) -> None:
        """Decimal digits, no leading zeros, below 2^63."""
        with pytest.raises(NoteError):
            read_count(text)

    def test_numbers_that_are_read(self) -> None:
        """From nothing to the largest."""
        assert [read_count(text) for text in ("0", "7", str(2**63 - 1))] == [0, 7, 2**63 - 1]


class TestCheckpoints:
    """The state of a ledger, in text."""

    def test_it_works(self) -> None:
        """Reading what was written gives the same checkpoint, foreign lines included."""
        root = bytes.fromhex("a3920fba7f239a071a9bd10721f1341addefbaededb41c7e24437a9d16bdf00a")
        checkpoint = Checkpoint(origin=ORIGIN, size=70_000, root=root)
        assert checkpoint.to_bytes() == TEXT
        assert Checkpoint.from_bytes(TEXT) == checkpoint
        assert Checkpoint.from_bytes(TEXT + b"more\n").extensions == ("more",)
        assert Checkpoint.from_bytes(TEXT + b"more\n").to_bytes() == TEXT + b"more\n"

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text[:-1],
            lambda text: text + b"\n",
            lambda text: b"\n" + text,
            lambda text: text.replace(b"70000", b"070000"),
            lambda text: text.replace(b"70000", b"0"),
            lambda text: text.replace(b"70000", b"-70000"),
            lambda text: text.replace(b"o5IP", b""),
            lambda text: text.replace(b"Ao=", b"Ap="),
            lambda text: text.replace(b"annexa.example/ledger", b""),
            lambda text: b"\n".join(text.split(b"\n")[:2]) + b"\n",
            lambda text: text.replace(b"\n", b"\r\n"),
        ],
    )
    def test_other_spellings_are_refused(self, change: Callable[[bytes], bytes]) -> None:
        """A checkpoint has one form."""
        with pytest.raises(NoteError):
            Checkpoint.from_bytes(change(TEXT))

    @pytest.mark.parametrize(
        "changes", [{"origin": ""}, {"origin": "a\nb"}, {"size": -1}, {"size": 0}, {"root": b""}, {"extensions": ("",)}]
    )
    def test_what_it_refuses(self, changes: dict[str, Any]) -> None:
        """A checkpoint that could not be read back cannot be made."""
        with pytest.raises(NoteError):
            Checkpoint(**{"origin": ORIGIN, "size": 1, "root": bytes(32), **changes})

    def test_a_new_ledger_has_a_checkpoint(self) -> None:
        """The empty tree has its own root."""
        empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
        assert Checkpoint.from_bytes(empty.to_bytes()) == empty


class TestOpenCheckpoint:
    """A checkpoint counts when its own ledger signed it; witnesses add a time."""

    def test_it_works(self) -> None:
        """The log's signature is needed; a witness is listed with its time."""
        seen = cosign_text(TEXT, name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT)
        opened = open_checkpoint(join_note(TEXT, [LINE, seen]), LOG, [WITNESS])
        assert opened.checkpoint == Checkpoint.from_bytes(TEXT)
        assert opened.witnesses == (Signature(key=WITNESS, at=SEEN_AT),)
        assert open_checkpoint(NOTE, LOG, [WITNESS]).witnesses == ()

    def test_a_witness_alone_is_not_enough(self) -> None:
        """Only the ledger speaks for itself."""
        seen = cosign_text(TEXT, name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT)
        with pytest.raises(NoteError, match="not signed by its own ledger"):
            open_checkpoint(join_note(TEXT, [seen]), LOG, [WITNESS])

    def test_a_checkpoint_of_another_ledger_is_refused(self) -> None:
        """A key that signs under one name cannot vouch for a ledger of another name."""
        text = TEXT.replace(b"annexa.example", b"others.example")
        note = join_note(text, [sign_text(text, name=ORIGIN, key=KEY)])
        with pytest.raises(NoteError, match=r"of the ledger others\.example/ledger"):
            open_checkpoint(note, LOG)

    @given(st.integers(0, 76 * 8 - 1))
    def test_a_changed_witness_line_never_counts(self, bit: int) -> None:
        """Another time, another signature: refused. Another key id: unknown, and not listed."""
        seen = cosign_text(TEXT, name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT)
        value = base64.b64decode(seen.split(b" ")[2])
        changed = f"— {WITNESS.name} {write_base64(flipped(value, bit))}\n".encode()
        if bit < 32:
            assert open_checkpoint(join_note(TEXT, [LINE, changed]), LOG, [WITNESS]).witnesses == ()
        else:
            with pytest.raises(NoteError):
                open_checkpoint(join_note(TEXT, [LINE, changed]), LOG, [WITNESS])

    def test_only_checkpoints_are_witnessed(self) -> None:
        """A witness signs no other text, and no time without a zone."""
        with pytest.raises(NoteError, match="at least three lines"):
            cosign_text(b"hello\n", name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT)
        with pytest.raises(NoteError, match="time zone"):
            cosign_text(TEXT, name=WITNESS.name, key=WITNESS_KEY, at=SEEN_AT.replace(tzinfo=None))

    def test_a_time_beyond_all_calendars_is_refused(self) -> None:
        """A witness that signs the largest number for a time gives a sentence, not a crash."""
        seconds = 2**63 - 1
        message = b"cosignature/v1\ntime %d\n" % seconds + TEXT
        value = WITNESS.id + seconds.to_bytes(8, "big") + WITNESS_KEY.sign(message)
        line = f"— {WITNESS.name} {write_base64(value)}\n".encode()
        with pytest.raises(NoteError, match="9999"):
            open_checkpoint(join_note(TEXT, [LINE, line]), LOG, [WITNESS])
