"""Importing AI systems: upload a file, see what would happen, take it over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from annexa.actions.errors import ConflictError, InvalidError
from annexa.actions.evidence import clean_name
from annexa.actions.systems import Imported, import_systems
from annexa.adapters.tables import DELIMITERS, TableError, read_table
from annexa.answers.imports import Planned, plan_systems
from annexa.answers.store import blobs
from annexa.pure.mapping_files import MappingError, MappingFile
from annexa.pure.systems import FIELD, FIELDS
from annexa.pure.tables import Problem
from annexa.vault import VaultError
from annexa.web.frame import actor
from annexa.web.systems import refusal_of, refused
from annexa.web.uploads import Upload, refusal

ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16", "cp1250", "mac-roman", "cp437", "shift_jis", "gb18030")
NOT_READ = "-"
COLUMNS_OFFERED = 100
LONGEST_OPTION = 44
ROWS_SHOWN = 5
PROBLEMS_SHOWN = 50
SPANS_SHOWN = 6


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
def upload(request: HttpRequest) -> HttpResponse:
    """Takes a file; it is kept in the vault and nothing is imported yet."""
    if sentence := refusal_of(request, "import_systems"):
        return refused(request, "Import", sentence)
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
                found = Upload(what="systems", sha256=kept.sha256, name=name)
                return HttpResponseRedirect(_preview_url(found), status=303)
            except TableError as error:
                form.add_error("file", str(error))
    most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
    context = {"heading": "Import AI systems", "form": form, "limit": most}
    return render(request, "imports/upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, upload: str) -> HttpResponse:
    """What importing an uploaded file would do; posting to it does it."""
    if sentence := refusal_of(request, "import_systems"):
        return refused(request, "Import", sentence)
    found = Upload.of(upload, what="systems")
    try:
        planned = _planned(request, found)
    except (TableError, MappingError) as error:
        context = {"heading": found.name, "sentence": str(error), "again": _preview_url(found)}
        return render(request, "imports/unread.html", context, status=422)
    if request.method == "POST":
        return _take(request, planned)
    return _shown(request, planned)


def _take(request: HttpRequest, planned: Planned) -> HttpResponse:
    """Imports what the person saw: the register must still be the one of the preview."""
    seen = replace(planned, register=request.POST.get("seen", ""))
    try:
        done = import_systems(actor=actor(request), planned=seen, now=timezone.now())
    except ConflictError as error:
        if request.htmx:  # type: ignore[attr-defined]
            messages.error(request, str(error))
            return HttpResponseClientRedirect(request.get_full_path())
        return _shown(request, planned, conflict=str(error), status=409)
    except InvalidError:
        return _shown(request, planned, status=422)
    _tell(request, done)
    url = f"{reverse('systems')}?sort=-changed" if done.entry is not None else reverse("systems")
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url, status=303)  # type: ignore[attr-defined]


def _tell(request: HttpRequest, done: Imported) -> None:
    if done.entry is None:
        messages.info(request, f"Nothing changed: all {done.unchanged:,} systems are as the file has them")
        return
    counts = f"{done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged"
    link = reverse("entry", args=[done.entry])
    text = format_html('Imported: {}. <a href="{}">Ledger entry {}</a>', counts, link, f"{done.entry:,}")
    messages.success(request, text)


def _shown(request: HttpRequest, planned: Planned, *, conflict: str = "", status: int = 200) -> HttpResponse:
    plan, table = planned.plan, planned.table
    fields = _fields(request.GET, planned)
    context = {
        "heading": planned.name,
        "planned": planned,
        "counts": [(outcome, n) for outcome in ("added", "updated", "unchanged") if (n := plan.count(outcome))],
        "changes": plan.count("added") + plan.count("updated"),
        "rows": plan.rows[:ROWS_SHOWN],
        "fields": [one for one in fields if one.read],
        "others": [one for one in fields if not one.read],
        "encodings": [Option(value=one, label=one, chosen=request.GET.get("encoding") == one) for one in ENCODINGS],
        "sheet": request.GET.get("sheet", ""),
        "dates": request.GET.get("dates", ""),
        "separator": DELIMITERS.get(table.delimiter, ""),
        "offered": COLUMNS_OFFERED if len(table.header) > COLUMNS_OFFERED else 0,
        "problems": len(plan.problems),
        "page": Paginator(troubles(planned.plan.problems), PROBLEMS_SHOWN).get_page(request.GET.get("page")),
        "bad_rows": len({problem.row for problem in plan.problems}),
        "conflict": conflict,
    }
    return render(request, "imports/preview.html", context, status=status)


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


def _planned(request: HttpRequest, found: Upload) -> Planned:
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
    plain = plan_systems(actor=actor(request), data=data, name=found.name, **options)
    said = _said(query, plain.table.header)
    return plan_systems(actor=actor(request), data=data, name=found.name, said=said, **options) if said else plain


def _said(query: QueryDict, header: Sequence[str]) -> MappingFile | None:
    """What the selects of the preview say about columns and dates; None if everything is as guessed."""
    columns: list[tuple[str, tuple[str, ...]]] = []
    for field in FIELDS:
        asked = query.get(f"c.{field.name}", "")
        if asked == NOT_READ:
            columns.append((field.name, ()))
        elif asked.isdecimal() and int(asked) < len(header):
            columns.append((field.name, (header[int(asked)],)))
    day_first = {"day": True, "month": False}.get(query.get("dates", ""))
    return MappingFile(columns=tuple(columns), day_first=day_first) if columns or day_first is not None else None


def _fields(query: QueryDict, planned: Planned) -> list[FieldRow]:
    header = planned.table.header
    names = [(str(i), _short(name)) for i, name in enumerate(header[:COLUMNS_OFFERED])]
    because = {mapped.field: mapped.because for mapped in planned.mapping.fields}
    found = []
    for field in FIELDS:
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
                label=FIELD[field.name].label,
                because="chosen here" if asked and field.name in because else because.get(field.name, ""),
                options=tuple(Option(value=value, label=label, chosen=value == asked) for value, label in choices),
            )
        )
    return found


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_OPTION else text[: LONGEST_OPTION - 1] + "…"


def _preview_url(found: Upload) -> str:
    return reverse("systems-import-preview", args=[found.token()])


urls = [
    path("systems/import", upload, name="systems-import"),
    path("systems/import/<str:upload>", preview, name="systems-import-preview"),
]
