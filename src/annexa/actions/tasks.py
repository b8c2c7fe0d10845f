"""Giving tasks, handing them over, moving them to another day, taking them back. Nobody ticks one off."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from annexa.actions.controls import adopt_control
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.scopes import place_of
from annexa.answers.owners import can_act
from annexa.answers.posture import standpoint
from annexa.answers.tasks import held_by
from annexa.pure.facts import ORGANISATION
from annexa.pure.instants import end_of
from annexa.pure.permits import Actor, Place
from annexa.pure.posture import ControlProof, Verdict
from annexa.pure.tasks import undeclared, verdict_in
from annexa.records.people import Person
from annexa.records.tasks import Task, TaskChange

LONGEST_YEARS = 20
"""A task due later than so many years ahead is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A task to be given: a control to be made effective in a scope, by whom, by which day, how much work and why."""

    control: str
    owner: Person
    due_on: date
    effort_days: float
    because: str
    scope: str = ORGANISATION


def make_tasks(*, actor: Actor, person: Person, wanted: Sequence[Wanted], now: datetime) -> tuple[Task, ...]:
    """Gives tasks. A control that nobody has declared there is declared planned by the same day. All or nothing.

    Ledger: task, and adoption for what is planned.
    Raises InvalidError with everything wrong, by control, NotFoundError, NotPermittedError, ConflictError.
    """
    engine = standpoint(actor=actor, now=now).engine
    problems: dict[str, list[str]] = {} if wanted else {"": ["Choose at least one step."]}
    for one in wanted:
        if verdict_in(engine, one.control, one.scope) is None:
            raise NotFoundError(f"There is no control {one.control} in {one.scope}.")
        found = _problems(one, engine.control(one.control, one.scope), now.date(), place_of(actor, one.scope))
        problems |= {one.control: found} if found else {}
    if problems:
        raise InvalidError(problems)
    made = []
    with transaction.atomic():
        for one in wanted:
            if undeclared(engine.control(one.control, one.scope)):
                adopt_control(
                    actor=actor, person=person, control=one.control, scope=one.scope, state="planned",
                    because=one.because.strip(), plan_due=end_of(one.due_on), now=now,
                )  # fmt: skip
            place = place_of(actor, one.scope)
            with door(actor=actor, verb="make_task", now=now, because=one.because.strip(), place=place) as opened:
                _refuse_gone(one.owner, place)
                task = Task(
                    id=uuid.uuid4().hex,
                    control=one.control,
                    scope=one.scope,
                    owner=one.owner,
                    due_on=one.due_on,
                    effort_days=one.effort_days,
                    because=one.because.strip(),
                    recorded_at=now,
                    by=person,
                )
                opened.write(task, kind="task", subject=f"task/{task.id}")
            made.append(task)
        if any(_standing(one) > 1 for one in wanted):  # asked while the ledger is ours alone, so nobody slips through
            raise ConflictError("Somebody else gave one of these tasks meanwhile. Nothing was saved; look again.")
    return tuple(made)


def hand_task(
    *, actor: Actor, person: Person | None, task: str, owner: Person, because: str, now: datetime
) -> TaskChange:
    """Hands a task to somebody else, with the reason. Ledger: task_change.

    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found = _open(actor, task)
    problems = _no_reason(because)
    if owner.pk == held_by(found)[0].pk:
        problems["owner"] = [f"{owner.name} has it already."]
    elif not can_act(owner, place_of(actor, found.scope)):
        problems["owner"] = [f"{owner.name} may not change anything there, so cannot take it on."]
    if problems:
        raise InvalidError(problems)
    return _changed(found, actor=actor, person=person, what="handed", owner=owner, because=because, now=now)


def move_task(*, actor: Actor, person: Person, task: str, due_on: date, because: str, now: datetime) -> TaskChange:
    """Moves a task to another day, with the reason; a plan that was made with it moves along.

    Ledger: task_change, and adoption for a plan. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found = _open(actor, task)
    problems = _no_reason(because)
    before = held_by(found)[1]
    if wrong := _wrong_day(due_on, now.date()) or (f"It is due on {due_on} already." if due_on == before else ""):
        problems["due_on"] = [wrong]
    if problems:
        raise InvalidError(problems)
    engine = standpoint(actor=actor, now=now).engine
    asked = verdict_in(engine, found.control, found.scope) is not None
    plan = engine.control(found.control, found.scope).adoption if asked else None
    with transaction.atomic():
        if plan is not None and plan.scope == found.scope and plan.plan_due == end_of(before):
            adopt_control(
                actor=actor, person=person, control=found.control, scope=found.scope, state="planned",
                because=because.strip(), plan_due=end_of(due_on), now=now,
            )  # fmt: skip
        return _changed(found, actor=actor, person=person, what="moved", due_on=due_on, because=because, now=now)


def withdraw_task(*, actor: Actor, person: Person, task: str, because: str, now: datetime) -> TaskChange:
    """Takes a task back, with the reason; what was declared about its control stays. Ledger: task_change.

    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found = _open(actor, task)
    if problems := _no_reason(because):
        raise InvalidError(problems)
    return _changed(found, actor=actor, person=person, what="withdrawn", because=because, now=now)


def _changed(
    task: Task,
    *,
    actor: Actor,
    person: Person | None,
    what: str,
    because: str,
    now: datetime,
    owner: Person | None = None,
    due_on: date | None = None,
) -> TaskChange:
    try:
        place = place_of(actor, task.scope)
        with door(actor=actor, verb="change_task", now=now, because=because.strip(), place=place) as opened:
            if owner is not None:
                _refuse_gone(owner, place)
            change = TaskChange(
                id=uuid.uuid4().hex,
                task=task,
                number=len(task.changes.all()) + 1,
                what=what,
                owner=owner,
                due_on=due_on,
                because=because.strip(),
                recorded_at=now,
                by=person,
            )
            opened.write(change, kind="task_change", subject=f"task/{task.id}")
    except IntegrityError as error:
        raise ConflictError("Somebody else changed this task meanwhile. Nothing was saved; look again.") from error
    return change


def _refuse_gone(owner: Person, place: Place) -> None:
    """Raises ConflictError for who could take it on when they were chosen, and cannot any more."""
    owner.refresh_from_db()
    if not can_act(owner, place):
        raise ConflictError(f"{owner.name} cannot take it on any more. Nothing was saved; choose somebody else.")


def _open(actor: Actor, task: str) -> Task:
    """A task that was not taken back, with its changes."""
    found: Task | None = Task.objects.visible_to(actor).prefetch_related("changes__owner").filter(id=task).first()
    if found is None:
        raise NotFoundError(f"There is no task {task}.")
    if any(change.what == "withdrawn" for change in found.changes.all()):
        raise InvalidError({"": ["It was taken back; give a new one instead."]})
    return found


def _problems(wanted: Wanted, proof: ControlProof, today: date, place: Place) -> list[str]:
    """Everything that is wrong with one task."""
    found = []
    if proof.verdict in {Verdict.EFFECTIVE, Verdict.NOT_APPLICABLE}:
        found.append(f"{wanted.control} is {proof.verdict} there; there is nothing to do.")
    elif proof.inherited:
        found.append(f"The organisation does {wanted.control} for every AI system; give the task there.")
    if _standing(wanted):
        found.append(f"There is a task for {wanted.control} already; hand it over or move it.")
    if not can_act(wanted.owner, place):
        found.append(f"{wanted.owner.name} may not change anything there, so cannot take it on.")
    if wrong := _wrong_day(wanted.due_on, today):
        found.append(wrong)
    if not wanted.because.strip():
        found.append("Say why it is to be done.")
    return found


def _standing(wanted: Wanted) -> int:
    """How many tasks stand for the same control there."""
    rows = Task.objects.filter(control=wanted.control, scope=wanted.scope)
    return rows.exclude(changes__what="withdrawn").count()


def _wrong_day(due_on: date, today: date) -> str:
    if due_on < today:
        return f"{due_on.isoformat()} is not ahead; a task needs a day to come."
    if due_on.year > today.year + LONGEST_YEARS:
        return f"{due_on.isoformat()} is more than {LONGEST_YEARS} years ahead."
    return ""


def _no_reason(because: str) -> dict[str, list[str]]:
    return {} if because.strip() else {"because": ["Say why; it is kept with the task."]}
