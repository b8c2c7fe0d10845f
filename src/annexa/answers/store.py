"""The vault of this installation: where its bytes are, and the key it signs with."""

import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

from django.conf import settings

from annexa.records.access_reviews import AccessList
from annexa.records.documents import DocumentStep
from annexa.records.evidence import Evidence
from annexa.records.monitors import MonitorBaseline
from annexa.records.questionnaires import QuestionnaireFile
from annexa.vault.blobs import Blobs
from annexa.vault.keys import Signer, load_or_create_key
from annexa.vault.tiles import TileStore


def blobs() -> Blobs:
    """Evidence bytes, by their SHA-256."""
    return _blobs(settings.STORE)


def named_files() -> set[str]:
    """The digests of every file that a record names."""
    tables = (Evidence, AccessList, DocumentStep, QuestionnaireFile, MonitorBaseline)
    found = {digest for table in tables for digest in table.objects.values_list("sha256", flat=True).distinct()}
    return found - {""}  # steps of documents that bring no version


def tiles() -> TileStore:
    """The ledger's public files: tiles, bundles of entries, the checkpoint."""
    return _tiles(settings.STORE)


def signer() -> Signer:
    """The key that signs checkpoints and packs; made at first start."""
    return _signer(settings.HOME, origin())


def origin() -> str:
    """The name of this ledger, as checkpoints give it (C2SP tlog-checkpoint: also the name of its key)."""
    return settings.LEDGER_ORIGIN or _made_origin(settings.HOME)


@cache
def _blobs(store: Path) -> Blobs:
    return Blobs(store)


@cache
def _tiles(store: Path) -> TileStore:
    return TileStore(store / "ledger")


@cache
def _signer(home: Path, name: str) -> Signer:
    return load_or_create_key(home / "keys", name)


@cache
def _made_origin(home: Path) -> str:
    """A name of its own for a ledger nobody named: random, made once, so that two ledgers are never taken for one.

    The file appears whole or not at all: whoever comes second reads the name of who came first.
    """
    path = home / "ledger-origin"
    if not path.exists():
        whole = home / f".ledger-origin-{secrets.token_hex(8)}"
        whole.write_text(f"annexa.local/{secrets.token_hex(8)}", encoding="ascii")
        with suppress(FileExistsError):
            path.hardlink_to(whole)
        whole.unlink()
    return path.read_text(encoding="ascii").strip()
