"""Versions of the statement of applicability: what was frozen, its approval, files, and what differs between two."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.soa import decide_statement, withdraw_statement
from annexa.answers.errors import UnknownError
from annexa.answers.imports import ExportError, Format
from annexa.answers.soa import DRAFT, Version, compare, list_versions, one_version
from annexa.answers.soa_files import export_statement
from annexa.pure.soa import COMPARED, Change, ScopeSaid, StatementLine, scope_changes
from annexa.web.forms import see, takes_form_of, text_field, tried
from annexa.web.frame import actor, permitted, person
from annexa.web.lists import KINDS
from annexa.web.refused import refused
from annexa.web.soa_rows import REASON_WORDS, STATE_WORDS, SYSTEM_WORDS, counts, row_of, themes_of
from annexa.web.templatetags.face import LOOKS

FIELD_WORDS: Mapping[str, Any] = {
    "applies": later("Applies"),
    "reasons": later("Reasons"),
    "because": later("Justification"),
    "verdict": later("Verdict"),
    "controls": later("Controls"),
    "risks": later("Risks"),
    "laws": later("Laws"),
    "contracts": later("Contracts"),
    "owner": later("Owner"),
}
DECIDED = {"applies", "reasons", "because"}
"""What of a line people say; the rest is computed."""
STATE_MARKS = {"asked": "soon", "approved": "pass", "returned": "fail", "withdrawn": "idle"}


class BecauseForm(forms.Form):
    """The reason of a decision about a version."""

    because = text_field(later("Reason"))


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Every version, the latest first."""
    now = timezone.now()
    found = _list(request, now)
    context = {
        "heading": _("Versions"),
        "now": now,
        "versions": [
            (one, STATE_WORDS[one.state], STATE_MARKS[one.state], counts(one.statement.lines)) for one in found
        ],
    }
    return render(request, "soa/versions.html", context)


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version as it was frozen, and the form to decide it."""
    return _version_page(request, number)


def _version_page(
    request: HttpRequest, number: int, *, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    found = _found(request, number, now)
    lines = found.statement.lines
    rows = [row_of(line) for line in lines]
    waits = found.state == "asked"
    other = person(request).pk != found.asker
    context = {
        "heading": _("Statement of applicability, version %(n)d") % {"n": found.number},
        "now": now,
        "found": found,
        "held": found.statement,
        "word": STATE_WORDS[found.state],
        "mark": STATE_MARKS[found.state],
        "counts": counts(lines),
        "themes": themes_of(rows, lines),
        "scopes": [(SYSTEM_WORDS[one.system], one) for one in found.statement.scopes],
        "deciding": (form or BecauseForm()) if waits and other and permitted(request, "decide_statement") else None,
        "withdrawing": (form or BecauseForm()) if waits and permitted(request, "ask_statement_approval") else None,
        "own": not other,
        "decides": False,
        "earlier": _earlier(request, found, now),
    }
    return render(request, "soa/version.html", context, status=status)


def _found(request: HttpRequest, number: int, now: datetime) -> Version:
    try:
        return one_version(actor=actor(request), number=number, now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _earlier(request: HttpRequest, found: Version, now: datetime) -> int | None:
    """The version that was approved before one, if there is any."""
    approved = (one for one in list_versions(actor=actor(request), now=now) if one.state == "approved")
    return next((one.number for one in approved if one.number < found.number), None)


@require_safe
def approved(request: HttpRequest) -> HttpResponse:
    """Leads to the version that holds; to the draft where none was ever approved."""
    held = next((one for one in _list(request, timezone.now()) if one.state == "approved"), None)
    return HttpResponseRedirect(reverse("statement-version", args=[held.number]) if held else reverse("statement"))


@takes_form_of("statement-version")
def approve(request: HttpRequest, number: int) -> HttpResponse:
    """Approves, returns or withdraws one version."""
    form = BecauseForm(request.POST)
    decision = request.POST.get("decision", "")

    def do(given: Mapping[str, Any]) -> str:
        who: Any = {"actor": actor(request), "person": person(request), "number": number, "now": timezone.now()}
        if decision == "withdrawn":
            withdraw_statement(because=given["because"], **who)
        else:
            decide_statement(decision=decision, because=given["because"], **who)
        return _("Version %(n)d: %(state)s") % {"n": number, "state": str(STATE_WORDS[decision]).lower()}

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _version_page(request, number, form=form, status=422)
    return answer or see(reverse("statement-version", args=[number]))


# --- comparison ---------------------------------------------------------------------------------------------------


@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    """What differs between two versions, or between one and the draft."""
    now = timezone.now()
    numbers = [str(one.number) for one in _list(request, now)]
    old, new = request.GET.get("old", ""), request.GET.get("new", DRAFT)
    if not old and not numbers:
        text = _("There is no version yet to compare with; ask for the approval of the first one.")
        return refused(request, status=404, title=_("Nothing to compare"), text=text)
    try:
        found = compare(actor=actor(request), old=old or numbers[0], new=new, now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "heading": _("Difference between versions"),
        "now": now,
        "found": found,
        "names": (_name(found.old), _name(found.new)),
        "changes": found.changes,
        "decided": [(one, _changed(one)) for one in found.changes if DECIDED & set(one.what)],
        "computed": [(one, _changed(one)) for one in found.changes if not DECIDED & set(one.what)],
        "scopes": [
            (SYSTEM_WORDS[(a or b or ScopeSaid(system="isms", text="")).system], _told(a), _told(b))
            for a, b in scope_changes(found.before, found.after)
        ],
        "offered": [(one, _name(one)) for one in (DRAFT, *numbers)],
    }
    return render(request, "soa/compare.html", context)


@require_safe
def export(request: HttpRequest, kind: Format) -> HttpResponse:
    """The draft, or with `version` that version, as a file."""
    which = request.GET.get("version", DRAFT)
    try:
        data = export_statement(actor=actor(request), which=which, file_format=kind, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ExportError as error:
        return refused(request, status=422, title=_("Too long for a spreadsheet"), text=str(error))
    name = f"statement-of-applicability-{which}-{timezone.now().date().isoformat()}.{kind}"
    return HttpResponse(
        data, content_type=KINDS[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _list(request: HttpRequest, now: datetime) -> tuple[Version, ...]:
    try:
        return list_versions(actor=actor(request), now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _name(which: str) -> str:
    return _("the draft") if which == DRAFT else _("version %(n)s") % {"n": which}


def _told(scope: ScopeSaid | None) -> str:
    """A scope in one line."""
    if scope is None:
        return ""
    parts = (scope.text, scope.covers, scope.locations, ", ".join(scope.systems))
    return "; ".join(part for part in parts if part)


def _changed(change: Change) -> list[tuple[str, str, str]]:
    """What differs in one line: field, before, after, in words."""
    return [
        (str(FIELD_WORDS[name]), _value(change.old, name), _value(change.new, name))
        for name in COMPARED
        if name in change.what and (_value(change.old, name) or _value(change.new, name))
    ]


def _value(line: StatementLine | None, name: str) -> str:
    if line is None:
        return ""
    value = getattr(line, name)
    if name == "applies":
        return {True: _("Yes"), False: _("No"), None: _("undecided")}[value]
    if name == "reasons":
        return ", ".join(str(REASON_WORDS.get(one, one)) for one in value)
    if name == "verdict":
        return LOOKS[value].word
    return ", ".join(value) if isinstance(value, tuple) else str(value)


urls = [
    *(path(f"statement.{kind}", export, {"kind": kind}, name=f"statement-{kind}") for kind in KINDS),
    path("statement/approved", approved, name="statement-approved"),
    path("statement/versions", versions, name="statement-versions"),
    path("statement/compare", comparison, name="statement-compare"),
    path("statement/versions/<int:number>", version, name="statement-version"),
    path("statement/versions/<int:number>/decide", approve, name="statement-approve"),
]
