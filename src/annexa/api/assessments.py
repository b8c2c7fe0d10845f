"""Impact assessments: where each AI system stands, one version with its answers, and the steps up to its approval."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    return_assessment,
    start_assessment,
    take_over_answers,
    withdraw_assessment,
)
from annexa.answers.assessments import (
    Standing,
    assessed_systems,
    assessment_json,
    one_assessment,
    standings,
    system_of,
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

router = Router(tags=["assessments"])
_person = only_people("Impacts are assessed by people; a program cannot.")
ONE = "/assessments/{assessment}"
Id = Annotated[str, Field(max_length=80)]
Value = str | int | float | list[str] | None
Said = Annotated[str, Field(max_length=2 * LONGEST)] | int | float | list[Annotated[str, Field(max_length=300)]] | None
STANDING: dict[str, Any] = {
    "id": "chatbot/fria", "system": "chatbot", "form": "fria", "state": "outdated", "due": True, "approved": "5f0c9a",
    "in_work": None, "until": "2027-09-01", "changed": ["purpose"],
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "question": "bound", "section": "duty", "text": "Does it follow that Article 27 binds us here, and why?",
    "value": "Yes, by public service", "number": 1, "by": "Kim Lee", "at": "2026-11-20T09:40:00Z", "origin": None,
    "offered": None, "concern": "",
}  # fmt: skip
STEP: dict[str, Any] = {
    "id": "9c1e", "decision": "handed in", "because": "", "by": "Kim Lee", "at": "2026-11-20T09:40:00Z", "until": None,
    "answers_digest": "", "form_version": "1", "material": {"purpose": "Answers customers"}, "components": {},
}  # fmt: skip
ASSESSMENT: dict[str, Any] = {
    "id": "5f0c9a", "form": "fria", "title": "Fundamental rights impact assessment", "system": "chatbot", "version": 1,
    "stage": "open", "because": "Before first use", "begun_by": "Kim Lee", "begun_at": "2026-11-20T09:40:00Z",
    "progress": {"asked": 48, "answered": 1}, "missing": ["fria-due"], "answers": [ANSWER], "steps": [STEP],
}  # fmt: skip


class StandingShown(Shown):
    """Where one form stands for one AI system. `approved`, `in_work`: the versions, by id; `changed`: what is not as it
    was approved."""

    model_config = shown(**STANDING)

    id: str
    system: str
    form: str
    state: Literal[
        "not asked", "missing", "open", "handed in", "returned", "approved", "outdated", "expired", "withdrawn"
    ]
    due: bool
    approved: str | None
    in_work: str | None
    until: ShownDay | None
    changed: list[str]


class Standings(Shown):
    """A part of them."""

    model_config = shown(items=[STANDING], next=None)

    items: list[StandingShown]
    next: str | None


class AnswerShown(Shown):
    """One question that is asked, with its answer. `number`: how often it was answered, 0 for never; send it back as
    `seen`. `offered`: what stands elsewhere and could be taken over."""

    model_config = shown(**ANSWER)

    question: str
    section: str
    text: str
    value: Value
    number: int
    by: str
    at: Instant | None
    origin: dict[str, str] | None
    offered: Value
    concern: str


class StepShown(Shown):
    """One step, with what it rests on."""

    model_config = shown(**STEP)

    id: str
    decision: Literal["handed in", "returned", "approved", "withdrawn"]
    because: str
    by: str
    at: Instant
    until: ShownDay | None
    answers_digest: str
    form_version: str
    material: dict[str, Any] | None
    components: dict[str, Any] | None


class AssessmentShown(Shown):
    """One version of an assessment, with every question asked. `missing`: what keeps it from being handed in."""

    model_config = shown(**ASSESSMENT)

    id: str
    form: str
    title: str
    system: str
    version: int
    stage: Literal["open", "handed in", "returned", "approved", "withdrawn"]
    because: str
    begun_by: str
    begun_at: Instant
    progress: dict[str, int]
    missing: list[str]
    answers: list[AnswerShown]
    steps: list[StepShown]


class Begun(Given):
    """Which form, about which AI system."""

    model_config = given(form="fria", system="chatbot", because="Before first use")

    form: Id
    system: Id
    because: Because = ""


class AssessmentAnswersGiven(Given):
    """Answers by the id of their question; null takes one back, what is left out stays. `seen`: for each the `number`
    you saw, so that nobody's work is lost."""

    model_config = given(answers={"bound": "Yes, by public service"}, seen={"bound": 1})

    answers: Annotated[dict[str, Said], Field(max_length=200)]
    seen: Annotated[dict[str, int], Field(max_length=200)] = {}


class TakenOver(Given):
    """The questions whose offered answers are taken over."""

    model_config = given(questions=["purpose", "affected"])

    questions: Annotated[list[Id], Field(max_length=200)]


class Reason(Given):
    """Why."""

    model_config = given(because="The last question is answered")

    because: Because = ""


class DecisionGiven(Given):
    """The decision on exactly one handing-in, by the id of its step. `until`: the day on which an approval ends."""

    model_config = given(decision="approved", step="9c1e", until="2027-09-01", because="Read in the board")

    decision: Literal["approved", "returned"]
    step: Id
    until: Day | None = None
    because: Text


@get(router, "/assessments", Standings, errors=(404,))
def list_assessments(
    request: HttpRequest, limit: Limit, cursor: Cursor, system: Annotated[str, Query(max_length=80)] = ""
) -> dict[str, Any]:
    """List where each form of impact assessment stands for every AI system in use, or for one."""
    actor = who(request).actor
    if system:
        rows = standings(actor=actor, systems=[system_of(actor, system)], now=now())
    else:
        rows = tuple(one for _system, lines in assessed_systems(actor=actor, now=now()) for one in lines)
    run = run_of(rows, _key, after=after_of(cursor), limit=limit)
    return {"items": [_standing(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/assessments", AssessmentShown, may=("assess",), reads=True)
def begin_assessment(request: HttpRequest, response: HttpResponse, body: Begun) -> dict[str, Any]:
    """Begin the next version of an assessment of an AI system. Only people can."""
    asks = who(request)
    made = start_assessment(
        actor=asks.actor, person=_person(asks), form=body.form, scope=body.system, because=body.because, now=now()
    )
    return _shown(asks, response, made.id)


@get(router, ONE, AssessmentShown, errors=(404,))
def show_assessment(request: HttpRequest, response: HttpResponse, assessment: Id) -> dict[str, Any]:
    """Show one version of an assessment with its answers."""
    return _shown(who(request), response, assessment)


@post(router, f"{ONE}/answers", AssessmentShown, may=("assess",), reads=True)
def answer_one_assessment(
    request: HttpRequest, response: HttpResponse, assessment: Id, body: AssessmentAnswersGiven
) -> dict[str, Any]:
    """Answer questions of an assessment. What others changed meanwhile and you did not see is a conflict."""
    asks = who(request)
    answer_assessment(
        actor=asks.actor, person=_person(asks), assessment=assessment, given=body.answers, seen=body.seen, now=now()
    )
    return _shown(asks, response, assessment)


@post(router, f"{ONE}/taken-over", AssessmentShown, may=("assess",), reads=True)
def take_over_offered(request: HttpRequest, response: HttpResponse, assessment: Id, body: TakenOver) -> dict[str, Any]:
    """Take over answers that stand in other assessments, the version before or the register."""
    asks = who(request)
    take_over_answers(
        actor=asks.actor, person=_person(asks), assessment=assessment, questions=body.questions, now=now()
    )
    return _shown(asks, response, assessment)


@post(router, f"{ONE}/hand-in", AssessmentShown, may=("assess",), reads=True)
def hand_in_one_assessment(
    request: HttpRequest, response: HttpResponse, assessment: Id, body: Reason
) -> dict[str, Any]:
    """Ask for the decision, once everything needed is answered."""
    asks = who(request)
    hand_in_assessment(actor=asks.actor, person=_person(asks), assessment=assessment, because=body.because, now=now())
    return _shown(asks, response, assessment)


@post(router, f"{ONE}/decision", AssessmentShown, may=("review_assessment", "assess"), reads=True)
def decide_one_assessment(
    request: HttpRequest, response: HttpResponse, assessment: Id, body: DecisionGiven
) -> dict[str, Any]:
    """Approve what was handed in, as somebody who took no part, or return it; who took part takes it back so."""
    asks = who(request)
    about: dict[str, Any] = {"actor": asks.actor, "person": _person(asks), "assessment": assessment, "now": now()}
    if body.decision == "approved":
        approve_assessment(step=body.step, until=body.until, because=body.because, **about)
    else:
        return_assessment(step=body.step, because=body.because, **about)
    return _shown(asks, response, assessment)


@post(router, f"{ONE}/withdrawal", AssessmentShown, may=("review_assessment", "assess"), reads=True)
def withdraw_one_assessment(
    request: HttpRequest, response: HttpResponse, assessment: Id, body: Reason
) -> dict[str, Any]:
    """Withdraw the latest version. Nothing is deleted."""
    asks = who(request)
    withdraw_assessment(actor=asks.actor, person=_person(asks), assessment=assessment, because=body.because, now=now())
    return _shown(asks, response, assessment)


def _shown(asks: Bearer, response: HttpResponse, assessment: str) -> dict[str, Any]:
    response["Location"] = f"/api/v1/assessments/{assessment}"
    return assessment_json(one_assessment(actor=asks.actor, assessment=assessment, now=now()))


def _key(one: Standing) -> str:
    return f"{one.system.slug}/{one.form.id}"


def _standing(one: Standing) -> dict[str, Any]:
    return {
        "id": _key(one),
        "system": one.system.slug,
        "form": one.form.id,
        "state": one.state,
        "due": one.due,
        "approved": one.current.id if one.current else None,
        "in_work": one.draft.id if one.draft else None,
        "until": one.approval.until.isoformat() if one.approval and one.approval.until else None,
        "changed": [change.words for change, _day in one.changes],
    }
