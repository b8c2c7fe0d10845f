"""Who governs: offices, committees, units, and who does what."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.actions.governance import add_committee, appoint, change_committee, end_appointment
from annexa.actions.units import add_unit, adopt_units, change_unit
from annexa.answers.actors import units
from annexa.answers.errors import UnknownError
from annexa.answers.governance import HEADER, GovernancePage, governance_page, table_of, who_does_what
from annexa.answers.people import list_people
from annexa.library.governance import governance as shipped
from annexa.pure.facts import ORGANISATION
from annexa.pure.governance import LETTERS, vacant
from annexa.pure.permits import EXTERNAL, Refusal
from annexa.pure.tables import with_guard
from annexa.pure.units import Unit, in_order, parents_allowed
from annexa.records.people import Person
from annexa.web.forms import Bound, see, text_field, tried
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.refused import refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AppointForm(forms.Form):
    """Somebody for an office."""

    because = forms.CharField(label=later("By which decision"), max_length=1000)

    def __init__(self, *args: Any, people: list[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", _("Choose a person")), *((str(one.pk), one.name) for one in people)]
        self.fields["person"] = forms.ChoiceField(label=_("Who"), choices=choices)
        self.order_fields(["person", "because"])


class EndForm(forms.Form):
    """The end of an appointment."""

    because = forms.CharField(label=later("Why it ends"), max_length=1000)


class CommitteeForm(forms.Form):
    """A committee."""

    name = forms.CharField(label=later("Name"), max_length=200)
    purpose = text_field(later("What it decides"))
    months_between = forms.IntegerField(label=later("Months between meetings"), min_value=1, max_value=24, initial=3)


class ChangeCommitteeForm(CommitteeForm):
    """Another name or purpose, or the end."""

    closed = forms.BooleanField(label=later("It is dissolved"), required=False)
    because = forms.CharField(label=later("Why"), max_length=1000)


class UnitForm(forms.Form):
    """A unit."""

    name = forms.CharField(label=later("Name"), max_length=300)

    def __init__(self, *args: Any, above: tuple[Unit, ...], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", _("The organisation")), *((one.slug, one.name) for one in above)]
        self.fields["parent"] = forms.ChoiceField(label=_("Belongs to"), choices=choices, required=False)


class ChangeUnitForm(UnitForm):
    """Another name or place, or the end."""

    closed = forms.BooleanField(label=later("It is closed"), required=False)
    because = forms.CharField(label=later("Why"), max_length=1000)

    field_order = ("name", "parent", "closed", "because")


@require_safe
def offices(request: HttpRequest) -> HttpResponse:
    """Offices of the organisation and committees, with who holds them."""
    return _offices(request, bound={}, status=200)


@require_safe
def tree(request: HttpRequest) -> HttpResponse:
    """The units, and the names AI systems give that are none yet."""
    return _tree(request, bound={}, status=200)


@require_safe
def raci(request: HttpRequest) -> HttpResponse:
    """Who is responsible, accountable, consulted and informed; processes, or controls with ?of=controls."""
    try:
        found = who_does_what(actor=actor(request), now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    of = "controls" if request.GET.get("of") == "controls" else "processes"
    rows = found.controls if of == "controls" else found.processes
    context = {
        "of": of,
        "rows": [
            (row, [(word, [(found.governance.title(c.office), c.people) for c in row.of(letter)])
                   for letter, word in LETTERS.items()])
            for row in rows
        ],
        "letters": LETTERS.values(),
        "vacant": [found.governance.title(office) for office in vacant(found.governance, found.processes)],
        "total": len(rows),
    }  # fmt: skip
    return render(request, "governance/raci.html", context)


@require_safe
def raci_csv(request: HttpRequest) -> HttpResponse:
    """Who does what as CSV, guarded against formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([with_guard(cell) for cell in row] for row in _rows(request))
    return _file(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "raci.csv")


@require_safe
def raci_xlsx(request: HttpRequest) -> HttpResponse:
    """Who does what as a workbook, processes and controls in one sheet."""
    from openpyxl import Workbook  # read only for who wants a workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("RACI")
    for row in _rows(request):
        sheet.append([with_guard(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return _file(out.getvalue(), XLSX, "raci.xlsx")


def _rows(request: HttpRequest) -> list[tuple[str, ...]]:
    try:
        found = who_does_what(actor=actor(request), now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    return [HEADER, *table_of((*found.processes, *found.controls), found.governance)]


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


# --- changes


def office(request: HttpRequest) -> HttpResponse:
    """Appoints somebody to ?office= of ?body=."""
    key, body = request.GET.get("office", ""), request.GET.get("body", ORGANISATION)
    form = AppointForm(request.POST, people=_people(request))

    def do(given: Mapping[str, Any]) -> str:
        who = next(one for one in _people(request) if str(one.pk) == given["person"])
        appoint(
            actor=actor(request), by=person(request), office=key, body=body, person=who, because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s is %(office)s") % {"name": who.name, "office": shipped().title(key)}

    back = _tree if body.startswith("unit/") else _offices
    return _done(request, f"{body}-{key}", form, do, verb="appoint", back=back)


def relieve(request: HttpRequest, appointment: str) -> HttpResponse:
    """Ends an appointment."""

    def do(given: Mapping[str, Any]) -> str:
        end_appointment(
            actor=actor(request), by=person(request), appointment=appointment, because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("The appointment has ended")

    back = _tree if request.GET.get("from") == "units" else _offices
    return _done(request, appointment, EndForm(request.POST), do, verb="appoint", back=back)


def committee_add(request: HttpRequest) -> HttpResponse:
    """Adds a committee."""

    def do(given: Mapping[str, Any]) -> str:
        made = add_committee(actor=actor(request), now=timezone.now(), **given)
        return _("The committee %s is there; appoint who sits in it") % made.name

    return _done(request, "committee", CommitteeForm(request.POST), do, verb="change_committees", back=_offices)


def committee_change(request: HttpRequest, committee: str) -> HttpResponse:
    """Changes or dissolves a committee."""

    def do(given: Mapping[str, Any]) -> str:
        made = change_committee(actor=actor(request), slug=committee, now=timezone.now(), **given)
        return _("%s is saved") % made.name

    return _done(request, committee, ChangeCommitteeForm(request.POST), do, verb="change_committees", back=_offices)


def unit_add(request: HttpRequest) -> HttpResponse:
    """Adds a unit."""
    form = UnitForm(request.POST, above=_open())

    def do(given: Mapping[str, Any]) -> str:
        made = add_unit(actor=actor(request), name=given["name"], parent=given["parent"], now=timezone.now())
        return _("%s is added") % made.name

    return _done(request, "unit", form, do, verb="change_units", back=_tree)


def unit_change(request: HttpRequest, unit: str) -> HttpResponse:
    """Renames, moves or closes a unit."""
    form = ChangeUnitForm(request.POST, above=parents_allowed(units(), unit))

    def do(given: Mapping[str, Any]) -> str:
        made = change_unit(actor=actor(request), slug=unit, now=timezone.now(), **given)
        return _("%s is saved") % made.name

    return _done(request, unit, form, do, verb="change_units", back=_tree)


def unit_adopt(request: HttpRequest) -> HttpResponse:
    """Makes a unit of every name that AI systems give."""

    def do(_given: Mapping[str, Any]) -> str:
        n = len(adopt_units(actor=actor(request), now=timezone.now()))
        return ngettext("%d unit is added", "%d units are added", n) % n

    return _done(request, "adopt", forms.Form(request.POST), do, verb="change_units", back=_tree)


Page = Callable[..., HttpResponse]


def _done(
    request: HttpRequest, key: str, form: forms.Form, do: Callable[[Mapping[str, Any]], str], *, verb: str, back: Page
) -> HttpResponse:
    there = reverse("units" if back is _tree else "governance")
    if request.method != "POST":
        return see(there)
    asking = permit(request, verb)
    if isinstance(asking, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=asking.because)
    if (answer := tried(request, form, do)) is not None:
        return answer
    return back(request, bound={key: form}, status=422) if form.errors else see(there)


def _offices(request: HttpRequest, *, bound: Bound, status: int) -> HttpResponse:
    found, appoints = _found(request), permitted(request, "appoint")
    keeps = permitted(request, "change_committees")
    people = _people(request) if appoints else []
    context = _context(found, bound) | {
        "offices": [_filled(one, ORGANISATION, bound, people, appoints) for one in found.offices],
        "committees": [
            (
                one,
                [_filled(seat, f"committee/{one.committee.slug}", bound, people, appoints) for seat in one.offices],
                _committee_form(one.committee, bound) if keeps else None,
            )
            for one in found.committees
        ],
        "vacant": [one.office.title for one in found.offices if one.vacant],
        "committee_form": (bound.get("committee") or CommitteeForm(auto_id="committee-%s")) if keeps else None,
    }
    return render(request, "governance/index.html", context, status=status)


def _tree(request: HttpRequest, *, bound: Bound, status: int) -> HttpResponse:
    found, keeps, appoints = _found(request), permitted(request, "change_units"), permitted(request, "appoint")
    people, every = (_people(request) if appoints else []), units()
    context = _context(found, bound) | {
        "lines": [
            (
                line,
                "– " * line.placed.depth,
                [_filled(one, f"unit/{line.placed.unit.slug}", bound, people, appoints) for one in line.offices],
                _unit_form(line.placed.unit, every, bound) if keeps else None,
            )
            for line in found.units
        ],
        "loose": found.loose,
        "keeps": keeps,
        "unit_form": (bound.get("unit") or UnitForm(above=_open(), auto_id="unit-%s")) if keeps else None,
    }
    return render(request, "governance/units.html", context, status=status)


def _found(request: HttpRequest) -> GovernancePage:
    try:
        return governance_page(actor=actor(request))
    except UnknownError as error:
        raise Http404(str(error)) from error


def _context(found: GovernancePage, bound: Bound) -> dict[str, Any]:
    title = found.governance.title
    return {
        "now": timezone.now(),
        "wrong": next(iter(bound.values()), None),
        "opened": next(iter(bound), ""),
        "conflicts": [
            (one.holder.name, [title(office) for office in one.offices], one.because) for one in found.conflicts
        ],
    }


def _filled(one: Any, body: str, bound: Bound, people: list[Person], appoints: bool) -> dict[str, Any]:
    """An office with its holders, each with the form to relieve them, and the form to appoint."""
    key = f"{body}-{one.office.id}"
    mark = key.replace("/", "-")
    return {
        "office": one.office,
        "body": body,
        "key": key,
        "vacant": one.vacant,
        "form": (bound.get(key) or AppointForm(people=people, auto_id=f"{mark}-%s")) if appoints else None,
        "held": [
            (it, (bound.get(it.id) or EndForm(auto_id=f"{it.id}-%s")) if appoints else None) for it in one.appointments
        ],
    }


def _committee_form(committee: Any, bound: Bound) -> forms.Form:
    kept = {name: getattr(committee, name) for name in ("name", "purpose", "months_between", "closed")}
    return bound.get(committee.slug) or ChangeCommitteeForm(initial=kept, auto_id=f"{committee.slug}-%s")


def _unit_form(unit: Unit, every: tuple[Unit, ...], bound: Bound) -> forms.Form:
    kept = {"name": unit.name, "parent": unit.parent, "closed": unit.closed}
    above = parents_allowed(every, unit.slug)
    return bound.get(unit.slug) or ChangeUnitForm(above=above, initial=kept, auto_id=f"{unit.slug}-%s")


def _people(request: HttpRequest) -> list[Person]:
    """Who can be appointed; people from outside only where the action lets them, so they come last."""
    found = [one for one in list_people(actor=actor(request)) if one.is_active]
    return sorted(found, key=lambda one: one.role == EXTERNAL)


def _open() -> tuple[Unit, ...]:
    return tuple(one.unit for one in in_order(units()) if not one.unit.closed)


urls = [
    path("governance", offices, name="governance"),
    path("governance/units", tree, name="units"),
    path("governance/raci", raci, name="raci"),
    path("governance/raci.csv", raci_csv, name="raci-csv"),
    path("governance/raci.xlsx", raci_xlsx, name="raci-xlsx"),
    path("governance/appoint", office, name="appoint"),
    path("governance/appointments/<str:appointment>/end", relieve, name="relieve"),
    path("governance/committees/add", committee_add, name="committee-add"),
    path("governance/committees/<slug:committee>", committee_change, name="committee-change"),
    path("governance/units/add", unit_add, name="unit-add"),
    path("governance/units/adopt", unit_adopt, name="unit-adopt"),
    path("governance/units/<slug:unit>", unit_change, name="unit-change"),
]
