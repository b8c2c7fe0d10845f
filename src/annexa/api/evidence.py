"""Evidence: listed, one piece with its bytes, a file added, a statement made."""

from typing import Annotated, Any, BinaryIO, cast

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from pydantic import Field

from annexa.actions.evidence import add_evidence, attest
from annexa.answers.controls import open_evidence
from annexa.answers.ledger import entry_of
from annexa.answers.runs import evidence_run, one_evidence
from annexa.api.askers import who
from annexa.api.guards import tag_of
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    Text,
    cursor_of,
    given,
    now,
    place_of,
    shown,
)
from annexa.pure.facts import ORGANISATION
from annexa.pure.proofs import rfc3339

router = Router(tags=["evidence"])
Id = Annotated[str, Field(max_length=80)]
EXAMPLE: dict[str, Any] = {
    "id": "0b6d4c1f5a7e4c0d8f2a9b3c6d1e7f50", "control": "SUP-01", "expectation": "due-diligence-files",
    "scope": "organisation", "kind": "artifact", "passing": True,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "size": 1024,
    "media_type": "application/pdf", "name": "review.pdf", "note": "", "observed_at": "2026-11-20T09:40:00Z",
    "expires_at": "2027-11-20T09:40:00Z", "recorded_at": "2026-11-20T09:40:00Z", "supersedes": None, "by": "Kim Lee",
    "ledger_index": 431,
}  # fmt: skip


class Evidence(Shown):
    """One piece of evidence. `ledger_index` is told where one piece is asked about; null in lists."""

    model_config = shown(**EXAMPLE)

    id: str
    control: str
    expectation: str
    scope: str
    kind: str
    passing: bool
    sha256: str
    size: int
    media_type: str
    name: str
    note: str
    observed_at: Instant
    expires_at: Instant
    recorded_at: Instant
    supersedes: str | None
    by: str | None
    ledger_index: int | None


class EvidenceList(Shown):
    """A part of the evidence, the latest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Evidence]
    next: str | None


class FileGiven(Given):
    """What a file answers. The expectation is one of the control's; it expires at the latest when that says."""

    model_config = {"strict": False, "extra": "ignore"}

    control: Id
    expectation: Id
    scope: Id = ORGANISATION
    observed_at: Moment | None = None
    expires_at: Moment | None = None
    passing: bool = True
    note: Text = ""


class StatementGiven(Given):
    """A person's own statement that something is so."""

    model_config = given(
        control="AIM-02",
        expectation="classification-reviewed",
        scope="chatbot",
        statement="I looked at it again.",
    )

    control: Id
    expectation: Id
    statement: Text
    scope: Id = ORGANISATION
    expires_at: Moment | None = None
    passing: bool = True


Upload = Annotated[UploadedFile, File(description="The file itself.")]
Control = Annotated[str, Query(default="", max_length=80, description="Only of this control.")]
Scope = Annotated[str, Query(default="", max_length=80, description="Only in this scope.")]
Digest = Annotated[str, Query(default="", pattern="^([0-9a-f]{64})?$", description="Only with this SHA-256.")]


@get(router, "/evidence", EvidenceList)
def list_evidence(
    request: HttpRequest, control: Control, scope: Scope, sha256: Digest, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List evidence, the latest first."""
    run = evidence_run(
        actor=who(request).actor,
        control=control,
        scope=scope,
        sha256=sha256,
        after=place_of(cursor, dated=True),
        limit=limit,
    )
    return {"items": [{**_shown(one), "ledger_index": None} for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/evidence", Evidence, may=("add_evidence",))
def add_file(
    request: HttpRequest,
    response: HttpResponse,
    body: Annotated[FileGiven, Form()],
    file: Upload,
) -> dict[str, Any]:
    """Add a file as evidence. It supersedes what came before it; nothing is overwritten."""
    asks = who(request)
    made = add_evidence(
        actor=asks.actor, person=asks.person, control=body.control, expectation=body.expectation, file=_bytes(file),
        name=file.name or "", limit_bytes=settings.UPLOAD_LIMIT_BYTES, scope=body.scope, observed_at=body.observed_at,
        expires_at=body.expires_at, passing=body.passing, note=body.note, now=now(),
    )  # fmt: skip
    return _made(response, made)


@post(router, "/evidence/statements", Evidence, may=("attest",))
def make_statement(request: HttpRequest, response: HttpResponse, body: StatementGiven) -> dict[str, Any]:
    """State something as evidence, in one's own name. Only people can."""
    asks = who(request)
    made = attest(
        actor=asks.actor, person=asks.person, control=body.control, expectation=body.expectation,
        statement=body.statement, scope=body.scope, expires_at=body.expires_at, passing=body.passing, now=now(),
    )  # fmt: skip
    return _made(response, made)


@get(router, "/evidence/{evidence}", Evidence, errors=(404,))
def show_evidence(request: HttpRequest, response: HttpResponse, evidence: str) -> dict[str, Any]:
    """Show one piece of evidence."""
    return _whole(response, one_evidence(actor=who(request).actor, evidence=evidence))


@get(router, "/evidence/{evidence}/file", None, errors=(404,))
def read_file(request: HttpRequest, evidence: str) -> FileResponse:
    """Get the bytes of a piece of evidence, only if they still have its digest."""
    found, stream = open_evidence(actor=who(request).actor, evidence=evidence)
    answer = FileResponse(
        stream, as_attachment=True, filename=found.name or "file", content_type="application/octet-stream"
    )
    answer.headers["ETag"] = f'"{found.sha256}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return answer


def _bytes(file: UploadedFile) -> BinaryIO:
    assert file.file is not None  # noqa: S101  it was just received
    return cast(BinaryIO, file.file)


def _made(response: HttpResponse, evidence: Any) -> dict[str, Any]:
    response["Location"] = f"/api/v1/evidence/{evidence.id}"
    return _whole(response, evidence)


def _whole(response: HttpResponse, evidence: Any) -> dict[str, Any]:
    response["ETag"] = tag_of(evidence.id)  # it never changes
    return {**_shown(evidence), "ledger_index": entry_of(f"evidence/{evidence.id}")}


def _shown(evidence: Any) -> dict[str, Any]:
    return {
        "id": evidence.id,
        "control": evidence.control,
        "expectation": evidence.expectation,
        "scope": evidence.scope,
        "kind": evidence.kind,
        "passing": evidence.passing,
        "sha256": evidence.sha256,
        "size": evidence.size,
        "media_type": evidence.media_type,
        "name": evidence.name,
        "note": evidence.note,
        "observed_at": rfc3339(evidence.observed_at),
        "expires_at": rfc3339(evidence.expires_at),
        "recorded_at": rfc3339(evidence.recorded_at),
        "supersedes": evidence.supersedes or None,
        "by": evidence.by.name if evidence.by else None,
    }
