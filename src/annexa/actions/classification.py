"""Answering the questions of a law, and having the answers reviewed by somebody else."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.actions.systems import replace_facts
from annexa.answers.classification import (
    answerers_of,
    classified,
    facts_after,
    fitting,
    revisions,
    stage_of,
    tree_digest,
    trees_of,
)
from annexa.pure.classify import Classification, Outcome, answer_problems, evaluate
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor, Place
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.people import Person
from annexa.records.systems import AiSystem

DECIDING = ("approved", "returned")
_CHANGED = "Somebody else answered meanwhile. Nothing was saved; look at the answers again."


def answer_classification(
    *,
    actor: Actor,
    person: Person,
    tree: str,
    scope: str,
    given: Mapping[str, Any],
    seen: str,
    now: datetime,
    because: str = "",
) -> ClassificationAnswers:
    """Records answers to the questions of one law as a new revision; those not given now stay as they were.

    None takes an answer back. `seen`: the id of the revision the actor looked at, "" for none. The same answers again
    leave no entry, unless with a reason. Ledger: classification.
    Raises InvalidError with every problem by question, NotFoundError, NotPermittedError, ConflictError.
    """
    there, said = place_of(actor, scope), because.strip()
    with _once(), door(actor=actor, verb="answer_classification", now=now, because=said, place=there) as opened:
        found = _tree(tree, scope)
        rows = revisions(actor=actor, tree=tree, scope=scope)
        latest = rows[-1] if rows else None
        _same(latest, seen)
        before = fitting(found, latest.answers) if latest else {}
        answers = {question: _plain(said) for question, said in {**before, **given}.items() if said is not None}
        _refuse_problems(found, answers)
        if latest and answers == latest.answers and not because.strip():
            return latest
        if not answers:
            raise InvalidError({"": ["There is nothing to record yet."]})
        made = ClassificationAnswers(
            id=uuid.uuid4().hex,
            tree=tree,
            tree_version=found.version,
            tree_digest=tree_digest(tree),
            scope=scope,
            revision=latest.revision + 1 if latest else 1,
            answers=answers,
            because=because.strip(),
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="classification", subject=_subject(tree, scope))
    return made


def confirm_record(
    *, actor: Actor, person: Person, tree: str, scope: str, seen: str, record_seen: datetime, now: datetime
) -> ClassificationAnswers:
    """Records as the actor's answers what the system's record settles of the questions that count, where wholly.

    `seen`: the revision the actor looked at, "" for none; `record_seen`: the record's `changed_at` then, so that nobody
    confirms what they have not seen. Ledger: classification.
    Raises InvalidError if there is nothing to confirm, NotFoundError, NotPermittedError, ConflictError.
    """
    place_of(actor, scope)
    found = _tree(tree, scope)
    shown = classified(actor=actor, tree=found.id, scope=scope, now=now)
    if shown.system is None or not shown.to_confirm:
        raise InvalidError({"": ["The record says nothing that is not answered already."]})
    if shown.system.changed_at != record_seen:
        raise ConflictError("The record changed meanwhile. Nothing was saved; look at it again.")
    fields = dict.fromkeys(f"{label} is {value}" for one in shown.to_confirm for label, value in one.fields)
    return answer_classification(
        actor=actor,
        person=person,
        tree=found.id,
        scope=scope,
        given={one.question.id: one.answer for one in shown.to_confirm},
        seen=seen,
        now=now,
        because=f"Confirmed from the record: {', '.join(fields)}.",
    )


def ask_review(*, actor: Actor, person: Person, answers: str, now: datetime, because: str = "") -> ClassificationReview:
    """Asks for a second person to look at one revision, once no open question is left.

    After a return it needs a reason or new answers. Ledger: classification_review.
    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError if it is not the latest revision any more.
    """
    there, said = _place_of(actor, answers), because.strip()
    with _once(), door(actor=actor, verb="answer_classification", now=now, because=said, place=there) as opened:
        latest, steps, _ = _latest(actor, answers)
        outcome = _outcome(latest, now)
        stage = stage_of(outcome, latest, steps)
        if not outcome.settled:
            raise InvalidError({"": [_still_open(outcome)]})
        if stage in {"asked", "approved"}:
            raise InvalidError({"": [f"Revision {latest.revision} is {_SAID[stage]} already."]})
        if stage == "returned" and not because.strip():
            raise InvalidError({"because": ["It was returned: change an answer, or say why it stands."]})
        return _step(opened, latest, steps, decision="asked", because=because, person=person, now=now)


def review_classification(
    *,
    actor: Actor,
    person: Person,
    answers: str,
    decision: str,
    because: str,
    now: datetime,
    seen: datetime | None = None,
) -> ClassificationReview:
    """Approves or returns exactly one revision, by somebody who gave none of its answers, with the reason.

    An approval keeps the circumstances it found, on which narrower duties and the rules for older systems hang, and
    writes roles, classes and the way to high risk into the AI system's record in the same transaction.
    `seen`: the record's `changed_at` when the actor looked at it. Ledger: classification_review, ai_system.
    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError if answers or record changed since.
    """
    there, said = _place_of(actor, answers), because.strip()
    with _once(), door(actor=actor, verb="review_classification", now=now, because=said, place=there) as opened:
        latest, steps, rows = _latest(actor, answers)
        if person.pk in answerers_of(rows, steps):
            raise NotPermittedError(
                f"{person.name} answered this classification or asked for its review; somebody else has to review it."
            )
        tree, outcome = _tree(latest.tree, latest.scope), _outcome(latest, now)
        _refuse_decision(latest, outcome, stage_of(outcome, latest, steps), decision, said)
        opened.because = f"{tree.title}, revision {latest.revision} {decision}: {said}"
        found = list(outcome.circumstances) if decision == "approved" else None
        step = _step(
            opened, latest, steps, decision=decision, because=said, person=person, now=now, circumstances=found
        )
        if decision == "approved" and latest.scope != ORGANISATION:
            system = AiSystem.objects.get(slug=latest.scope)
            facts = facts_after(actor=actor, system=system, tree=tree, outcome=outcome, now=now)
            replace_facts(opened, slug=system.slug, facts=facts, seen=seen or system.changed_at)
    return step


_SAID = {"asked": "waiting for its review", "approved": "approved", "returned": "returned", "settled": "not asked for"}


@contextmanager
def _once() -> Iterator[None]:
    """Two people at the same instant: the database lets one of them through."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(_CHANGED) from error


def _tree(tree: str, scope: str) -> Classification:
    found = next((one for one in trees_of(scope) if one.id == tree), None)
    if found is None:
        raise NotFoundError(f"There are no questions of {tree!r} for {scope}.")
    return found


def _place_of(actor: Actor, answers: str) -> Place:
    """Where a revision is about."""
    scope = ClassificationAnswers.objects.filter(id=answers).values_list("scope", flat=True).first()
    lost = f"There are no answers {answers}."
    if scope is None:
        raise NotFoundError(lost)
    return place_of(actor, scope, lost=lost)


def _same(latest: ClassificationAnswers | None, seen: str) -> None:
    if (latest.id if latest else "") != seen:
        raise ConflictError(_CHANGED)


def _plain(said: Any) -> Any:
    return list(said) if isinstance(said, tuple) else said


def _refuse_problems(tree: Classification, answers: Mapping[str, Any]) -> None:
    problems: dict[str, list[str]] = {}
    for problem in answer_problems(tree, answers):
        question, _, sentence = problem.partition(": ")
        problems.setdefault(question, []).append(f"{question} {sentence}.")
    if problems:
        raise InvalidError(problems)


def _latest(
    actor: Actor, answers: str
) -> tuple[ClassificationAnswers, list[ClassificationReview], list[ClassificationAnswers]]:
    """The revision with the steps of its review and all revisions before it; only while it is the latest."""
    found = ClassificationAnswers.objects.visible_to(actor).filter(id=answers).first()
    if found is None:
        raise NotFoundError(f"There are no answers {answers}.")
    rows = revisions(actor=actor, tree=found.tree, scope=found.scope)
    _same(rows[-1], answers)
    return rows[-1], list(ClassificationReview.objects.filter(answers=found).order_by("number")), rows


def _outcome(latest: ClassificationAnswers, now: datetime) -> Outcome:
    tree = _tree(latest.tree, latest.scope)
    return evaluate(tree, fitting(tree, latest.answers), now.date())


def _still_open(outcome: Outcome) -> str:
    many = len(outcome.open_questions)
    said = "One question is" if many == 1 else f"{many} questions are"
    return f"{said} still open: {', '.join(outcome.open_questions)}."


def _refuse_decision(latest: ClassificationAnswers, outcome: Outcome, stage: str, decision: str, because: str) -> None:
    problems: dict[str, list[str]] = {}
    if stage != "asked":
        problems[""] = [f"The review of revision {latest.revision} is {_SAID.get(stage, 'not asked for')}."]
    if decision not in DECIDING:
        problems["decision"] = [f"{decision!r} is no decision; use {' or '.join(DECIDING)}."]
    if not because:
        problems["because"] = ["A decision needs its reason."]
    if decision == "approved" and not outcome.settled:
        problems.setdefault("", []).append(_still_open(outcome))
    if problems:
        raise InvalidError(problems)


def _step(
    opened: Door,
    latest: ClassificationAnswers,
    steps: list[ClassificationReview],
    *,
    decision: str,
    because: str,
    person: Person,
    now: datetime,
    circumstances: list[str] | None = None,
) -> ClassificationReview:
    step = ClassificationReview(
        id=uuid.uuid4().hex,
        answers=latest,
        number=len(steps) + 1,
        decision=decision,
        because=because.strip(),
        recorded_at=now,
        by=person,
        answered_by=latest.by,
        circumstances=circumstances,
    )
    opened.write(step, kind="classification_review", subject=_subject(latest.tree, latest.scope))
    return step


def _subject(tree: str, scope: str) -> str:
    return f"classification/{tree}/{scope}"
