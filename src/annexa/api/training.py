"""Training: what rules ask of whom, and whether it is in date; AI literacy by person and dealing."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.runs import run_of
from annexa.answers.training import dashboard
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Cursor, Limit, Shown, ShownDay, after_of, cursor_of, now, shown
from annexa.pure.assignments import LATE, Assignment, Literacy

router = Router(tags=["training"])
Late = Annotated[bool, Query(default=False, description="Only what is overdue or expired.")]
Gaps = Annotated[bool, Query(default=False, description="Only where no training that fits is in date.")]
ASSIGNED: dict[str, Any] = {
    "person": 4, "name": "Kim Lee", "email": "kim@example.org", "training": "Owning and overseeing an AI system",
    "course": "ai-owners-and-overseers", "standing": "overdue", "due_on": "2026-11-04", "completed_on": None,
    "score": None, "until": None, "rules": ["owners"],
}  # fmt: skip
KNOWS: dict[str, Any] = {
    "person": 4, "name": "Kim Lee", "email": "kim@example.org", "dealing": "own", "systems": ["chatbot"],
    "current": False, "training": None, "standing": None, "until": None,
}  # fmt: skip


class Assigned(Shown):
    """A training of a person. `standing`: expired, overdue, due, expiring or done. `due_on`: by when it is or was due;
    of what is completed until when that holds. `rules`: slugs of the rules that ask for it."""

    model_config = shown(**ASSIGNED)

    person: int
    name: str
    email: str
    training: str
    course: str
    standing: str
    due_on: ShownDay
    completed_on: ShownDay | None
    score: int | None
    until: ShownDay | None
    rules: list[str]


class Training(Shown):
    """A part of the assignments, what is most pressing first."""

    model_config = shown(items=[ASSIGNED], next=None)

    items: list[Assigned]
    next: str | None


class Knows(Shown):
    """Somebody who has something to do with AI systems: own, operate, oversee or approve. `current`: training that a
    rule of AI literacy asks for because of that is in date; `training` null: no rule asks for any."""

    model_config = shown(**KNOWS)

    person: int
    name: str
    email: str
    dealing: str
    systems: list[str]
    current: bool
    training: str | None
    standing: str | None
    until: ShownDay | None


class AiLiteracy(Shown):
    """A part of those who deal with AI systems, gaps first."""

    model_config = shown(items=[KNOWS], next=None)

    items: list[Knows]
    next: str | None


@get(router, "/training", Training, errors=(404,))
def list_training(request: HttpRequest, limit: Limit, cursor: Cursor, late: Late) -> dict[str, Any]:
    """List what the rules of training ask of whom, computed as of now.

    For who reads the whole organisation, and for who leads a unit, of its people. Rules and completions are the
    registers `training-rules` and `completions`.
    """
    found = [one for one in dashboard(actor=who(request).actor, now=now()).assigned if one.standing in LATE or not late]
    run = run_of(found, lambda one: f"{one.learner.person}/{one.training}", after=after_of(cursor), limit=limit)
    return {"items": [_assigned(one) for one in run.rows], "next": cursor_of(run.last)}


@get(router, "/training/literacy", AiLiteracy, errors=(404,))
def list_ai_literacy(request: HttpRequest, limit: Limit, cursor: Cursor, gaps: Gaps) -> dict[str, Any]:
    """List who deals with AI systems in use, and whether their training fits (AI Act Art. 4).

    For who reads the whole organisation, and for who leads a unit, of its people.
    """
    found = [one for one in dashboard(actor=who(request).actor, now=now()).literacy if not (gaps and one.current)]
    run = run_of(found, lambda one: f"{one.learner.person}/{one.dealing}", after=after_of(cursor), limit=limit)
    return {"items": [_knows(one) for one in run.rows], "next": cursor_of(run.last)}


def _assigned(one: Assignment) -> dict[str, Any]:
    done = one.strictest.completed
    return {
        "person": one.learner.person, "name": one.learner.name, "email": one.learner.email, "training": one.title,
        "course": one.course, "standing": one.standing, "due_on": one.due_on.isoformat(),
        "completed_on": done.on.isoformat() if done else None, "score": done.score if done else None,
        "until": one.until.isoformat() if one.until else None, "rules": [duty.rule.slug for duty in one.duties],
    }  # fmt: skip


def _knows(one: Literacy) -> dict[str, Any]:
    duty = one.duty
    return {
        "person": one.learner.person, "name": one.learner.name, "email": one.learner.email, "dealing": one.dealing,
        "systems": list(one.systems), "current": one.current, "training": duty.rule.title if duty else None,
        "standing": duty.standing if duty else None, "until": duty.until.isoformat() if duty and duty.until else None,
    }  # fmt: skip
