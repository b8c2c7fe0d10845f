"""Adding evidence: a file or a statement that answers an expectation of a control."""

import re
import unicodedata
import uuid
from datetime import datetime
from typing import BinaryIO

from annexa.actions.door import door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.libraries import active_library
from annexa.answers.store import blobs
from annexa.pure.evidence import expiry
from annexa.pure.facts import ORGANISATION
from annexa.pure.fields import tidy
from annexa.pure.permits import Actor, Place, Refusal, may
from annexa.pure.standards import Control, Expectation, ExpectationKind
from annexa.records.evidence import Evidence
from annexa.records.people import Person
from annexa.vault.blobs import SNIFF_BYTES, Blob, BlobTooLargeError, sniff_type

LONGEST_NAME = 200


def add_evidence(
    *,
    actor: Actor,
    person: Person | None,
    control: str,
    expectation: str,
    file: BinaryIO | bytes,
    name: str,
    limit_bytes: int,
    now: datetime,
    scope: str = ORGANISATION,
    observed_at: datetime | None = None,
    expires_at: datetime | None = None,
    passing: bool = True,
    note: str = "",
) -> Evidence:
    """Keeps a file as evidence for one expectation of a control in a scope. It supersedes what came before it.

    `observed_at`: when it was true (default now). It expires at `expires_at`, at the latest when it is older than the
    expectation allows. The type is told from the content, never from the name. Nothing is recorded unless everything
    is right. Ledger: evidence. Raises InvalidError, NotFoundError, NotPermittedError.
    """
    place = _asked(actor, "add_evidence", scope)
    asked, found = _expected(control, expectation, scope)
    problems = _time_problems(asked, observed_at or now, expires_at, now)
    if asked.kind is ExpectationKind.RECORD:
        problems["expectation"] = ["Annexa reads this from its own records; there is nothing to upload."]
    if problems:
        raise InvalidError(problems)
    kept_name = clean_name(name)
    try:
        blob = blobs().put(file, limit_bytes=limit_bytes)
    except BlobTooLargeError as error:
        raise InvalidError({"file": [str(error)]}) from error
    if blob.size == 0:
        raise InvalidError({"file": [f"{kept_name} is empty."]})
    return _record(
        actor=actor, person=person, control=found, expectation=asked, scope=scope, blob=blob, name=kept_name,
        media_type=_type_of(blob), observed_at=observed_at or now, expires_at=expires_at,
        passing=passing, note=note, now=now, verb="add_evidence", place=place,
    )  # fmt: skip


def attest(
    *,
    actor: Actor,
    person: Person | None,
    control: str,
    expectation: str,
    statement: str,
    now: datetime,
    scope: str = ORGANISATION,
    expires_at: datetime | None = None,
    passing: bool = True,
) -> Evidence:
    """Records a person's own dated statement that something is so; it expires. Its bytes are kept like a file's.

    Ledger: evidence. Raises InvalidError, NotFoundError, NotPermittedError.
    """
    place = _asked(actor, "attest", scope)
    asked, found = _expected(control, expectation, scope)
    problems = _time_problems(asked, now, expires_at, now)
    if asked.kind is not ExpectationKind.ATTESTATION:
        problems["expectation"] = [f"This asks for {asked.kind.value} evidence, not for a statement."]
    if len(statement.strip()) < 10:
        problems["statement"] = ["Say in a sentence what you state to be so."]
    if problems:
        raise InvalidError(problems)
    text = f"{statement.strip()}\n\n{actor.name}, {now.isoformat(timespec='seconds')}\n"
    blob = blobs().put(text.encode(), limit_bytes=1024 * 1024)
    return _record(
        actor=actor, person=person, control=found, expectation=asked, scope=scope, blob=blob,
        name=tidy(f"Statement by {actor.name}"), media_type="text/plain", observed_at=now, expires_at=expires_at,
        passing=passing, note=statement.strip(), now=now, verb="attest", place=place,
    )  # fmt: skip


def _asked(actor: Actor, verb: str, scope: str) -> Place:
    """The place of the scope. Refuses before a byte is kept; the door asks again."""
    place = place_of(actor, scope)
    permit = may(actor, verb, place)
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    return place


def _record(
    *,
    actor: Actor,
    person: Person | None,
    control: Control,
    expectation: Expectation,
    scope: str,
    blob: Blob,
    name: str,
    media_type: str,
    observed_at: datetime,
    expires_at: datetime | None,
    passing: bool,
    note: str,
    now: datetime,
    verb: str,
    place: Place,
) -> Evidence:
    assert expectation.max_age is not None  # noqa: S101  the library refuses other kinds without it
    before = (
        Evidence.objects.filter(control=control.id, expectation=expectation.id, scope=scope)
        .order_by("-observed_at", "-recorded_at")
        .values_list("id", flat=True)
        .first()
    )
    with door(actor=actor, verb=verb, now=now, because=note.strip(), place=place) as opened:
        evidence = Evidence(
            id=uuid.uuid4().hex,
            control=control.id,
            expectation=expectation.id,
            scope=scope,
            kind=expectation.kind.value,
            passing=passing,
            sha256=blob.sha256,
            size=blob.size,
            media_type=media_type,
            name=name,
            note=note.strip(),
            observed_at=observed_at,
            expires_at=expiry(observed_at, expectation.max_age, expires_at),
            recorded_at=now,
            supersedes=before or "",
            by=person,
        )
        opened.write(evidence, kind="evidence", subject=f"evidence/{evidence.id}", effective_at=observed_at)
    return evidence


def _type_of(blob: Blob) -> str:
    with blobs().open_checked(blob.sha256) as stream:
        return sniff_type(stream.read(SNIFF_BYTES))


def clean_name(name: str) -> str:
    """A file's name as it may be kept: no path, no control characters, of bearable length.

    It is only ever shown and offered for saving; bytes are stored under their digest.
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip().lstrip(".")
    if len(kept) > LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        suffix = suffix if dot and len(suffix) <= 10 else ""
        kept = (stem or kept)[: LONGEST_NAME - len(suffix) - 1] + (f".{suffix}" if suffix else "")
    return kept or "file"


def _expected(control: str, expectation: str, scope: str) -> tuple[Expectation, Control]:
    """The expectation asked about. Raises NotFoundError, or InvalidError when the scope does not fit its level."""
    found = active_library().controls.get(control)
    if found is None:
        raise NotFoundError(f"There is no control {control}.")
    asked = next((e for e in found.expectations if e.id == expectation), None)
    if asked is None:
        known = ", ".join(e.id for e in found.expectations)
        raise NotFoundError(f"Control {control} has no expectation {expectation!r}; it has {known}.")
    if found.level == "system" and scope == ORGANISATION:
        raise InvalidError({"scope": [f"{control} is proven for each AI system; say for which one."]})
    return asked, found


def _time_problems(
    asked: Expectation, observed_at: datetime, expires_at: datetime | None, now: datetime
) -> dict[str, list[str]]:
    """Dates that cannot be: observed in the future, expired before it was recorded."""
    problems: dict[str, list[str]] = {}
    if observed_at > now:
        problems["observed_at"] = [
            f"{observed_at.date().isoformat()} lies in the future; evidence tells what was observed."
        ]
    elif asked.max_age is not None:
        ends = expiry(observed_at, asked.max_age, expires_at)
        if expires_at is not None and expires_at <= observed_at:
            problems["expires_at"] = ["It would expire before it was observed."]
        elif ends <= now:
            cause = "by its own date" if expires_at == ends else f"as it may be at most {asked.max_age.days} days old"
            problems["expires_at"] = [f"It expired on {ends.date().isoformat()} {cause}; it would prove nothing."]
    return problems
