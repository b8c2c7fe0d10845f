"""Questions about training: who has to take what by when, what one has oneself, and where the gaps are."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from annexa.answers.actors import standing_grants, units
from annexa.answers.errors import UnknownError
from annexa.library.courses import courses
from annexa.pure.actors import number_of
from annexa.pure.assignments import (
    CURRENT,
    LATE,
    STANDINGS,
    TO_TAKE,
    Assignment,
    Completed,
    Duty,
    Key,
    Learner,
    Literacy,
    Part,
    PartKind,
    Share,
    Standing,
    Told,
    TrainingRule,
    assignments,
    duties,
    literacy,
    shares,
    standing_told,
    to_tell,
)
from annexa.pure.facts import SystemFact
from annexa.pure.permits import EXTERNAL, Actor, Permit, Place, may
from annexa.pure.register import Register
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.documents import addresses
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.training import Course, course_text
from annexa.records.appointments import Appointment
from annexa.records.assessments import AssessmentStep
from annexa.records.classifications import ClassificationReview
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.ownerships import Ownership
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.snapshot import snapshot
from annexa.records.systems import AiSystem
from annexa.records.training import Enrolment
from annexa.records.units import Committee

OVERSIGHT = "OVS-"
"""How the controls begin that are about human oversight of an AI system; who answers for one there oversees it."""
NO_UNIT = "No unit"
BEARING = frozenset(
    {
        "person", "appointment", "appointment_end", "grant", "grant_end", "unit", "committee", "ai_system", "ownership",
        "classification_review", "assessment_step", TRAINING_RULES.noun, COMPLETIONS.noun,
    }
)  # fmt: skip
"""The kinds of ledger entries after which somebody may have to take something else than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTraining:
    """What one person has to take and has taken, and the courses that they may take besides.

    `completions`: what counts of theirs or did, the latest first.
    """

    assigned: tuple[Assignment, ...]
    completions: tuple[RegisterRow, ...]
    others: tuple[Course, ...]

    @property
    def to_take(self) -> tuple[Assignment, ...]:
        """What they have to do something about, or soon."""
        return tuple(one for one in self.assigned if one.standing in TO_TAKE)

    @property
    def in_date(self) -> tuple[Assignment, ...]:
        """What is done and not about to run out."""
        return tuple(one for one in self.assigned if one.standing == "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Who of everybody has their training in date.

    Shares by training, by role and by unit; `late`: what is overdue or expired; `literacy`: everybody who deals with AI
    systems, gaps first; `idle`: rules that reach nobody. `only`: the units whose people these are, for who leads some;
    none: everybody.
    """

    assigned: tuple[Assignment, ...]
    by_training: tuple[Share, ...]
    by_role: tuple[Share, ...]
    by_unit: tuple[Share, ...]
    late: tuple[Assignment, ...]
    literacy: tuple[Literacy, ...]
    idle: tuple[TrainingRule, ...]
    rules: int
    people: int
    only: tuple[str, ...] = ()

    @property
    def current(self) -> int:
        """How many assignments are in date."""
        return sum(one.standing in CURRENT for one in self.assigned)

    @property
    def gaps(self) -> tuple[Literacy, ...]:
        """Where somebody deals with AI systems without training that fits."""
        return tuple(one for one in self.literacy if not one.current)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A training that waits for somebody. `due_on`: by when, or until when what they completed holds."""

    title: str
    course: str
    standing: Standing
    due_on: date

    @property
    def late(self) -> bool:
        """Whether that day has passed."""
        return self.standing in LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOf:
    """The training of one person as a page about them shows it."""

    assigned: tuple[Assignment, ...]
    literacy: tuple[Literacy, ...]


def own_training(*, person: Person, now: datetime) -> OwnTraining:
    """What somebody who works here has to take, and has. Cost: some fifteen queries."""
    found = assignments(duties_of(now=now, person=person))
    theirs = {one.course for one in found}
    rows = _rows(COMPLETIONS).filter(person__iexact=person.email, ended_on__isnull=True)
    return OwnTraining(
        assigned=found,
        completions=tuple(rows.order_by("-completed_on", "slug")),
        others=tuple(one for one in sorted(courses().values(), key=lambda one: one.title) if one.id not in theirs),
    )


def waiting_training(*, person: int, now: datetime) -> tuple[Waiting, ...]:
    """What somebody has to take, or soon, as the ledger was told last; what is most pressing first. Cost: one query."""
    rows = Enrolment.objects.filter(person=person).order_by("turn").select_related("rule")
    latest = {one.rule_id: one for one in rows}
    found: dict[str, Waiting] = {}
    for row in latest.values():
        standing = standing_told(_told(row), now.date())
        if standing is None or standing not in TO_TAKE:
            continue
        course = courses().get(row.rule.course)
        one = Waiting(
            title=course.title if course else row.rule.qualification or row.rule.name,
            course=row.rule.course,
            standing=standing,
            due_on=(row.until if row.step == "met" else row.due_on) or now.date(),
        )
        key = one.course or one.title.casefold()
        found[key] = min(one, found.get(key, one), key=_pressing)
    return tuple(sorted(found.values(), key=_pressing))


def _pressing(one: Waiting) -> tuple[int, date, str]:
    return STANDINGS.index(one.standing), one.due_on, one.title


def dashboard(*, actor: Actor, now: datetime) -> Dashboard:
    """How training stands: of everybody, or of the people of the units that somebody leads, and those below.

    Raises UnknownError for who neither reads the whole organisation nor leads a unit. Cost: as of `learners_at`, and
    one query more for who leads a unit.
    """
    led = units_led(actor)
    if led is not None and not led:
        raise UnknownError("There is nothing here for you.")
    learners = learners_at(now=now)
    rules = rules_at(now.date())
    found = duties(learners, rules, completions_of(), now.date())
    dealing = literacy(learners, found)
    reached = {one.rule.slug for one in found}
    idle = tuple(one for one in rules if one.slug not in reached)
    if led is not None:
        learners = tuple(narrow for one in learners if (narrow := _within(one, led)))
        there = {one.person: one for one in learners}
        found = tuple(replace(one, learner=there[one.learner.person]) for one in found if one.learner.person in there)
        dealing = _known_to(actor, dealing, there)
        rules, idle = tuple({one.rule.slug: one.rule for one in found}.values()), ()
    assigned = assignments(found)
    roles = {one.person: next((part.what for part in one.parts if part.kind == "role"), "") for one in learners}
    return Dashboard(
        assigned=assigned,
        by_training=shares((one.title, one.standing) for one in assigned),
        by_role=shares((roles[one.learner.person], one.standing) for one in assigned),
        by_unit=shares((unit, one.standing) for one in assigned for unit in one.learner.units or (NO_UNIT,)),
        late=tuple(one for one in assigned if one.standing in LATE),
        literacy=dealing,
        idle=idle,
        rules=len(rules),
        people=len(learners),
        only=tuple(sorted(led or (), key=str.casefold)),
    )


def units_led(actor: Actor) -> frozenset[str] | None:
    """The units, by name, whose people's training somebody sees; empty: nobody's; None: everybody's."""
    if isinstance(may(actor, "read"), Permit):
        return None
    named = frozenset().union(*(one.units for one in actor.grants))
    return frozenset(unit for unit in named if isinstance(may(actor, "see_training", Place(unit=unit)), Permit))


def _within(learner: Learner, led: frozenset[str]) -> Learner | None:
    """Somebody as who leads these units knows them: in those units, and nowhere else; None: they are in none."""
    units = tuple(one for one in learner.units if one in led)
    return replace(learner, units=units) if units else None


def _known_to(actor: Actor, found: Iterable[Literacy], there: Mapping[int, Learner]) -> tuple[Literacy, ...]:
    """What people of a unit have to do with the AI systems that the actor may know of. Cost: one query."""
    known = frozenset(AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    narrowed = []
    for one in found:
        systems = tuple(slug for slug in one.systems if slug in known)
        if systems and one.learner.person in there:
            narrowed.append(replace(one, learner=there[one.learner.person], systems=systems))
    return tuple(narrowed)


def training_of(*, actor: Actor, person: Person, now: datetime) -> TrainingOf | None:
    """The training of one person, for themself and for who reads the whole organisation; None for everybody else."""
    if actor.id != person.actor_id and not isinstance(may(actor, "read"), Permit):
        return None
    if not person.is_active or person.role == EXTERNAL:
        return None
    found = duties_of(now=now, person=person)
    return TrainingOf(assigned=assignments(found), literacy=literacy(learners_at(now=now, person=person), found))


def course_at_hand(*, actor: Actor, course: str) -> Course:
    """A course that somebody may take. Raises UnknownError."""
    found = courses().get(course)
    if found is None or not isinstance(may(actor, "take_course"), Permit):
        raise UnknownError(f"There is no course {course!r}.")
    return found


def course_digest(course: Course) -> str:
    """SHA-256 of everything that a course says and asks."""
    return hashlib.sha256(course_text(course).encode()).hexdigest()


def duties_of(*, now: datetime, person: Person | None = None) -> tuple[Duty, ...]:
    """What every rule asks of everybody, or of one person. Cost: one query where there is no rule."""
    rules = rules_at(now.date())
    if not rules:
        return ()
    return duties(learners_at(now=now, person=person), rules, completions_of(person), now.date())


def to_tell_of(*, now: datetime, person: Person | None = None) -> dict[Key, Told]:
    """What the ledger has to know of everybody, or of one person. Cost: one query where there is no rule."""
    rules = rules_at(now.date())
    if not rules:
        return {}
    learners = learners_at(now=now, person=person)
    found = duties(learners, rules, completions_of(person), now.date())
    return to_tell(learners, rules, found, now.date())


def rules_at(on: date) -> tuple[TrainingRule, ...]:
    """The rules that count on a day, by slug. Cost: one query."""
    shipped = courses()
    months = {one.id: one.valid_months for one in shipped.values()}
    titles = {one.id: one.title for one in shipped.values()}
    rows = _rows(TRAINING_RULES).order_by("slug")
    return tuple(
        TrainingRule.of(row.slug, entry, recorded_on=row.created_at.date(), course_months=months, titles=titles)
        for row in rows
        if not TRAINING_RULES.ended(entry := row.entry, on)
    )


def completions_of(person: Person | None = None) -> tuple[Completed, ...]:
    """What people completed and still stands, of everybody or of one. Cost: one query."""
    rows = _rows(COMPLETIONS).filter(ended_on__isnull=True).order_by("slug")
    if person is not None:
        rows = rows.filter(person__iexact=person.email)
    return tuple(found for row in rows if (found := Completed.of(row.slug, row.entry)) is not None)


def told_last(person: Person | None = None) -> tuple[dict[Key, Told], dict[Key, int]]:
    """What the ledger was told last of each rule and person, and in which turn. Cost: one query."""
    rows = Enrolment.objects.order_by("turn")
    told: dict[Key, Told] = {}
    turns: dict[Key, int] = {}
    for one in rows.filter(person=person) if person is not None else rows:
        key = (one.rule_id, one.person_id)
        turns[key] = one.turn
        told[key] = _told(one)
    return told, turns


def _told(row: Enrolment) -> Told:
    return Told(
        step=row.step,  # type: ignore[arg-type]  # the table takes no other word
        due_on=row.due_on,
        until=row.until,
        serves=tuple(row.serves),
        literacy=row.literacy,
        systems=tuple(row.systems),
        missing=tuple(row.missing),
    )


def bears_on_training(*, since: int) -> bool:
    """Whether the ledger has entries from a position on after which assignments may differ. Cost: one query."""
    return LedgerEntry.objects.filter(position__gte=since, kind__in=BEARING).exists()


# People


def learners_at(*, now: datetime, person: Person | None = None) -> tuple[Learner, ...]:
    """Everybody who works here and may sign in, or one of them, with all that rules can reach them by.

    Cost: ten queries, one more where somebody has a role in a unit.
    """
    people = Person.objects.filter(is_active=True).exclude(role=EXTERNAL).order_by("pk")
    known = list(people.filter(pk=person.pk) if person is not None else people)
    joined = _joined(person)
    by_email = {one.email.casefold(): one.pk for one in known}
    parts: dict[int, list[Part]] = {one.pk: [] for one in known}
    units_of: dict[int, set[str]] = {}
    for number, part in (*_offices(units_of), *_granted(now, units_of), *_dealing(by_email)):
        if number in parts:
            parts[number].append(part)
    found = []
    for one in known:
        since, as_role = joined.get(one.pk) or (one.created_at.date(), one.created_at.date())
        role = Part(kind="role", what=one.role, since=as_role)
        held = (role, *sorted(parts[one.pk], key=lambda part: (part.kind, part.what, part.since)))
        found.append(
            Learner(
                person=one.pk, name=one.name, email=one.email, since=since, parts=held,
                units=tuple(sorted(units_of.get(one.pk, ()))),
            )
        )  # fmt: skip
    return tuple(found)


def _joined(person: Person | None) -> dict[int, tuple[date, date]]:
    """Since when people may sign in without a break, and since when they have their role. Cost: two queries."""
    entries = LedgerEntry.objects.filter(kind="person").order_by("position")
    if person is not None:
        entries = entries.filter(subject=person.actor_id)
    held = EntryBody.objects.filter(position__in=entries.values("position"))
    bodies = dict(held.values_list("position", "body"))
    found: dict[int, tuple[date, date]] = {}
    before: dict[int, tuple[bool, str]] = {}
    for position, subject, at in entries.values_list("position", "subject", "at"):
        number, body = number_of(subject), bodies.get(position)
        if number is None or not body:
            continue
        state = json.loads(bytes(body))["state"]
        now = (state["active"], state["role"])
        was = before.get(number, (False, ""))
        back = now[0] and not was[0]
        since, as_role = found.get(number, (at.date(), at.date()))
        found[number] = (at.date() if back else since, at.date() if back or now[1] != was[1] else as_role)
        before[number] = now
    return found


def _offices(units_of: dict[int, set[str]]) -> Iterator[tuple[int, Part]]:
    """Offices, seats in committees, and the units in which somebody holds an office. Cost: three queries."""
    committees = dict(Committee.objects.values_list("slug", "name"))
    above = _above()
    rows = Appointment.objects.filter(end__isnull=True).order_by("recorded_at", "id")
    for office, body, number, at in rows.values_list("office", "body", "person_id", "recorded_at"):
        kind, _, slug = body.partition("/")
        yield number, Part(kind="office", what=office, since=at.date())
        if kind == "committee":
            yield number, Part(kind="committee", what=committees.get(slug, slug), since=at.date())
        if kind == "unit" and above.get(slug):
            units_of.setdefault(number, set()).add(above[slug][0])
            yield from ((number, Part(kind="unit", what=name, since=at.date())) for name in above[slug])


def _granted(now: datetime, units_of: dict[int, set[str]]) -> Iterator[tuple[int, Part]]:
    """The units in which somebody has a role, and the AI systems, which they operate. Cost: three queries."""
    above, systems = _above(), _in_use()
    for one in standing_grants(now).order_by("starts_at", "id"):
        number = number_of(one.holder)
        if number is None:
            continue
        since = one.starts_at.date()
        if one.unit is not None and above.get(one.unit.slug):
            units_of.setdefault(number, set()).add(one.unit.name)
            yield from ((number, Part(kind="unit", what=name, since=since)) for name in above[one.unit.slug])
        if one.system in systems:
            yield number, _part("operate", systems[one.system], since)


def _dealing(by_email: Mapping[str, int]) -> Iterator[tuple[int, Part]]:
    """Who owns AI systems in use, answers for controls there, or approved about them. Cost: four queries."""
    systems = _in_use()
    owned = _owned_since()
    for slug, system in systems.items():
        number = by_email.get(system.owner.strip().casefold())
        if number is not None:
            owner, since = owned.get(slug, ("", system.changed_at.date()))
            same = owner == system.owner.strip().casefold()
            yield number, _part("own", system, since if same else system.changed_at.date())
    yield from _overseeing(by_email, systems)
    in_use = AiSystem.objects.exclude(stage="retirement").values("slug")
    latest: dict[tuple[str, str], tuple[int | None, date]] = {}
    rows = Ownership.objects.filter(scope__in=in_use).order_by("number")
    for control, scope, number, at in rows.values_list("control", "scope", "owner_id", "recorded_at"):
        latest[control, scope] = (number, at.date())
    for (control, scope), (number, since) in latest.items():
        if number is not None and scope in systems:
            kind: PartKind = "oversee" if control.startswith(OVERSIGHT) else "operate"
            yield number, _part(kind, systems[scope], since)
    approved = ClassificationReview.objects.filter(decision="approved", answers__scope__in=in_use)
    steps = AssessmentStep.objects.filter(decision="approved", assessment__scope__in=in_use)
    for found, scope_of in ((approved, "answers__scope"), (steps, "assessment__scope")):
        for scope, number, at in found.values_list(scope_of, "by_id", "recorded_at"):
            if scope in systems:
                yield number, _part("approve", systems[scope], at.date())


def _overseeing(by_email: Mapping[str, int], systems: Mapping[str, AiSystem]) -> Iterator[tuple[int, Part]]:
    """Whom the records of AI systems name as overseers, and since when without a break. Cost: none of its own."""
    since: dict[str, dict[str, date]] = {}
    for one in _in_turn(snapshot().facts.systems):
        before = since.get(one.id, {})
        since[one.id] = {who: before.get(who, one.recorded_at.date()) for who in addresses(one.overseers)}
    for slug, system in systems.items():
        for who in addresses(system.overseers):
            if (number := by_email.get(who)) is not None:
                at = since.get(slug, {}).get(who, system.changed_at.date())
                yield number, _part("oversee", system, at)


def _part(kind: PartKind, system: AiSystem, since: date) -> Part:
    return Part(kind=kind, what=system.slug, since=since, classes=tuple(system.classes))


def _in_use() -> dict[str, AiSystem]:
    rows = AiSystem.objects.exclude(stage="retirement").order_by("slug")
    return {one.slug: one for one in rows.only("slug", "owner", "overseers", "classes", "changed_at", "stage")}


def _owned_since() -> dict[str, tuple[str, date]]:
    """The owner of each AI system as the ledger has it, and since when without a break."""
    found: dict[str, tuple[str, date]] = {}
    for one in _in_turn(snapshot().facts.systems):
        owner = one.owner.strip().casefold()
        if one.id not in found or found[one.id][0] != owner:
            found[one.id] = (owner, one.recorded_at.date())
    return found


def _in_turn(facts: Iterable[SystemFact]) -> list[SystemFact]:
    return sorted(facts, key=lambda one: one.order)


def _above() -> dict[str, tuple[str, ...]]:
    """For each unit by its slug its name and those of the units above it, the nearest first. Cost: one query."""
    tree = {one.slug: one for one in units()}
    found: dict[str, tuple[str, ...]] = {}
    for slug in tree:
        names: list[str] = []
        at = slug
        while at in tree and tree[at].name not in names:
            names.append(tree[at].name)
            at = tree[at].parent
        found[slug] = tuple(names)
    return found


def _rows(register: Register) -> QuerySet[Any]:
    found: QuerySet[Any] = TABLES[register.noun].objects.get_queryset()
    return found
