"""Questions about controlled documents: how each stands, what happened to it, and the bytes of its versions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from django.db.models import Q
from django.db.models.functions import Lower

from annexa.answers.actors import actors_of
from annexa.answers.errors import UnknownError
from annexa.answers.registers import one_record
from annexa.answers.store import blobs
from annexa.pure.actors import person_id
from annexa.pure.document_steps import Life, Step, lacks, life_of, may_approve
from annexa.pure.permits import EXTERNAL, Actor, Place
from annexa.pure.register import Entry
from annexa.pure.registers.documents import DOCUMENTS, addresses
from annexa.records.documents import DocumentStep, Reading
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow


def one_document(*, actor: Actor, slug: str) -> RegisterRow:
    """The record of one document. Raises UnknownError."""
    return one_record(actor=actor, register=DOCUMENTS, slug=slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A document with everything that happened to it, how it stands, and what this person may do with it now.

    `lacks`: what keeps the newest version from being approved. `offers`: the steps that wait for this person, or that
    they may take; `against`: why they must not approve, where only that is in the way.
    """

    row: RegisterRow
    steps: tuple[DocumentStep, ...]
    life: Life
    lacks: tuple[str, ...]
    offers: tuple[str, ...]
    against: str
    approver: str

    def drafted(self, number: int) -> DocumentStep | None:
        """The step with which a version was written."""
        return drafted(self.steps, number)


def document_page(*, actor: Actor, slug: str, person: Person | None, now: datetime) -> DocumentPage:
    """One document for one person, or for a program (None). Raises UnknownError. Cost: three queries."""
    row = one_document(actor=actor, slug=slug)
    steps = steps_of(actor=actor, slug=slug)
    found = life(steps, now.date())
    entry = row.entry
    against = may_approve(entry, found, who=person.actor_id, address=person.email, name=person.name) if person else ""
    missing = lacks(entry, found)
    return DocumentPage(
        row=row,
        steps=steps,
        life=found,
        lacks=missing,
        offers=tuple(_offers(entry, found, person, approves=not against and not missing)) if person else (),
        against=against if found.latest and found.latest.state == "in review" else "",
        approver=entry.approver,
    )


def offers_to(entry: Entry, found: Life, person: Person) -> frozenset[str]:
    """The steps that a person could take with a document as it stands, whatever their role."""
    against = may_approve(entry, found, who=person.actor_id, address=person.email, name=person.name)
    return frozenset(_offers(entry, found, person, approves=not against and not lacks(entry, found)))


def _offers(entry: Entry, found: Life, person: Person, *, approves: bool) -> Iterator[str]:
    """The steps that this person could take with the document as it stands."""
    me, latest = person.email.lower(), found.latest
    state = latest.state if latest else ""
    if state in ("draft", "returned"):
        yield "hand-in"
    if state == "in review" and latest is not None:
        asked = me in addresses(entry.reviewers)
        if asked and me not in latest.agreed:
            yield "agree"
        if approves:
            yield "approve"
        if asked or me == entry.approver.lower():
            yield "return"
    if state == "approved":
        yield "publish"
    if found.in_force is not None or found.coming is not None:
        if found.due_soon and me == entry.approver.lower():
            yield "confirm"
        yield "withdraw"


def open_version(*, actor: Actor, slug: str, number: int) -> tuple[DocumentStep, BinaryIO]:
    """A version with its bytes, which are checked before. Raises UnknownError."""
    one_document(actor=actor, slug=slug)
    found = drafted(steps_of(actor=actor, slug=slug), number)
    if found is None:
        raise UnknownError(f"{slug} has no version {number}.")
    return found, blobs().open_checked(found.sha256)


def text_of(row: DocumentStep) -> str:
    """The text of a version that was written here."""
    with blobs().open_checked(row.sha256) as stream:
        return stream.read().decode("utf-8")


def steps_of(*, actor: Actor, slug: str) -> tuple[DocumentStep, ...]:
    """Everything that happened to the versions of a document, in order. Cost: one query."""
    found = DocumentStep.objects.visible_to(actor).filter(document_id=slug)
    return tuple(found.select_related("author", "by").order_by("turn"))


def life(rows: Iterable[DocumentStep], on: date) -> Life:
    """How a document stands on a day, from what happened to it."""
    return life_of((step_of(one) for one in rows), on)


def step_of(row: DocumentStep) -> Step:
    """A step as pure sees it."""
    return Step(
        kind=row.step,  # type: ignore[arg-type]  # the table takes no other word
        number=row.number,
        by=person_id(row.by_id) if row.by_id else "",
        author=person_id(row.author_id) if row.author_id else "",
        on=row.on,
        because=row.because,
        review_by=row.review_by,
        reader=row.by.email.lower() if row.by else "",
    )


def drafted(rows: Sequence[DocumentStep], number: int) -> DocumentStep | None:
    """The step with which a version was written."""
    return next((one for one in rows if one.step == "drafted" and one.number == number), None)


# Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """The version of a document that is in force: since when, and what it was approved to prove."""

    row: RegisterRow
    number: int
    since: date
    serves: tuple[str, ...]
    drafted: DocumentStep


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRead:
    """A document in force as one person sees it: when they read this version, or by when they are asked to."""

    force: Force
    read_at: datetime | None
    due_on: date | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far those are who were asked to read the version in force: how many have, who is late, who has time.

    `late` and `waiting`: people by name, or their numbers for who may not know of people.
    """

    asked: int
    read: int
    late: tuple[str, ...]
    waiting: tuple[str, ...]


OPEN_TO_ALL = ("public", "internal")
"""Classes of documents that everybody who works here may read."""


def in_force(rows: Iterable[RegisterRow], on: date) -> dict[str, Force]:
    """The versions in force on a day, by slug of the document. Cost: one query."""
    standing = {row.slug: row for row in rows if not DOCUMENTS.ended(row.entry, on)}
    steps: dict[str, list[DocumentStep]] = {}
    held = DocumentStep.objects.filter(document_id__in=standing).select_related("author", "by").order_by("turn")
    for one in held:
        steps.setdefault(one.document_id, []).append(one)
    found = {}
    for slug, happened in steps.items():
        now = life(happened, on)
        text = drafted(happened, now.in_force) if now.in_force is not None else None
        if text is not None and now.in_force is not None and now.since is not None:
            said = [one for one in happened if one.number == now.in_force and one.step in ("published", "confirmed")]
            found[slug] = Force(
                row=standing[slug], number=now.in_force, since=now.since, drafted=text,
                serves=tuple(said[-1].claims["serves"]),
            )  # fmt: skip
    return found


def readings_of(document: str, people: Iterable[int]) -> dict[int, list[Reading]]:
    """What happened about a document and each of these people, in order. Cost: one query."""
    found: dict[int, list[Reading]] = {}
    for one in Reading.objects.filter(document_id=document, person_id__in=list(people)).order_by("turn"):
        found.setdefault(one.person_id, []).append(one)
    return found


def may_read(*, person: Person, slug: str, now: datetime) -> Force | None:
    """The version in force of a document that somebody who works here may read; None where there is none for them."""
    return next((one.force for one in to_read(person=person, now=now) if one.force.row.slug == slug), None)


def to_read(*, person: Person, now: datetime) -> tuple[ToRead, ...]:
    """What somebody who works here may read: what is asked of them first, by day; then everything open to all.

    Cost: three queries.
    """
    latest: dict[str, Reading] = {}
    for one in Reading.objects.filter(person=person).order_by("turn"):
        latest[one.document_id] = one
    asked = [slug for slug, one in latest.items() if one.step != "released"]
    table = TABLES[DOCUMENTS.noun].objects
    written = table.filter(slug__in=DocumentStep.objects.values("document_id"))  # without a version nothing is in force
    rows = written.filter(Q(classification__in=OPEN_TO_ALL) | Q(slug__in=asked)).defer("words")
    found = [_to_read(force, latest.get(slug), now.date()) for slug, force in in_force(rows, now.date()).items()]
    return tuple(
        sorted(found, key=lambda one: (one.due_on is None, one.due_on or date.max, one.force.row.name.lower()))
    )


def _to_read(force: Force, last: Reading | None, on: date) -> ToRead:
    read = last if last is not None and last.step == "read" and last.number == force.number else None
    due = last.due_on if last is not None and last.step == "asked" else None
    return ToRead(
        force=force, read_at=read.recorded_at if read else None, due_on=due, late=due is not None and due < on
    )


def progress_of(*, actor: Actor, slug: str, now: datetime) -> Progress:
    """Who was asked to read a document, and who has. Cost: two queries."""
    latest: dict[int, Reading] = {}
    for one in Reading.objects.visible_to(actor).filter(document_id=slug).order_by("turn"):
        latest[one.person_id] = one
    asked = {number: one for number, one in latest.items() if one.step != "released"}
    names = dict(Person.objects.get_queryset().visible_to(actor).filter(pk__in=asked).values_list("pk", "name"))
    late: list[str] = []
    waiting: list[str] = []
    for number, one in asked.items():
        if one.step == "asked" and one.due_on is not None:
            (late if one.due_on < now.date() else waiting).append(names.get(number, f"person {number}"))
    return Progress(
        asked=len(asked), read=sum(one.step == "read" for one in asked.values()), late=tuple(sorted(late)),
        waiting=tuple(sorted(waiting)),
    )  # fmt: skip


def readers_meant(*, actor: Actor, everyone: bool, roles: Iterable[str], units: Iterable[str]) -> tuple[Person, ...]:
    """The people meant by a campaign: everybody who works here, those of a role, and those with a role in a unit (by
    name) or above it. Cost: two queries."""
    wanted, places = set(roles), [Place(unit=one) for one in units]
    people = Person.objects.get_queryset().visible_to(actor).filter(is_active=True).order_by(Lower("name"))
    return tuple(
        one
        for one, held in actors_of(people)
        if (everyone and one.role != EXTERNAL)
        or one.role in wanted
        or any(grant.reaches(place) for place in places for grant in held.grants)
    )
