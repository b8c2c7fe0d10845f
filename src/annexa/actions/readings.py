"""Reading documents: asking people to, and saying that one has."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from annexa.actions.documents import known_document, place_of_document
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.answers.documents import Force, in_force, may_read, readings_of
from annexa.pure.permits import Actor
from annexa.records.documents import Reading
from annexa.records.people import Person


def ask_to_read(
    *,
    actor: Actor,
    person: Person | None,
    document: str,
    readers: Sequence[Person],
    due_on: date,
    because: str,
    now: datetime,
) -> tuple[Reading, ...]:
    """Asks people to read the version in force by a day. Who has read it already is not asked again.

    All or nothing. Ledger: reading for each who is asked.
    Raises InvalidError with every problem, NotFoundError, NotPermittedError.
    """
    row = known_document(actor, document)
    with door(
        actor=actor, verb="ask_to_read", now=now, because=because.strip(), place=place_of_document(row)
    ) as opened:
        force = in_force([row], now.date()).get(document)
        problems: dict[str, list[str]] = {}
        if force is None:
            problems[""] = ["No version of it is in force; people read what counts."]
        if not readers:
            problems["readers"] = ["Nobody is asked."]
        if gone := sorted(one.name for one in readers if not one.is_active):
            problems["readers"] = [f"{', '.join(gone)} may not sign in any more."]
        if due_on <= now.date():
            problems["due_on"] = [f"{due_on} leaves no time to read."]
        if problems or force is None:
            raise InvalidError(problems)
        before = readings_of(document, [one.pk for one in readers])
        made = [
            _made(force, one, before, step="asked", because=opened.because, now=now, by=person, due_on=due_on)
            for one in {one.pk: one for one in readers}.values()
            if not _has_read(before.get(one.pk, ()), force.number)
        ]
        opened.write_many(made, kind="reading", subject=_subject)
    return tuple(made)


def acknowledge(*, actor: Actor, person: Person, document: str, number: int, now: datetime) -> Reading:
    """A person says that they have read the version in force, which they must have seen. Said twice, it counts once.

    Ledger: reading. Raises NotFoundError for a document they may not read, ConflictError if another version is in force
    by now, NotPermittedError.
    """
    with door(actor=actor, verb="acknowledge", now=now) as opened:
        force = may_read(person=person, slug=document, now=now)
        if force is None:
            raise NotFoundError(f"There is no document {document}.")
        if force.number != number:
            raise ConflictError(f"Version {force.number} is in force by now; read that one.")
        before = readings_of(document, [person.pk])
        if _has_read(before.get(person.pk, ()), number):
            return before[person.pk][-1]
        made = _made(force, person, before, step="read", because="", now=now, by=person)
        opened.write(made, kind="reading", subject=_subject(made))
    return made


def _made(
    force: Force,
    person: Person,
    before: Mapping[int, Sequence[Reading]],
    *,
    step: str,
    because: str,
    now: datetime,
    by: Person | None,
    due_on: date | None = None,
) -> Reading:
    about: dict[str, Any] = {"document": force.row, "number": force.number, "serves": list(force.serves)}
    return Reading(
        id=uuid.uuid4().hex, person=person, turn=len(before.get(person.pk, ())) + 1, step=step, because=because,
        recorded_at=now, by=by, due_on=due_on, **about,
    )  # fmt: skip


def _has_read(before: Iterable[Reading], number: int) -> bool:
    """Whether the latest of what happened is that they read this version."""
    last = list(before)[-1:]
    return any(one.step == "read" and one.number == number for one in last)


def _subject(one: Reading) -> str:
    return f"reading/{one.id}"
