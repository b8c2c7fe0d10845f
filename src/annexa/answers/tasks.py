"""Tasks: those that were given, with what the engine says of them, and those that make themselves: evidence that runs
out, and what records ask of people."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from django.db.models import QuerySet

from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.owners import Answering, answering, key_of, owners
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.renewals import Renewal, Urgency, renewals
from annexa.answers.store import origin
from annexa.answers.waits import Wait, assessments_waiting, waits
from annexa.pure.calendars import Event, calendar
from annexa.pure.facts import ORGANISATION
from annexa.pure.order import due_on
from annexa.pure.owners import Owner, Owners, propose
from annexa.pure.path import CAPACITY
from annexa.pure.permits import Actor
from annexa.pure.places import Place, effort, major, places
from annexa.pure.posture import Verdict
from annexa.pure.tasks import TASK_STATES, TaskState, effective_since, state_of, verdict_in
from annexa.records.people import Person
from annexa.records.tasks import Task, TaskChange

YEAR = timedelta(days=366)
"""How far ahead a calendar names evidence that runs out."""
STANDING: frozenset[TaskState] = frozenset({"late", "open"})

Whose = Literal["mine", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to do: a task that was given, or evidence to renew, which nobody had to type (`id` empty).

    `due_on` of evidence that fails is None, of evidence that runs out the day on which it does. `systems` counts the AI
    systems that lack the same. `since`: since when a task is done. `address`: the page on which what a record asks
    for is done; then there is no control. `mine`: who asks may do it, whoever else may.
    """

    id: str
    control: str
    name: str
    expectation: str
    scope: str
    scope_name: str
    systems: int
    owner: Owner | None
    due_on: date | None
    effort_days: float | None
    because: str
    urgency: Urgency | None
    state: TaskState
    verdict: Verdict | None
    since: datetime | None = None
    address: str = ""
    mine: bool = False

    @property
    def days(self) -> str:
        """The effort in person-days as people write it; nothing where it is not known."""
        return "" if self.effort_days is None else f"{self.effort_days:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Todos:
    """What somebody has to do, or everybody: the part that was asked for, and how many there are of each state.

    `owner` is one of `owners`, those who have something to do; "" for all.
    """

    whose: Whose
    rows: tuple[Todo, ...]
    counts: Mapping[TaskState, int]
    owners: tuple[str, ...]
    at: datetime

    @property
    def total(self) -> int:
        """How many there are of any state."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """One task with everything that was done to it, the first change first. `missing`: what its control lacks."""

    task: Task
    todo: Todo
    changes: tuple[TaskChange, ...]
    missing: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who answers for a control of the organisation, who could take it on, and the task that stands for it."""

    owner: Owner | None
    proposed: Owner | None
    task: Todo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A task that could be given for a control in a scope: by whom, by when, and how much work is left."""

    owner: Owner | None
    due_on: date
    effort_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWork:
    """Who answers for a control in a scope, the tasks that were given for it, the latest first, and one to be given.

    What was taken back is left out. `proposal` is None where there is nothing to do, or a task stands.
    """

    answering: Answering
    tasks: tuple[Todo, ...]
    proposal: Proposal | None


def assignments(*, actor: Actor, controls: Iterable[str], now: datetime) -> Mapping[str, Assignment]:
    """For each of these controls of the organisation who has it, or could. Cost: four queries."""
    stand = standpoint(actor=actor, now=now)
    held = owners(actor=actor, stand=stand)
    standing = standing_tasks(actor=actor, stand=stand, today=now.date())
    tasks = {one.control: one for one in standing if one.scope == ORGANISATION}
    return {
        one: Assignment(
            owner=held.of(one, ORGANISATION),
            proposed=propose(held, stand.library.controls, one, ORGANISATION),
            task=tasks.get(one),
        )
        for one in controls
    }


def control_work(*, actor: Actor, control: str, scope: str, now: datetime) -> ControlWork:
    """The work on one control of the library in a scope. Cost: four queries, two more if there are tasks."""
    stand = standpoint(actor=actor, now=now)
    held = owners(actor=actor, stand=stand)
    rows = _rows(actor).filter(control=control, scope=scope).order_by("-recorded_at", "id")
    found = tuple(_dated(stand, _of_task(stand, one, now.date())) for one in rows)
    answers = answering(actor=actor, held=held, controls=stand.library.controls, control=control, scope=scope)
    given = any(one.state in STANDING for one in found)
    return ControlWork(
        answering=answers,
        tasks=tuple(one for one in found if one.state != "withdrawn"),
        proposal=None if given else _proposal(stand, control, scope, answers.proposed, now.date()),
    )


def _proposal(stand: Standpoint, control: str, scope: str, owner: Owner | None, today: date) -> Proposal | None:
    verdict = verdict_in(stand.engine, control, scope)
    if verdict in {None, Verdict.EFFECTIVE, Verdict.NOT_APPLICABLE}:
        return None
    proof = stand.engine.control(control, scope)
    if proof.inherited:
        return None
    where = places(stand.engine, control) if scope == ORGANISATION else (Place(scopes=(scope,), proof=proof),)
    short = [one for one in where if one.proof.verdict is not Verdict.EFFECTIVE]
    days = effort(proof.control, short, whole=proof.groups is not None and major(proof))
    return Proposal(owner=owner, due_on=due_on(today, days, CAPACITY), effort_days=days)


def list_todos(
    *, actor: Actor, now: datetime, whose: str = "", state: str = "", owner: str = "", text: str = ""
) -> Todos:
    """What there is to do, what needs somebody first on top. `whose` "" is what `whose_first` says.

    `state` "" leaves what stands: late or open. Cost: some twenty-five queries.
    """
    stand = standpoint(actor=actor, now=now)
    held = owners(actor=actor, stand=stand)
    given = _given(actor, stand, now.date())
    chosen = whose_of(actor, held, given, whose)
    me = key_of(actor) if chosen == "mine" else None
    adopted = adopted_frameworks(stand.library)
    due = [
        _of_renewal(one)
        for one in renewals(stand=stand, owners=held, adopted=adopted, now=now, person=me)
        if one.urgency != "never"
    ]
    asked = _asked(actor, stand, held, now)
    words = text.casefold().split()
    rows = [one for one in (*given, *due, *asked) if chosen == "all" or _is_of(one, me)]
    names = sorted({one.owner.name if one.owner else "" for one in rows})
    rows = [one for one in rows if _matches(one, words) and (not owner or _named(one) == owner)]
    counts = Counter(one.state for one in rows)
    wanted = {state} if state in TASK_STATES else set(TASK_STATES) if state == "all" else STANDING
    shown = sorted((one for one in rows if one.state in wanted), key=order)
    return Todos(
        whose=chosen,
        rows=tuple(_dated(stand, one) for one in shown),
        counts={one: counts[one] for one in TASK_STATES},
        owners=tuple(name for name in names if name),
        at=stand.at,
    )


def task_page(*, actor: Actor, task: str, now: datetime) -> TaskPage:
    """One task. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now)
    found = _rows(actor).filter(id=task).first()
    if found is None:
        raise UnknownError(f"There is no task {task!r}.")
    todo = _dated(stand, _of_task(stand, found, now.date()))
    return TaskPage(task=found, todo=todo, changes=tuple(_changes(found)), missing=_missing(stand, todo), at=stand.at)


def standing_tasks(*, actor: Actor, stand: Standpoint, today: date) -> tuple[Todo, ...]:
    """Every task that waits for somebody, what is due first on top. Cost: two queries."""
    return tuple(sorted((one for one in _given(actor, stand, today) if one.state in STANDING), key=order))


def my_calendar(*, actor: Actor, now: datetime, address: str) -> str:
    """One's own tasks, the evidence one answers for that runs out within a year, and what records ask of one, as an
    iCalendar file.

    `address`: where Annexa is reached, without a slash at the end.
    """
    stand = standpoint(actor=actor, now=now)
    held, me = owners(actor=actor, stand=stand), key_of(actor)
    mine = [one for one in standing_tasks(actor=actor, stand=stand, today=now.date()) if _is_of(one, me)]
    adopted = adopted_frameworks(stand.library)
    if me is not None:
        ends = renewals(stand=stand, owners=held, adopted=adopted, now=now, person=me, horizon=YEAR)
        mine += [_of_renewal(one) for one in ends if one.urgency in {"soon", "expired"}]
        mine += [one for one in _asked(actor, stand, held, now) if _is_of(one, me)]
    events = [_event(one, address) for one in mine if one.due_on is not None]
    return calendar(events, name="Annexa", made_at=now)


def whose_of(actor: Actor, held: Owners, given: tuple[Todo, ...], asked: str) -> Whose:
    """Whose work is meant: as asked; else one's own if one owns anything or has a task, else everybody's."""
    me = key_of(actor)
    if asked in {"mine", "all"}:
        return "mine" if asked == "mine" and me is not None else "all"
    if me is None:
        return "all"
    has = held.owns_anything(me) or any(_is_of(one, me) and one.state in STANDING for one in given)
    return "mine" if has else "all"


def held_by(task: Task) -> tuple[Person, date]:
    """Who has a task now, and when it is due now."""
    owner, due_on = task.owner, task.due_on
    for change in _changes(task):
        owner, due_on = change.owner or owner, change.due_on or due_on
    return owner, due_on


def order(todo: Todo) -> tuple[int, date, str, str, str]:
    """What needs somebody first: by state, then by the day it is due."""
    unknown = date.max if todo.address else date.min  # evidence without a day fails now
    return (
        TASK_STATES.index(todo.state),
        todo.due_on or unknown,
        todo.control,
        todo.scope,
        todo.expectation or todo.name,
    )


def _rows(actor: Actor) -> QuerySet[Task]:
    found = Task.objects.visible_to(actor).select_related("owner", "by")
    return found.prefetch_related("changes__owner", "changes__by")


def _changes(task: Task) -> list[TaskChange]:
    return sorted(task.changes.all(), key=lambda change: change.number)


def _given(actor: Actor, stand: Standpoint, today: date) -> tuple[Todo, ...]:
    return tuple(_of_task(stand, one, today) for one in _rows(actor))


def _of_task(stand: Standpoint, task: Task, today: date) -> Todo:
    owner, due_on = held_by(task)
    control = stand.library.controls.get(task.control)
    verdict = verdict_in(stand.engine, task.control, task.scope)
    withdrawn = any(change.what == "withdrawn" for change in task.changes.all())
    return Todo(
        id=task.id,
        control=task.control,
        name=control.name if control else task.control,
        expectation="",
        scope=task.scope,
        scope_name=stand.name_of(task.scope),
        systems=0,
        owner=Owner(name=owner.name, person=owner.pk),
        due_on=due_on,
        effort_days=task.effort_days,
        because=task.because,
        urgency=None,
        state=state_of(withdrawn=withdrawn, verdict=verdict, due_on=due_on, today=today),
        verdict=verdict,
    )


def _of_renewal(one: Renewal) -> Todo:
    return Todo(
        id="",
        control=one.control,
        name=one.what,
        expectation=one.expectation,
        scope=one.scope,
        scope_name=one.scope_name,
        systems=one.systems,
        owner=one.owner,
        due_on=one.when.date() if one.when and one.urgency != "failing" else None,
        effort_days=None,
        because=one.control_name,
        urgency=one.urgency,
        state="open" if one.urgency == "soon" else "late",
        verdict={"failing": Verdict.FAILING, "expired": Verdict.STALE}.get(one.urgency, Verdict.EFFECTIVE),
    )


def _asked(actor: Actor, stand: Standpoint, held: Owners, now: datetime) -> tuple[Todo, ...]:
    """What records ask of people, as tasks."""
    found = (
        *waits(actor=actor, stand=stand, held=held, now=now),
        *assessments_waiting(actor=actor, stand=stand, held=held, now=now),
    )
    return tuple(_of_wait(one, now.date()) for one in found)


def _of_wait(one: Wait, today: date) -> Todo:
    return Todo(
        id="",
        control="",
        name=one.title,
        expectation="",
        scope=one.scope,
        scope_name=one.scope_name,
        systems=one.systems,
        owner=one.owner,
        due_on=one.due_on,
        effort_days=None,
        because=one.why,
        urgency=None,
        state="late" if one.due_on is not None and one.due_on < today else "open",
        verdict=None,
        address=one.address,
        mine=one.mine,
    )


def _is_of(todo: Todo, person: int | None) -> bool:
    if todo.address:
        return person is not None and todo.mine
    return person is not None and todo.owner is not None and todo.owner.person == person


def _named(todo: Todo) -> str:
    return todo.owner.name if todo.owner else ""


def _matches(todo: Todo, words: list[str]) -> bool:
    said = f"{todo.control} {todo.name} {todo.because} {todo.scope_name} {_named(todo)}".casefold()
    return all(word in said for word in words)


def _missing(stand: Standpoint, todo: Todo) -> tuple[str, ...]:
    """What the control lacks where the task is: expectations that are not fulfilled."""
    if todo.verdict is None or todo.state == "done":
        return ()
    proof = stand.engine.control(todo.control, todo.scope)
    proofs = [proof] if proof.groups is None else [group.proof for group in proof.groups]
    open_ = (e.expectation.what for one in proofs for e in one.expectations if e.state != "passing")
    return tuple(dict.fromkeys(open_))


def _event(one: Todo, address: str) -> Event:
    assert one.due_on is not None  # noqa: S101  what has no day is in no calendar
    where = "" if one.scope == ORGANISATION else f", {one.scope_name}"
    if one.id:
        return Event(
            uid=f"task.{one.id}@{_host()}", on=one.due_on, title=f"{one.control} {one.name}{where}",
            text=one.because, url=f"{address}/tasks/{one.id}",
        )  # fmt: skip
    if one.address:
        return Event(
            uid=f"record.{one.address.strip('/').replace('/', '.').replace('#', '.')}@{_host()}", on=one.due_on,
            title=f"{one.name}{where}", text=one.because, url=f"{address}{one.address}",
        )  # fmt: skip
    scope = "" if one.scope == ORGANISATION else f"?scope={one.scope}"
    return Event(
        uid=f"evidence.{one.control}.{one.expectation}.{one.scope}@{_host()}", on=one.due_on,
        title=f"Renew: {one.name} ({one.control}){where}", text=f"{one.because}: this evidence runs out on that day.",
        url=f"{address}/controls/{one.control}{scope}#at-{one.expectation}",
    )  # fmt: skip


def _host() -> str:
    """The ledger's own name as the right part of an identifier: no other installation has it."""
    return origin().replace("/", ".")


_Kept = tuple[str, str, datetime]
_lock = threading.Lock()
_kept: tuple[_Kept | None, dict[tuple[str, str], datetime | None]] = (None, {})


def _dated(stand: Standpoint, todo: Todo) -> Todo:
    """With since when it is done; worked out once for each state of the ledger."""
    global _kept
    if todo.state != "done":
        return todo
    key, place = (stand.library.version, stand.root, stand.at), (todo.control, todo.scope)
    with _lock:
        if _kept[0] != key:
            _kept = (key, {})
        if place not in _kept[1]:
            _kept[1][place] = effective_since(stand.engine, todo.control, todo.scope)
        return replace(todo, since=_kept[1][place])
