"""Importing AI systems, or records of any register: upload a file, see what would happen, take it over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from annexa.actions.errors import ConflictError, InvalidError
from annexa.actions.evidence import clean_name
from annexa.actions.registers import import_register
from annexa.actions.systems import Imported, import_systems
from annexa.adapters.tables import DELIMITERS, TableError, read_table
from annexa.answers.imports import Planned, plan_systems
from annexa.answers.register_files import PlannedRegister, plan_register
from annexa.answers.store import blobs
from annexa.pure.fields import Field
from annexa.pure.mapping_files import MappingError, MappingFile
from annexa.pure.permits import Refusal, may_somewhere
from annexa.pure.register import Register
from annexa.pure.systems import SYSTEMS
from annexa.pure.tables import Problem
from annexa.vault import VaultError
from annexa.web.converters import REGISTER
from annexa.web.frame import actor
from annexa.web.record_forms import shown
from annexa.web.refused import refused
from annexa.web.running import Progress, running
from annexa.web.uploads import Upload, refusal

ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16", "cp1250", "mac-roman", "cp437", "shift_jis", "gb18030")
NOT_READ = "-"
COLUMNS_OFFERED = 100
LONGEST_OPTION = 44
ROWS_SHOWN = 5
PROBLEMS_SHOWN = 50
LONG = 2_000
"""Rows from which on an import is told while it goes."""
SPANS_SHOWN = 6
SYSTEM_COLUMNS = ("classes", "stage", "owner", "personal_data", "impact_assessment", "monitoring")
Plan = Planned | PlannedRegister


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """What is imported: the register, who may, how a file for it is planned and taken, the name of its list's address.

    `columns`: the fields that a preview shows of the first rows.
    """

    register: Register
    verb: str
    plan: Callable[..., Any]
    take: Callable[..., Imported]
    columns: tuple[Field, ...]
    here: str
    start: str

    def preview(self, upload: Upload) -> str:
        """Where an uploaded file is looked at."""
        return f"{self.start}/{upload.token()}"


def importing(register: Register) -> Importing:
    """What is imported into a register."""
    return Importing(
        register=register,
        verb="import_register",
        plan=partial(plan_register, register=register),
        take=import_register,
        columns=tuple(one for one in register.listed if one.name not in ("name", "unit")),
        here=reverse("register", args=[register]),
        start=reverse("register-import", args=[register]),
    )


def importing_systems() -> Importing:
    """What is imported into the register of AI systems."""
    return Importing(
        register=SYSTEMS,
        verb="import_systems",
        plan=plan_systems,
        take=import_systems,
        columns=tuple(SYSTEMS.field[name] for name in SYSTEM_COLUMNS),
        here=reverse("systems"),
        start=reverse("systems-import"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a select."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field of a system in the preview: what it is read from, why, and what else it could be read from.

    `read` is false if no column of the file was taken for it and none was chosen.
    """

    name: str
    read: bool
    label: str
    because: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing to put right, however many rows have it: the column, what is wrong, and the rows in a few words."""

    column: str
    message: str
    count: int
    rows: str


class UploadForm(forms.Form):
    """The file with the register."""

    file = forms.FileField(label="File", error_messages={"required": "Choose a file."}, allow_empty_file=True)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, register: Register | None = None) -> HttpResponse:
    """Takes a file; it is kept in the vault and nothing is imported yet."""
    what = importing(register) if register else importing_systems()
    if sentence := _refusal(request, what):
        return refused(request, status=403, title="Import", text=sentence)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        if sentence := refusal(request):
            form.errors.clear()
            form.add_error("file", sentence)
        elif form.is_valid():
            file = form.cleaned_data["file"]
            name, data = clean_name(file.name or ""), file.read()
            try:
                read_table(data, name=name, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
                kept = blobs().put(data, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
                found = Upload(what=what.register.plural, sha256=kept.sha256, name=name)
                return HttpResponseRedirect(what.preview(found), status=303)
            except TableError as error:
                form.add_error("file", str(error))
    most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
    heading = f"Import {what.register.title if what.register is SYSTEMS else what.register.many}"
    context = {"heading": heading, "form": form, "limit": most, "what": what}
    return render(request, "imports/upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, upload: str, register: Register | None = None) -> HttpResponseBase:
    """What importing an uploaded file would do; posting to it does it."""
    what = importing(register) if register else importing_systems()
    if sentence := _refusal(request, what):
        return refused(request, status=403, title="Import", text=sentence)
    found = Upload.of(upload, what=what.register.plural)
    if request.method == "POST" and request.POST.get("long") and not request.htmx:  # type: ignore[attr-defined]
        return _while_it_goes(request, what, found)
    try:
        planned = _planned(request, what, found)
    except (TableError, MappingError) as error:
        context = {"heading": found.name, "sentence": str(error), "again": what.preview(found), "what": what}
        return render(request, "imports/unread.html", context, status=422)
    if request.method == "POST":
        return _take(request, what, planned)
    return _shown(request, what, planned)


def _refusal(request: HttpRequest, what: Importing) -> str:
    answer = may_somewhere(actor(request), what.verb)
    return answer.because if isinstance(answer, Refusal) else ""


def _take(request: HttpRequest, what: Importing, planned: Plan) -> HttpResponse:
    """Imports what the person saw: the register must still be the one of the preview."""
    seen = replace(planned, mark=request.POST.get("seen", ""))
    try:
        done = what.take(actor=actor(request), planned=seen, now=timezone.now())
    except ConflictError as error:
        if request.htmx:  # type: ignore[attr-defined]
            messages.error(request, str(error))
            return HttpResponseClientRedirect(request.get_full_path())
        return _shown(request, what, planned, conflict=str(error), status=409)
    except InvalidError:
        return _shown(request, what, planned, status=422)
    _tell(request, what, done)
    url = f"{what.here}?sort=-changed" if done.entry is not None else what.here
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url, status=303)  # type: ignore[attr-defined]


def _while_it_goes(request: HttpRequest, what: Importing, found: Upload) -> HttpResponseBase:
    """Imports what the person saw, and tells of it meanwhile; whoever leaves before the last row calls it off."""
    who, again = actor(request), request.get_full_path()

    def do(progress: Progress) -> str:
        try:
            planned = _planned(request, what, found)
            seen = replace(planned, mark=request.POST.get("seen", ""))
            progress(0, planned.plan.count("added") + planned.plan.count("updated"))
            done = what.take(actor=who, planned=seen, now=timezone.now(), progress=progress)
        except (TableError, MappingError, ConflictError) as error:
            return ended(v="fail", title=_("Not imported"), text=str(error))
        except InvalidError:
            text = _("There are problems in the file now. Nothing was imported.")
            return ended(v="fail", title=_("Not imported"), text=text)
        if done.entry is None:
            text = _("Everything in the file is in the register already.")
            return ended(v="pass", title=_("Nothing changed"), text=text, done=done)
        return ended(v="pass", title=_("Imported"), text=_counts(done), done=done)

    def ended(**said: Any) -> str:
        return render_to_string("imports/_ended.html", {"what": what, "again": again, "done": None, **said})

    def line(done: int, total: int) -> str:
        return render_to_string("imports/_step.html", {"done": done, "total": total}) if total else " "

    page = render_to_string("imports/running.html", {"heading": found.name, "what": what}, request)
    broken = ended(v="fail", title=_("Not imported"), text=_("Something went wrong here; the log says what."))
    return running(page, do, line=line, broken=broken)


def _counts(done: Imported) -> str:
    return f"{done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged"


def _tell(request: HttpRequest, what: Importing, done: Imported) -> None:
    if done.entry is None:
        messages.info(request, f"Nothing changed: all {done.unchanged:,} {what.register.many} are as the file has them")
        return
    link = reverse("entry", args=[done.entry])
    text = format_html('Imported: {}. <a href="{}">Ledger entry {}</a>', _counts(done), link, f"{done.entry:,}")
    messages.success(request, text)


def _shown(
    request: HttpRequest, what: Importing, planned: Plan, *, conflict: str = "", status: int = 200
) -> HttpResponse:
    plan, table = planned.plan, planned.table
    fields = _fields(request.GET, what.register, planned)
    context = {
        "what": what,
        "heading": planned.name,
        "planned": planned,
        "counts": [(outcome, n) for outcome in ("added", "updated", "unchanged") if (n := plan.count(outcome))],
        "changes": plan.count("added") + plan.count("updated"),
        "rows": [(row, _cells(what, row.facts)) for row in plan.rows[:ROWS_SHOWN]],
        "fields": [one for one in fields if one.read],
        "others": [one for one in fields if not one.read],
        "encodings": [Option(value=one, label=one, chosen=request.GET.get("encoding") == one) for one in ENCODINGS],
        "sheet": request.GET.get("sheet", ""),
        "dates": request.GET.get("dates", ""),
        "separator": DELIMITERS.get(table.delimiter, ""),
        "offered": COLUMNS_OFFERED if len(table.header) > COLUMNS_OFFERED else 0,
        "long": plan.count("added") + plan.count("updated") >= LONG,
        "problems": len(plan.problems),
        "page": Paginator(troubles(planned.plan.problems), PROBLEMS_SHOWN).get_page(request.GET.get("page")),
        "bad_rows": len({problem.row for problem in plan.problems}),
        "conflict": conflict,
    }
    return render(request, "imports/preview.html", context, status=status)


def _cells(what: Importing, facts: Any) -> list[tuple[str, str]]:
    """The columns of the preview in one row: heading and text."""
    return [(one.label, shown(one, getattr(facts, one.name))) for one in what.columns]


def troubles(problems: Sequence[Problem]) -> list[Trouble]:
    """The problems, the same ones told once, in the order in which the file has them."""
    found: dict[tuple[str, str], list[int]] = {}
    for problem in problems:
        found.setdefault((problem.column, problem.message), []).append(problem.row)
    return [
        Trouble(column=column, message=message, count=len(rows), rows=_spans(rows))
        for (column, message), rows in found.items()
    ]


def _spans(rows: Sequence[int]) -> str:
    """Row numbers as people write them: "3, 8–67"; "" for the headings."""
    spans: list[list[int]] = []
    for row in sorted({row for row in rows if row}):
        if spans and spans[-1][1] == row - 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    said = [f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in spans]
    return ", ".join([*said[:SPANS_SHOWN], *["…"][: len(said) > SPANS_SHOWN]])


def _planned(request: HttpRequest, what: Importing, found: Upload) -> Plan:
    """The plan for an upload as its address asks. Raises Http404, TableError, MappingError."""
    try:
        with blobs().open_checked(found.sha256) as stream:
            data = stream.read()
    except VaultError as error:
        raise Http404(str(error)) from error
    query = request.GET
    options: dict[str, Any] = {
        "encoding": query.get("encoding") or None,
        "sheet": query.get("sheet") or None,
    }
    given = {"actor": actor(request), "data": data, "name": found.name, **options}
    plain: Plan = what.plan(**given)
    said = _said(query, what.register, plain.table.header)
    return what.plan(said=said, **given) if said else plain


def _said(query: QueryDict, register: Register, header: Sequence[str]) -> MappingFile | None:
    """What the selects of the preview say about columns and dates; None if everything is as guessed."""
    columns: list[tuple[str, tuple[str, ...]]] = []
    for field in register.fields:
        asked = query.get(f"c.{field.name}", "")
        if asked == NOT_READ:
            columns.append((field.name, ()))
        elif asked.isdecimal() and int(asked) < len(header):
            columns.append((field.name, (header[int(asked)],)))
    day_first = {"day": True, "month": False}.get(query.get("dates", ""))
    return MappingFile(columns=tuple(columns), day_first=day_first) if columns or day_first is not None else None


def _fields(query: QueryDict, register: Register, planned: Plan) -> list[FieldRow]:
    header = planned.table.header
    names = [(str(i), _short(name)) for i, name in enumerate(header[:COLUMNS_OFFERED])]
    because = {mapped.field: mapped.because for mapped in planned.mapping.fields}
    found = []
    for field in register.fields:
        guessed = " + ".join(_short(column) for column in planned.guess.columns_of(field.name))
        asked = query.get(f"c.{field.name}", "")
        choices = [
            ("", f"As guessed: {guessed}" if guessed else "Not in the file"),
            (NOT_READ, "Do not read it"),
            *names,
        ]
        found.append(
            FieldRow(
                name=field.name,
                read=bool(guessed or asked),
                label=field.label,
                because="chosen here" if asked and field.name in because else because.get(field.name, ""),
                options=tuple(Option(value=value, label=label, chosen=value == asked) for value, label in choices),
            )
        )
    return found


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_OPTION else text[: LONGEST_OPTION - 1] + "…"


urls = [
    path("systems/import", upload, name="systems-import"),
    path("systems/import/<str:upload>", preview, name="systems-import-preview"),
    path(f"{REGISTER}/import", upload, name="register-import"),
    path(f"{REGISTER}/import/<str:upload>", preview, name="register-import-preview"),
]
