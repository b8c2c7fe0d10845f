"""Signing keys: made once, kept from others, and never used when in doubt."""

import subprocess
import sys
from pathlib import Path

import pytest

from annexa.pure.notes import VerifierKey, join_note, open_note
from annexa.vault.keys import KeyRefusedError, load_or_create_key

NAME = "annexa.example/ledger"
FILE = "annexa.example%2Fledger.key"
# The key of tests/pure/test_notes.py as Go's note package writes it.
STORED = "PRIVATE+KEY+annexa.example/ledger+e8f08b72+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
SECRET = "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def store(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Put a key file in place by hand."""
    folder.mkdir(exist_ok=True)
    path = folder / FILE
    path.write_text(text)
    path.chmod(mode)
    return path


class TestSigner:
    """What a key can do."""

    def test_it_works(self, tmp_path: Path) -> None:
        """The first start makes a key, the second finds it, and what it signs can be checked by its public text."""
        made = load_or_create_key(tmp_path / "keys", NAME)
        found = load_or_create_key(tmp_path / "keys", NAME)
        assert (found.name, found.public_bytes, found.verifier_key) == (NAME, made.public_bytes, made.verifier_key)
        note = join_note(b"text\n", [made.sign(b"text\n")])
        assert open_note(note, [VerifierKey.parse(found.verifier_key)]).text == b"text\n"
        assert VerifierKey.parse(made.verifier_key).public == made.public_bytes
        (path,) = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
        assert (path.name, path.stat().st_mode & 0o777, path.stat().st_nlink) == (FILE, 0o600, 1)

    def test_a_key_of_another_tool_can_be_used(self, tmp_path: Path) -> None:
        """The file has the form that Go's note package writes."""
        store(tmp_path, STORED)
        expected = "annexa.example/ledger+e8f08b72+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
        assert load_or_create_key(tmp_path, NAME).verifier_key == expected

    def test_another_name_is_another_key(self, tmp_path: Path) -> None:
        """Ledger and witness do not share a key."""
        keys = [load_or_create_key(tmp_path, name).public_bytes for name in (NAME, "witness.example")]
        assert keys[0] != keys[1]

    def test_the_private_key_does_not_show(self, tmp_path: Path) -> None:
        """A signer that ends up in a log gives nothing away."""
        store(tmp_path, STORED)
        assert repr(load_or_create_key(tmp_path, NAME)) == "Signer(name='annexa.example/ledger')"

    def test_processes_starting_at_once_end_with_the_same_key(self, tmp_path: Path) -> None:
        """Whoever is faster makes the key; the others use it."""
        program = (
            "import sys; from pathlib import Path; from annexa.vault.keys import load_or_create_key\n"
            "sys.stdin.readline(); print(load_or_create_key(Path(sys.argv[1]), sys.argv[2]).verifier_key)"
        )
        started = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path / "keys"), NAME],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert {process.communicate()[0].strip() for process in started} == {
            load_or_create_key(tmp_path / "keys", NAME).verifier_key
        }


class TestRefusals:
    """A key in doubt is not used, and never silently replaced."""

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o601, 0o700])
    def test_open_to_others(self, tmp_path: Path, mode: int) -> None:
        """Wider permissions than 0600 stop the start, with what to do."""
        path = store(tmp_path, STORED, mode)
        with pytest.raises(KeyRefusedError, match=rf"{mode:04o}, wider than 0600.*chmod 600"):
            load_or_create_key(tmp_path, NAME)
        assert path.read_text() == STORED

    def test_narrower_is_fine(self, tmp_path: Path) -> None:
        """A key its owner may only read can be used."""
        store(tmp_path, STORED, 0o400)
        assert load_or_create_key(tmp_path, NAME).name == NAME

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            STORED[:-1],
            STORED + "\n",
            STORED[:-5] + "\n",
            STORED.replace("e8f08b72", "e8f08b73"),
            STORED.replace("AgME", "AgMF"),
            STORED.replace("AQAB", "BAAB"),
            STORED.replace("AgME", "Ag ME"),
            STORED.replace("PRIVATE+KEY+", ""),
            STORED.replace(NAME, "others.example/ledger"),
            "-----BEGIN PRIVATE KEY-----\n" + SECRET,
            SECRET,
            "x" * 10_000,
        ],
        ids=range(14),
    )
    def test_damaged(self, tmp_path: Path, text: str) -> None:
        """Every damage is noticed, the file stays as it is, and the sentence does not give the key away."""
        path = store(tmp_path, text)
        with pytest.raises(KeyRefusedError, match="Restore it from a backup") as raised:
            load_or_create_key(tmp_path, NAME)
        assert path.read_text() == text
        assert "AQAB" not in str(raised.value)
        assert "AgM" not in str(raised.value)

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        """A file of noise is damaged, too."""
        store(tmp_path, "").write_bytes(bytes(range(256)))
        with pytest.raises(KeyRefusedError, match="cannot be used"):
            load_or_create_key(tmp_path, NAME)

    @pytest.mark.parametrize("name", ["", "a b", "a+b"])
    def test_names_that_cannot_be(self, tmp_path: Path, name: str) -> None:
        """No key is made under a name that no signature can carry."""
        with pytest.raises(KeyRefusedError, match="key name"):
            load_or_create_key(tmp_path, name)
        assert list(tmp_path.iterdir()) == []
