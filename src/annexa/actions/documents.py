"""Controlled documents: a version is written, read, approved, published, confirmed, withdrawn."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, BinaryIO

from annexa.actions.door import Door, door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.evidence import clean_name
from annexa.actions.registers import add_record, change_record
from annexa.answers.documents import drafted, life, steps_of
from annexa.answers.libraries import active_library
from annexa.answers.registers import rows_of
from annexa.answers.store import blobs
from annexa.library.policies import known_to_serve
from annexa.pure.document_steps import Life, StepKind, lacks, may_approve, review_by
from annexa.pure.documents import Policy
from annexa.pure.permits import Actor, Place, Refusal, may
from annexa.pure.register import Entry
from annexa.pure.registers.documents import DOCUMENTS, addresses
from annexa.records.documents import DocumentStep, Reading
from annexa.records.people import Person
from annexa.records.registers import RegisterRow
from annexa.vault.blobs import SNIFF_BYTES, BlobTooLargeError, sniff_type

MARKDOWN = "text/markdown"
LONGEST_TEXT = 400_000
"""Characters of a document that is written here; longer ones are uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document inside the door: its record, what happened to it, how it stands."""

    door: Door
    row: RegisterRow
    rows: tuple[DocumentStep, ...]
    life: Life

    @property
    def entry(self) -> Entry:
        """The record as a value."""
        return self.row.entry


def write_version(
    *,
    actor: Actor,
    person: Person | None,
    document: str,
    content: str | bytes | BinaryIO,
    because: str,
    now: datetime,
    limit_bytes: int,
    name: str = "",
) -> DocumentStep:
    """Keeps a new version of a document: Markdown text, or a file with its name. It counts once it is published.

    The same bytes again are refused. Ledger: document_step. Raises InvalidError, NotFoundError, NotPermittedError.
    """
    row = known_document(actor, document)
    _ask_first(actor, "write_document", row)
    problems = _text_problems(content) if isinstance(content, str) else {}
    problems |= {} if because.strip() else {"because": ["Say what is new in this version, and why."]}
    if problems:
        raise InvalidError(problems)
    data = content.replace("\r\n", "\n").encode() if isinstance(content, str) else content
    try:
        blob = blobs().put(data, limit_bytes=limit_bytes)
    except BlobTooLargeError as error:
        raise InvalidError({"file": [str(error)]}) from error
    if not blob.size:
        raise InvalidError({"file": ["The file is empty."]})

    def write(opened: Opened) -> dict[str, Any]:
        last = drafted(opened.rows, opened.life.latest.number) if opened.life.latest else None
        if last is not None and last.sha256 == blob.sha256:
            raise InvalidError({"content": [f"It is the same as version {last.number}."]})
        return {
            "number": last.number + 1 if last else 1,
            "sha256": blob.sha256,
            "size": blob.size,
            "media_type": MARKDOWN if isinstance(content, str) else _type_of(blob.sha256),
            "name": f"{document}.md" if isinstance(content, str) else clean_name(name),
            "author": person,
        }

    return _take(actor, person, document, "write_document", "drafted", because, now, write)


def hand_in(*, actor: Actor, person: Person | None, document: str, because: str, now: datetime) -> DocumentStep:
    """Hands the newest version to its reviewers and its approver. Ledger: document_step.

    Raises InvalidError, NotFoundError, NotPermittedError.
    """

    def ready(opened: Opened) -> dict[str, Any]:
        latest = _latest(opened)
        if latest.state not in ("draft", "returned"):
            raise InvalidError({"": [f"Version {latest.number} is {latest.state}; write a new one to hand in."]})
        return _as_drafted(opened, latest.number)

    return _take(actor, person, document, "write_document", "handed in", because, now, ready)


def read_version(
    *, actor: Actor, person: Person, document: str, agrees: bool, because: str, now: datetime
) -> DocumentStep:
    """A reviewer, or the approver, says of the version in review that they agree, or returns it with the reason.

    Ledger: document_step. Raises InvalidError, NotFoundError, NotPermittedError.
    """

    def read(opened: Opened) -> dict[str, Any]:
        latest = _in_review(opened)
        me = person.email.lower()
        asked = (*addresses(opened.entry.reviewers), *(() if agrees else (opened.entry.approver.lower(),)))
        if me not in asked:
            raise NotPermittedError(f"{person.name} is not among the reviewers of this document.")
        if not agrees and not because.strip():
            raise InvalidError({"because": ["Say what has to change."]})
        return _as_drafted(opened, latest.number)

    kind: StepKind = "agreed" if agrees else "returned"
    return _take(actor, person, document, "review_document", kind, because, now, read)


def approve_version(*, actor: Actor, person: Person, document: str, because: str, now: datetime) -> DocumentStep:
    """The approver approves the version in review, and what the document is to prove. Nobody approves what they wrote.

    Ledger: document_step. Raises InvalidError with everything that is missing, NotFoundError, NotPermittedError.
    """

    def approve(opened: Opened) -> dict[str, Any]:
        latest = _latest(opened)
        if against := may_approve(
            opened.entry, opened.life, who=person.actor_id, address=person.email, name=person.name
        ):
            raise NotPermittedError(against)
        if missing := lacks(opened.entry, opened.life):
            raise InvalidError({"": list(missing)})
        return {**_as_drafted(opened, latest.number), "claims": _claims(opened.entry)}

    return _take(actor, person, document, "approve_document", "approved", because, now, approve)


def publish_version(
    *,
    actor: Actor,
    person: Person | None,
    document: str,
    because: str,
    now: datetime,
    in_force_on: date | None = None,
) -> DocumentStep:
    """Puts the approved version in force, from today or a later day; it takes the place of the one before.

    Ledger: document_step. Raises InvalidError, NotFoundError, NotPermittedError.
    """
    on = in_force_on or now.date()

    def publish(opened: Opened) -> dict[str, Any]:
        latest = _latest(opened)
        if latest.state != "approved":
            raise InvalidError({"": [f"Version {latest.number} is {latest.state}; publish what is approved."]})
        if on < now.date():
            raise InvalidError({"in_force_on": [f"{on} is past; nobody could have kept to it."]})
        approved = next(one for one in reversed(opened.rows) if one.step == "approved")
        until = review_by(approved.claims["review_months"], on)
        return {**_as_drafted(opened, latest.number), "claims": approved.claims, "on": on, "review_by": until}

    return _take(actor, person, document, "publish_document", "published", because, now, publish, on)


def confirm_version(*, actor: Actor, person: Person, document: str, because: str, now: datetime) -> DocumentStep:
    """The approver finds that the version in force still holds; its next review is due one interval from today.

    What the document is to prove is approved again with it. Ledger: document_step.
    Raises InvalidError, NotFoundError, NotPermittedError.
    """

    def confirm(opened: Opened) -> dict[str, Any]:
        number = _in_force(opened)
        if opened.entry.approver.lower() != person.email.lower():
            raise NotPermittedError(f"{opened.entry.approver or 'Nobody'} is its approver, not {person.name}.")
        found = _as_drafted(opened, number)
        if found["author"] == person:
            raise NotPermittedError(f"{person.name} wrote it, so somebody else has to confirm it.")
        if not because.strip():
            raise InvalidError({"because": ["Say what you looked at."]})
        if not opened.entry.review_months:
            raise InvalidError({"": ["Nobody has said how often it is reviewed."]})
        until = review_by(opened.entry.review_months, now.date())
        return {**found, "claims": _claims(opened.entry), "review_by": until}

    return _take(actor, person, document, "approve_document", "confirmed", because, now, confirm)


def withdraw_version(
    *, actor: Actor, person: Person | None, document: str, because: str, now: datetime
) -> DocumentStep:
    """Takes the version in force out of force, without another one in its place. Its bytes stay.

    Ledger: document_step, and reading for who was asked to read it.
    Raises InvalidError, NotFoundError, NotPermittedError.
    """

    def withdraw(opened: Opened) -> dict[str, Any]:
        if not because.strip():
            raise InvalidError({"because": ["Say why nobody has to keep to it any more."]})
        found = _as_drafted(opened, opened.life.coming or _in_force(opened))
        if opened.life.coming is None:
            release_readers(opened.door, by=person, document_id=document)
        return found

    return _take(actor, person, document, "publish_document", "withdrawn", because, now, withdraw)


def release_readers(opened: Door, *, by: Person | None, **about: Any) -> None:
    """Who was asked to read and has not need not any more, inside an open door: of a document, or one person.

    Ledger: reading.
    """
    latest: dict[tuple[str, int], Reading] = {}
    for one in Reading.objects.filter(**about).order_by("turn"):
        latest[one.document_id, one.person_id] = one
    made = [
        Reading(
            id=uuid.uuid4().hex, document_id=one.document_id, number=one.number, person_id=one.person_id,
            turn=one.turn + 1, step="released", serves=one.serves, because=opened.because, recorded_at=opened.now,
            by=by,
        )
        for one in latest.values()
        if one.step == "asked"
    ]  # fmt: skip
    if made:
        opened.write_many(made, kind="reading", subject=lambda one: f"reading/{one.id}")


def _take(
    actor: Actor,
    person: Person | None,
    document: str,
    verb: str,
    step: StepKind,
    because: str,
    now: datetime,
    decide: Callable[[Opened], dict[str, Any]],
    effective_on: date | None = None,
) -> DocumentStep:
    """One step, decided inside the door, so that two people do not take it at once."""
    place = place_of_document(known_document(actor, document))
    with door(actor=actor, verb=verb, now=now, because=because.strip(), place=place) as opened:
        row = rows_of(actor, DOCUMENTS).select_for_update().get(slug=document)
        if DOCUMENTS.ended(row.entry, now.date()):
            raise InvalidError({"": [f"{row} ended on {row.entry.ended_on}."]})
        rows = steps_of(actor=actor, slug=document)
        found = decide(Opened(door=opened, row=row, rows=rows, life=life(rows, now.date())))
        made = DocumentStep(
            id=uuid.uuid4().hex, document=row, turn=len(rows) + 1, step=step, because=because.strip(),
            recorded_at=now, by=person, **{"on": now.date(), **found},
        )  # fmt: skip
        later = effective_on is not None and effective_on > now.date()
        begins = datetime.combine(effective_on, time(), UTC) if effective_on and later else None
        opened.write(made, kind="document_step", subject=f"document_step/{made.id}", effective_at=begins)
    return made


def known_document(actor: Actor, document: str) -> RegisterRow:
    """The record of a document. Raises NotFoundError."""
    found: RegisterRow | None = rows_of(actor, DOCUMENTS).filter(slug=document).first()
    if found is None:
        raise NotFoundError(f"There is no document {document}.")
    return found


def place_of_document(row: RegisterRow) -> Place:
    """Where a document belongs: to its unit, or to the organisation."""
    return Place(unit=row.entry.unit.strip())


def _ask_first(actor: Actor, verb: str, row: RegisterRow) -> None:
    """Refuses before a byte is kept; the door asks again."""
    permit = may(actor, verb, place_of_document(row))
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)


def _latest(opened: Opened) -> Any:
    if opened.life.latest is None:
        raise InvalidError({"": ["It has no text yet."]})
    return opened.life.latest


def _in_review(opened: Opened) -> Any:
    latest = _latest(opened)
    if latest.state != "in review":
        raise InvalidError({"": [f"Version {latest.number} is {latest.state}, not in review."]})
    return latest


def _in_force(opened: Opened) -> int:
    if opened.life.in_force is None:
        raise InvalidError({"": ["No version of it is in force."]})
    return opened.life.in_force


def _as_drafted(opened: Opened, number: int) -> dict[str, Any]:
    """What every later step repeats of the version it is about."""
    found = drafted(opened.rows, number)
    assert found is not None  # noqa: S101  a version begins with its draft
    return {
        "number": number,
        "sha256": found.sha256,
        "size": found.size,
        "media_type": found.media_type,
        "name": found.name,
        "author": found.author,
    }


def _claims(entry: Entry) -> dict[str, Any]:
    """What is approved about a document besides its text."""
    return {"kind": entry.kind, "serves": sorted(entry.serves), "review_months": entry.review_months}


def _text_problems(text: str) -> dict[str, list[str]]:
    if not text.strip():
        return {"content": ["Write something, or upload a file."]}
    if len(text) > LONGEST_TEXT:
        return {"content": [f"It has {len(text):,} characters; {LONGEST_TEXT:,} are allowed. Upload it as a file."]}
    return {}


def _type_of(sha256: str) -> str:
    with blobs().open_checked(sha256) as stream:
        return sniff_type(stream.read(SNIFF_BYTES))


def adopt_policy(
    *, actor: Actor, person: Person, policy: Policy, text: str, now: datetime, limit_bytes: int
) -> DocumentStep:
    """Takes a policy of the library, written with the organisation's facts, as a draft: a document of that title, or
    the next version of the one there is. Its record says what the library says that the policy serves, unless it says
    so itself already.

    Ledger: document if its record is new or changes, document_step. Raises InvalidError, NotPermittedError.
    """
    serves = known_to_serve(policy, active_library())
    because = f"Written from the policy {policy.id} of the library, version {policy.version}"
    row = rows_of(actor, DOCUMENTS).filter(name__iexact=policy.title).order_by("id").first()
    if row is None or DOCUMENTS.ended(row.entry, now.date()):
        _ask_writing(actor)
        entry = DOCUMENTS.make(
            {
                "name": policy.title,
                "kind": "policy",
                "description": policy.purpose,
                "owner": person.email,
                "review_months": policy.review_months,
                "classification": "internal",
                "serves": serves,
                "clauses": "\n".join(f"{one.framework} {one.requirement}" for one in policy.basis),
            }
        )
        row = add_record(actor=actor, register=DOCUMENTS, entry=entry, now=now, because=because)
    elif serves and not row.entry.serves:
        entry = DOCUMENTS.replaced(row.entry, {"serves": serves})
        change_record(
            actor=actor, register=DOCUMENTS, slug=row.slug, entry=entry, seen=row.changed_at, now=now, because=because
        )
    return write_version(
        actor=actor, person=person, document=row.slug, content=text, because=because, now=now, limit_bytes=limit_bytes
    )


def _ask_writing(actor: Actor) -> None:
    """Refuses before a record is made whose text could not be kept."""
    permit = may(actor, "write_document")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
