"""Due diligence: questionnaires sent to suppliers, what they answered, and what was made of it."""

from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.questionnaire_files import take_file_over
from annexa.actions.questionnaires import (
    judge_questionnaire,
    return_questionnaire,
    send_questionnaire,
    withdraw_questionnaire,
)
from annexa.answers.due_diligence import Sent, one_sent, open_file, sections_of, sent_to
from annexa.answers.runs import run_of
from annexa.answers.tokens import Bearer
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.problems import ProblemError
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
from annexa.pure.questionnaires import kept

router = Router(tags=["due diligence"])
_person = only_people("Suppliers are asked and judged by people; a program cannot.")
ONE = "/due-diligence/{sent}"
Id = Annotated[str, Field(max_length=80)]
Value = str | int | float | list[str] | None
State = Literal["open", "returned", "handed in", "judged", "withdrawn", "closed"]
Outcome = Literal["adequate", "adequate with conditions", "not adequate"]
STEP: dict[str, Any] = {
    "step": "handed in", "signed": "Pat Parley", "outcome": "", "conditions": "", "because": "", "by": None,
    "at": "2026-11-20T09:40:00Z",
}  # fmt: skip
LINE: dict[str, Any] = {
    "id": "5f0c9a", "supplier": "parley", "supplier_name": "Parley AI", "questionnaire": "supplier-short",
    "to": "security@parley.example", "state": "handed in", "due_on": "2026-12-04", "expires_on": "2027-01-03",
    "asked": 14, "answered": 14, "score": 82, "proposed": "adequate with conditions", "by": "Kim Lee",
    "at": "2026-11-20T09:40:00Z",
}  # fmt: skip
FILE: dict[str, Any] = {
    "number": 1, "question": "certificates", "name": "iso27001.pdf", "media_type": "application/pdf", "size": 183211,
    "sha256": "5e" * 32, "at": "2026-11-20T09:38:00Z",
    "taken_over": [{"certificate": "ISO 27001", "until": "2028-03-31", "by": "Kim Lee", "at": "2026-11-23T10:00:00Z"}],
}  # fmt: skip
ASKED: dict[str, Any] = {
    "question": "training-use", "section": "ai", "text": "Do you train models on what we send?", "value": "yes",
    "severity": "high", "concern": "What we send teaches its models.",
}  # fmt: skip


class QuestionnaireStepShown(Shown):
    """Something that happened to it since it was sent. `by` null: the supplier, who signed as `signed`."""

    model_config = shown(**STEP)

    step: Literal["handed in", "returned", "withdrawn", "judged"]
    signed: str
    outcome: str
    conditions: str
    because: str
    by: str | None
    at: Instant


class SentLine(Shown):
    """A questionnaire that was sent. `score`: of the answers, 0 to 100; `proposed`: what their concerns propose."""

    model_config = shown(**LINE)

    id: str
    supplier: str
    supplier_name: str
    questionnaire: str
    to: str
    state: State
    due_on: ShownDay
    expires_on: ShownDay
    asked: int
    answered: int
    score: int | None
    proposed: Outcome | None
    by: str
    at: Instant


class SentList(Shown):
    """A part of what was sent, the latest first."""

    model_config = shown(items=[LINE], next=None)

    items: list[SentLine]
    next: str | None


class AskedOfSupplier(Shown):
    """A question that is asked, its answer, and what worries about it."""

    model_config = shown(**ASKED)

    question: str
    section: str
    text: str
    value: Value
    severity: str
    concern: str


class CertificateTaken(Shown):
    """That somebody took a file over as a certificate of the supplier, and until when it holds."""

    model_config = shown(**FILE["taken_over"][0])

    certificate: str
    until: ShownDay
    by: str
    at: Instant


class FileOfSupplier(Shown):
    """A file that came with the answer to a question. `media_type`: as its content shows it; `name`: as it was sent."""

    model_config = shown(**FILE)

    number: int
    question: str
    name: str
    media_type: str
    size: int
    sha256: str
    at: Instant
    taken_over: list[CertificateTaken]


class SentShown(SentLine):
    """One that was sent, with its answers, the files that came with them, and its steps."""

    model_config = shown(**LINE, answers=[ASKED], steps=[STEP], files=[FILE])

    answers: list[AskedOfSupplier]
    steps: list[QuestionnaireStepShown]
    files: list[FileOfSupplier]


class SentMade(SentShown):
    """One that was sent just now. `link`: for the supplier; it is shown this once and kept nowhere."""

    model_config = shown(
        **LINE, answers=[ASKED], steps=[], files=[], link="https://annexa.example/questionnaire/annexa_…"
    )

    link: str


class SendGiven(Given):
    """Which supplier answers which questions by when. `to`: who there is asked, best by e-mail address."""

    model_config = given(
        supplier="parley", questionnaire="supplier-short", to="security@parley.example", due_on="2099-12-04"
    )

    supplier: Id
    questionnaire: Id
    to: Annotated[str, Field(max_length=300)]
    due_on: Day
    because: Because = ""


class JudgementOfAnswers(Given):
    """What comes of the answers. Another outcome than the proposed one needs its reason."""

    model_config = given(outcome="adequate with conditions", conditions="Shows its report by May", because="")

    outcome: Outcome
    conditions: Text = ""
    because: Text = ""


class ReturnGiven(Given):
    """What is missing; the supplier reads it."""

    model_config = given(because="Question 4 names no document")

    because: Annotated[str, Field(max_length=LONGEST)]


class CertificateGiven(Given):
    """Which certificate a file is, and the last day on which it holds."""

    model_config = given(certificate="ISO 27001", until="2099-03-31")

    certificate: Annotated[str, Field(max_length=60)]
    until: Day
    because: Because = ""


class CloseGiven(Given):
    """Why the link is closed before its time."""

    model_config = given(because="Another supplier was chosen")

    because: Because = ""


Supplier = Annotated[str, Query(default="", max_length=80, description="Only of this supplier.")]
StateAsked = Annotated[State | None, Query(default=None, description="Only in this state.")]


@get(router, "/due-diligence", SentList)
def list_due_diligence(
    request: HttpRequest, supplier: Supplier, state: StateAsked, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List the questionnaires that were sent, the latest first; those that are handed in wait to be judged."""
    rows = sent_to(actor=who(request).actor, now=now(), supplier=supplier)
    rows = tuple(one for one in rows if state in (None, one.state))
    run = run_of(rows, lambda one: one.row.id, after=after_of(cursor), limit=limit)
    return {"items": [_line(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/due-diligence", SentMade, may=("send_questionnaire",), reads=True, repeats=False)
def send_due_diligence(request: HttpRequest, response: HttpResponse, body: SendGiven) -> dict[str, Any]:
    """Ask a supplier by a link. The answer holds the link, once; so an Idempotency-Key, whose answers are kept for a
    day, is refused.
    """
    if "Idempotency-Key" in request.headers:
        sentence = "The answer holds a secret that is kept nowhere: send this without a key."
        raise ProblemError(422, sentence, errors=[("Idempotency-Key", sentence)])
    asks = who(request)
    row, secret = send_questionnaire(
        actor=asks.actor, person=_person(asks), supplier=body.supplier, questionnaire=body.questionnaire, to=body.to,
        due_on=body.due_on, because=body.because, now=now(),
    )  # fmt: skip
    response["Cache-Control"] = "no-store"
    link = request.build_absolute_uri(reverse("questionnaire", args=[secret]))
    return {**_shown(asks, response, row.id), "link": link}


@get(router, ONE, SentShown, errors=(404,))
def show_due_diligence(request: HttpRequest, response: HttpResponse, sent: Id) -> dict[str, Any]:
    """Show one questionnaire with the answers so far and what worries about them."""
    return _shown(who(request), response, sent)


@post(router, f"{ONE}/judgement", SentShown, may=("judge_questionnaire",), reads=True)
def judge_due_diligence(
    request: HttpRequest, response: HttpResponse, sent: Id, body: JudgementOfAnswers
) -> dict[str, Any]:
    """Judge what was handed in; the outcome and the next review go into the record of the supplier."""
    asks = who(request)
    judge_questionnaire(
        actor=asks.actor, person=_person(asks), sent=sent, outcome=body.outcome, conditions=body.conditions,
        because=body.because, now=now(),
    )  # fmt: skip
    return _shown(asks, response, sent)


@post(router, f"{ONE}/return", SentShown, may=("judge_questionnaire",), reads=True)
def return_due_diligence(request: HttpRequest, response: HttpResponse, sent: Id, body: ReturnGiven) -> dict[str, Any]:
    """Give the answers back to the supplier, who may change them by the same link."""
    asks = who(request)
    return_questionnaire(actor=asks.actor, person=_person(asks), sent=sent, because=body.because, now=now())
    return _shown(asks, response, sent)


@post(router, f"{ONE}/withdrawal", SentShown, may=("send_questionnaire",), reads=True)
def withdraw_due_diligence(request: HttpRequest, response: HttpResponse, sent: Id, body: CloseGiven) -> dict[str, Any]:
    """Close the link before its time. What was answered stays."""
    asks = who(request)
    withdraw_questionnaire(actor=asks.actor, person=_person(asks), sent=sent, because=body.because, now=now())
    return _shown(asks, response, sent)


@get(router, f"{ONE}/files/{{number}}", None, errors=(404,))
def read_file_of_supplier(request: HttpRequest, sent: Id, number: int) -> FileResponse:
    """Get the bytes of a file that a supplier sent, only if they still have its digest."""
    found, stream = open_file(actor=who(request).actor, sent=sent, number=number, now=now())
    answer = FileResponse(stream, as_attachment=True, filename=found.row.name, content_type="application/octet-stream")
    answer.headers["ETag"] = f'"{found.row.sha256}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return answer


@post(router, f"{ONE}/files/{{number}}/certificate", SentShown, may=("judge_questionnaire",), reads=True)
def take_over_certificate(
    request: HttpRequest, response: HttpResponse, sent: Id, number: int, body: CertificateGiven
) -> dict[str, Any]:
    """Take a file over as a certificate of the supplier; it and the day the first one ends go into its record."""
    asks = who(request)
    take_file_over(
        actor=asks.actor, person=_person(asks), sent=sent, number=number, certificate=body.certificate,
        until=body.until, because=body.because, now=now(),
    )  # fmt: skip
    return _shown(asks, response, sent)


def _shown(asks: Bearer, response: HttpResponse, sent: str) -> dict[str, Any]:
    found = one_sent(actor=asks.actor, sent=sent, now=now())
    response["Location"] = f"/api/v1/due-diligence/{sent}"
    return {
        **_line(found),
        "answers": [
            {
                "question": one.question.id,
                "section": part.section.id,
                "text": one.question.text,
                "value": kept(one.value),
                "severity": one.concern.severity if one.concern else "",
                "concern": one.concern.because if one.concern else "",
            }
            for part in sections_of(found)
            for one in part.rows
        ],
        "steps": [
            {
                "step": one.step,
                "signed": one.signed,
                "outcome": one.outcome,
                "conditions": one.conditions,
                "because": one.because,
                "by": one.by.name if one.by else None,
                "at": rfc3339(one.recorded_at),
            }
            for one in found.steps
        ],
        "files": [
            {
                "number": one.row.number,
                "question": one.row.question,
                "name": one.row.name,
                "media_type": one.row.media_type,
                "size": one.row.size,
                "sha256": one.row.sha256,
                "at": rfc3339(one.row.recorded_at),
                "taken_over": [
                    {
                        "certificate": step.certificate,
                        "until": step.until.isoformat() if step.until else None,
                        "by": step.by.name if step.by else "",
                        "at": rfc3339(step.recorded_at),
                    }
                    for step in one.over
                ],
            }
            for one in found.files
            if not one.back
        ],
    }


def _line(one: Sent) -> dict[str, Any]:
    row, score = one.row, one.score
    return {
        "id": row.id,
        "supplier": row.supplier,
        "supplier_name": one.supplier,
        "questionnaire": row.questionnaire,
        "to": row.to,
        "state": one.state,
        "due_on": row.due_on.isoformat(),
        "expires_on": row.expires_on.isoformat(),
        "asked": one.done.asked if one.done else 0,
        "answered": one.done.answered if one.done else 0,
        "score": score.points if score else None,
        "proposed": score.outcome if score and one.state in ("handed in", "judged") else None,
        "by": row.by.name,
        "at": rfc3339(row.recorded_at),
    }
