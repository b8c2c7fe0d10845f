"""The ledger: its signed head, its entries, and the proof that one is in it."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router

from annexa.answers.ledger import entry_proof, list_entries
from annexa.answers.ledger import head as latest
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Cursor, Instant, Limit, Shown, cursor_of, position_of, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["ledger"])
MOST = 2**62
HASH = "3f1c0a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a"
NOTE = "annexa.local/3f1c\n431\nPxwKm41+b1pLPC0eD5qLfG1eTzorHA2ej3prXE0+Lxo=\n\n— annexa.local/3f1c …\n"
HEAD: dict[str, Any] = {
    "origin": "annexa.local/3f1c", "size": 431, "root": HASH, "checkpoint": NOTE, "at": "2026-11-20T09:40:00Z",
    "verifier_key": "annexa.local/3f1c+7a1b2c3d+AZ…",
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "position": 430, "at": "2026-11-20T09:40:00Z", "kind": "ai_system", "subject": "ai_system/chatbot",
    "actor": "person/3", "by": "Kim Lee", "verb": "change_system", "about": "Chatbot", "leaf": HASH,
}  # fmt: skip


class Head(Shown):
    """The latest signed root. An empty ledger has size 0 and no checkpoint yet."""

    model_config = shown(**HEAD)

    origin: str
    size: int
    root: str
    checkpoint: str
    at: Instant | None
    verifier_key: str


class Entry(Shown):
    """One entry: who did what, about what, and its hash in the tree."""

    model_config = shown(**ENTRY)

    position: int
    at: Instant
    kind: str
    subject: str
    actor: str
    by: str
    verb: str
    about: str
    leaf: str


class Entries(Shown):
    """A part of the ledger, the latest entry first."""

    model_config = shown(items=[ENTRY], next=None)

    items: list[Entry]
    next: str | None


class EntryProof(Entry):
    """An entry with all that is needed to verify it offline: RFC 9162 inclusion proof, salted body, checkpoint."""

    model_config = shown(
        **ENTRY, header="{}", salt="00ff", body="{}", size=431, root=HASH, proof=[HASH], checkpoint=NOTE,
        verifier_key=HEAD["verifier_key"],
    )  # fmt: skip

    header: str
    salt: str
    body: str
    size: int
    root: str
    proof: list[str]
    checkpoint: str
    verifier_key: str


Kind = Annotated[
    Literal["all", "evidence", "decisions", "systems", "activity", "people"],
    Query(default="all", description="Only of this kind."),
]
Words = Annotated[str, Query(default="", max_length=200, description="A position, digest, subject or name.")]
Position = Annotated[int, Path(ge=0, le=MOST, description="Its place, from 0.")]


@get(router, "/ledger/head", Head)
def show_head(request: HttpRequest) -> dict[str, Any]:
    """Show the latest signed root."""
    found = latest(actor=who(request).actor)
    return {
        "origin": found.origin,
        "size": found.size,
        "root": found.root,
        "checkpoint": found.checkpoint,
        "at": rfc3339(found.at),
        "verifier_key": found.verifier_key,
    }


@get(router, "/ledger/entries", Entries)
def list_ledger(request: HttpRequest, kind: Kind, q: Words, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List entries, the latest first."""
    found = list_entries(actor=who(request).actor, kind=kind, text=q, before=position_of(cursor), size=limit)
    last = None if found.before is None else (str(found.before), "")
    return {"items": [_shown(one) for one in found.lines], "next": cursor_of(last)}


@get(router, "/ledger/entries/{position}", EntryProof, errors=(404,))
def show_entry(request: HttpRequest, position: Position) -> dict[str, Any]:
    """Show one entry with the proof that it is in the ledger."""
    found = entry_proof(actor=who(request).actor, position=position)
    return {
        **_shown(found.line),
        "header": found.header_text,
        "salt": found.salt,
        "body": found.body_text,
        "size": found.head.size,
        "root": found.head.root,
        "proof": list(found.proof),
        "checkpoint": found.head.checkpoint,
        "verifier_key": found.head.verifier_key,
    }


def _shown(line: Any) -> dict[str, Any]:
    return {
        "position": line.entry.position,
        "at": rfc3339(line.entry.at),
        "kind": line.entry.kind,
        "subject": line.entry.subject,
        "actor": line.entry.actor,
        "by": line.by,
        "verb": line.verb,
        "about": line.about,
        "leaf": line.digest,
    }
