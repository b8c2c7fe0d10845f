"""The lines of an access list, found again where only the ledger and the vault are left."""

import json
from collections.abc import Iterator
from typing import Any

from annexa.adapters.tables import TableError
from annexa.answers.access_reviews import plan_list
from annexa.answers.store import blobs
from annexa.pure.access_lists import FIELDS
from annexa.records.access_reviews import AccessList, digest_of
from annexa.vault import VaultError

Lines = list[Any]


def lines_told(row: AccessList, *, digest: str) -> Lines | None:
    """The lines that the ledger commits to by this digest; None where neither they nor their file give them any more.

    Lists taken in by an older version have no lines in the vault: their file is read again as it was read then, which
    is right if what comes out has the digest.
    """
    for lines in _candidates(row, digest):
        if digest_of(lines) == digest:
            return lines
    return None


def _candidates(row: AccessList, digest: str) -> Iterator[Lines]:
    kept = _bytes(digest)
    if kept is not None:
        yield json.loads(kept)
    data = _bytes(row.sha256)
    if data is None:
        return
    if not row.read_as:  # Annexa's own access, written down as it is
        yield json.loads(data)
        return
    said = dict.fromkeys(FIELDS, "") | dict(row.read_as)
    for day_first in (None, True, False):
        try:
            found = plan_list(data=data, name=row.name, said=said, day_first=day_first)
        except TableError:
            return
        yield [line.kept() for line in found.plan.lines]


def _bytes(digest: str) -> bytes | None:
    try:
        with blobs().open_checked(digest) as stream:
            return stream.read()
    except VaultError:
        return None
