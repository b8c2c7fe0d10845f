"""Controlled documents: the text in force and its versions, what is to be done with them, and their differences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.documents import (
    MARKDOWN,
    approve_version,
    confirm_version,
    hand_in,
    publish_version,
    read_version,
    withdraw_version,
    write_version,
)
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.answers.actors import units
from annexa.answers.documents import (
    DocumentPage,
    ToRead,
    document_page,
    progress_of,
    readers_meant,
    text_of,
    to_read,
)
from annexa.answers.errors import UnknownError
from annexa.answers.store import blobs
from annexa.pure.document_steps import changed_lines
from annexa.pure.markdown import read_markdown
from annexa.pure.permits import Permit, Place, Refusal, may
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.units import in_order
from annexa.records.documents import DocumentStep
from annexa.records.people import ROLES
from annexa.web.forms import date_field, fresh, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, person
from annexa.web.uploads import refusal

MOST_LINES = 4_000
"""Lines of a version that are compared on a page; of longer ones both files are there."""


class WriteForm(forms.Form):
    """A version: its text, or a file instead, and what is new in it."""

    content = forms.CharField(
        label=later("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=later("Markdown: # for headings, - for lists, **strong**. No HTML."),
    )
    file = forms.FileField(label=later("Or a file"), required=False, help_text=later("It takes the place of the text."))
    because = text_field(later("What is new in this version, and why"))


class StepForm(forms.Form):
    """What somebody does with a version, and why."""

    because = text_field(later("Reason"), required=False)


class ReasonForm(forms.Form):
    """The same where the reason is not left out."""

    because = text_field(later("Reason"))


class PublishForm(StepForm):
    """From which day a version is in force."""

    in_force_on = date_field(later("In force from"), required=False, help_text=later("Today if left empty"))


class AskForm(forms.Form):
    """Who is to read the version in force, by when."""

    everyone = forms.BooleanField(label=later("Everybody who works here"), required=False)
    roles = forms.MultipleChoiceField(
        label=later("Everybody with the role"), required=False, choices=ROLES[:-1], widget=forms.CheckboxSelectMultiple
    )
    units = forms.MultipleChoiceField(
        label=later("Everybody with a role in the unit"), required=False, widget=forms.CheckboxSelectMultiple
    )
    due_on = date_field(later("Read by"))
    because = text_field(later("What they should look at"), required=False)

    def __init__(self, *given: Any, units_known: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*given, **more)
        field = self.fields["units"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  it is declared so above
        field.choices = [(one, one) for one in units_known]
        if not units_known:
            del self.fields["units"]


STEPS: Mapping[str, tuple[type[forms.Form], Callable[..., DocumentStep], Mapping[str, Any], Any]] = {
    "hand-in": (StepForm, hand_in, {}, later("It is handed in")),
    "agree": (StepForm, read_version, {"agrees": True}, later("You agreed")),
    "return": (ReasonForm, read_version, {"agrees": False}, later("It is returned to its author")),
    "approve": (StepForm, approve_version, {}, later("It is approved")),
    "publish": (PublishForm, publish_version, {}, later("It is published")),
    "confirm": (ReasonForm, confirm_version, {}, later("It is confirmed for another interval")),
    "withdraw": (ReasonForm, withdraw_version, {}, later("It is withdrawn")),
}
"""What can be done with a version: the form, the action with what it is told besides, and what is said once done."""


VERBS: Mapping[str, Any] = {
    "hand-in": later("Hand it in for review"),
    "agree": later("Agree"),
    "return": later("Return it"),
    "approve": later("Approve it"),
    "publish": later("Publish it"),
    "confirm": later("Confirm that it still holds"),
    "withdraw": later("Withdraw it"),
}
"""The buttons."""


@require_safe
def versions(request: HttpRequest, document: str) -> HttpResponse:
    """The document as it stands, what waits for whom, and every version with what happened to it."""
    return _shown(request, _page(request, document))


@takes_form_of("document-versions")
def write(request: HttpRequest, document: str) -> HttpResponse:
    """Keeps a new version."""
    page = _page(request, document)
    form = WriteForm(request.POST, request.FILES, auto_id="write-%s")
    if sentence := refusal(request):
        form.add_error("file", sentence)

    def do(given: Mapping[str, Any]) -> str:
        sent = given["file"]
        made = write_version(
            actor=actor(request), person=person(request), document=page.row.slug, because=given["because"],
            content=sent.file if sent else given["content"], name=sent.name if sent else "",
            limit_bytes=settings.UPLOAD_LIMIT_BYTES, now=timezone.now(),
        )  # fmt: skip
        return _("Version %(number)s is kept") % {"number": made.number}

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _shown(request, page, wrong={"write": form})
    return answer or see(reverse("document-versions", args=[document]))


@takes_form_of("document-versions")
def step(request: HttpRequest, document: str) -> HttpResponse:
    """Takes the step that a form names."""
    page = _page(request, document)
    name = request.POST.get("step", "")
    if name not in STEPS:
        raise Http404("There is no such step.")
    kind, act, more, said = STEPS[name]
    form = kind(request.POST, auto_id=f"{name}-%s")

    def do(given: Mapping[str, Any]) -> str:
        act(actor=actor(request), person=person(request), document=page.row.slug, now=timezone.now(), **more, **given)
        return str(said)

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _shown(request, page, wrong={name: form})
    return answer or see(reverse("document-versions", args=[document]))


@takes_form_of("document-versions")
def ask(request: HttpRequest, document: str) -> HttpResponse:
    """Asks people to read what is in force."""
    page = _page(request, document)
    form = AskForm(request.POST, auto_id="ask-%s", units_known=_units())

    def do(given: Mapping[str, Any]) -> str:
        who = actor(request)
        made = ask_to_read(
            actor=who, person=person(request), document=page.row.slug, due_on=given["due_on"], now=timezone.now(),
            readers=readers_meant(
                actor=who, everyone=given["everyone"], roles=given["roles"], units=given.get("units", ())
            ),
            because=given["because"],
        )  # fmt: skip
        return ngettext("%s person is asked to read it", "%s people are asked to read it", len(made)) % len(made)

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _shown(request, page, wrong={"ask": form})
    return answer or see(reverse("document-versions", args=[document]))


@require_safe
def reading(request: HttpRequest) -> HttpResponse:
    """What everybody who works here may read, what is asked of them first."""
    found = _readable(request)
    context = {
        "asked": [one for one in found if one.due_on is not None],
        "others": [one for one in found if one.due_on is None],
        "now": timezone.now(),
    }
    return render(request, "documents/reading.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reading_document(request: HttpRequest, document: str) -> HttpResponse:
    """The version in force to read, and to say that one has."""
    found = next((one for one in _readable(request) if one.force.row.slug == document), None)
    if found is None:
        raise Http404("There is no such document.")
    if request.method == "POST":
        number = request.POST.get("number", "")
        form = forms.Form({})

        def do(_given: Mapping[str, Any]) -> str:
            acknowledge(
                actor=actor(request), person=person(request), document=document, now=timezone.now(),
                number=int(number) if number.isdecimal() and len(number) < 9 else 0,
            )  # fmt: skip
            return _("You have read it")

        return tried(request, form, do) or see(reverse("reading"))
    drafted = found.force.drafted
    if "save" in request.GET:
        return _file(drafted)
    blocks = read_markdown(text_of(drafted)) if drafted.media_type == MARKDOWN else None
    return render(request, "documents/read.html", {"one": found, "drafted": drafted, "blocks": blocks})


def _readable(request: HttpRequest) -> tuple[ToRead, ...]:
    if isinstance(may(actor(request), "acknowledge"), Refusal):
        raise Http404("There is nothing to read for you.")
    return to_read(person=person(request), now=timezone.now())


def _units() -> tuple[str, ...]:
    """The names of the units that are open, in the order of the tree."""
    return tuple(one.unit.name for one in in_order(units()) if not one.unit.closed)


@require_safe
def version(request: HttpRequest, document: str, number: int) -> HttpResponse:
    """One version to read, or its file to save."""
    page = _page(request, document)
    drafted = page.drafted(number)
    if drafted is None:
        raise Http404("There is no such version.")
    if drafted.media_type != MARKDOWN or "save" in request.GET:
        return _file(drafted)
    found = next(one for one in page.life.versions if one.number == number)
    context = {"page": page, "version": found, "drafted": drafted, "blocks": read_markdown(text_of(drafted))}
    return render(request, "documents/version.html", context)


def _file(drafted: DocumentStep) -> HttpResponse:
    """The bytes as they came, always to save and never to show: an uploaded page must not run here."""
    with blobs().open_checked(drafted.sha256) as stream:
        answer = HttpResponse(stream.read(), content_type="application/octet-stream")
    answer["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=drafted.name) or "attachment"
    )
    return answer


def _page(request: HttpRequest, document: str) -> DocumentPage:
    try:
        return document_page(actor=actor(request), slug=document, person=person(request), now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _shown(request: HttpRequest, page: DocumentPage, wrong: Mapping[str, forms.Form] | None = None) -> HttpResponse:
    held = wrong or {}
    latest = page.life.latest
    drafted = page.drafted(latest.number) if latest else None
    text = text_of(drafted) if drafted is not None and drafted.media_type == MARKDOWN else ""
    offered = {
        name: held.get(name) or fresh(STEPS[name][0], name)
        for name in page.offers
        if isinstance(may(actor(request), _VERB[name], Place(unit=page.row.entry.unit)), Permit)
    }
    writes = isinstance(may(actor(request), "write_document", Place(unit=page.row.entry.unit)), Permit)
    context = {
        "page": page,
        "record_url": reverse("record", args=[DOCUMENTS, page.row.slug]),
        "mark": _mark(page),
        "drafted": drafted,
        "steps": [
            {"name": name, "form": form, "verb": VERBS[name], "apart": name in ("return", "withdraw")}
            for name, form in offered.items()
        ],
        "happened": tuple(reversed(page.steps)),
        "ledger_url": f"{reverse('ledger')}?q=document_step",
        "write": (held.get("write") or fresh(WriteForm, "write", content=text)) if writes else None,
        "progress": progress_of(actor=actor(request), slug=page.row.slug, now=timezone.now()),
        "ask": _ask_form(request, page, held),
        "asking": "ask" in held,
        "writing": "write" in held or "write" in request.GET,
        "wrong": next(iter(held.values()), None),
        "compared": _compared(request, page),
        "now": timezone.now(),
    }
    return render(request, "documents/versions.html", context, status=422 if held else 200)


_VERB: Mapping[str, str] = {
    "hand-in": "write_document",
    "agree": "review_document",
    "return": "review_document",
    "approve": "approve_document",
    "publish": "publish_document",
    "confirm": "approve_document",
    "withdraw": "publish_document",
}


def _ask_form(request: HttpRequest, page: DocumentPage, held: Mapping[str, forms.Form]) -> forms.Form | None:
    """The form that asks people to read, where something is in force and the person may ask."""
    allowed = may(actor(request), "ask_to_read", Place(unit=page.row.entry.unit))
    if page.life.in_force is None or isinstance(allowed, Refusal):
        return None
    return held.get("ask") or AskForm(auto_id="ask-%s", units_known=_units())


def _mark(page: DocumentPage) -> str:
    """The mark beside how it stands."""
    if page.life.in_force is None:
        return "soon" if page.life.latest else "idle"
    return "fail" if page.life.overdue else "soon" if page.life.due_soon else "pass"


def _compared(request: HttpRequest, page: DocumentPage) -> dict[str, Any] | None:
    """Two versions beside each other, whichever are asked for by their numbers."""
    asked = [request.GET.get(word, "") for word in ("from", "to")]
    if not all(one.isdecimal() and len(one) < 9 for one in asked):
        return None
    before, after = (page.drafted(int(one)) for one in asked)
    if before is None or after is None:
        return None
    found: dict[str, Any] = {"before": before.number, "after": after.number, "lines": None}
    if before.media_type == after.media_type == MARKDOWN:
        texts = text_of(before), text_of(after)
        if max(len(one.splitlines()) for one in texts) <= MOST_LINES:
            found["lines"] = changed_lines(*texts)
    return found


urls = [
    path("documents/<slug:document>/versions", versions, name="document-versions"),
    path("documents/<slug:document>/versions/write", write, name="document-write"),
    path("documents/<slug:document>/versions/step", step, name="document-step"),
    path("documents/<slug:document>/versions/ask", ask, name="document-ask"),
    path("reading", reading, name="reading"),
    path("reading/<slug:document>", reading_document, name="reading-document"),
    path("documents/<slug:document>/versions/<int:number>", version, name="document-version"),
]
