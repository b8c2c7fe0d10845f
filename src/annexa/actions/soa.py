"""Deciding which controls of the annexes apply, and having the statement of applicability approved as a whole."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

from django.db import IntegrityError

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.answers.errors import UnknownError
from annexa.answers.soa import Draft, Version, draft, findings_of, one_version, subject_of
from annexa.pure.facts import ORGANISATION
from annexa.pure.instants import end_of
from annexa.pure.permits import Actor
from annexa.pure.soa import STANDARDS, Choice, StatementLine, choice_problems, missing, to_json
from annexa.records.controls import Closure, Judgement
from annexa.records.people import Person
from annexa.records.soa import Inclusion, StatementDecision, StatementVersion

DECIDING = ("approved", "returned")
SAID = {"asked": "waiting", "approved": "approved", "returned": "returned", "withdrawn": "withdrawn"}


def decide_applicability(
    *, actor: Actor, person: Person | None, choices: Sequence[Choice], now: datetime, until: date | None = None
) -> int:
    """Says of one or many controls whether they apply, and why; how many of them it changed.

    What does not apply is left out by a judgement that ends after the day `until`; what applies again closes it. The
    same decision again leaves no entry. Ledger: soa_inclusion, judgement, closure.
    Raises InvalidError with everything that is wrong, NotFoundError, NotPermittedError.
    """
    tidy = [replace(one, because=one.because.strip()) for one in choices]
    with door(actor=actor, verb="decide_applicability", now=now) as opened:
        lines = _drafted(actor, now).statement.by_key
        unknown = [one for one in tidy if (one.framework, one.requirement) not in lines]
        if unknown:
            names = ", ".join(f"{one.requirement} of {one.framework}" for one in unknown)
            raise NotFoundError(f"The statement has no {names}.")
        wrong = [said for one in tidy for said in choice_problems(one, until=until, today=now.date())]
        if not tidy or wrong:
            raise InvalidError({"": wrong or ["Choose at least one control."]})
        new = [one for one in tidy if not _is_so(lines[one.framework, one.requirement], one, until)]
        for one in new:
            with opened.saying(one.because):
                _record(opened, one, person, until)
    return len(new)


def ask_approval(
    *, actor: Actor, person: Person, scopes: Mapping[str, str], now: datetime, because: str = ""
) -> StatementVersion:
    """Freezes the statement as it stands now into a version, and asks for its approval.

    `scopes`: what each management system reaches, in words; one that is not given stays as drafted.
    Ledger: soa_version.
    Raises InvalidError with everything that is missing, NotFoundError, NotPermittedError, ConflictError.
    """
    with _once(), door(actor=actor, verb="ask_statement_approval", now=now, because=because.strip()) as opened:
        found = _drafted(actor, now)
        if found.pending:
            raise ConflictError(f"Version {found.pending.number} waits for its approval already.")
        said = tuple(replace(one, text=scopes.get(one.system, one.text).strip()) for one in found.statement.scopes)
        statement = replace(found.statement, scopes=said)
        lacks = missing(statement)
        if not statement.lines:
            raise InvalidError({"": ["None of the standards with an Annex A is adopted; adopt one first."]})
        if lacks:
            raise InvalidError({"": [f"{one.requirement or STANDARDS[one.framework].upper()} lacks {one.lacks}."
                                     for one in lacks]})  # fmt: skip
        made = StatementVersion(
            id=uuid.uuid4().hex, number=found.number, content=to_json(statement), because=because.strip(),
            recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="soa_version", subject=subject_of(made.number))
    return made


def decide_statement(
    *, actor: Actor, person: Person, number: int, decision: str, because: str, now: datetime
) -> StatementDecision:
    """Approves or returns exactly one version, by somebody else than who asked for it, with the reason.

    Ledger: soa_decision. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    if decision not in DECIDING:
        raise InvalidError({"decision": [f"{decision!r} is no decision; use {' or '.join(DECIDING)}."]})
    return _decided(actor, person, number, decision, because, now, verb="decide_statement")


def withdraw_statement(*, actor: Actor, person: Person, number: int, because: str, now: datetime) -> StatementDecision:
    """Takes the request for approval of one version back, with the reason.

    Ledger: soa_decision. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    return _decided(actor, person, number, "withdrawn", because, now, verb="ask_statement_approval")


def _decided(
    actor: Actor, person: Person, number: int, decision: str, because: str, now: datetime, *, verb: str
) -> StatementDecision:
    with _once(), door(actor=actor, verb=verb, now=now, because=because.strip()) as opened:
        found = _version(actor, number, now)
        if decision != "withdrawn" and found.asker == person.pk:
            raise NotPermittedError(f"{person.name} asked for this approval; somebody else has to decide.")
        problems: dict[str, list[str]] = {}
        if found.state != "asked":
            problems[""] = [f"Version {number} is {SAID[found.state]} already."]
        if not because.strip():
            problems["because"] = ["A decision needs its reason."]
        if problems:
            raise InvalidError(problems)
        made = StatementDecision(
            id=uuid.uuid4().hex, version=StatementVersion.objects.get(number=number), decision=decision,
            findings=len(findings_of(actor=actor, statement=found.statement, now=now)), because=because.strip(),
            recorded_at=now, by=person, asked_by_id=found.asker,
        )  # fmt: skip
        opened.write(made, kind="soa_decision", subject=subject_of(number))
    return made


def _drafted(actor: Actor, now: datetime) -> Draft:
    try:
        return draft(actor=actor, now=now)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error


def _version(actor: Actor, number: int, now: datetime) -> Version:
    try:
        return one_version(actor=actor, number=number, now=now)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error


@contextmanager
def _once() -> Iterator[None]:
    """Two people at the same instant: the database lets one of them through."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("Somebody else was faster. Nothing was saved; look at the statement again.") from error


def _is_so(line: StatementLine, choice: Choice, until: date | None) -> bool:
    """Whether just that is decided already."""
    if line.applies is not choice.applies or line.because != choice.because:
        return False
    return set(line.reasons) == set(choice.reasons) if choice.applies else line.until == until


def _record(opened: Door, choice: Choice, person: Person | None, until: date | None) -> None:
    about = f"{choice.framework}/{choice.requirement}/{ORGANISATION}"
    standing = Judgement.objects.filter(
        kind="exclusion", framework=choice.framework, subject=choice.requirement, scope=ORGANISATION,
        closure__isnull=True, ends_at__gt=opened.now,
    )  # fmt: skip
    for one in standing:
        with opened.saying("It applies." if choice.applies else "Another exclusion takes its place."):
            closure = Closure(
                id=uuid.uuid4().hex, judgement=one, because=opened.because, recorded_at=opened.now, by=person
            )
            opened.write(closure, kind="closure", subject=f"judgement/{one.id}")
    if choice.applies:
        included = Inclusion(
            id=uuid.uuid4().hex, framework=choice.framework, requirement=choice.requirement,
            reasons=list(choice.reasons), because=choice.because, recorded_at=opened.now, by=person,
        )  # fmt: skip
        opened.write(included, kind="soa_inclusion", subject=about)
        return
    left_out = Judgement(
        id=uuid.uuid4().hex, kind="exclusion", framework=choice.framework, subject=choice.requirement,
        scope=ORGANISATION, because=choice.because, ends_at=end_of(until) if until else None,
        effective_at=opened.now, recorded_at=opened.now, by=person,
    )  # fmt: skip
    opened.write(left_out, kind="judgement", subject=about)
