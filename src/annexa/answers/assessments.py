"""Questions about impact assessments: where each system stands, one assessment section by section, what may be taken
over, what changed since, and what waits for whom."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from annexa.answers.errors import UnknownError, no_system
from annexa.answers.imports import Format, file_of
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import leading_to
from annexa.library.questionnaires import questionnaires
from annexa.pure.actors import number_of
from annexa.pure.assessments import (
    COMPONENTS,
    Change,
    Given,
    Offer,
    Origin,
    Source,
    Stage,
    answers_of,
    changes,
    component_of,
    material_of,
    missing,
    moved_on,
    offers,
    pairs,
)
from annexa.pure.checks.assessments import BY_FORM
from annexa.pure.facts import Pairs
from annexa.pure.ledger import canonical
from annexa.pure.permits import Actor, Permit, may_somewhere
from annexa.pure.proofs import rfc3339
from annexa.pure.questionnaires import (
    Completeness,
    Concern,
    Question,
    Questionnaire,
    Section,
    Value,
    completeness,
    concerns,
    kept,
    open_questions,
    read,
    registered,
)
from annexa.pure.registers.assets import ASSETS
from annexa.pure.tables import with_guard
from annexa.records.assessments import Assessment, AssessmentAnswer, AssessmentStep
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem

FORMS: tuple[str, ...] = tuple(BY_FORM)
"""The forms of assessments by id, in the order in which they are shown."""
State = Literal["not asked", "missing", "open", "handed in", "returned", "approved", "outdated", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with its answer, what could be taken over, and what is to be said about it.

    `moved`: the source of an answer that was taken over says something else by now. `origin`: where it came from.
    """

    question: Question
    given: Given | None
    offer: Offer | None
    moved: Offer | None
    concern: Concern | None
    missing: bool

    @property
    def value(self) -> Value | None:
        """The answer that stands."""
        return self.given.value if self.given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section with its questions, as far as they are asked, and how far it is answered."""

    section: Section
    asked: tuple[Asked, ...]
    progress: Completeness

    @property
    def offered(self) -> int:
        """How many open questions somebody answered elsewhere."""
        return sum(one.offer is not None for one in self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one form stands for one AI system: the approval that counts or counted last, and the version in work.

    `changes`: what is materially different since the approval, with the day on which the register learnt of it.
    """

    form: Questionnaire
    system: AiSystem
    state: State
    due: bool
    current: Assessment | None
    draft: Assessment | None
    approval: AssessmentStep | None
    changes: tuple[tuple[Change, date | None], ...] = ()

    @property
    def to_do(self) -> bool:
        """Whether somebody has to begin: it is asked for, and nothing stands or is in work."""
        return self.due and self.draft is None and self.state in {"missing", "outdated", "expired", "withdrawn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentPage:
    """One version of an assessment, section by section. `versions`: every version of it, the newest first; `sources`:
    every assessment of the system, from which answers may have been taken over; `changed`: what of the system is
    materially different since it was last handed in.
    """

    assessment: Assessment
    form: Questionnaire
    system: AiSystem
    stage: Stage
    parts: tuple[Part, ...]
    progress: Completeness
    missing: tuple[Question, ...]
    concerns: tuple[Concern, ...]
    steps: tuple[AssessmentStep, ...]
    authors: Mapping[int, str]
    versions: tuple[Assessment, ...]
    standing: Standing
    changed: tuple[Change, ...]
    sources: Mapping[str, Assessment]

    @property
    def open(self) -> bool:
        """Whether its answers may be changed."""
        return self.stage in {"open", "returned"}

    @property
    def latest(self) -> AssessmentStep | None:
        """The last step."""
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One question that two versions answer differently."""

    question: Question
    before: Value | None
    after: Value | None


# --- one assessment


def form_of(assessment: Assessment) -> Questionnaire:
    """The form of an assessment, as this version of Annexa ships it. Raises UnknownError."""
    found = questionnaires().get(assessment.form)
    if found is None:
        raise UnknownError(f"There is no form {assessment.form!r} any more.")
    return found


def stage_of(steps: Sequence[AssessmentStep]) -> Stage:
    """How far an assessment is."""
    return cast(Stage, steps[-1].decision) if steps else "open"


def find(*, actor: Actor, assessment: str) -> Assessment:
    """An assessment by its id. Raises UnknownError."""
    found: Assessment | None = Assessment.objects.visible_to(actor).select_related("by").filter(id=assessment).first()
    if found is None:
        raise UnknownError(f"There is no assessment {assessment!r}.")
    return found


def ids_like(said: str) -> list[str]:
    """The assessments whose id begins like this, for who types on the machine itself."""
    return list(Assessment.objects.filter(id__startswith=said).values_list("id", flat=True)) if said else []


def steps_of(assessment: Assessment) -> list[AssessmentStep]:
    """The steps of an assessment, in order."""
    rows = AssessmentStep.objects.filter(assessment=assessment).select_related("by", "assessment", "handed_in_by")
    return list(rows.order_by("number"))


def given_in(assessments: Iterable[Assessment]) -> dict[str, list[tuple[AssessmentAnswer, Given]]]:
    """Every answer of some assessments in the order of giving, by assessment. Cost: one query."""
    wanted = {one.id: one for one in assessments}
    found: dict[str, list[tuple[AssessmentAnswer, Given]]] = {one: [] for one in wanted}
    rows = AssessmentAnswer.objects.filter(assessment__in=list(wanted)).select_related("by")
    for row in rows.order_by("question", "number"):
        form = questionnaires().get(wanted[row.assessment_id].form)
        value = read(form, {row.question: row.value}).get(row.question) if form else None
        origin = Origin(**row.origin) if row.origin else None
        found[row.assessment_id].append(
            (
                row,
                Given(
                    question=row.question, value=value, number=row.number, by=row.by.name, person=row.by_id,
                    at=row.recorded_at, origin=origin,
                ),
            )
        )  # fmt: skip
    return found


def latest(given: Iterable[tuple[AssessmentAnswer, Given]]) -> dict[str, Given]:
    """The answers that hold, by question."""
    return {one.question: one for _, one in given}


def authors(given: Iterable[tuple[AssessmentAnswer, Given]], steps: Iterable[AssessmentStep]) -> dict[int, str]:
    """Everybody who gave an answer or handed it in: none of them approves it."""
    found = {one.person: one.by for _, one in given}
    return found | {one.by_id: one.by.name for one in steps if one.decision == "handed in"}


def answers_digest(form: Questionnaire, answers: Mapping[str, Value]) -> str:
    """Which answers are meant: their digest in hex, of the questions that are asked."""
    plain = {one.id: kept(answers.get(one.id)) for one in open_questions(form, answers)}
    return hashlib.sha256(canonical(plain)).hexdigest()


def offers_for(actor: Actor, assessment: Assessment, system: AiSystem) -> dict[str, Offer]:
    """What other assessments of the same system, earlier versions and the register say. Cost: three queries."""
    form = form_of(assessment)
    rows = list(Assessment.objects.visible_to(actor).filter(scope=assessment.scope).exclude(id=assessment.id))
    rows = [one for one in rows if one.form != assessment.form or one.number < assessment.number]
    given = given_in(rows)
    withdrawn = set(
        AssessmentStep.objects.filter(assessment__in=rows, decision="withdrawn").values_list("assessment_id", flat=True)
    )
    sources = [
        Source(assessment=one.id, form=questionnaires()[one.form], given=latest(given[one.id]))
        for one in rows
        if one.form in questionnaires() and one.id not in withdrawn
    ]
    return offers(form, sources, registered(form, system.facts()))


def system_of(actor: Actor, scope: str) -> AiSystem:
    """The AI system of that slug. Raises UnknownError."""
    found: AiSystem | None = AiSystem.objects.visible_to(actor).filter(slug=scope).first()
    if found is None:
        raise no_system(scope, AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    return found


def one_assessment(*, actor: Actor, assessment: str, now: datetime) -> AssessmentPage:
    """One version of an assessment with everything that is to be said about it. Raises UnknownError."""
    found = find(actor=actor, assessment=assessment)
    form, system = form_of(found), system_of(actor, found.scope)
    steps, given = steps_of(found), given_in([found])[found.id]
    held = latest(given)
    answers = answers_of(held)
    offered = offers_for(actor, found, system) if stage_of(steps) in {"open", "returned"} else {}
    moved = moved_on(held, offered)
    worries = {one.question: one for one in concerns(form, answers)}
    lacking = missing(form, answers)
    asked = [
        Asked(
            question=one,
            given=held.get(one.id),
            offer=None if one.id in answers else offered.get(one.id),
            moved=moved.get(one.id),
            concern=worries.get(one.id),
            missing=one in lacking,
        )
        for one in open_questions(form, answers)
    ]
    versions = Assessment.objects.visible_to(actor).filter(form=found.form, scope=found.scope).order_by("-number")
    last = next((one for one in reversed(steps) if one.decision == "handed in"), None)
    return AssessmentPage(
        assessment=found,
        form=form,
        system=system,
        stage=stage_of(steps),
        parts=tuple(
            Part(
                section=section,
                asked=tuple(one for one in asked if one.question.section == section.id),
                progress=completeness(form, answers, section=section.id),
            )
            for section in form.sections
        ),
        progress=completeness(form, answers),
        missing=lacking,
        concerns=tuple(worries.values()),
        steps=tuple(steps),
        authors=authors(given, steps),
        versions=tuple(versions),
        standing=standings(actor=actor, systems=[system], forms=[form.id], now=now, dated=True)[0],
        changed=changed_since(last, system, now.date()) if last else (),
        sources=Assessment.objects.visible_to(actor).filter(scope=found.scope).in_bulk(),
    )


def differences(*, actor: Actor, assessment: str, other: str) -> tuple[Difference, ...]:
    """What two versions of one assessment answer differently, in the order of asking. Raises UnknownError."""
    one, two = find(actor=actor, assessment=assessment), find(actor=actor, assessment=other)
    if (one.form, one.scope) != (two.form, two.scope):
        raise UnknownError("These are not two versions of one assessment.")
    before, after = sorted((one, two), key=lambda row: row.number)
    given = given_in([before, after])
    said = [answers_of(latest(given[row.id])) for row in (before, after)]
    return tuple(
        Difference(question=question, before=said[0].get(question.id), after=said[1].get(question.id))
        for question in form_of(one).questions
        if said[0].get(question.id) != said[1].get(question.id)
    )


# --- the system it rests on


def components_of(slug: str, on: date) -> dict[str, dict[str, Any]]:
    """What an AI system is made of on a day, as assessments keep it: by slug of the asset. Cost: one query."""
    rows = leading_to(TABLES["asset"].objects.all(), ASSETS, ASSETS.field["systems"], slug)
    found = {row.slug: component_of(row.entry) for row in rows if not row.REGISTER.ended(row.entry, on)}
    return {name: part for name, part in sorted(found.items()) if part is not None}


def rests_on(form: Questionnaire, system: AiSystem, on: date) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What of a system an assessment by this form rests on now: fields, and components if the form counts them."""
    facts = system.facts()
    parts = components_of(system.slug, on) if COMPONENTS in form.material else None
    return material_of(form.material, lambda name: getattr(facts, name)), parts


def changed_since(
    step: AssessmentStep, system: AiSystem, on: date, parts: Mapping[str, Pairs] | None = None
) -> tuple[Change, ...]:
    """What of a system is materially different from what was handed in or approved. `parts`: what it is made of on
    that day, if that is at hand; else it costs a query."""
    facts = system.facts()
    before = None if step.components is None else {slug: pairs(part) for slug, part in step.components.items()}
    if before is not None and parts is None:
        parts = {slug: pairs(one) for slug, one in components_of(system.slug, on).items()}
    return changes(pairs(step.material or {}), lambda name: getattr(facts, name, None), before, parts or {})


def dated_changes(step: AssessmentStep, found: Sequence[Change]) -> tuple[tuple[Change, date | None], ...]:
    """Each change with the day on which the register first said otherwise than the approval. Cost: two queries."""
    if not found:
        return ()
    subjects = {f"ai_system/{step.assessment.scope}", *(f"asset/{one.component}" for one in found if one.component)}
    entries = list(
        LedgerEntry.objects.filter(subject__in=subjects, at__gt=step.recorded_at)
        .order_by("position")
        .values_list("position", "subject", "at")
    )
    bodies = dict(EntryBody.objects.filter(position__in=[one[0] for one in entries]).values_list("position", "body"))
    states = [(subject, at.date(), json.loads(bytes(bodies[position]))["state"]) for position, subject, at in entries]

    def day(change: Change) -> date | None:
        subject = f"asset/{change.component}" if change.component else f"ai_system/{step.assessment.scope}"
        for named, when, state in states:
            if named == subject and (change.component or state.get(change.field) != change.before):
                return when
        return None

    return tuple((one, day(one)) for one in found)


# --- files


HEADER = ("Section", "Question", "Answer", "Asked by", "Given by", "Given at (UTC)", "Taken over from")


def export_assessment(*, actor: Actor, assessment: str, file_format: Format, now: datetime) -> bytes:
    """One version as a file: JSON with everything that is known of it, or a table of questions and answers.

    Raises UnknownError.
    """
    page = one_assessment(actor=actor, assessment=assessment, now=now)
    if file_format == "json":
        return json.dumps(assessment_json(page), ensure_ascii=False, indent=1).encode() + b"\n"
    rows = [
        tuple(
            with_guard(cell)
            for cell in (
                part.section.title,
                one.question.text,
                cell_of(one.value),
                "; ".join(f"{to.framework} {to.requirement}{to.point}" for to in one.question.answers),
                one.given.by if one.given else "",
                f"{one.given.at:%Y-%m-%d %H:%M}" if one.given else "",
                source_words(page, one.given.origin) if one.given and one.given.origin else "",
            )
        )
        for part in page.parts
        for one in part.asked
    ]
    return file_of(HEADER, rows, file_format, title=page.form.title)


def source_words(page: AssessmentPage, origin: Origin) -> str:
    """Where an answer was taken over from: the register, or a version of a form."""
    source = page.sources.get(origin.assessment)
    return f"{source.form}, version {source.number}" if source else "register of AI systems"


def cell_of(value: Value | None) -> str:
    """An answer in one cell; entries each in a line."""
    plain = kept(value)
    return "" if plain is None else "\n".join(plain) if isinstance(plain, list) else str(plain)


def assessment_json(page: AssessmentPage) -> dict[str, Any]:
    """One version with every question that is asked, its answer with who gave it when, and every step."""
    about = page.assessment
    return {
        "id": about.id,
        "form": about.form,
        "title": page.form.title,
        "system": about.scope,
        "version": about.number,
        "stage": page.stage,
        "because": about.because,
        "begun_by": about.by.name,
        "begun_at": rfc3339(about.recorded_at),
        "progress": {"asked": page.progress.asked, "answered": page.progress.answered},
        "missing": [one.id for one in page.missing],
        "answers": [
            {
                "question": one.question.id,
                "section": part.section.id,
                "text": one.question.text,
                "value": kept(one.value),
                "number": one.given.number if one.given else 0,
                "by": one.given.by if one.given else "",
                "at": rfc3339(one.given.at) if one.given else None,
                "origin": one.given.origin.to_json() if one.given and one.given.origin else None,
                "offered": None if one.offer is None else kept(one.offer.value),
                "concern": one.concern.because if one.concern else "",
            }
            for part in page.parts
            for one in part.asked
        ],
        "steps": [step_json(one) for one in page.steps],
    }


def step_json(step: AssessmentStep) -> dict[str, Any]:
    """One step with who, when, why, and what it rests on."""
    return {
        "id": step.id,
        "decision": step.decision,
        "because": step.because,
        "by": step.by.name,
        "at": rfc3339(step.recorded_at),
        "until": step.until.isoformat() if step.until else None,
        "answers_digest": step.answers_digest,
        "form_version": step.form_version,
        "material": step.material,
        "components": step.components,
    }


# --- where all of them stand


def assessed_systems(*, actor: Actor, now: datetime) -> tuple[tuple[AiSystem, tuple[Standing, ...]], ...]:
    """Every AI system in use that the actor may know of, by name, with where each form stands. Cost: five queries."""
    rows = AiSystem.objects.visible_to(actor).exclude(stage="retirement").order_by(Lower("name"), "slug")
    systems = list(rows)
    found: dict[str, list[Standing]] = {}
    for one in standings(actor=actor, systems=systems, now=now):
        found.setdefault(one.system.slug, []).append(one)
    return tuple((one, tuple(found[one.slug])) for one in systems)


def standings(
    *,
    actor: Actor,
    systems: Sequence[AiSystem],
    now: datetime,
    forms: Sequence[str] = FORMS,
    dated: bool = False,
    stand: Standpoint | None = None,
) -> tuple[Standing, ...]:
    """Where each form stands for each of these AI systems. `dated`: with the days of changes, which costs queries."""
    stand = stand or standpoint(actor=actor, now=now)
    slugs = [one.slug for one in systems]
    rows = Assessment.objects.visible_to(actor).filter(scope__in=slugs, form__in=forms).select_related("by")
    by_key: dict[tuple[str, str], list[Assessment]] = {}
    for row in rows.order_by("number"):
        by_key.setdefault((row.scope, row.form), []).append(row)
    steps: dict[str, list[AssessmentStep]] = {}
    taken = AssessmentStep.objects.filter(assessment__in=rows).select_related("by", "assessment").order_by("number")
    for step in taken if by_key else ():
        steps.setdefault(step.assessment_id, []).append(step)
    return tuple(
        _standing(questionnaires()[form], system, by_key.get((system.slug, form), []), steps, stand, now, dated)
        for system in systems
        for form in forms
        if form in questionnaires()
    )


def _standing(
    form: Questionnaire,
    system: AiSystem,
    versions: Sequence[Assessment],
    steps: Mapping[str, Sequence[AssessmentStep]],
    stand: Standpoint,
    now: datetime,
    dated: bool,
) -> Standing:
    stages = {one.id: stage_of(steps.get(one.id, ())) for one in versions}
    draft = next((one for one in reversed(versions) if stages[one.id] in {"open", "handed in", "returned"}), None)
    current = next(
        (one for one in reversed(versions) if any(s.decision == "approved" for s in steps.get(one.id, ()))), None
    )
    approval = next((s for s in steps[current.id] if s.decision == "approved"), None) if current else None
    fact = stand.systems.get(system.slug)
    due = fact is not None and BY_FORM[form.id].asks(fact)
    found: tuple[tuple[Change, date | None], ...] = ()
    state: State = "missing" if due else "not asked"
    if current and approval:
        parts = stand.engine.records.parts.get(system.slug, {})
        changed = changed_since(approval, system, now.date(), parts)
        found = dated_changes(approval, changed) if dated else tuple((one, None) for one in changed)
        over = approval.until is not None and approval.until <= now.date()
        state = (
            "withdrawn"
            if stages[current.id] == "withdrawn"
            else "outdated"
            if changed
            else "expired"
            if over
            else "approved"
        )
    if draft and state in {"missing", "not asked", "withdrawn"}:
        state = stages[draft.id]
    return Standing(
        form=form, system=system, state=state, due=due, current=current, draft=draft, approval=approval, changes=found
    )  # fmt: skip


# --- what waits


@dataclass(frozen=True, slots=True, kw_only=True)
class ToApprove:
    """An assessment that waits for its approval. `mine`: the person who asks may decide about it."""

    step: AssessmentStep
    title: str
    system: str
    mine: bool


def waiting_assessments(
    *, actor: Actor, stand: Standpoint, now: datetime, person: int | None = None
) -> tuple[tuple[ToApprove, ...], tuple[Standing, ...]]:
    """Every assessment that is handed in, the oldest first, of one person those they may decide about; and every
    approval that does not stand any more while nothing is in work in its place, with what changed when.

    Cost: one query, two more if any waits, four if any is approved, two for each that is outdated.
    """
    later = AssessmentStep.objects.filter(assessment=OuterRef("assessment"), number__gt=OuterRef("number"))
    rows = AssessmentStep.objects.visible_to(actor).filter(decision__in=("handed in", "approved"))
    steps = list(
        rows.exclude(Exists(later)).select_related("assessment", "by").order_by("recorded_at", "id").defer("components")
    )
    waiting = [one for one in steps if one.decision == "handed in" and one.assessment.form in questionnaires()]
    found = _to_approve(actor, stand, waiting) if waiting else ()
    scopes = {one.assessment.scope for one in steps if one.decision == "approved"}
    return (
        found if person is None else tuple(one for one in found if one.mine),
        _to_do_anew(actor, stand, now, scopes) if scopes else (),
    )


def _to_approve(actor: Actor, stand: Standpoint, waiting: Sequence[AssessmentStep]) -> tuple[ToApprove, ...]:
    ids = [one.assessment_id for one in waiting]
    answered = AssessmentAnswer.objects.filter(assessment__in=ids).order_by()
    handed = AssessmentStep.objects.filter(assessment__in=ids, decision="handed in").order_by()
    took_part = set(answered.values_list("assessment_id", "by_id").distinct())
    took_part |= set(handed.values_list("assessment_id", "by_id").distinct())
    decides = isinstance(may_somewhere(actor, "review_assessment"), Permit)
    me = number_of(actor.id)
    return tuple(
        ToApprove(
            step=one,
            title=questionnaires()[one.assessment.form].title,
            system=stand.name_of(one.assessment.scope),
            mine=decides and me is not None and (one.assessment_id, me) not in took_part,
        )
        for one in waiting
    )


def _to_do_anew(actor: Actor, stand: Standpoint, now: datetime, scopes: set[str]) -> tuple[Standing, ...]:
    systems = list(AiSystem.objects.visible_to(actor).filter(slug__in=scopes).exclude(stage="retirement"))
    found = standings(actor=actor, systems=systems, now=now, dated=True, stand=stand)
    return tuple(one for one in found if one.to_do and one.state in {"outdated", "expired"})
