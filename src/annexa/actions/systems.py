"""Putting AI systems into the register: one by hand, many from a file, and changing them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from annexa.actions.door import Door, door, prepare
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.scopes import no_system, place_of
from annexa.answers.imports import RESERVED, Planned, register_mark
from annexa.answers.ledger import entry_of
from annexa.pure.imports import PlannedRow
from annexa.pure.mapping_files import mapping_text
from annexa.pure.permits import Actor, Place, Refusal, may
from annexa.pure.slugs import free_slugs
from annexa.pure.systems import FIELD, SystemFacts, SystemFactsError, tidied, validate
from annexa.records.systems import AiSystem

KIND = "ai_system"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did. `entry` is its position in the ledger; None when the file changed nothing."""

    added: int
    updated: int
    unchanged: int
    skipped: int
    entry: int | None


def add_system(*, actor: Actor, facts: SystemFacts, now: datetime, because: str = "") -> AiSystem:
    """Puts one AI system into the register. Ledger: ai_system. Raises InvalidError, NotPermittedError."""
    place = Place(unit=facts.unit.strip())
    with door(actor=actor, verb="change_system", now=now, because=because.strip(), place=place) as opened:
        facts = _accepted(facts, slug="")
        taken = set(AiSystem.objects.values_list("slug", flat=True))
        system = _made(next(free_slugs([facts.name], taken | RESERVED)), facts, now)
        opened.write(system, kind=KIND, subject=_subject(system))
    return system


def change_system(
    *, actor: Actor, slug: str, facts: SystemFacts, seen: datetime, now: datetime, because: str = ""
) -> AiSystem:
    """Replaces the facts about one AI system. `seen`: its `changed_at` when the actor looked at it.

    The same facts again leave no entry. Ledger: ai_system.
    Raises InvalidError, NotFoundError, NotPermittedError, and ConflictError if it changed since it was seen.
    """
    place = place_of(actor, slug)
    with door(actor=actor, verb="change_system", now=now, because=because.strip(), place=place) as opened:
        if facts.unit.strip() != place.unit:
            opened.ask(Place(unit=facts.unit.strip()))
        return replace_facts(opened, slug=slug, facts=facts, seen=seen)


def replace_facts(opened: Door, *, slug: str, facts: SystemFacts, seen: datetime) -> AiSystem:
    """The same inside an open door, for a decision that changes the record on its way."""
    system = AiSystem.objects.select_for_update().filter(slug=slug).first()
    if system is None:
        raise no_system(opened.actor, slug)
    if system.changed_at != seen:
        when = f"{system.changed_at:%d %b %Y, %H:%M:%S} UTC"
        raise ConflictError(f"Somebody else changed {system.name} on {when}. Nothing was saved.")
    facts = _accepted(facts, slug=slug)
    if facts != system.facts():
        system.take(facts)
        system.changed_at = opened.now
        opened.write(system, kind=KIND, subject=_subject(system))
    return system


def import_systems(
    *, actor: Actor, planned: Planned, now: datetime, progress: Progress | None = None, skip_bad: bool = False
) -> Imported:
    """Takes a planned file into the register, all of it or, with `skip_bad`, its rows without problems.

    Ledger: ai_system for every system that is new or changed, and import; nothing when the file changes nothing.
    Raises InvalidError with every problem, NotPermittedError, and ConflictError if the register changed since.
    """
    plan = planned.plan
    added = [row for row in plan.rows if row.outcome == "added"]
    updated = [row for row in plan.rows if row.outcome == "updated"]
    told = Told(progress, len(added) + len(updated))
    because = f"Import of {planned.name}"
    permit = may(actor, "import_systems")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    _refuse_problems(planned, skip_bad=skip_bad)
    # Everything down to the bytes, before anybody has to wait: what is left for the transaction is to write them.
    ready = prepare(
        _new(added, now), actor=actor, verb="import_systems", because=because, now=now, kind=KIND, subject=_subject,
        progress=told.step,
    )  # fmt: skip
    try:
        with door(actor=actor, verb="import_systems", now=now, because=because, progress=told.step) as opened:
            known = AiSystem.objects.order_by("id").values_list("slug", "changed_at")
            if register_mark(list(known)) != planned.mark:
                raise ConflictError(_CHANGED)
            for one in ready:
                opened.write_ready(one)
            told.before = len(added)
            _write_updated(opened, updated, now)
            if added or updated:
                opened.note(_summary(planned), kind="import", subject=f"import/{planned.sha256}")
    except IntegrityError as error:
        raise ConflictError(_CHANGED) from error
    return Imported(
        added=len(added),
        updated=len(updated),
        unchanged=plan.count("unchanged"),
        skipped=len(planned.table.rows) - len(plan.rows),
        entry=entry_of(f"import/{planned.sha256}") if added or updated else None,
    )


_CHANGED = "Systems were added or changed since this file was looked at. Nothing was imported; look at it again."


@dataclass(kw_only=False)
class Told:
    """Tells how far an import is, over all it writes."""

    progress: Progress | None
    total: int
    before: int = 0

    def step(self, done: int, _of: int) -> None:
        """So many of what is written now are written."""
        if self.progress:
            self.progress(self.before + done, self.total)


def _refuse_problems(planned: Planned, *, skip_bad: bool) -> None:
    plan = planned.plan
    if plan.problems and not (skip_bad and plan.rows):
        raise InvalidError({"file": [str(problem) for problem in plan.problems]})


def _new(rows: Sequence[PlannedRow], now: datetime) -> list[AiSystem]:
    """New systems, each with the slug that was planned for it, or a free one."""
    taken = {*AiSystem.objects.values_list("slug", flat=True), *(row.slug for row in rows if row.slug)}
    fresh = free_slugs([row.facts.name for row in rows if not row.slug], taken | RESERVED)
    return [_made(row.slug or next(fresh), row.facts, now) for row in rows]


def _write_updated(opened: Door, rows: Sequence[PlannedRow], now: datetime) -> None:
    if not rows:
        return
    kept = AiSystem.objects.select_for_update().in_bulk([row.slug for row in rows], field_name="slug")
    systems = []
    for row in rows:
        system = kept[row.slug]
        system.take(row.facts)
        system.changed_at = now
        systems.append(system)
    fields = {name for row in rows for name in row.changed} | {"risk_class", "changed_at"}
    opened.write_many(systems, kind=KIND, subject=_subject, fields=sorted(fields))


def _summary(planned: Planned) -> dict[str, object]:
    """What the ledger keeps of an import as a whole."""
    return {
        "name": planned.name,
        "sha256": planned.sha256,
        "rows": len(planned.table.rows),
        **{outcome: planned.plan.count(outcome) for outcome in ("added", "updated", "unchanged")},
        "mapping": mapping_text(planned.mapping),
    }


def _accepted(facts: SystemFacts, *, slug: str) -> SystemFacts:
    """The facts put in order. Raises InvalidError with every problem, by field."""
    try:
        facts = tidied(facts)
    except SystemFactsError as error:
        raise InvalidError({"": list(error.problems)}) from error
    problems: dict[str, list[str]] = {}
    for found in validate(facts):
        label = FIELD[found.field].label if found.field in FIELD else found.field.capitalize()
        problems.setdefault(found.field, []).append(f"{label} {found.message}.")
    other = AiSystem.objects.filter(reference__iexact=facts.reference).exclude(slug=slug).first()
    if facts.reference and other is not None:
        problems.setdefault("reference", []).append(f"{other.name} has this reference already.")
    if problems:
        raise InvalidError(problems)
    return facts


def _made(slug: str, facts: SystemFacts, now: datetime) -> AiSystem:
    system = AiSystem(slug=slug, created_at=now, changed_at=now)
    system.take(facts)
    return system


def _subject(system: AiSystem) -> str:
    return f"{KIND}/{system.slug}"
