"""Deciding about exceptions from rules: approved, refused or taken back, by somebody who neither asks nor owns."""

import uuid
from datetime import datetime

from django.db import IntegrityError

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.registers import known_record, place_in, replace
from annexa.answers.exceptions import refusal, writers
from annexa.pure.exception_steps import asked_sha256, lacking, open_to_decision
from annexa.pure.permits import Actor
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.records.exceptions import ExceptionStep
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow


def decide_exception(
    *, actor: Actor, person: Person, exception: str, approve: bool, because: str, now: datetime
) -> ExceptionStep:
    """Approves an exception as it is asked for, in one's own name, or refuses it, which ends it.

    Ledger: exception_step and exception. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    place = place_in(EXCEPTIONS, known_record(actor, EXCEPTIONS, exception).entry)
    try:
        with door(actor=actor, verb="approve_exception", now=now, because=because.strip(), place=place) as opened:
            row = _locked(actor, person, exception)
            if not open_to_decision(row.entry, now.date()):
                raise ConflictError("This exception does not wait for a decision: it is approved or has ended.")
            problems = lacking(row.entry, now.date()) if approve else {}
            problems |= {} if because.strip() else {"because": ["Say why."]}
            if problems:
                raise InvalidError(problems)
            made = _step(opened, row, person, "approved" if approve else "refused")
            values = {"approved_by": person.email, "approved_on": now.date()}
            ended = {"ended_on": now.date(), "outcome": "refused"}
            replace(opened, row, EXCEPTIONS.replaced(row.entry, values if approve else ended))
    except IntegrityError as error:
        raise ConflictError("Somebody decided about this already.") from error
    return made


def withdraw_exception(*, actor: Actor, person: Person, exception: str, because: str, now: datetime) -> ExceptionStep:
    """Takes the approval of an exception back: from now on it does not count, and is asked for again.

    Ledger: exception_step and exception. Raises as decide_exception.
    """
    place = place_in(EXCEPTIONS, known_record(actor, EXCEPTIONS, exception).entry)
    with door(actor=actor, verb="approve_exception", now=now, because=because.strip(), place=place) as opened:
        row = _locked(actor, None, exception)
        if row.entry.approved_on is None or EXCEPTIONS.ended(row.entry, now.date()):
            raise ConflictError("It is not approved, so there is nothing to take back.")
        if not because.strip():
            raise InvalidError({"because": ["Say why it no longer holds."]})
        made = _step(opened, row, person, "withdrawn")
        replace(opened, row, EXCEPTIONS.replaced(row.entry, {"approved_by": "", "approved_on": None}))
    return made


def _locked(actor: Actor, decider: Person | None, exception: str) -> RegisterRow:
    """The exception, to be decided about by somebody who may. Raises NotPermittedError."""
    row: RegisterRow = TABLES[EXCEPTIONS.noun].objects.select_for_update().get(slug=exception)
    if decider is None:
        return row
    if said := refusal(actor, decider, row.entry, writers([exception]).get(exception, "")):
        raise NotPermittedError(said)
    return row


def _step(opened: Door, row: RegisterRow, person: Person, step: str) -> ExceptionStep:
    before = ExceptionStep.objects.filter(exception_id=row.slug).count()
    made = ExceptionStep(
        id=uuid.uuid4().hex, exception_id=row.slug, turn=before + 1, step=step,
        asked_sha256=asked_sha256(row.entry), until=row.entry.until, because=opened.because,
        recorded_at=opened.now, by=person,
    )  # fmt: skip
    opened.write(made, kind="exception_step", subject=f"exception/{row.slug}")
    return made
