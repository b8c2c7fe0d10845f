"""The tree of units: adding, renaming, moving, closing; and taking over the units that AI systems name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.answers.actors import units
from annexa.pure.permits import Actor
from annexa.pure.slugs import free_slugs
from annexa.pure.units import LONGEST, parents_allowed, plan_units
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.systems import AiSystem
from annexa.records.units import Unit


def add_unit(*, actor: Actor, name: str, now: datetime, parent: str = "", because: str = "") -> Unit:
    """Adds a unit below another one, or with `parent` "" directly below the organisation. Ledger: unit.

    Raises InvalidError, NotPermittedError.
    """
    with door(actor=actor, verb="change_units", now=now, because=because.strip()) as opened:
        said, above = name.strip(), _parent(parent)
        _refuse(_name_problems(said) | ({} if above or not parent else {"parent": [f"There is no unit {parent}."]}))
        return _made(opened, said, above)


def adopt_units(*, actor: Actor, now: datetime, because: str = "") -> tuple[Unit, ...]:
    """Adds a unit for every name that AI systems give as theirs and that is none yet, directly below the organisation.

    Ledger: unit for each. Raises NotPermittedError.
    """
    said = because.strip() or "Named by AI systems in the register"
    with door(actor=actor, verb="change_units", now=now, because=said) as opened:
        return tuple(_made(opened, name, None) for name in unknown_names())


def import_units(
    *, actor: Actor, rows: Sequence[tuple[int, str, str]], now: datetime, because: str = "", dry_run: bool = False
) -> tuple[tuple[str, ...], int]:
    """Adds units from a list of (number of the row, name, name of the parent or ""), all or none; parents may be units
    there are, or come anywhere in the list. Answers with the names it added, parents first, and how many were there.

    With `dry_run` nothing is added. Ledger: unit for each. Raises InvalidError with every problem by row ("row 3"),
    NotPermittedError.
    """
    said = because.strip() or "Imported from a file"
    with door(actor=actor, verb="change_units", now=now, because=said) as opened:
        there = {unit.name.casefold(): unit for unit in Unit.objects.select_related("parent")}
        plan = plan_units({key: (one.name, _above(one), one.closed) for key, one in there.items()}, rows)
        _refuse({f"row {number}" if number else "": list(told) for number, told in plan.problems.items()})
        if not dry_run:
            for name, parent in plan.added:
                there[name.casefold()] = _made(opened, name, there[parent.casefold()] if parent else None)
    return tuple(name for name, _ in plan.added), plan.unchanged


def _above(unit: Unit) -> str:
    return unit.parent.name if unit.parent else ""


def unknown_names() -> tuple[str, ...]:
    """The units that AI systems name and that are none here, by name."""
    named = AiSystem.objects.exclude(unit="").order_by("unit").values_list("unit", flat=True).distinct()
    known = set(Unit.objects.values_list("name", flat=True))
    return tuple(one for one in named if one not in known)


def change_unit(
    *,
    actor: Actor,
    slug: str,
    name: str,
    parent: str,
    closed: bool,
    because: str,
    now: datetime,
    seen: datetime | None = None,
) -> Unit:
    """Renames, moves, closes or reopens a unit. The AI systems and records that name it are renamed along with it.

    Only an empty unit can be closed. `seen`: when what the actor saw had last changed; None: it does not matter.
    Ledger: unit, ai_system for each system, the noun of its register for each record.
    Raises InvalidError, NotFoundError, ConflictError, NotPermittedError.
    """
    with door(actor=actor, verb="change_units", now=now, because=because.strip()) as opened:
        unit = Unit.objects.select_for_update(of=("self",)).select_related("parent").filter(slug=slug).first()
        if unit is None:
            raise NotFoundError(f"There is no unit {slug}.")
        if seen is not None and unit.changed_at != seen:
            raise ConflictError(f"{unit.name} was changed meanwhile; look at it again.")
        said, above = name.strip(), _parent(parent)
        problems = _name_problems(said, but=slug) | _parent_problems(slug, parent)
        if not because.strip():
            problems["because"] = ["Say why it changes."]
        if closed and not unit.closed:
            problems |= _closing_problems(unit)
        _refuse(problems)
        before = unit.name
        unit.name, unit.parent, unit.closed, unit.changed_at = said, above, closed, now
        opened.write(unit, kind="unit", subject=f"unit/{slug}")
        if said != before:
            _rename(opened, before, said, now)
        return unit


def _rename(opened: Door, before: str, name: str, now: datetime) -> None:
    """The AI systems and the records of a unit follow its new name."""
    systems = list(AiSystem.objects.select_for_update().filter(unit=before))
    for one in systems:
        one.unit, one.changed_at = name, now
    if systems:
        opened.write_many(
            systems, kind="ai_system", subject=lambda one: f"ai_system/{one.slug}", fields=["unit", "changed_at"]
        )
    for noun, table in _with_units():
        rows = list(table.objects.select_for_update().filter(unit=before))
        for row in rows:
            row.take(row.REGISTER.replaced(row.entry, {"unit": name}))
            row.changed_at = now
        if rows:
            opened.write_many(rows, kind=noun, subject=_subject, fields=["unit", "words", "changed_at"])


def _with_units() -> list[tuple[str, Any]]:
    """The tables of the registers whose records belong to units."""
    return [(noun, table) for noun, table in TABLES.items() if "unit" in table.REGISTER.field]


def _subject(row: RegisterRow) -> str:
    return f"{row.KIND}/{row.slug}"


def _made(opened: Door, name: str, parent: Unit | None) -> Unit:
    taken = set(Unit.objects.values_list("slug", flat=True))
    unit = Unit(
        slug=next(free_slugs([name], taken, "unit")),
        name=name,
        parent=parent,
        created_at=opened.now,
        changed_at=opened.now,
    )
    opened.write(unit, kind="unit", subject=f"unit/{unit.slug}")
    return unit


def _parent(slug: str) -> Unit | None:
    return Unit.objects.filter(slug=slug, closed=False).first() if slug else None


def _name_problems(name: str, *, but: str = "") -> dict[str, list[str]]:
    if not 0 < len(name) <= LONGEST:
        return {"name": [f"Give it a name of at most {LONGEST} characters."]}
    if Unit.objects.filter(name__iexact=name).exclude(slug=but).exists():
        return {"name": [f"There is a unit {name} already."]}
    return {}


def _parent_problems(slug: str, parent: str) -> dict[str, list[str]]:
    if not parent or parent in {one.slug for one in parents_allowed(units(), slug)}:
        return {}
    return {"parent": ["It can stand below any open unit but itself and those below it."]}


def _closing_problems(unit: Unit) -> dict[str, list[str]]:
    systems = AiSystem.objects.filter(unit=unit.name).exclude(stage="retirement").count()
    records = sum(table.objects.filter(unit=unit.name).count() for _, table in _with_units())
    below = Unit.objects.filter(parent=unit, closed=False).count()
    told = {"AI systems in use name it": systems, "records name it": records, "open units stand below it": below}
    said = [f"{n} {what}." for what, n in told.items() if n]
    return {"closed": said} if said else {}


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise InvalidError(problems)
