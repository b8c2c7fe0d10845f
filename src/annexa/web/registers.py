"""The registers: one list for all of them, with search, filters, order and files, made from each declaration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.actors import ask_reads
from annexa.answers.imports import ExportError
from annexa.answers.register_files import export_register
from annexa.answers.registers import (
    PAGE_SIZES,
    Asked,
    RecordLine,
    RegisterPage,
    list_register,
    matching_slugs,
    register_sizes,
)
from annexa.pure.fields import Field, tidy
from annexa.pure.permits import Refusal, may_somewhere
from annexa.pure.register import Register
from annexa.pure.registers import BY_PLURAL
from annexa.web.converters import REGISTER
from annexa.web.frame import actor
from annexa.web.lists import (
    Filter,
    Link,
    address,
    exports,
    file_of_list,
    filter_of,
    format_of,
    in_order,
    page_of,
    said,
    sizes,
)
from annexa.web.records import add, edit, record
from annexa.web.refused import refused
from annexa.web.views import views_above

LONGEST_SUB = 74
OWN = frozenset({"q", "sort", "page", "size", "unowned", "ended", "by", "to", "all", "format", "slug", "these"})
"""What addresses of lists say besides facets; no facet may be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a list: how it is shown, its value, and under which heading where rows are cards."""

    kind: str
    value: Any
    label: str

    @property
    def empty(self) -> bool:
        """Whether nothing is said; a card leaves it out, but not that nobody owns the record."""
        return self.kind != "owner" and self.value in (None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a list: the record, the faint line under its name, and its cells."""

    row: Any
    sub: str
    cells: tuple[Cell, ...]


@require_safe
def listing(request: HttpRequest, register: Register) -> HttpResponse:
    """The records of one register; with htmx only the part that filters change."""
    who, here = actor(request), reverse("register", args=[register])
    ask_reads(who)
    found = list_register(actor=who, register=register, asked=asked_of(register, request.GET), now=timezone.now())
    asked = found.asked
    context = {
        "heading": register.title,
        "here": here,
        "register": found,
        "standing": found.everything - found.ended,
        "owned": "owner" in register.field,
        "columns": columns(register),
        "rows": [_line(register, one) for one in found.rows],
        "tabs": _tabs(found),
        "views": views_above(request, register.plural, here),
        "orders": [
            Link(label="By name", url=address(here, request.GET, sort=""), current=asked.sort == "name"),
            Link(
                label="Last changed", url=address(here, request.GET, sort="-changed"), current=asked.sort == "-changed"
            ),
        ],
        "filters": [_filter(request, found, one) for one in register.facets],
        "dropped": _dropped(register, request.GET, asked),
        "page": Paginator(range(found.total), asked.size).get_page(asked.page),
        "sizes": sizes(here, request.GET, PAGE_SIZES, asked.size),
        "kept": [(name, value) for name, values in request.GET.lists() for value in values if name != "page"],
        "facet_names": {one.name for one in register.facets},
        "unfolded": getattr(request.htmx, "trigger", "") == "facets",  # type: ignore[attr-defined]
        "exports": exports(reverse("register-export", args=[register]), request.GET),
        "may_change": not isinstance(may_somewhere(who, register.change), Refusal),
        "may_import": not isinstance(may_somewhere(who, "import_register"), Refusal),
    }
    whole = not request.htmx  # type: ignore[attr-defined]
    response = render(request, "registers/index.html" if whole else "registers/_register.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def export(request: HttpRequest, register: Register) -> HttpResponse:
    """The records a filter leaves, as a file that an import reads back."""
    who, chosen = actor(request), format_of(request.GET)
    ask_reads(who)
    slugs = matching_slugs(actor=who, register=register, asked=asked_of(register, request.GET), now=timezone.now())
    try:
        data = export_register(actor=who, register=register, file_format=chosen, slugs=slugs)
    except ExportError as error:
        return refused(request, status=422, title="This does not fit a spreadsheet", text=str(error))
    return file_of_list(data, register.plural, chosen)


def asked_of(register: Register, query: QueryDict) -> Asked:
    """What an address asks of a register; what it cannot mean is left out. An empty value means: not given."""
    chosen: dict[str, tuple[str, ...]] = {}
    for one in register.facets:
        words = dict.fromkeys(tidy(word[:300]) for word in query.getlist(one.name)[:50])
        known = tuple(word for word in words if not one.choices or word in one.choices)
        chosen |= {one.name: known} if known else {}
    sort = query.get("sort", "name")
    known_sort = sort.removeprefix("-") in {"changed", *(one.name for one in columns(register)), "name"}
    page, size = page_of(query, PAGE_SIZES)
    by = register.field.get(query.get("by", ""))
    return Asked(
        text=tidy(query.get("q", "")[:200]),
        chosen=chosen,
        unowned=query.get("unowned") == "1",
        ended=query.get("ended") == "1",
        led_to=(by.name, query.get("to", "")[:80]) if by is not None and by.to else None,
        sort=sort if known_sort else "name",
        page=page,
        size=size,
    )


def columns(register: Register) -> tuple[Field, ...]:
    """What has a column of its own; the name and the unit stand in the first."""
    return tuple(one for one in register.listed if one.name not in ("name", "unit"))


def _line(register: Register, line: RecordLine) -> Line:
    row = line.row
    long = next((getattr(row, one.name) for one in register.fields if one.kind == "long"), "")
    sub = [getattr(row, "reference", ""), getattr(row, "unit", ""), long[: LONGEST_SUB + 1]]
    return Line(
        row=row,
        sub=" · ".join(" ".join(part.split()) for part in sub if part),
        cells=tuple(_cell(one, line) for one in columns(register)),
    )


def _cell(field: Field, line: RecordLine) -> Cell:
    value = getattr(line.row, field.name)
    if field.name == "owner":
        return Cell(kind="owner", value=line.owner, label=field.label)
    if field.choices or isinstance(value, list):
        words = value if isinstance(value, list) else [value]
        shown = ", ".join(said(word) if field.choices else word for word in words if word)
        return Cell(kind="text", value=shown, label=field.label)
    return Cell(kind=field.kind, value=value, label=field.label)


def _tabs(found: RegisterPage) -> list[Link]:
    """The questions asked every day, with how many records answer each."""
    here, asked = reverse("register", args=[found.register]), found.asked
    now = (asked.unowned, asked.ended, bool(asked.chosen or asked.text or asked.led_to))
    views: list[tuple[str, int, dict[str, str], tuple[bool, bool, bool]]] = [
        ("All", found.everything - found.ended, {}, (False, False, False))
    ]
    if "owner" in found.register.field:
        views.append(("No owner", found.unowned, {"unowned": "1"}, (True, False, False)))
    if found.ended:
        views.append(("With ended", found.everything, {"ended": "1"}, (False, True, False)))
    return [
        Link(label=label, url=address(here, QueryDict(), **query), count=count, current=now == view)
        for label, count, query, view in views
    ]


def _filter(request: HttpRequest, found: RegisterPage, field: Field) -> Filter:
    here = reverse("register", args=[found.register])
    every = request.GET.getlist("all")
    return filter_of(
        field.name,
        field.label,
        in_order(found.facets[field.name], field.choices),
        label=partial(_label, field),
        folded=not field.choices and field.name not in every,
        more_url=address(here, request.GET, all=[*every, field.name]),
    )


def _label(field: Field, value: str) -> str:
    return said(value) if field.choices or not value else value


def _dropped(register: Register, query: QueryDict, asked: Asked) -> list[Link]:
    """The filters in force, each with the address without it."""
    here = reverse("register", args=[register])
    found = [Link(label=f"“{asked.text}”", url=address(here, query, q=""))] if asked.text else []
    found += [Link(label="No owner", url=address(here, query, unowned=""))] if asked.unowned else []
    found += [Link(label="With ended", url=address(here, query, ended=""))] if asked.ended else []
    if asked.led_to:
        label = f"{register.field[asked.led_to[0]].label}: {asked.led_to[1]}"
        found.append(Link(label=label, url=address(here, query, by="", to="")))
    for name, values in asked.chosen.items():
        field = register.field[name]
        for value in values:
            label = f"{field.label}: {_label(field, value).lower() if field.choices else _label(field, value)}"
            rest: Sequence[str] = [other for other in values if other != value]
            found.append(Link(label=label, url=address(here, query, **{name: rest})))
    return found


@require_safe
def every(request: HttpRequest) -> HttpResponse:
    """Every register by heading, with what it is for and how many records it has."""
    ask_reads(actor(request))
    found: dict[str, list[tuple[Register, int]]] = {}
    for one, size in register_sizes(actor=actor(request), now=timezone.now()):
        found.setdefault(one.place.capitalize(), []).append((one, size))
    context = {"heading": _("Registers"), "groups": sorted(found.items()), "n": len(BY_PLURAL)}
    return render(request, "registers/every.html", context)


urls = [
    path("registers", every, name="registers"),
    path(REGISTER, listing, name="register"),
    path(f"{REGISTER}/add", add, name="record-add"),
    path(f"{REGISTER}/export", export, name="register-export"),
    path(f"{REGISTER}/<slug:record>", record, name="record"),
    path(f"{REGISTER}/<slug:record>/edit", edit, name="record-edit"),
]
