"""Training: answering the questions of a course, and telling the ledger what the rules ask of whom."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.actions.door import Door, door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.registers import put
from annexa.answers.training import course_digest, to_tell_of, told_last
from annexa.library.courses import courses
from annexa.pure.assignments import untold
from annexa.pure.permits import ANNEXA, Actor, Refusal, may
from annexa.pure.registers.completions import COMPLETIONS, HERE
from annexa.pure.training import AnswerError, Course, Result, mark
from annexa.records.people import Person
from annexa.records.registers import RegisterRow
from annexa.records.training import Enrolment


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How somebody did in a course, and the completion that was kept; None: it was not passed."""

    result: Result
    completion: RegisterRow | None


def take_course(
    *,
    actor: Actor,
    person: Person,
    course: str,
    answers: Mapping[str, Collection[str]],
    now: datetime,
    keep: bool = True,
) -> Taken:
    """Marks what a person answered to every question of a course, and keeps it if they passed. Only for oneself.

    A failure is told and not kept; one may try again. `keep`: whether they want it recorded.
    Ledger: completion, and enrolment for each rule it meets.
    Raises InvalidError for answers to what was not asked, NotFoundError, NotPermittedError.
    """
    taken, found = _marked(actor, person, course, answers)
    if not (taken.result.passed and keep):
        return taken
    with door(actor=actor, verb="take_course", now=now) as opened:
        row = put(opened, COMPLETIONS, COMPLETIONS.make(_completed(person, found, taken.result, now)))
        _settle(opened, person)
    return Taken(result=taken.result, completion=row)


def _marked(actor: Actor, person: Person, course: str, answers: Mapping[str, Collection[str]]) -> tuple[Taken, Course]:
    permit = may(actor, "take_course")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    if actor.id != person.actor_id:
        raise NotPermittedError("Everybody answers for themself alone.")
    found = courses().get(course)
    if found is None:
        raise NotFoundError(f"There is no course {course}.")
    try:
        result = mark(found, answers)
    except AnswerError as error:
        raise InvalidError({"": list(error.problems)}) from error
    return Taken(result=result, completion=None), found


def _completed(person: Person, course: Course, result: Result, now: datetime) -> dict[str, object]:
    return {
        "name": course.title,
        "person": person.email,
        "course": course.id,
        "completed_on": now.date(),
        "score": result.percent,
        "how": HERE,
        "course_version": course.version,
        "course_sha256": course_digest(course),
    }


def settle_training(*, now: datetime) -> int:
    """Tells the ledger what the rules ask of whom, as far as that changed; how many changes there were.

    For the worker, and after files came in. Ledger: enrolment.
    """
    told, _ = told_last()
    if not untold(to_tell_of(now=now), told):
        return 0
    with door(actor=ANNEXA, verb="settle_training", now=now) as opened:
        return _settle(opened)


def _settle(opened: Door, person: Person | None = None) -> int:
    """The same inside an open door, for everybody or one person."""
    told, turns = told_last(person)
    made = [
        Enrolment(
            id=uuid.uuid4().hex, rule_id=rule, person_id=number, turn=turns.get((rule, number), 0) + 1, step=one.step,
            due_on=one.due_on, until=one.until, serves=list(one.serves), literacy=one.literacy,
            systems=list(one.systems), missing=list(one.missing), recorded_at=opened.now,
        )
        for (rule, number), one in untold(to_tell_of(now=opened.now, person=person), told)
    ]  # fmt: skip
    if made:
        opened.write_many(made, kind="enrolment", subject=lambda one: f"enrolment/{one.id}")
    return len(made)
