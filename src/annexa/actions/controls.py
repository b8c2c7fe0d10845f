"""Declaring what the organisation does about a control, and judging beside the verdict."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from annexa.actions.door import door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.libraries import active_library
from annexa.pure.facts import ADOPTION_STATES, JUDGEMENT_KINDS, ORGANISATION
from annexa.pure.permits import Actor, own_work
from annexa.records.controls import Adoption, Closure, Judgement
from annexa.records.evidence import Evidence
from annexa.records.ownerships import Ownership
from annexa.records.people import Person
from annexa.records.systems import AiSystem

OWN_WORK_LASTS = timedelta(days=365)
"""So long after handing a control over it still counts as one's own work."""


def adopt_control(
    *,
    actor: Actor,
    person: Person | None,
    control: str,
    state: str,
    now: datetime,
    scope: str = ORGANISATION,
    because: str = "",
    plan_due: datetime | None = None,
    effective_at: datetime | None = None,
) -> Adoption:
    """Declares a control implemented, planned, not implemented or excluded in a scope. The verdict stays computed.

    A plan needs a date ahead, an exclusion a reason; in one AI system an organisation-level control is overridden
    with a reason. Ledger: adoption. Raises InvalidError, NotFoundError, NotPermittedError.
    """
    level, place = _level(control), place_of(actor, scope)
    problems: dict[str, list[str]] = {}
    if state not in ADOPTION_STATES:
        problems["state"] = [f"{state!r} is not a state; use one of {', '.join(ADOPTION_STATES)}."]
    if state == "planned" and plan_due is None:
        problems["plan_due"] = ["A plan needs a date."]
    if state == "planned" and plan_due is not None and plan_due <= now:
        problems["plan_due"] = [f"{plan_due.date().isoformat()} is not ahead; a plan needs a date to come."]
    if state == "excluded" and not because.strip():
        problems["because"] = ["An exclusion needs a justification; it stands in the statement of applicability."]
    if scope != ORGANISATION and level == "organisation" and not because.strip():
        problems["because"] = ["The organisation does this for every system; say why this one is different."]
    if effective_at is not None and effective_at > now:
        problems["effective_at"] = ["This lies in the future; record it when it is true."]
    if problems:
        raise InvalidError(problems)
    verb = "exclude_control" if state == "excluded" else "adopt_control"
    with door(actor=actor, verb=verb, now=now, because=because.strip(), place=place) as opened:
        adoption = Adoption(
            id=uuid.uuid4().hex,
            control=control,
            scope=scope,
            state_word=state,
            because=because.strip(),
            plan_due=plan_due if state == "planned" else None,
            effective_at=effective_at or now,
            recorded_at=now,
            by=person,
        )
        opened.write(
            adoption, kind="adoption", subject=f"control/{control}/{scope}", effective_at=adoption.effective_at
        )
    return adoption


def judge(
    *,
    actor: Actor,
    person: Person | None,
    kind: str,
    subject: str,
    because: str,
    now: datetime,
    framework: str = "",
    scope: str = ORGANISATION,
    ends_at: datetime | None = None,
) -> Judgement:
    """Records what a person found or accepted about a control, or with `framework` about a requirement.

    An exclusion or an accepted exception needs an end, and is not for whoever answers for the control or gave its
    evidence. Ledger: judgement.
    Raises InvalidError, NotFoundError, NotPermittedError.
    """
    place = place_of(actor, scope)
    if framework:
        requirements = active_library().frameworks.get(framework)
        if requirements is None or subject not in requirements.by_id:
            raise NotFoundError(f"{framework} has no requirement {subject}.")
    else:
        _level(subject)
    problems: dict[str, list[str]] = {}
    if kind not in JUDGEMENT_KINDS:
        problems["kind"] = [f"{kind!r} is not a judgement; use one of {', '.join(JUDGEMENT_KINDS)}."]
    if not because.strip():
        problems["because"] = ["A judgement needs its reason."]
    if kind in {"accepted exception", "exclusion"} and ends_at is None:
        problems["ends_at"] = ["It needs an end date, on which somebody looks at it again."]
    if ends_at is not None and ends_at <= now:
        problems["ends_at"] = [f"{ends_at.date().isoformat()} has passed."]
    if problems:
        raise InvalidError(problems)
    with door(actor=actor, verb="judge", now=now, because=because.strip(), place=place) as opened:
        if kind == "accepted exception" or (kind == "exclusion" and not framework):
            words = f"accept an {kind.removeprefix('accepted ')}"
            _refuse_own_work(actor, person, subject, framework, scope, words, now)
        judgement = Judgement(
            id=uuid.uuid4().hex,
            kind=kind,
            framework=framework,
            subject=subject,
            scope=scope,
            because=because.strip(),
            ends_at=ends_at,
            effective_at=now,
            recorded_at=now,
            by=person,
        )
        about = f"{framework or 'control'}/{subject}/{scope}"
        opened.write(judgement, kind="judgement", subject=about)
    return judgement


def close_judgement(*, actor: Actor, person: Person | None, judgement: str, because: str, now: datetime) -> Closure:
    """Ends a judgement, with the reason. Ledger: closure. Raises InvalidError, NotFoundError, NotPermittedError."""
    found, lost = Judgement.objects.filter(id=judgement).first(), f"There is no judgement {judgement}."
    if found is None:
        raise NotFoundError(lost)
    place = place_of(actor, found.scope, lost=lost)
    problems: dict[str, list[str]] = {}
    if Closure.objects.filter(judgement=found).exists():
        problems[""] = ["It is closed already."]
    if not because.strip():
        problems["because"] = ["Say what was done."]
    if problems:
        raise InvalidError(problems)
    with door(actor=actor, verb="close_judgement", now=now, because=because.strip(), place=place) as opened:
        if found.kind.endswith("nonconformity"):
            words = "close the nonconformity"
            _refuse_own_work(actor, person, found.subject, found.framework, found.scope, words, now)
        closure = Closure(id=uuid.uuid4().hex, judgement=found, because=because.strip(), recorded_at=now, by=person)
        opened.write(closure, kind="closure", subject=f"judgement/{found.id}")
    return closure


def _refuse_own_work(
    actor: Actor, person: Person | None, subject: str, framework: str, scope: str, what: str, now: datetime
) -> None:
    """Raises NotPermittedError for a program, and for who answers for the control, did so in the last twelve months, or
    has given its latest evidence: there or in the organisation. Of a requirement: for any control that meets it."""
    if person is None:
        if actor.id.startswith("service/"):
            raise NotPermittedError(f"Only a person may {what}: somebody has to answer for it.")
        return
    controls, scopes = _judged_controls(subject, framework), {scope, ORGANISATION}
    later = Evidence.objects.filter(
        control=OuterRef("control"), scope=OuterRef("scope"), expectation=OuterRef("expectation"),
        observed_at__gt=OuterRef("observed_at"),
    )  # fmt: skip
    proofs = Evidence.objects.filter(~Exists(later), control__in=controls, scope__in=scopes, by=person)
    refusal = own_work(
        person.name,
        owns=_answers_for(person, controls, scopes, now) or _owns(person, scope, controls),
        proved=proofs.exists(),
        what=what,
    )
    if refusal is not None:
        raise NotPermittedError(refusal.because)


def _judged_controls(subject: str, framework: str) -> frozenset[str]:
    """The control that is judged, or those that meet the requirement."""
    if not framework:
        return frozenset({subject})
    library = active_library()
    held = library.frameworks[framework]
    coverage = library.covering(held, held.by_id[subject])
    return frozenset(control for chosen in coverage.sufficient for control in chosen) if coverage else frozenset()


def _answers_for(person: Person, controls: Collection[str], scopes: Collection[str], now: datetime) -> bool:
    """Whether somebody answers for one of the controls, or did in the last twelve months."""
    theirs = Ownership.objects.filter(control__in=controls, scope__in=scopes, owner=person)
    followed = Ownership.objects.filter(
        control=OuterRef("control"), scope=OuterRef("scope"), number__gt=OuterRef("number"),
        recorded_at__lte=now - OWN_WORK_LASTS,
    )  # fmt: skip
    return theirs.exclude(Exists(followed)).exists()


def _owns(person: Person, scope: str, controls: Collection[str]) -> bool:
    """Whether the AI system is theirs, and nobody else was named for the control there."""
    named = Ownership.objects.filter(control__in=controls, scope=scope, owner__isnull=False).exclude(owner=person)
    return AiSystem.objects.filter(slug=scope, owner__iexact=person.email).exists() and not named.exists()


def _level(control: str) -> str:
    found = active_library().controls.get(control)
    if found is None:
        raise NotFoundError(f"There is no control {control}.")
    return found.level
