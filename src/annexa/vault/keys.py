"""The keys by which the ledger signs: made at the first start, readable by nobody else, never made twice."""

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from annexa.pure.ledger import LedgerError
from annexa.pure.notes import VerifierKey, key_id, read_base64, require_name, sign_text, write_base64
from annexa.vault import VaultError, durable

_ED25519: Final = b"\x01"
_TYPED_KEY_BYTES: Final = 33
_PREFIX: Final = "PRIVATE+KEY+"
_OWNER_ONLY: Final = 0o600
_ACTIVITY_KEY_BYTES: Final = 32
_LONGEST_FILE: Final = 4096


class KeyRefusedError(VaultError):
    """A signing key cannot be used: open to others, damaged, or of another name."""


def activity_key(folder: Path) -> bytes:
    """The key of pseudonyms and digests of an installation; made when it is first asked for. Raises OSError."""
    path = folder / "activity.key"
    if not path.exists():
        _keep(folder, path, secrets.token_bytes(_ACTIVITY_KEY_BYTES))
    return path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signer:
    """Whoever holds it can sign in the ledger's name. The private key never shows in `repr` or in a log."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_bytes(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The text to hand to everyone who is to check this ledger's signatures."""
        return str(VerifierKey(name=self.name, public=self.public_bytes))

    def sign(self, text: bytes) -> bytes:
        """The signature line for a text that ends in a newline; `pure.notes.join_note` puts both together."""
        return sign_text(text, name=self.name, key=self._key)


def load_or_create_key(folder: Path, name: str) -> Signer:
    """The signing key of this name, made now if the folder has none.

    `name` is what the signatures say, such as `annexa.example.org/ledger`; another name is another key. Several
    processes starting at once end with the same key. Raises KeyRefusedError with a sentence for the operator.
    """
    try:
        require_name(name)
    except LedgerError as error:
        raise KeyRefusedError(str(error)) from None
    path = folder / f"{quote(name, safe='')}.key"
    if not path.exists():
        _create(folder, path, name)
    return _load(path, name)


def _create(folder: Path, path: Path, name: str) -> None:
    _keep(folder, path, _write_key(name, Ed25519PrivateKey.generate()).encode())


def _keep(folder: Path, path: Path, key: bytes) -> None:
    """Puts a key on the disk, whole or not at all, unless a process that was faster put one there."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.sync_folder(folder.parent)
    with durable.arriving(folder, mode=_OWNER_ONLY) as (temporary, stream):
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
        try:
            path.hardlink_to(temporary)  # unlike a rename, this never replaces the key of a process that was faster
        except FileExistsError:
            return
        durable.sync_folder(folder)


def _load(path: Path, name: str) -> Signer:
    with path.open("rb") as stream:
        status = os.fstat(stream.fileno())
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~_OWNER_ONLY:
            raise KeyRefusedError(
                f"The signing key {path} has permissions {mode:04o}, wider than 0600: others may have read it. "
                "If you are sure that nobody did, run `chmod 600` on it and start again."
            )
        data = stream.read(_LONGEST_FILE)
    try:
        return _read_key(data.decode(errors="replace"), name)
    except LedgerError as error:
        raise KeyRefusedError(
            f"The signing key {path} cannot be used. {error} Restore it from a backup; a new key would not fit the "
            "checkpoints already published."
        ) from None


def _write_key(name: str, key: Ed25519PrivateKey) -> str:
    """The key as one line, in the form of Go's note package; the id shows later damage to name or key."""
    marker = key_id(name, _ED25519 + key.public_key().public_bytes_raw())
    return f"{_PREFIX}{name}+{marker.hex()}+{write_base64(_ED25519 + key.private_bytes_raw())}\n"


def _read_key(text: str, name: str) -> Signer:
    # No sentence here may quote the file: it holds the private key.
    stored, _, rest = text.removeprefix(_PREFIX).partition("+")
    _, _, encoded = rest.removesuffix("\n").partition("+")
    try:
        typed = read_base64(encoded)
    except LedgerError:
        raise LedgerError("It is damaged.") from None
    if len(typed) != _TYPED_KEY_BYTES or typed[:1] != _ED25519:
        raise LedgerError("It is not an Ed25519 private key.")
    if stored != name:
        raise LedgerError(f"It is not the key of {name!r}.")
    key = Ed25519PrivateKey.from_private_bytes(typed[1:])
    if _write_key(name, key) != text:
        raise LedgerError("It is damaged.")
    return Signer(name=name, _key=key)
