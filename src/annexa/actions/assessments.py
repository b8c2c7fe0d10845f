"""Assessing impacts: beginning a version, answering it together, handing it in, and somebody else's decision."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.assessments import (
    FORMS,
    answers_digest,
    authors,
    changed_since,
    form_of,
    given_in,
    latest,
    offers_for,
    rests_on,
    stage_of,
    steps_of,
)
from annexa.library.questionnaires import questionnaires
from annexa.pure.assessments import (
    Decision,
    Given,
    Offer,
    answers_of,
    digest_of,
    merge,
    missing,
    until_problem,
)
from annexa.pure.permits import Actor, Place
from annexa.pure.questionnaires import (
    Questionnaire,
    Value,
    kept,
    problems_of,
)
from annexa.records.assessments import Assessment, AssessmentAnswer, AssessmentStep
from annexa.records.people import Person
from annexa.records.systems import AiSystem

_SAID = {
    "handed in": "It waits for its decision; take it back to change it.",
    "approved": "It is approved and stays as it is; begin a new version.",
    "withdrawn": "It was withdrawn; begin a new version.",
}


def start_assessment(
    *, actor: Actor, person: Person, form: str, scope: str, now: datetime, because: str = ""
) -> Assessment:
    """Begins the next version of an assessment of an AI system. Answers of the last one are offered, not taken over.

    Ledger: assessment. Raises InvalidError while another version is in work, NotFoundError, NotPermittedError.
    """
    there = place_of(actor, scope)
    if form not in FORMS or not there.system:
        raise NotFoundError(f"There is no assessment {form!r} of {scope}; there are {', '.join(FORMS)}.")
    with _once(), door(actor=actor, verb="assess", now=now, because=because.strip(), place=there) as opened:
        before = Assessment.objects.filter(form=form, scope=scope).order_by("-number").first()
        if before is not None and stage_of(steps_of(before)) not in {"approved", "withdrawn"}:
            raise InvalidError({"": [f"Version {before.number} is in work; finish or withdraw it first."]})
        made = Assessment(
            id=uuid.uuid4().hex,
            form=form,
            scope=scope,
            number=before.number + 1 if before else 1,
            because=because.strip(),
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="assessment", subject=_subject(made))
    return made


def answer_assessment(
    *,
    actor: Actor,
    person: Person,
    assessment: str,
    given: Mapping[str, Any],
    now: datetime,
    seen: Mapping[str, int] | None = None,
) -> tuple[AssessmentAnswer, ...]:
    """Records answers, in their plain form, by question; None takes one back. What stands already leaves no entry.

    `seen`: the number of the answer that the actor looked at, by question; 0, or absent, if there was none. Whoever
    writes at the same time loses nothing: only what both changed, and not alike, is a conflict, and then nothing is
    saved. An answer that was offered keeps where it came from. Ledger: assessment_answer for each.
    Raises InvalidError with every problem by question, NotFoundError, NotPermittedError, ConflictError.
    """
    found, there = _found(actor, assessment)
    form = form_of(found)
    with _once(), door(actor=actor, verb="assess", now=now, place=there) as opened:
        _refuse_closed(found)
        values, wrong = problems_of(form, given)
        if wrong:
            problems: dict[str, list[str]] = {}
            for one in wrong:
                problems.setdefault(one.field, []).append(f"“{_text(form, one.field)}” {one.message}.")
            raise InvalidError(problems)
        rows = given_in([found])[found.id]
        before = {(one.question, one.number): one.value for _, one in rows}
        merged = merge(values, latest(rows), seen or {}, before)
        if merged.conflicts:
            raise ConflictError(_conflict(form, merged.conflicts))
        system = AiSystem.objects.get(slug=found.scope)
        return _write(opened, found, person, merged.write, latest(rows), offers_for(actor, found, system))


def take_over_answers(
    *, actor: Actor, person: Person, assessment: str, questions: Sequence[str], now: datetime
) -> tuple[AssessmentAnswer, ...]:
    """Takes over what stands elsewhere as the actor's answers to these questions: other assessments of the same system,
    the version before, the register. Ledger: assessment_answer for each.

    Raises InvalidError if nothing is offered for one of them, NotFoundError, NotPermittedError, ConflictError.
    """
    found, there = _found(actor, assessment)
    with _once(), door(actor=actor, verb="assess", now=now, place=there) as opened:
        _refuse_closed(found)
        offered = offers_for(actor, found, AiSystem.objects.get(slug=found.scope))
        if lost := [one for one in questions if one not in offered]:
            raise InvalidError({one: ["Nothing is said about it elsewhere."] for one in lost})
        held = latest(given_in([found])[found.id])
        values = {one: offered[one].value for one in questions}
        changed = {one: value for one, value in values.items() if one not in held or held[one].value != value}
        return _write(opened, found, person, changed, held, offered)


def hand_in_assessment(
    *, actor: Actor, person: Person, assessment: str, now: datetime, because: str = ""
) -> AssessmentStep:
    """Asks for a decision about all answers as they are. After a return it says what changed, or why it stands.

    Keeps what of the system it rests on. Ledger: assessment_step.
    Raises InvalidError with every question that is not answered, NotFoundError, NotPermittedError, ConflictError.
    """
    found, there = _found(actor, assessment)
    form, said = form_of(found), because.strip()
    with _once(), door(actor=actor, verb="assess", now=now, because=said, place=there) as opened:
        _refuse_closed(found)
        steps = steps_of(found)
        answers = answers_of(latest(given_in([found])[found.id]))
        if lacking := missing(form, answers):
            raise InvalidError({one.id: [f"“{one.text}” is not answered."] for one in lacking})
        if steps and not said:
            raise InvalidError({"because": ["It was returned: say what changed, or why it stands."]})
        material, components = rests_on(form, AiSystem.objects.get(slug=found.scope), now.date())
        made = _step(
            found, steps, "handed in", person=person, because=said, now=now,
            form_version=form.version, form_digest=digest_of(form), answers_digest=answers_digest(form, answers),
            material=material, components=components, handed_in_by=person,
        )  # fmt: skip
        opened.write(made, kind="assessment_step", subject=_subject(found))
    return made


def approve_assessment(
    *, actor: Actor, person: Person, assessment: str, step: str, until: date | None, because: str, now: datetime
) -> AssessmentStep:
    """Approves exactly what was handed in, until a day, by somebody who gave none of its answers.

    `step`: the id of the handing-in that the actor looked at. Ledger: assessment_step.
    Raises InvalidError, also if the system is materially another one since, NotFoundError, NotPermittedError,
    ConflictError if it is not handed in any more.
    """
    found, there = _found(actor, assessment)
    form, said = form_of(found), because.strip()
    with _once(), door(actor=actor, verb="review_assessment", now=now, because=said, place=there) as opened:
        steps = steps_of(found)
        handed = _handed_in(steps, step)
        if person.pk in authors(given_in([found])[found.id], steps):
            raise NotPermittedError(f"{person.name} took part in this assessment; somebody else has to approve it.")
        problems = {} if said else {"because": ["Say what the approval rests on; it is kept as the record of it."]}
        if wrong := until_problem(until, today=now.date(), months=form.months):
            problems["until"] = [wrong]
        if changed := changed_since(handed, AiSystem.objects.get(slug=found.scope), now.date()):
            what = ", ".join(one.words for one in changed)
            problems[""] = [f"Since it was handed in the system changed: {what}. Return it, so that it is looked at."]
        if problems:
            raise InvalidError(problems)
        made = _step(
            found, steps, "approved", person=person, because=said, now=now, until=until,
            form_version=handed.form_version, form_digest=handed.form_digest, answers_digest=handed.answers_digest,
            material=handed.material, components=handed.components, handed_in_by=handed.handed_in_by,
        )  # fmt: skip
        opened.write(made, kind="assessment_step", subject=_subject(found))
    return made


def return_assessment(
    *, actor: Actor, person: Person, assessment: str, step: str, because: str, now: datetime
) -> AssessmentStep:
    """Gives what was handed in back to its authors, with the reason; who took part takes it back by the same way.

    Ledger: assessment_step. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found, there = _found(actor, assessment)
    steps, said = steps_of(found), because.strip()
    took_part = person.pk in authors(given_in([found])[found.id], steps)
    verb = "assess" if took_part else "review_assessment"
    with _once(), door(actor=actor, verb=verb, now=now, because=said, place=there) as opened:
        steps = steps_of(found)
        handed = _handed_in(steps, step)
        if not said:
            raise InvalidError({"because": ["Say what is to be looked at again."]})
        made = _step(
            found, steps, "returned", person=person, because=said, now=now, handed_in_by=handed.handed_in_by
        )  # fmt: skip
        opened.write(made, kind="assessment_step", subject=_subject(found))
    return made


def withdraw_assessment(
    *, actor: Actor, person: Person, assessment: str, because: str, now: datetime
) -> AssessmentStep:
    """Ends the latest version: one in work is dropped, an approved one counts no more. Nothing is deleted.

    Only who decides about assessments withdraws an approval. Ledger: assessment_step.
    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found, there = _found(actor, assessment)
    approved = stage_of(steps_of(found)) == "approved"
    said, verb = because.strip(), "review_assessment" if approved else "assess"
    with _once(), door(actor=actor, verb=verb, now=now, because=said, place=there) as opened:
        steps = steps_of(found)
        if stage_of(steps) == "withdrawn" or (stage_of(steps) == "approved") != approved:
            raise ConflictError("Somebody else decided about it meanwhile. Look at it again.")
        if Assessment.objects.filter(form=found.form, scope=found.scope, number__gt=found.number).exists():
            raise InvalidError({"": ["A later version has taken its place; there is nothing to withdraw."]})
        if not said:
            raise InvalidError({"because": ["Say why it is withdrawn."]})
        made = _step(found, steps, "withdrawn", person=person, because=said, now=now, ended=approved)
        opened.write(made, kind="assessment_step", subject=_subject(found))
    return made


@contextmanager
def _once() -> Iterator[None]:
    """Two people at the same instant: the database lets one of them through."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("Somebody else wrote meanwhile. Nothing was saved; look at it again.") from error


def _found(actor: Actor, assessment: str) -> tuple[Assessment, Place]:
    lost = f"There is no assessment {assessment}."
    found = Assessment.objects.filter(id=assessment).first()
    if found is None or found.form not in questionnaires():
        raise NotFoundError(lost)
    return found, place_of(actor, found.scope, lost=lost)


def _refuse_closed(found: Assessment) -> None:
    if said := _SAID.get(stage_of(steps_of(found))):
        raise ConflictError(f"{said} Nothing was saved.")


def _handed_in(steps: Sequence[AssessmentStep], step: str) -> AssessmentStep:
    if not steps or steps[-1].decision != "handed in" or steps[-1].id != step:
        raise ConflictError("It is not what you looked at any more. Nothing was decided; look at it again.")
    return steps[-1]


def _text(form: Questionnaire, question: str) -> str:
    return form.by_id[question].text if question in form.by_id else question


def _conflict(form: Questionnaire, conflicts: Sequence[Given]) -> str:
    said = "; ".join(f"{one.by} answered “{_text(form, one.question)}” at {one.at:%H:%M} UTC" for one in conflicts)
    return f"Meanwhile {said}. Nothing was saved; compare both and save again."


def _write(
    opened: Door,
    found: Assessment,
    person: Person,
    values: Mapping[str, Value | None],
    held: Mapping[str, Given],
    offered: Mapping[str, Offer],
) -> tuple[AssessmentAnswer, ...]:
    made = []
    for question, value in values.items():
        offer = offered.get(question)
        origin = offer.origin.to_json() if offer is not None and offer.value == value else None
        made.append(
            AssessmentAnswer(
                id=uuid.uuid4().hex,
                assessment=found,
                question=question,
                number=held[question].number + 1 if question in held else 1,
                value=kept(value),
                origin=origin,
                recorded_at=opened.now,
                by=person,
            )
        )
    if made:
        opened.write_many(made, kind="assessment_answer", subject=lambda one: _subject(one.assessment))
    return tuple(made)


def _step(
    found: Assessment,
    steps: Sequence[AssessmentStep],
    decision: Decision,
    *,
    person: Person,
    because: str,
    now: datetime,
    **more: Any,
) -> AssessmentStep:
    return AssessmentStep(
        id=uuid.uuid4().hex,
        assessment=found,
        number=steps[-1].number + 1 if steps else 1,
        decision=decision,
        because=because,
        recorded_at=now,
        by=person,
        **more,
    )


def _subject(found: Assessment) -> str:
    return f"assessment/{found.id}"
