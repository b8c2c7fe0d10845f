"""Putting records into any register: one by hand, many from a file, changing one or many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import Q

from annexa.actions.door import Door, door, prepare
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.systems import Imported, Progress, Told
from annexa.answers.imports import register_mark
from annexa.answers.ledger import entry_of
from annexa.answers.register_files import RESERVED, PlannedRegister
from annexa.answers.registers import missing_targets, rows_of, with_unseen
from annexa.pure.fields import FieldProblem
from annexa.pure.mapping_files import mapping_text
from annexa.pure.near import meant
from annexa.pure.permits import WHOLE, Actor, Place, Refusal, may
from annexa.pure.register import NOTHING, Entry, Register, Source
from annexa.pure.slugs import free_slugs
from annexa.records.registers import TABLES, RegisterRow

MOST_AT_ONCE = 10_000
"""Records that are changed at once by hand; more go through a file."""


def add_record(*, actor: Actor, register: Register, entry: Entry, now: datetime, because: str = "") -> RegisterRow:
    """Puts one record into a register. Ledger: the noun of the register. Raises InvalidError, NotPermittedError."""
    verb, place = register.change, place_in(register, entry)
    with door(actor=actor, verb=verb, now=now, because=because.strip(), place=place) as opened:
        return put(opened, register, entry, more=register.fixed_problems(None, register.tidied(entry)))


def change_record(
    *,
    actor: Actor,
    register: Register,
    slug: str,
    entry: Entry,
    seen: datetime,
    now: datetime,
    because: str = "",
) -> RegisterRow:
    """Replaces one record. `seen`: its `changed_at` when the actor looked at it. The same again leaves no entry.

    Ledger: the noun of the register. Raises InvalidError, NotFoundError, NotPermittedError, and ConflictError if it
    changed since it was seen.
    """
    place = place_in(register, known_record(actor, register, slug).entry)
    with door(actor=actor, verb=register.change, now=now, because=because.strip(), place=place) as opened:
        if (there := place_in(register, entry)) != place:
            opened.ask(there)
        row = seen_so(register, slug, seen)
        replace(opened, row, entry, more=_fixed(row, entry))
    return row


def take_values(
    opened: Door, register: Register, slug: str, values: Mapping[str, Any], source: Source | None = None
) -> RegisterRow:
    """Gives values to one record as a part of what somebody does; no entry where it says so already.

    Raises InvalidError with every problem by field.
    """
    row = _locked(register, [slug])[0]
    replace(opened, row, register.replaced(row.entry, values, source))
    return row


def change_records(
    *,
    actor: Actor,
    register: Register,
    slugs: Sequence[str],
    values: Mapping[str, Any],
    now: datetime,
    because: str = "",
    progress: Progress | None = None,
) -> int:
    """Gives the same values to many records; how many of them changed. All or none.

    Ledger: the noun of the register, for each that changed. Raises InvalidError with every problem by field,
    NotFoundError, NotPermittedError.
    """
    if unknown := sorted(set(values) - set(register.field)):
        raise InvalidError({"": [f"{one} is not a field of {register.many}." for one in unknown]})
    if "reference" in values and len(set(slugs)) > 1 and values["reference"]:
        raise InvalidError({"reference": ["Reference tells records apart; give it to each by itself."]})
    if len(slugs) > MOST_AT_ONCE:
        raise InvalidError({"": [f"{len(slugs):,} records at once are too many; import them from a file."]})
    places = {place_in(register, row.entry) for row in _all_known(actor, register, slugs)}
    first = next(iter(sorted(places, key=lambda place: place.unit)), WHOLE)
    with door(
        actor=actor, verb=register.change, now=now, because=because.strip(), place=first, progress=progress
    ) as opened:
        for place in places - {first}:
            opened.ask(place)
        changed, touched = [], set(values)
        for row in _locked(register, slugs):
            entry = register.replaced(row.entry, values)
            if (there := place_in(register, entry)) not in places:
                opened.ask(there)
            entry = accepted(opened, register, entry, slug=row.slug, before=row.entry, more=_fixed(row, entry))
            if entry != row.entry:
                touched |= {name for name in register.field if entry.values[name] != getattr(row, name)}
                row.take(entry)
                row.changed_at = now
                changed.append(row)
        if changed:
            fields = sorted({*touched, "words", "changed_at"})
            opened.write_many(changed, kind=register.noun, subject=_subject, fields=fields)
    return len(changed)


def import_register(
    *,
    actor: Actor,
    planned: PlannedRegister,
    now: datetime,
    progress: Progress | None = None,
    skip_bad: bool = False,
) -> Imported:
    """Takes a planned file into its register, all of it or, with `skip_bad`, its rows without problems.

    Ledger: the noun of the register for every record that is new or changed, and import; nothing when the file changes
    nothing. Raises InvalidError with every problem, NotPermittedError, ConflictError if the register changed since.
    """
    register, plan = planned.register, planned.plan
    added = [row for row in plan.rows if row.outcome == "added"]
    updated = [row for row in plan.rows if row.outcome == "updated"]
    told = Told(progress, len(added) + len(updated))
    because = f"Import of {planned.name}"
    subject = f"import/{planned.sha256}"
    permit = may(actor, "import_register")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    if plan.problems and not (skip_bad and plan.rows):
        raise InvalidError({"file": [str(problem) for problem in plan.problems]})
    taken = _taken(register, [row.facts for row in added])
    # Everything down to the bytes, before anybody has to wait: what is left for the transaction is to write them.
    ready = prepare(
        [_made(register, row.slug, one, now) for row, one in zip(added, taken, strict=True)], actor=actor,
        verb="import_register", because=because, now=now, kind=register.noun, subject=_subject, progress=told.step,
    )  # fmt: skip
    try:
        with door(actor=actor, verb="import_register", now=now, because=because, progress=told.step) as opened:
            _refuse_others(register, planned)
            for one in ready:
                opened.write_ready(one)
            told.before = len(added)
            _write_updated(opened, register, {row.slug: row.facts for row in updated})
            if added or updated:
                opened.note(_summary(planned), kind="import", subject=subject)
    except IntegrityError as error:
        raise ConflictError(_changed(register)) from error
    return Imported(
        added=len(added),
        updated=len(updated),
        unchanged=plan.count("unchanged"),
        skipped=len(planned.table.rows) - len(plan.rows),
        entry=entry_of(subject) if added or updated else None,
    )


def _refuse_others(register: Register, planned: PlannedRegister) -> None:
    known = TABLES[register.noun].objects.order_by("id").values_list("slug", "changed_at")
    if register_mark(known) != planned.mark:
        raise ConflictError(_changed(register))


def _changed(register: Register) -> str:
    return (
        f"{register.many.capitalize()} were added or changed since this file was looked at. Nothing was imported; look"
        " at it again."
    )


def _write_updated(opened: Door, register: Register, entries: Mapping[str, Entry]) -> None:
    rows = _locked(register, list(entries))
    for row in rows:
        row.take(register.asks_anew(row.entry, entries[row.slug]))
        row.changed_at = opened.now
    if rows:
        fields = [*register.field, "source", "words", "changed_at"]
        opened.write_many(rows, kind=register.noun, subject=_subject, fields=fields)


def _summary(planned: PlannedRegister) -> dict[str, object]:
    """What the ledger keeps of an import as a whole."""
    return {
        "register": planned.register.noun,
        "name": planned.name,
        "sha256": planned.sha256,
        "rows": len(planned.table.rows),
        **{outcome: planned.plan.count(outcome) for outcome in ("added", "updated", "unchanged")},
        "mapping": mapping_text(planned.mapping),
    }


def accepted(
    opened: Door,
    register: Register,
    entry: Entry,
    *,
    slug: str,
    before: Entry | None = None,
    more: Sequence[FieldProblem] = (),
) -> Entry:
    """The record put in order. Raises InvalidError with every problem, by field.

    `before`: the record so far; whoever changes it keeps the links in it that they may not know of. `more`: what else
    is wrong with it.
    """
    entry = register.tidied(entry if before is None else with_unseen(opened.actor, register, before, entry))
    entry = entry if before is None else register.asks_anew(before, entry)
    problems: dict[str, list[str]] = {}
    for found in (*more, *register.problems(entry)):
        problems.setdefault(found.field, []).append(register.sentence(found))
    lost = missing_targets(
        actor=opened.actor, register=register, values=entry.values, before=before.values if before else None
    )
    for name, target in lost.items():
        label = register.field[name].label
        problems.setdefault(name, []).append(f"{label} leads to {target}, which is not there.")
    reference = entry.values.get("reference", "")
    rows = TABLES[register.noun].objects
    same = Q(reference__iexact=reference)
    other = rows.filter(same).exclude(slug=slug).first() if reference else None
    if other is not None:
        problems.setdefault("reference", []).append(f"{other} has this reference already.")
    if problems:
        raise InvalidError(problems)
    return entry


def put(opened: Door, register: Register, entry: Entry, *, more: Sequence[FieldProblem] = ()) -> RegisterRow:
    """Writes a new record, under a slug made from its name, through a door that is open. Raises InvalidError."""
    (entry,) = _taken(register, [accepted(opened, register, entry, slug="", more=more)])
    taken = set(TABLES[register.noun].objects.values_list("slug", flat=True)) | RESERVED
    slug = next(free_slugs([entry.name], taken, otherwise=_otherwise(register)))
    row = _made(register, slug, entry, opened.now)
    opened.write(row, kind=register.noun, subject=_subject(row))
    return row


def replace(opened: Door, row: RegisterRow, entry: Entry, *, more: Sequence[FieldProblem] = ()) -> None:
    """Writes a record anew through a door that is open; the same again leaves no entry. Raises InvalidError."""
    entry = accepted(opened, row.REGISTER, entry, slug=row.slug, before=row.entry, more=more)
    if entry != row.entry:
        row.take(entry)
        row.changed_at = opened.now
        opened.write(row, kind=row.REGISTER.noun, subject=_subject(row))


def seen_so(register: Register, slug: str, seen: datetime) -> RegisterRow:
    """The record, to be changed, as somebody saw it. Raises ConflictError if it changed since."""
    row = _locked(register, [slug])[0]
    if row.changed_at != seen:
        when = f"{row.changed_at:%d %b %Y, %H:%M:%S} UTC"
        raise ConflictError(f"Somebody else changed {row} on {when}. Nothing was saved.")
    return row


def _fixed(row: RegisterRow, entry: Entry) -> tuple[FieldProblem, ...]:
    """What of a change is not for forms and files to make."""
    return row.REGISTER.fixed_problems(row.entry, row.REGISTER.tidied(entry))


def known_record(actor: Actor, register: Register, slug: str) -> RegisterRow:
    """The record, if the actor may know of it. Raises NotFoundError."""
    rows = rows_of(actor, register)
    found: RegisterRow | None = rows.filter(slug=slug).first()
    if found is None:
        near = meant(slug, rows.order_by("name").values_list("slug", flat=True)[:1000])
        raise NotFoundError(f"There is no {register.one} {slug}.{near}")
    return found


def _all_known(actor: Actor, register: Register, slugs: Sequence[str]) -> list[RegisterRow]:
    found = list(rows_of(actor, register).filter(slug__in=slugs))
    if lost := sorted(set(slugs) - {row.slug for row in found}):
        raise NotFoundError(f"There is no {register.one} {lost[0]}.")
    return found


def _locked(register: Register, slugs: Sequence[str]) -> list[RegisterRow]:
    rows = TABLES[register.noun].objects.select_for_update()
    return [row for start in range(0, len(slugs), 500) for row in rows.filter(slug__in=slugs[start : start + 500])]


def place_in(register: Register, entry: Entry) -> Place:
    """Where a record belongs: to its unit, or to the organisation."""
    return Place(unit=entry.unit.strip()) if "unit" in register.field else WHOLE


def _taken(register: Register, entries: Sequence[Entry]) -> list[Entry]:
    """New records with what they take from where they lead. Cost: a query for every few hundred and such field."""
    found = list(entries)
    for name, (by, theirs) in register.takes.items():
        wanted = sorted({one.values[by] for one in found if one.values[name] in NOTHING and one.values[by]})
        rows = TABLES[register.field[by].to].objects
        values: dict[str, Any] = {}
        for start in range(0, len(wanted), 500):
            values |= rows.filter(slug__in=wanted[start : start + 500]).values_list("slug", theirs)
        found = [
            register.replaced(one, {name: values[one.values[by]]})
            if one.values[name] in NOTHING and one.values[by] in values
            else one
            for one in found
        ]
    return found


def _made(register: Register, slug: str, entry: Entry, now: datetime) -> RegisterRow:
    row = TABLES[register.noun](slug=slug, created_at=now, changed_at=now)
    row.take(entry)
    return row


def _subject(row: RegisterRow) -> str:
    return f"{row.KIND}/{row.slug}"


def _otherwise(register: Register) -> str:
    return register.noun.replace("_", "-")
