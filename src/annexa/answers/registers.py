"""Questions about any register: its list with facets, one record with what leads to it, its history."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Value, Window
from django.db.models.functions import Lower, RowNumber

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.runs import Place, Run, instant_of, run_of_rows
from annexa.answers.systems import FacetValue
from annexa.library.courses import courses
from annexa.pure.checks.over import SUBJECT
from annexa.pure.fields import Field
from annexa.pure.near import meant
from annexa.pure.permits import Actor, Permit, may
from annexa.pure.register import Entry, Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.documents import EXPECTATION
from annexa.pure.registers.training_rules import COURSE
from annexa.pure.words import fold
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.links import Link
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.systems import AiSystem

PAGE_SIZES = (25, 50, 100)
SYSTEM, CONTROL = "ai_system", "control"
"""What fields may lead to besides registers."""
OF_LIBRARY = frozenset({CONTROL, EXPECTATION, COURSE})
"""What of that stands in the library, where everybody reads it."""
MOST_OFFERED = 200
"""Records that a form offers to lead to; any other is found by what is typed."""
FIRST_NAMED = 10
"""Records that a page names of those that lead to something by one field; the list has the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a register is asked for: text, chosen facet values, order ("-" before it turns it round), page (from 1).

    `led_to`: only what leads to this record, by the field that does. `ended`: also what no longer counts on that day.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unowned: bool = False
    ended: bool = False
    led_to: tuple[str, str] | None = None
    sort: str = "name"
    page: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One row of a list: the record and its owner's name."""

    row: RegisterRow
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage:
    """A page of a register. `total` counts what the filter leaves, `everything` the whole register.

    `ended` and `unowned` count in the whole register, `unowned` among those that count today.
    """

    register: Register
    rows: tuple[RecordLine, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    asked: Asked
    total: int
    everything: int
    ended: int
    unowned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A record that another one leads to: what it is (noun), its slug, and its name; "" where it is not to be seen."""

    noun: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedFrom:
    """The records of a register that lead to one by a field: the first by name, and how many there are."""

    register: Register
    field: Field
    targets: tuple[Target, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a form offers to lead to: the first records by name, and how many there are."""

    noun: str
    targets: tuple[Target, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of a record, before and after, as plain values."""

    field: Field
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A record as one ledger entry has it, newest first in a history; `changes` from the version before, none in the
    first. `number` counts from 1."""

    number: int
    entry: LedgerEntry
    by: str
    because: str
    state: Mapping[str, Any]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """One record: what it leads to by field, what leads to it, and its history, the newest version first."""

    register: Register
    row: RegisterRow
    owner: str
    leads: Mapping[str, tuple[Target, ...]]
    led_from: tuple[LedFrom, ...]
    history: tuple[Version, ...]


def rows_of(actor: Actor, register: Register) -> QuerySet[Any]:
    """The records of a register that the actor may know of."""
    found: QuerySet[Any] = TABLES[register.noun].objects.visible_to(actor)
    return found


def register_sizes(*, actor: Actor, now: datetime) -> tuple[tuple[Register, int], ...]:
    """Every register, by title, with how many of its records count today. Cost: one query."""
    by_title = sorted(REGISTERS.values(), key=lambda one: one.title)
    first, *others = (
        rows_of(actor, one).exclude(_gone(one, now.date())).order_by().annotate(noun=Value(one.noun)).values("noun")
        .annotate(count=Count("pk"))
        for one in by_title
    )  # fmt: skip
    counted = {row["noun"]: row["count"] for row in first.union(*others, all=True)}
    return tuple((one, counted.get(one.noun, 0)) for one in by_title)


def list_register(*, actor: Actor, register: Register, asked: Asked, now: datetime) -> RegisterPage:
    """One page of a register. Cost: six queries whatever its size."""
    facets, total = register_facets(actor=actor, register=register, asked=asked, on=now.date())
    asked = replace(asked, page=min(max(1, asked.page), max(1, -(-total // asked.size))))
    found = narrowed(actor=actor, register=register, asked=asked, on=now.date())
    start = (asked.page - 1) * asked.size
    rows = list(found.defer("source", "words").order_by(*_order(register, asked.sort))[start : start + asked.size])
    names = _names(actor, [getattr(row, "owner", "") for row in rows])
    everything = rows_of(actor, register)
    gone = _gone(register, now.date())
    owned = {"unowned": Count("id", filter=Q(owner="") & ~gone)} if "owner" in register.field else {}
    sums = everything.aggregate(everything=Count("id"), ended=Count("id", filter=gone), **owned)
    return RegisterPage(
        register=register,
        rows=tuple(RecordLine(row=row, owner=_owner(names, row)) for row in rows),
        facets=facets,
        asked=asked,
        total=total,
        **{"unowned": 0, **sums},
    )


def matching_slugs(*, actor: Actor, register: Register, asked: Asked, now: datetime) -> tuple[str, ...]:
    """The records a filter leaves, all of them, in the order asked for."""
    found = narrowed(actor=actor, register=register, asked=asked, on=now.date())
    return tuple(found.order_by(*_order(register, asked.sort)).values_list("slug", flat=True))


def narrowed(*, actor: Actor, register: Register, asked: Asked, on: date) -> QuerySet[Any]:
    """The records a filter leaves, in no order yet."""
    chosen = {name: words for name, words in asked.chosen.items() if words}
    return _of_chosen(_matching(rows_of(actor, register), register, asked, on), chosen)


def register_facets(
    *, actor: Actor, register: Register, asked: Asked, on: date
) -> tuple[Mapping[str, tuple[FacetValue, ...]], int]:
    """What each facet would leave given the others, and how many records the filter leaves. Cost: one query or two.

    The whole register is counted from its indexes. Once something narrows it, what is left is counted here, which is
    faster than a database sorts it by each facet; only what a chosen facet would leave without itself is asked for.
    """
    rows = _matching(rows_of(actor, register), register, asked, on).order_by()
    chosen = {name: words for name, words in asked.chosen.items() if words}
    free = [one.name for one in register.facets if one.name not in chosen]
    counts = {one.name: Counter(dict.fromkeys(chosen.get(one.name, ()), 0)) for one in register.facets}
    whole = not (chosen or asked.text or asked.unowned or asked.led_to)
    total = None
    if not register.facets or (chosen and not free):
        total = _of_chosen(rows, chosen).count()
    elif not whole:
        left = list(_of_chosen(rows, chosen).values_list(*free))
        total = len(left)
        for number, name in enumerate(free):
            counts[name].update(map(itemgetter(number), left))
    parts = [_valued(rows, chosen, name) for name in (free if whole else chosen)]
    parts = [one.annotate(its_count=Count("*")) for one in parts] if whole else parts
    for name, value, *n in parts[0].union(*parts[1:], all=True) if parts else ():
        counts[name][value] += n[0] if n else 1
    if total is None:
        total = counts[free[0]].total()
    return {name: _facet(counts[name], chosen.get(name, ())) for name in counts}, total


def _of_chosen(rows: QuerySet[Any], chosen: Mapping[str, Sequence[str]], *, without: str = "") -> QuerySet[Any]:
    for name, words in chosen.items():
        rows = rows if name == without else rows.filter(**{f"{name}__in": words})
    return rows


def _valued(rows: QuerySet[Any], chosen: Mapping[str, Sequence[str]], name: str) -> QuerySet[Any]:
    """The values of a facet in the records that the other facets leave, each with the name of the facet."""
    found = _of_chosen(rows, chosen, without=name).annotate(its_name=Value(name, CharField()), its_value=F(name))
    valued: QuerySet[Any] = found.values_list("its_name", "its_value")
    return valued


def register_run(
    *, actor: Actor, register: Register, asked: Asked, after: Place | None, limit: int, now: datetime
) -> tuple[Run[RegisterRow], Mapping[str, tuple[FacetValue, ...]], int]:
    """A part of a register by name or, with `asked.sort` "changed", by last change; facets; how many. Two queries."""
    facets, total = register_facets(actor=actor, register=register, asked=asked, on=now.date())
    rows = narrowed(actor=actor, register=register, asked=asked, on=now.date())
    if asked.sort == "changed":
        return run_of_rows(rows.annotate(by=F("changed_at")), "by", "slug", instant_of(after), limit), facets, total
    return run_of_rows(rows.annotate(by=Lower("name")), "by", "slug", after, limit), facets, total


def one_record(*, actor: Actor, register: Register, slug: str) -> RegisterRow:
    """One record as it is now. Raises UnknownError."""
    rows = rows_of(actor, register)
    found: RegisterRow | None = rows.filter(slug=slug).first()
    if found is None:
        near = meant(slug, rows.order_by("name").values_list("slug", flat=True)[:1000])
        raise UnknownError(f"There is no {register.one} {slug!r}.{near}")
    return found


def record_page(*, actor: Actor, register: Register, slug: str) -> RecordPage:
    """One record with everything around it. Raises UnknownError."""
    row = one_record(actor=actor, register=register, slug=slug)
    owner = getattr(row, "owner", "")
    return RecordPage(
        register=register,
        row=row,
        owner=_owner(_names(actor, [owner]), row),
        leads=leads_of(actor=actor, register=register, row=row),
        led_from=led_from(actor=actor, noun=register.noun, slug=slug),
        history=history(actor=actor, register=register, slug=slug),
    )


def leads_of(*, actor: Actor, register: Register, row: RegisterRow) -> Mapping[str, tuple[Target, ...]]:
    """What a record leads to, by the field that does. Cost: one query for each register it leads to."""
    wanted: dict[str, set[str]] = {}
    slugs: dict[str, tuple[str, ...]] = {}
    for one in register.leading:
        value = getattr(row, one.name)
        slugs[one.name] = tuple(_slugs(one, value))
        wanted.setdefault(one.to, set()).update(slugs[one.name])
    names = {noun: _named(actor, noun, found) for noun, found in wanted.items()}
    return {
        one.name: tuple(
            Target(noun=one.to, slug=slug, name=names[one.to].get(slug, "")) for slug in slugs[one.name]
        )
        for one in register.leading
    }  # fmt: skip


def led_from(*, actor: Actor, noun: str, slug: str) -> tuple[LedFrom, ...]:
    """Which records lead to one, by register and field. Cost: two queries, however many registers could."""
    there = Link.objects.filter(to_noun=noun, to_slug=slug)
    fields = sorted(there.values_list("from_noun", "field").distinct())
    parts = [_led_by(actor, there, REGISTERS[register].field[name], register) for register, name in fields]
    found: dict[tuple[str, str], list[tuple[Target, int]]] = {}
    for register, name, here, called, _, total in parts[0].union(*parts[1:], all=True) if parts else ():
        found.setdefault((register, name), []).append((Target(noun=register, slug=here, name=called), total))
    return tuple(
        LedFrom(
            register=register,
            field=one,
            targets=tuple(sorted((target for target, _ in some), key=lambda one: (one.name.lower(), one.slug))),
            total=some[0][1],
        )
        for register in REGISTERS.values()
        for one in register.leading
        if (some := found.get((register.noun, one.name)))
    )


def _led_by(actor: Actor, there: QuerySet[Any], one: Field, noun: str) -> QuerySet[Any]:
    """The first records by name that lead there by one field, with how many do."""
    rows = rows_of(actor, REGISTERS[noun])
    rows = rows.filter(slug__in=there.filter(from_noun=noun, field=one.name).values("from_slug"))
    numbered = rows.order_by().annotate(
        its_noun=Value(noun, CharField()), its_field=Value(one.name, CharField()), its_count=Window(Count("*")),
        its_place=Window(RowNumber(), order_by=[Lower("name"), "slug"]),
    )  # fmt: skip
    found: QuerySet[Any] = numbered.filter(its_place__lte=FIRST_NAMED)
    return found.values_list("its_noun", "its_field", "slug", "name", "its_place", "its_count")


def targets(*, actor: Actor, noun: str, most: int | None = None) -> tuple[Target, ...]:
    """Everything a field could lead to, by name, or the first `most`."""
    if noun == CONTROL:
        library = active_library()
        return tuple(
            Target(noun=noun, slug=one.id, name=one.name) for one in sorted(library.controls.values(), key=_id)
        )
    if noun == EXPECTATION:
        return tuple(Target(noun=noun, slug=slug, name=name) for slug, name in sorted(expectations_asked().items()))
    if noun == COURSE:
        return tuple(Target(noun=noun, slug=one.id, name=one.title) for one in sorted(courses().values(), key=_id))
    rows = _table(noun).objects.visible_to(actor).order_by(Lower("name"), "slug")[:most]
    return tuple(Target(noun=noun, slug=slug, name=name) for slug, name in rows.values_list("slug", "name"))


def offers(*, actor: Actor, register: Register) -> Mapping[str, Offer]:
    """What a form of the register offers to lead to, by noun. Cost: a query for each noun, two for one with many."""
    found: dict[str, Offer] = {}
    for noun in {one.to for one in register.leading}:
        first = targets(actor=actor, noun=noun, most=MOST_OFFERED)
        full = len(first) == MOST_OFFERED and noun not in OF_LIBRARY
        total = _table(noun).objects.visible_to(actor).count() if full else len(first)
        found[noun] = Offer(noun=noun, targets=first, total=total)
    return found


def meant_targets(*, actor: Actor, noun: str, typed: Iterable[str]) -> Mapping[str, Target]:
    """The record that each typed slug or name means; what means none or several is left out. Cost: one query."""
    wanted = {one: one.lower() for one in typed}
    if noun in OF_LIBRARY:
        listed = list(targets(actor=actor, noun=noun))
    else:
        rows = _table(noun).objects.visible_to(actor).annotate(low=Lower("name"))
        rows = rows.filter(Q(slug__in=wanted.values()) | Q(name__in=wanted) | Q(low__in=wanted.values()))
        listed = [Target(noun=noun, slug=slug, name=name) for slug, name in rows.values_list("slug", "name")]
    found: dict[str, Target] = {}
    for said, low in wanted.items():
        exact = [one for one in listed if one.slug.lower() == low]
        these = exact or [one for one in listed if one.name.lower() == low]
        found |= {said: these[0]} if len(these) == 1 else {}
    return found


def history(*, actor: Actor, register: Register, slug: str) -> tuple[Version, ...]:
    """Every version of a record, the newest first. Cost: two queries."""
    entries = list(
        LedgerEntry.objects.visible_to(actor)
        .filter(subject=f"{register.noun}/{slug}", kind=register.noun)
        .order_by("position")
    )
    bodies = dict(
        EntryBody.objects.filter(position__in=[one.position for one in entries]).values_list("position", "body")
    )
    said = [json.loads(bytes(bodies[entry.position])) for entry in entries]
    states = seen_links(actor, register, [body["state"] for body in said])
    found: list[Version] = []
    for number, (entry, body, state) in enumerate(zip(entries, said, states, strict=True), start=1):
        changes = differences(register, found[-1].state, state) if found else ()
        found.append(
            Version(
                number=number,
                entry=entry,
                by=body["by"],
                because=body["because"],
                state=state,
                changes=changes,
            )
        )
    return tuple(reversed(found))


def differences(register: Register, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The fields that differ between two states, in the order of the form."""
    return tuple(
        Change(field=one, before=before.get(one.name), after=after.get(one.name))
        for one in register.fields
        if before.get(one.name) != after.get(one.name)
    )


def seen_links(actor: Actor, register: Register, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Values of records by field, without the links to what the actor may not know of.

    Cost: one query for each register they lead to; none for who reads the whole organisation.
    """
    if isinstance(may(actor, "read"), Permit):
        return [dict(one) for one in records]
    leading = [one for one in register.leading if one.to not in OF_LIBRARY]
    wanted: dict[str, set[str]] = {one.to: set() for one in leading}
    for one in leading:
        wanted[one.to].update(slug for record in records for slug in _slugs(one, record.get(one.name)))
    known = {noun: set(_named(actor, noun, slugs)) for noun, slugs in wanted.items()}

    def narrowed_to(one: Field, value: Any) -> Any:
        seen = [slug for slug in _slugs(one, value) if slug in known[one.to]]
        return type(value)(seen) if one.kind == "links" else "".join(seen)

    return [
        {**record, **{one.name: narrowed_to(one, record[one.name]) for one in leading if one.name in record}}
        for record in records
    ]


def with_unseen(actor: Actor, register: Register, before: Entry, entry: Entry) -> Entry:
    """A record as somebody wants it, with the links they could not see where they were, so that none is lost."""
    (seen,) = seen_links(actor, register, [before.values])
    kept = {}
    for one in register.leading:
        unseen = set(_slugs(one, before.values[one.name])) - set(_slugs(one, seen[one.name]))
        if unseen and one.kind == "links":
            wanted = (*before.values[one.name], *entry.values[one.name])
            kept[one.name] = tuple(dict.fromkeys(s for s in wanted if s in unseen or s in entry.values[one.name]))
        elif unseen and not entry.values[one.name]:
            kept[one.name] = before.values[one.name]
    return register.replaced(entry, kept) if kept else entry


def _slugs(one: Field, value: Any) -> Sequence[str]:
    """Where a field leads."""
    return value if one.kind == "links" else (value,) if value else ()


def missing_targets(
    *, actor: Actor, register: Register, values: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """The fields that lead to something that is not there for this actor, each with the first such slug.

    `before`: the values so far; where they led already is nobody's news.
    """
    found = {}
    for one in register.leading:
        slugs = set(_slugs(one, values[one.name])) - set(_slugs(one, before[one.name]) if before else ())
        if slugs and (lost := slugs - set(_named(actor, one.to, slugs))):
            found[one.name] = min(lost)
    return found


def expectations_asked() -> Mapping[str, str]:
    """The expectations of controls that records name as what they serve, as CONTROL/expectation, and what they ask."""
    return {
        itself: one.what
        for control in active_library().controls.values()
        for one in control.expectations
        if one.check.endswith(f"{SUBJECT}{(itself := f'{control.id}/{one.id}')}")
    }


def names_of(*, actor: Actor, noun: str, slugs: Iterable[str]) -> Mapping[str, str]:
    """The names of those of these records that the actor may know of, by slug. Cost: one query."""
    return _named(actor, noun, slugs)


def _id(one: Any) -> str:
    return str(one.id)


def _table(noun: str) -> Any:
    return AiSystem if noun == SYSTEM else TABLES[noun]


def _named(actor: Actor, noun: str, slugs: Iterable[str]) -> Mapping[str, str]:
    """The names of those of these records that the actor may know of."""
    wanted = set(slugs)
    if not wanted:
        return {}
    if noun == CONTROL:
        controls = active_library().controls
        return {one: controls[one].name for one in wanted if one in controls}
    if noun == EXPECTATION:
        asked = expectations_asked()
        return {one: asked[one] for one in wanted if one in asked}
    if noun == COURSE:
        return {one: courses()[one].title for one in wanted if one in courses()}
    return dict(_table(noun).objects.visible_to(actor).filter(slug__in=wanted).values_list("slug", "name"))


def _names(actor: Actor, owners: Iterable[str]) -> Mapping[str, str]:
    addresses = {owner.lower() for owner in owners if "@" in owner}
    if not addresses:
        return {}
    found = Person.objects.get_queryset().visible_to(actor).annotate(address=Lower("email"))
    return dict(found.filter(address__in=addresses).values_list("address", "name"))


def _owner(names: Mapping[str, str], row: RegisterRow) -> str:
    owner: str = getattr(row, "owner", "")
    return names.get(owner.lower(), owner)


def _gone(register: Register, on: date) -> Q:
    """The condition that a record no longer counts on a day."""
    return Q(**{f"{register.ends}__lte": on}) if register.ends in register.field else Q(pk__in=[])


def _matching(rows: QuerySet[Any], register: Register, asked: Asked, on: date) -> QuerySet[Any]:
    """The records in which every word of the text occurs somewhere, before facets."""
    for word in asked.text.split()[:10]:
        rows = rows.filter(Q(words__contains=fold(word)) | Q(slug__contains=word.lower()))
    if asked.unowned and "owner" in register.field:
        rows = rows.filter(owner="")
    if asked.led_to is not None and (one := register.field.get(asked.led_to[0])):
        rows = leading_to(rows, register, one, asked.led_to[1])
    return rows if asked.ended else rows.exclude(_gone(register, on))


def leading_to(rows: QuerySet[Any], register: Register, one: Field, slug: str) -> QuerySet[Any]:
    """Those of the rows of a register that lead to something by one of its fields."""
    links = Link.objects.filter(to_noun=one.to, to_slug=slug, from_noun=register.noun, field=one.name)
    return rows.filter(slug__in=links.values("from_slug"))


def _order(register: Register, sort: str) -> tuple[Any, ...]:
    """How a list is sorted; by name within equals, whatever the case of its letters."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    about = None if key == "changed" else register.field.get(key)
    if key != "changed" and (about is None or key == "name" or about.kind in ("choices", "links")):
        return (Lower("name").desc(), "slug") if descending else (Lower("name"), "slug")
    if about is not None and about.kind in ("text", "long", "choice", "answer", "money", "link"):
        by: Any = Lower(key)
    else:
        by = F("changed_at" if about is None else key)
    last = True if about is not None and about.kind in ("date", "whole", "number") else None  # else nothing is null
    ordered = by.desc(nulls_last=last) if descending else by.asc(nulls_last=last)
    return (ordered, Lower("name"), "slug")


def _facet(counts: Mapping[str, int], chosen: Sequence[str]) -> tuple[FacetValue, ...]:
    """The values of a facet, most frequent first, with what each would leave given the other facets."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetValue(value=value, count=n, chosen=value in chosen) for value, n in ordered)
