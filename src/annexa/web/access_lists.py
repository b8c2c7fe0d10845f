"""Importing who has access to a system: upload a list, see how it is read, say what it is about, take it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.access_reviews import Subject, import_access_list
from annexa.actions.evidence import clean_name
from annexa.adapters.tables import DELIMITERS, TableError
from annexa.answers.access_reviews import PlannedAccess, plan_list, scope_choices
from annexa.answers.store import blobs
from annexa.pure.access_lists import FIELDS
from annexa.pure.instants import parse_instant
from annexa.vault import VaultError
from annexa.web.forms import date_field, see, tried
from annexa.web.frame import actor, person
from annexa.web.imports import ENCODINGS, NOT_READ, PROBLEMS_SHOWN, Option, UploadForm, troubles
from annexa.web.systems import refusal_of, refused
from annexa.web.uploads import Upload, refusal

WHAT = "access"
ROWS_SHOWN = 6
OTHER = "-other"
"""What the choice of a system says for one that is in no register here; no slug begins with a hyphen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One thing a line can say, the column it is read from and why, and what else it could be read from."""

    name: str
    read: bool
    label: str
    because: str
    options: tuple[Option, ...]


class AboutForm(forms.Form):
    """What a list is about, and when it was taken."""

    subject = forms.ChoiceField(label=later("Which system it is about"))
    other = forms.CharField(
        label=later("Name of the other system"), max_length=200, required=False,
        help_text=later("Only for a system that is not in the register of AI systems"),
    )  # fmt: skip
    taken_on = date_field(
        later("Taken from the system on"), help_text=later("A review counts from this day on, not from its end")
    )

    def __init__(self, *args: Any, systems: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        choices: list[tuple[str, Any]] = [("", later("Choose a system")), *systems, (OTHER, later("Another system"))]
        self.fields["subject"] = forms.ChoiceField(
            label=later("Which system it is about"), choices=choices,
            error_messages={"required": later("Choose the system.")},
        )  # fmt: skip
        self.order_fields(["subject", "other", "taken_on"])


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Takes a list; it is kept in the vault and nothing is imported yet."""
    if sentence := refusal_of(request, "import_access"):
        return refused(request, _("Import"), sentence)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        if sentence := refusal(request):
            form.errors.clear()
            form.add_error("file", sentence)
        elif form.is_valid():
            file = form.cleaned_data["file"]
            name, data = clean_name(file.name or ""), file.read()
            try:
                plan_list(data=data, name=name)
                kept = blobs().put(data, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
                found = Upload(what=WHAT, sha256=kept.sha256, name=name)
                query = {"system": request.GET["system"]} if request.GET.get("system") else {}
                return HttpResponseRedirect(_preview_url(found, query), status=303)
            except TableError as error:
                form.add_error("file", str(error))
    most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
    context = {"heading": _("Import an access list"), "form": form, "limit": most}
    return render(request, "access_reviews/upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, upload: str) -> HttpResponse:
    """What importing an uploaded list would take; posting to it takes it."""
    if sentence := refusal_of(request, "import_access"):
        return refused(request, _("Import"), sentence)
    found = Upload.of(upload, what=WHAT)
    try:
        planned = _planned(request, found)
    except TableError as error:
        context = {"heading": found.name, "sentence": str(error), "again": _preview_url(found, {})}
        return render(request, "access_reviews/unread.html", context, status=422)
    systems = scope_choices(actor=actor(request), now=timezone.now())
    if request.method != "POST":
        initial = {"subject": request.GET.get("system", ""), "taken_on": timezone.now().date()}
        return _shown(request, planned, AboutForm(systems=systems, initial=initial))
    form = AboutForm(request.POST, systems=systems)
    answer = tried(request, form, lambda given: _take(request, planned, given))
    if answer is not None:
        return answer
    return _shown(request, planned, form, status=422) if form.errors else see(f"{reverse('access-reviews')}#lists")


def _take(request: HttpRequest, planned: PlannedAccess, given: Mapping[str, Any]) -> str:
    now = timezone.now()
    other = given["subject"] == OTHER
    about = Subject(
        kind="other" if other else "system", subject=given["other"] if other else given["subject"]
    )  # fmt: skip
    made = import_access_list(
        actor=actor(request), person=person(request), planned=planned, about=about, taken_at=_taken(given["taken_on"]),
        now=now,
    )  # fmt: skip
    return _("The list with %(n)d lines is in; open a review of it") % {"n": len(made.lines)}


def _taken(on: date) -> Any:
    """The end of that day, or now if it is today."""
    return parse_instant(on.isoformat(), now=timezone.now())


def _shown(request: HttpRequest, planned: PlannedAccess, form: forms.Form, *, status: int = 200) -> HttpResponse:
    plan, table = planned.plan, planned.table
    fields = _fields(request.GET, planned)
    context = {
        "heading": planned.name,
        "planned": planned,
        "form": form,
        "rows": plan.lines[:ROWS_SHOWN],
        "fields": [one for one in fields if one.read],
        "others": [one for one in fields if not one.read],
        "encodings": [Option(value=one, label=one, chosen=request.GET.get("encoding") == one) for one in ENCODINGS],
        "sheet": request.GET.get("sheet", ""),
        "dates": request.GET.get("dates", ""),
        "system": request.GET.get("system", ""),
        "separator": DELIMITERS.get(table.delimiter, ""),
        "problems": len(plan.problems),
        "page": Paginator(troubles(plan.problems), PROBLEMS_SHOWN).get_page(request.GET.get("page")),
        "bad_rows": len({problem.row for problem in plan.problems}),
    }
    return render(request, "access_reviews/preview.html", context, status=status)


def _planned(request: HttpRequest, found: Upload) -> PlannedAccess:
    """The plan for an upload as its address asks. Raises Http404, TableError."""
    try:
        with blobs().open_checked(found.sha256) as stream:
            data = stream.read()
    except VaultError as error:
        raise Http404(str(error)) from error
    query = request.GET
    asked: dict[str, Any] = {
        "encoding": query.get("encoding") or None,
        "sheet": query.get("sheet") or None,
        "day_first": {"day": True, "month": False}.get(query.get("dates", "")),
    }
    plain = plan_list(data=data, name=found.name, **asked)
    said = _said(query, plain.table.header)
    return plan_list(data=data, name=found.name, said=said, **asked) if said else plain


def _said(query: QueryDict, header: Sequence[str]) -> dict[str, str]:
    """What the selects say about columns: the column of a field, "" for none."""
    found = {}
    for name in FIELDS:
        asked = query.get(f"c.{name}", "")
        if asked == NOT_READ:
            found[name] = ""
        elif asked.isdecimal() and int(asked) < len(header):
            found[name] = header[int(asked)]
    return found


def _fields(query: QueryDict, planned: PlannedAccess) -> list[FieldRow]:
    names = [(str(number), name[:60]) for number, name in enumerate(planned.table.header)]
    because = {one.field: one.because for one in planned.plan.columns}
    guess = {one.field: one.column for one in planned.plan.guess}
    found = []
    for name, label in FIELDS.items():
        asked = query.get(f"c.{name}", "")
        first = _("As guessed: %(column)s") % {"column": guess[name]} if name in guess else _("Not in the file")
        choices = [("", first), (NOT_READ, _("Do not read it")), *names]
        found.append(
            FieldRow(
                name=name,
                read=bool(name in guess or asked),
                label=label,
                because=because.get(name, ""),
                options=tuple(Option(value=value, label=said, chosen=value == asked) for value, said in choices),
            )
        )
    return found


def _preview_url(found: Upload, query: Mapping[str, str]) -> str:
    url = reverse("access-import-preview", args=[found.token()])
    return f"{url}?{urlencode(query)}" if query else url


urls = [
    path("access-reviews/import", upload, name="access-import"),
    path("access-reviews/import/<str:upload>", preview, name="access-import-preview"),
]
