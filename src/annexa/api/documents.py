"""Controlled documents: versions written, reviewed, approved, published; people asked to read them, and their word."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import File, Form, Router
from ninja.files import UploadedFile
from pydantic import Field

from annexa.actions.documents import (
    LONGEST_TEXT,
    approve_version,
    confirm_version,
    hand_in,
    publish_version,
    read_version,
    withdraw_version,
    write_version,
)
from annexa.actions.errors import ConflictError
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.answers.documents import (
    DocumentPage,
    ToRead,
    document_page,
    open_version,
    progress_of,
    readers_meant,
    to_read,
)
from annexa.answers.runs import run_of
from annexa.answers.tokens import Bearer
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    LONGEST,
    Because,
    Cursor,
    Day,
    Given,
    Instant,
    Limit,
    Shown,
    ShownDay,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.proofs import rfc3339

router = Router(tags=["versions of documents"])
_person = only_people("Documents are reviewed, approved and read by people; a program cannot.")
ONE = "/documents/{document}"
Id = Annotated[str, Field(max_length=80)]
Offer = Literal["hand-in", "agree", "approve", "return", "publish", "confirm", "withdraw"]
VERSION: dict[str, Any] = {
    "number": 1, "state": "published", "author": "Kim Lee", "agreed": ["rob@example.org"], "sha256": "9d1c" * 16,
    "size": 1829, "media_type": "text/markdown", "name": "access-policy.md",
}  # fmt: skip
STEP: dict[str, Any] = {
    "step": "published", "number": 1, "on": "2026-11-20", "review_by": "2027-11-20", "because": "", "by": "Kim Lee",
    "at": "2026-11-20T09:40:00Z",
}  # fmt: skip
LIFE: dict[str, Any] = {
    "document": "access-policy", "stands": "in force", "in_force": 1, "since": "2026-11-20",
    "review_by": "2027-11-20", "coming": None, "versions": [VERSION], "steps": [STEP], "lacks": [],
    "offers": ["withdraw"],
}  # fmt: skip
READING: dict[str, Any] = {
    "document": "access-policy", "title": "Access policy", "number": 1, "since": "2026-11-20", "due_on": "2026-12-04",
    "late": False, "read_at": None,
}  # fmt: skip


class DocumentVersion(Shown):
    """One version: who wrote it, how far it is, who has agreed, and its bytes by their digest."""

    model_config = shown(**VERSION)

    number: int
    state: Literal["draft", "in review", "returned", "approved", "published", "superseded", "withdrawn"]
    author: str | None
    agreed: list[str]
    sha256: str
    size: int
    media_type: str
    name: str


class DocumentStepShown(Shown):
    """Something that happened to a version."""

    model_config = shown(**STEP)

    step: Literal["drafted", "handed in", "agreed", "returned", "approved", "published", "confirmed", "withdrawn"]
    number: int
    on: ShownDay
    review_by: ShownDay | None
    because: str
    by: str | None
    at: Instant


class DocumentLife(Shown):
    """A document with its versions and what happened to them. `lacks`: what keeps the newest version from being
    approved; `offers`: the steps that you could take now, none for a program of its own."""

    model_config = shown(**LIFE)

    document: str
    stands: str
    in_force: int | None
    since: ShownDay | None
    review_by: ShownDay | None
    coming: int | None
    versions: list[DocumentVersion]
    steps: list[DocumentStepShown]
    lacks: list[str]
    offers: list[Offer]


class ReadingProgress(Shown):
    """How many were asked to read the version in force, how many have, who is late, and who has time."""

    model_config = shown(asked=12, read=9, late=["Kim Lee"], waiting=["Lou Auditor", "Sam Staff"])

    asked: int
    read: int
    late: list[str]
    waiting: list[str]


class ReadingsAsked(Shown):
    """How many people were asked; who has read this version already is not asked again."""

    model_config = shown(asked=12)

    asked: int


class ReadingShown(Shown):
    """A document in force that you may read. `due_on`: by when you are asked to; `read_at`: when you said so."""

    model_config = shown(**READING)

    document: str
    title: str
    number: int
    since: ShownDay
    due_on: ShownDay | None
    late: bool
    read_at: Instant | None


class Readings(Shown):
    """A part of them, what is asked of you first."""

    model_config = shown(items=[READING], next=None)

    items: list[ReadingShown]
    next: str | None


class VersionWritten(Given):
    """A new version as Markdown, and what is new in it."""

    model_config = given(content="# Access\n\nNobody without a reason.", because="First version")

    content: Annotated[str, Field(max_length=LONGEST_TEXT)]
    because: Text


class VersionUploaded(Given):
    """What is new in the version that comes as a file."""

    model_config = given(because="First version")

    because: Annotated[str, Field(max_length=LONGEST)]


class StepGiven(Given):
    """A step upon the newest version. `number`: the version you mean; another one by now is a conflict."""

    model_config = given(number=1, because="As we live it")

    number: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    because: Because = ""


class DocumentReviewGiven(StepGiven):
    """What a reviewer says of the version in review. To return it needs its reason."""

    model_config = given(agrees=True, number=1)

    agrees: bool


class PublicationGiven(StepGiven):
    """From which day the approved version is in force; left out, from today."""

    model_config = given(number=1, in_force_on="2099-01-01")

    in_force_on: Day | None = None


class ReadersGiven(Given):
    """Who is asked to read the version in force, by when: everybody who works here, roles, or units by name."""

    model_config = given(roles=["owner"], due_on="2099-12-04", because="Section 3 is new")

    everyone: bool = False
    roles: Annotated[list[Literal["administrator", "lead", "owner", "auditor", "member"]], Field(max_length=5)] = []
    units: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)] = []
    due_on: Day
    because: Because = ""


class ReadGiven(Given):
    """Which version you have read."""

    model_config = given(number=1)

    number: Annotated[int, Field(ge=1, le=1_000_000)]


@get(router, f"{ONE}/versions", DocumentLife, errors=(404,))
def list_versions_of_document(request: HttpRequest, document: Id) -> dict[str, Any]:
    """List the versions of a document with everything that happened to them, and what it lacks."""
    return _life(who(request), document)


@post(router, f"{ONE}/versions", DocumentLife, may=("write_document",), reads=True)
def write_version_of_document(
    request: HttpRequest, response: HttpResponse, document: Id, body: VersionWritten
) -> dict[str, Any]:
    """Keep a new version, written as Markdown. It counts once it is published."""
    return _written(request, response, document, content=body.content, because=body.because)


@post(router, f"{ONE}/versions/file", DocumentLife, may=("write_document",), reads=True)
def upload_version_of_document(
    request: HttpRequest,
    response: HttpResponse,
    document: Id,
    body: Annotated[VersionUploaded, Form()],
    file: Annotated[UploadedFile, File(description="The document.")],
) -> dict[str, Any]:
    """Keep a new version that comes as a file."""
    return _written(request, response, document, content=file.file, name=file.name or "", because=body.because)


@get(router, f"{ONE}/versions/{{number}}/file", None, errors=(404,))
def read_version_of_document(request: HttpRequest, document: Id, number: int) -> FileResponse:
    """Get the bytes of a version, only if they still have its digest."""
    found, stream = open_version(actor=who(request).actor, slug=document, number=number)
    answer = FileResponse(stream, as_attachment=True, filename=found.name, content_type="application/octet-stream")
    answer.headers["ETag"] = f'"{found.sha256}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return answer


@post(router, f"{ONE}/hand-in", DocumentLife, may=("write_document",), reads=True)
def hand_in_document(request: HttpRequest, response: HttpResponse, document: Id, body: StepGiven) -> dict[str, Any]:
    """Hand the newest version to its reviewers and its approver."""
    return _step(request, response, document, body, hand_in)


@post(router, f"{ONE}/review", DocumentLife, may=("review_document",), reads=True)
def review_document(
    request: HttpRequest, response: HttpResponse, document: Id, body: DocumentReviewGiven
) -> dict[str, Any]:
    """Agree to the version in review, or return it, as one of its reviewers. Only people can."""
    return _step(request, response, document, body, read_version, personal=True, agrees=body.agrees)


@post(router, f"{ONE}/approval", DocumentLife, may=("approve_document",), reads=True)
def approve_document(request: HttpRequest, response: HttpResponse, document: Id, body: StepGiven) -> dict[str, Any]:
    """Approve the version in review as its approver, and with it what the document is to prove. Only people can."""
    return _step(request, response, document, body, approve_version, personal=True)


@post(router, f"{ONE}/publication", DocumentLife, may=("publish_document",), reads=True)
def publish_document(
    request: HttpRequest, response: HttpResponse, document: Id, body: PublicationGiven
) -> dict[str, Any]:
    """Put the approved version in force; it takes the place of the one before."""
    return _step(request, response, document, body, publish_version, in_force_on=body.in_force_on)


@post(router, f"{ONE}/confirmation", DocumentLife, may=("approve_document",), reads=True)
def confirm_document(request: HttpRequest, response: HttpResponse, document: Id, body: StepGiven) -> dict[str, Any]:
    """Find, as its approver, that the version in force holds for another interval. Only people can."""
    return _step(request, response, document, body, confirm_version, personal=True)


@post(router, f"{ONE}/withdrawal", DocumentLife, may=("publish_document",), reads=True)
def withdraw_document(request: HttpRequest, response: HttpResponse, document: Id, body: StepGiven) -> dict[str, Any]:
    """Take the version in force out of force, without another one in its place."""
    return _step(request, response, document, body, withdraw_version)


@get(router, f"{ONE}/readings", ReadingProgress, errors=(404,))
def show_readings_of_document(request: HttpRequest, document: Id) -> dict[str, Any]:
    """Show who was asked to read the version in force, and who has."""
    asks = who(request)
    document_page(actor=asks.actor, slug=document, person=asks.person, now=now())
    found = progress_of(actor=asks.actor, slug=document, now=now())
    return {"asked": found.asked, "read": found.read, "late": list(found.late), "waiting": list(found.waiting)}


@post(router, f"{ONE}/readings", ReadingsAsked, may=("ask_to_read",), reads=True)
def ask_for_readings(request: HttpRequest, document: Id, body: ReadersGiven) -> dict[str, Any]:
    """Ask people to read the version in force by a day. Who has read it already is not asked again."""
    asks = who(request)
    readers = readers_meant(actor=asks.actor, everyone=body.everyone, roles=body.roles, units=body.units)
    made = ask_to_read(
        actor=asks.actor, person=asks.person, document=document, readers=readers, due_on=body.due_on,
        because=body.because, now=now(),
    )  # fmt: skip
    return {"asked": len(made)}


@get(router, "/readings", Readings, may=("acknowledge",))
def list_own_readings(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the documents in force that you may read, what is asked of you first."""
    asks = who(request)
    rows = to_read(person=_person(asks), now=now())
    run = run_of(rows, lambda one: one.force.row.slug, after=after_of(cursor), limit=limit)
    return {"items": [_reading(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/readings/{document}", ReadingShown, may=("acknowledge",))
def acknowledge_document(request: HttpRequest, document: Id, body: ReadGiven) -> dict[str, Any]:
    """Say that you have read the version in force. Only people can."""
    asks = who(request)
    me = _person(asks)
    acknowledge(actor=asks.actor, person=me, document=document, number=body.number, now=now())
    return next(_reading(one) for one in to_read(person=me, now=now()) if one.force.row.slug == document)


def _written(request: HttpRequest, response: HttpResponse, document: str, **said: Any) -> dict[str, Any]:
    asks = who(request)
    write_version(
        actor=asks.actor, person=asks.person, document=document, limit_bytes=settings.UPLOAD_LIMIT_BYTES, now=now(),
        **said,
    )  # fmt: skip
    response["Location"] = f"/api/v1/documents/{document}/versions"
    return _life(asks, document)


def _step(
    request: HttpRequest,
    response: HttpResponse,
    document: str,
    body: StepGiven,
    act: Callable[..., Any],
    *,
    personal: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Takes a step, if the version that is meant is still the newest; or the one in force, for steps upon that."""
    asks = who(request)
    person = _person(asks) if personal else asks.person
    page = document_page(actor=asks.actor, slug=document, person=asks.person, now=now())
    life = page.life
    meant = life.coming or life.in_force if act in (confirm_version, withdraw_version) else None
    newest = meant or (life.latest.number if life.latest else None)
    if body.number is not None and newest is not None and body.number != newest:
        raise ConflictError(f"Version {newest} is there by now; look at it first.")
    act(actor=asks.actor, person=person, document=document, because=body.because, now=now(), **more)
    response["Location"] = f"/api/v1/documents/{document}/versions"
    return _life(asks, document)


def _life(asks: Bearer, document: str) -> dict[str, Any]:
    page = document_page(actor=asks.actor, slug=document, person=asks.person, now=now())
    life = page.life
    return {
        "document": document,
        "stands": life.says,
        "in_force": life.in_force,
        "since": life.since.isoformat() if life.since else None,
        "review_by": life.review_by.isoformat() if life.review_by else None,
        "coming": life.coming,
        "versions": [_version(page, one.number, one.state, one.agreed) for one in life.versions],
        "steps": [
            {
                "step": one.step,
                "number": one.number,
                "on": one.on.isoformat(),
                "review_by": one.review_by.isoformat() if one.review_by else None,
                "because": one.because,
                "by": one.by.name if one.by else None,
                "at": rfc3339(one.recorded_at),
            }
            for one in page.steps
        ],
        "lacks": list(page.lacks),
        "offers": list(page.offers),
    }


def _version(page: DocumentPage, number: int, state: str, agreed: tuple[str, ...]) -> dict[str, Any]:
    drafted = page.drafted(number)
    assert drafted is not None  # noqa: S101  a version begins with its draft
    return {
        "number": number,
        "state": state,
        "author": drafted.author.name if drafted.author else None,
        "agreed": list(agreed),
        "sha256": drafted.sha256,
        "size": drafted.size,
        "media_type": drafted.media_type,
        "name": drafted.name,
    }


def _reading(one: ToRead) -> dict[str, Any]:
    return {
        "document": one.force.row.slug,
        "title": one.force.row.name,
        "number": one.force.number,
        "since": one.force.since.isoformat(),
        "due_on": one.due_on.isoformat() if one.due_on else None,
        "late": one.late,
        "read_at": rfc3339(one.read_at),
    }
