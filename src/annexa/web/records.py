"""One record of any register: what is known of it, what it leads to and what leads to it, its versions; its form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.registers import add_record, change_record
from annexa.answers.lineage import THINGS, lineage_page
from annexa.answers.registers import (
    LedFrom,
    RecordPage,
    Target,
    Version,
    differences,
    one_record,
    record_page,
    seen_links,
)
from annexa.pure.fields import Field
from annexa.pure.permits import Place, Refusal, may, may_somewhere
from annexa.pure.register import Entry, Register
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS, notice_of
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.records.registers import RegisterRow
from annexa.web.exceptions import approval_of
from annexa.web.frame import actor
from annexa.web.lineage import Section, section_of
from annexa.web.record_forms import RecordForm, differing, parse_seen, shown
from annexa.web.refused import refused
from annexa.web.register_guide import proven_by
from annexa.web.risk_levels import level_of
from annexa.web.supplier_incidents import NOTICE, incidents_of

LONGEST_LEAD = 220


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of a record as its page shows it; `kind` chooses how. `who`: the name of a person who is in Annexa."""

    name: str
    label: str
    kind: str
    value: Any
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Some facts under one heading, and the labels of those nobody gave."""

    title: str
    lines: tuple[Fact, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What leads to a record by one field of a register: the first, how many, and where all of them are listed."""

    title: str
    targets: tuple[Target, ...]
    total: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """A version of a record, and what changed with it: label, before, after."""

    version: Version
    changes: tuple[tuple[str, str, str], ...]


@require_safe
def record(request: HttpRequest, register: Register, record: str) -> HttpResponse:
    """The page of one record."""
    found = record_page(actor=actor(request), register=register, slug=record)
    row, now = found.row, timezone.now()
    ended = register.ended(row.entry, now.date())
    long = next((getattr(row, one.name) for one in register.fields if one.kind == "long"), "")
    context = {
        "heading": row.name,
        "register": register,
        "row": row,
        "lead": long if len(long) <= LONGEST_LEAD else "",
        "owner": found.owner,
        "ended": ended,
        "facts": facts_of(found),
        "led": led_of(found.led_from, row.slug),
        "now": now,
        "proves": [] if ended else proven_by(register, row.entry),
        "history": [Revised(version=one, changes=_changes(one.changes)) for one in found.history],
        "ledger_url": f"{reverse('ledger')}?q={quote(f'{register.noun}/{row.slug}')}",
        "compared": _compared(request, found),
        "may_change": not _refusal(request, register, row),
        "lineage": _lineage(request, register, row),
    }
    if register is RISKS:
        context |= level_of(request, row.slug)
    if register is EXCEPTIONS:
        context |= approval_of(request, row.slug)
    if register is SUPPLIERS:
        context |= incidents_of(request, row.slug)
    if register is SUPPLIER_INCIDENTS:
        context["notice"] = NOTICE[notice_of(row.entry)]
    return render(request, "records/record.html", context)


def _lineage(request: HttpRequest, register: Register, row: RegisterRow) -> Section | None:
    """What the record rests on and what rests on it, if it is of that sort."""
    if register.noun not in THINGS:
        return None
    return section_of(lineage_page(actor=actor(request), noun=register.noun, slug=row.slug, now=timezone.now()))


def facts_of(found: RecordPage) -> list[Facts]:
    """The record in the groups of its form; the name is the heading already."""
    groups = []
    for group in found.register.groups:
        lines = [_fact(found, one) for one in group.fields if one.name != "name"]
        given = tuple(line for line in lines if line.value or line.kind == "owner")
        missing = tuple(line.label.lower() for line in lines if line not in given)
        groups.append(Facts(title=group.title, lines=given, missing=missing))
    return groups


def _fact(found: RecordPage, field: Field) -> Fact:
    value = getattr(found.row, field.name)
    about = {"name": field.name, "label": field.label}
    if field.name == "owner":
        return Fact(kind="owner", value=value, who=found.owner, **about)
    if field.to:
        return Fact(kind="links", value=[one for one in found.leads[field.name] if one.name], **about)
    if field.kind in ("date", "long"):
        return Fact(kind=field.kind, value=value, **about)
    if field.kind == "answer" and value == "unknown":
        return Fact(kind="text", value="", **about)
    return Fact(kind="text", value=shown(field, value), **about)


def led_of(found: Sequence[LedFrom], slug: str) -> list[Led]:
    """What leads to a record or an AI system, by register and field."""
    listed = []
    for one in found:
        url = f"{reverse('register', args=[one.register])}?by={one.field.name}&to={quote(slug)}"
        title = f"{one.register.title}: {one.field.label.lower()}"
        listed.append(Led(title=title, targets=one.targets, total=one.total, url=url))
    return listed


def _changes(changes: Sequence[Any]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.field.label, shown(one.field, one.before), shown(one.field, one.after)) for one in changes)


def _compared(request: HttpRequest, found: RecordPage) -> dict[str, Any] | None:
    """Two versions beside each other, whichever are asked for by their numbers."""
    by_number = {str(one.number): one for one in found.history}
    before, after = by_number.get(request.GET.get("from", "")), by_number.get(request.GET.get("to", ""))
    if before is None or after is None:
        return None
    changes = differences(found.register, before.state, after.state)
    return {"before": before, "after": after, "changes": _changes(changes)}


def _refusal(request: HttpRequest, register: Register, row: RegisterRow | None = None) -> str:
    """Why the person may not change a record, or none anywhere; "" if they may."""
    who = actor(request)
    unit = getattr(row, "unit", "")
    answer = may(who, register.change, Place(unit=unit)) if row else may_somewhere(who, register.change)
    return answer.because if isinstance(answer, Refusal) else ""


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, register: Register) -> HttpResponse:
    """A form for one more record; what the address says of it stands in it already."""
    heading = f"Add {register.one}"
    if sentence := _refusal(request, register):
        return refused(request, status=403, title=heading, text=sentence)
    begun = {name: request.GET.getlist(name) for name in register.field if name in request.GET}
    initial = register.to_json(register.make({})) | {
        name: words if register.field[name].kind in ("links", "choices") else words[-1] for name, words in begun.items()
    }
    form = RecordForm(register, request.POST or None, who=actor(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_record(actor=actor(request), register=register, entry=form.entry(), now=timezone.now())
            messages.success(request, f"{made.name} is in the register")
            return HttpResponseRedirect(reverse("record", args=[register, made.slug]), status=303)
        except InvalidError as error:
            form.tell(error.problems)
        except NotPermittedError as error:
            form.tell({"unit": [str(error)]})
    return _form_page(request, register, form, heading=heading, back=reverse("register", args=[register]))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, register: Register, record: str) -> HttpResponse:
    """The form of one record, changed only if nobody else did meanwhile."""
    who = actor(request)
    row = one_record(actor=who, register=register, slug=record)
    if sentence := _refusal(request, register, row):
        return refused(request, status=403, title=f"Edit {row.name}", text=sentence)
    before, back = _seen(request, register, row), reverse("record", args=[register, row.slug])
    initial = register.to_json(before) | {"seen": row.changed_at.isoformat()}
    form = RecordForm(register, request.POST or None, who=who, changes=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        entry, seen = form.entry(before), parse_seen(form.cleaned_data["seen"])
        because = form.cleaned_data["because"]
        try:
            changed = change_record(
                actor=who, register=register, slug=row.slug, entry=entry, seen=seen, now=timezone.now(), because=because
            )
        except InvalidError as error:
            form.tell(error.problems)
        except NotPermittedError as error:
            form.tell({"unit": [str(error)]})
        except (ConflictError, NotFoundError) as error:
            return _conflict(request, register, row, error, entry)
        else:
            messages.success(
                request, f"{changed.name} is saved" if changed.entry != row.entry else "Nothing was changed"
            )
            return HttpResponseRedirect(back, status=303)
    return _form_page(request, register, form, heading=row.name, back=back)


def _seen(request: HttpRequest, register: Register, row: RegisterRow) -> Entry:
    """The record without the links to what the person may not know of; the action keeps those."""
    (values,) = seen_links(actor(request), register, [row.entry.values])
    return register.replaced(row.entry, values)


def _conflict(request: HttpRequest, register: Register, row: RegisterRow, error: Exception, entry: Any) -> HttpResponse:
    """Both versions side by side; saving again replaces the other one knowingly."""
    data = request.POST.copy()
    data["seen"] = row.changed_at.isoformat()
    again = RecordForm(register, data, who=actor(request), changes=True)
    more = {"conflict": str(error), "differences": differing(register, _seen(request, register, row), entry)}
    back = reverse("record", args=[register, row.slug])
    return _form_page(request, register, again, heading=row.name, back=back, status=409, **more)


def _form_page(
    request: HttpRequest, register: Register, form: RecordForm, *, heading: str, back: str, status: int = 0, **more: Any
) -> HttpResponse:
    needed = _needed(register)
    context = {"heading": heading, "register": register, "form": form, "back": back, "needed": needed, **more}
    return render(request, "records/form.html", context, status=status or (422 if form.errors else 200))


def _needed(register: Register) -> str:
    """Which fields cannot be left out, in a sentence."""
    first, *others = [one.label for one in register.fields if one.required]
    if not others:
        return f"Only {first.lower()} is needed; the rest can follow."
    *more, last = [one.lower() for one in others]
    return f"{', '.join([first, *more])} and {last} are needed; the rest can follow."
