"""Checks over controlled documents: their record, and the version of each that is in force."""

from datetime import date, timedelta

from annexa.pure.checks.over import ALWAYS, Part, as_long, over
from annexa.pure.document_steps import FORCE
from annexa.pure.register import Entry
from annexa.pure.registers.documents import DOCUMENTS

PUBLICATIONS = Part(
    kind="document_step", register=DOCUMENTS, key=lambda step: str(step.document), tells=lambda step: step.step in FORCE
)
"""Which version of a document is in force, until when, and what it was approved to prove."""
READINGS = Part(
    kind="reading",
    register=DOCUMENTS,
    key=lambda one: f"{one.document}/{one.person.removeprefix('person/')}",
    tells=lambda one: one.step in ("asked", "read", "released"),
)
"""Who was asked to read which document by when, and who has read it."""


def _in_force(step: Entry) -> bool:
    return bool(step.step != "withdrawn")


def _until_review(step: Entry) -> date | None:
    """Until the day after the last one on which the version counts without a review."""
    return date.fromisoformat(step.review_by) + timedelta(days=1)


@over(DOCUMENTS)
def documents_owned(document: Entry) -> date | None:
    """Every controlled document has an owner, and somebody who approves its versions."""
    return as_long(document.owner, document.approver)


@over(DOCUMENTS)
def documents_classified(document: Entry) -> date | None:
    """Every controlled document is classified, and says how long withdrawn versions are kept."""
    return as_long(document.classification, document.retention)


@over(PUBLICATIONS, where=_in_force)
def documents_current(step: Entry) -> date | None:
    """Every document in force was approved by somebody who did not write it, and reviewed within its interval."""
    return _until_review(step)


@over(PUBLICATIONS, where=lambda step: _in_force(step) and step.claims["kind"] == "policy")
def policies_current(step: Entry) -> date | None:
    """Every policy in force was approved by somebody who did not write it, and reviewed within its interval."""
    return _until_review(step)


@over(PUBLICATIONS, where=_in_force, subjects=lambda step: step.claims["serves"])
def documented(step: Entry) -> date | None:
    """Every document in force that serves this is approved by a second person and reviewed within its interval."""
    return _until_review(step)


def _still_asked(reading: Entry) -> bool:
    return bool(reading.step != "released")


def _until_due(reading: Entry) -> date | None:
    """For who has read it always; for who has not until the day after the last one they have for it."""
    return ALWAYS if reading.step == "read" else date.fromisoformat(reading.due_on) + timedelta(days=1)


@over(READINGS, where=_still_asked)
def documents_acknowledged(reading: Entry) -> date | None:
    """Every person who was asked to read a document has acknowledged it, or still has time to."""
    return _until_due(reading)


@over(READINGS, where=_still_asked, subjects=lambda reading: reading.serves)
def acknowledged(reading: Entry) -> date | None:
    """Every person who was asked to read what serves this has acknowledged it, or still has time to."""
    return _until_due(reading)
