"""What a supplier sees that opens its link: the questions section by section, saved as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.questionnaire_files import send_file, take_file_back
from annexa.actions.questionnaires import ENDED, answer_questionnaire, hand_in_questionnaire
from annexa.actions.request_counts import COUNTED
from annexa.answers.due_diligence import AskedSection, Linked, by_link, sections_of
from annexa.answers.errors import UnknownError
from annexa.pure.due_diligence import FILE_TYPES, answerable
from annexa.pure.questionnaires import Value, problems, problems_of
from annexa.web.forms import see
from annexa.web.questions import QuestionsForm, said
from annexa.web.uploads import refusal

FILE_LIMIT_BYTES = min(settings.UPLOAD_LIMIT_BYTES, 20 * 1024 * 1024)
"""The largest file that who comes by a link may send."""
MOST_A_MINUTE = 120
"""How often one link may be written to; who types needs far less."""
FIRST_TOO_MANY = "Too much at once. Nothing was lost; wait a minute and go on."


class FileForm(forms.Form):
    """A file that goes with the answer to one question."""

    file = forms.FileField(label=later("File"))


class HandInForm(forms.Form):
    """Who stands for the answers."""

    signed = forms.CharField(
        label=later("Your name and position"), max_length=200, help_text=later("You hand this in for your company")
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def questionnaire(request: HttpRequest, secret: str, section: str = "") -> HttpResponse:
    """One section, or the first. What is sent is kept as far as it can stand, then the next section is shown."""
    now = timezone.now()
    linked = _linked(secret, now)
    found = linked.sent
    if not answerable(found.state) or found.questionnaire is None:
        return _ended(request, linked)
    sections = sections_of(found)
    here = next((one for one in sections if one.section.id == section), sections[0])
    if section and here.section.id != section:
        raise Http404(section)
    form = QuestionsForm(
        request.POST if request.method == "POST" else None,
        asked=[(one.question, one.value) for one in here.rows], auto_id="q-%s",
    )  # fmt: skip
    if request.method == "POST":
        values, wrong = problems_of(found.questionnaire, form.given(request.POST))
        for one in wrong:
            form.add_error(one.field, _("This %s.") % one.message)
        answer = _keep(request, secret, linked, here, form, values, now)
        if answer is not None:
            return answer
    return _shown(request, secret, linked, here, form=form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: HttpRequest, secret: str) -> HttpResponse:
    """What is still missing, and handing in."""
    now = timezone.now()
    linked = _linked(secret, now)
    found = linked.sent
    if not answerable(found.state) or found.questionnaire is None:
        return _ended(request, linked)
    form = HandInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hand_in_questionnaire(secret=secret, signed=form.cleaned_data["signed"], now=now)
            return see(reverse("questionnaire", args=[secret]))
        except InvalidError as error:
            for sentence in error.problems.get("signed", ()):
                form.add_error("signed", sentence)
            if set(error.problems) - {"signed"}:
                form.add_error(None, _("Some questions are still open; they are listed below."))
        except ConflictError:
            return _ended(request, _linked(secret, now))
    where = {row.question.id: one.section for one in sections_of(found) for row in one.rows}
    missing = [
        (found.questionnaire.by_id[one.question], where[one.question], one.message)
        for one in problems(found.questionnaire, found.answers)
        if one.question in where
    ]
    context = {**_common(linked, secret), "form": form, "missing": missing, "handing": True, "heading": _("Hand in")}
    return render(request, "questionnaires/hand_in.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
def send(request: HttpRequest, secret: str, question: str) -> HttpResponse:
    """Keeps a file that goes with an answer."""
    now = timezone.now()
    linked = _linked(secret, now)
    if not answerable(linked.sent.state) or linked.sent.questionnaire is None:
        return _ended(request, linked)
    here = _section_of(linked, question)
    if not _let_through(linked, now):
        return render(request, "questionnaires/ended.html", _told(linked, FIRST_TOO_MANY), status=429)
    form = FileForm(request.POST, request.FILES, auto_id=f"file-{question}-%s")
    if sentence := refusal(request):
        form.add_error("file", sentence)
    elif form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            send_file(
                secret=secret, question=question, file=sent.file, name=sent.name or "", limit_bytes=FILE_LIMIT_BYTES,
                now=now,
            )  # fmt: skip
            return see(f"{reverse('questionnaire', args=[secret, here.section.id])}#files-{question}")
        except InvalidError as error:
            for sentence in error.problems.get("file", ()):
                form.add_error("file", sentence)
        except ConflictError:
            return _ended(request, _linked(secret, now))
    asked = QuestionsForm(None, asked=[(one.question, one.value) for one in here.rows], auto_id="q-%s")
    return _shown(request, secret, linked, here, form=asked, refused_file=(question, form))


@never_cache
@require_POST
def take_back(request: HttpRequest, secret: str, number: int) -> HttpResponse:
    """Takes a file back that was sent by the same link."""
    now = timezone.now()
    linked = _linked(secret, now)
    file = next((one for one in linked.sent.files if one.row.number == number and not one.back), None)
    if file is None:
        raise Http404("There is no such file.")
    try:
        take_file_back(secret=secret, number=number, now=now)
    except ConflictError:
        return _ended(request, _linked(secret, now))
    here = _section_of(linked, file.row.question)
    return see(f"{reverse('questionnaire', args=[secret, here.section.id])}#files-{file.row.question}")


def _section_of(linked: Linked, question: str) -> AskedSection:
    """The section in which a question is asked that takes files. Raises Http404."""
    for section in sections_of(linked.sent):
        if any(one.question.id == question and one.takes_files for one in section.rows):
            return section
    raise Http404("No file is asked for here.")


def _let_through(linked: Linked, now: datetime) -> bool:
    return COUNTED.let_through(linked.actor.id, int(now.timestamp()) // 60, now, MOST_A_MINUTE)


def _keep(
    request: HttpRequest,
    secret: str,
    linked: Linked,
    here: AskedSection,
    form: QuestionsForm,
    values: Mapping[str, Value | None],
    now: datetime,
) -> HttpResponse | None:
    """Keeps what can stand. None: something is wrong, and the section is shown again with it."""
    if not _let_through(linked, now):
        return render(request, "questionnaires/ended.html", _told(linked, FIRST_TOO_MANY), status=429)
    try:
        answer_questionnaire(secret=secret, given=values, now=now)
    except ConflictError:
        return _ended(request, _linked(secret, now))
    after = _linked(secret, now).sent
    quietly = request.headers.get("HX-Request") == "true"
    if form.errors:
        return _saved(request, form, now) if quietly else None
    open_now = [row.question.id for one in sections_of(after) for row in one.rows if one.section == here.section]
    more = open_now != [one.question.id for one in here.rows]
    same = reverse("questionnaire", args=[secret, here.section.id])
    if quietly:
        return HttpResponse(status=204, headers={"HX-Redirect": same}) if more else _saved(request, form, now)
    order = [one.section.id for one in sections_of(after)]
    place = order.index(here.section.id) + 1
    if more:
        return see(same)
    if place < len(order):
        return see(reverse("questionnaire", args=[secret, order[place]]))
    return see(reverse("questionnaire-hand-in", args=[secret]))


def _saved(request: HttpRequest, form: QuestionsForm, now: datetime) -> HttpResponse:
    return render(request, "questionnaires/_saved.html", {"form": form, "now": now})


def _shown(
    request: HttpRequest,
    secret: str,
    linked: Linked,
    here: AskedSection,
    *,
    form: QuestionsForm,
    refused_file: tuple[str, FileForm] | None = None,
) -> HttpResponse:
    bad, bad_form = refused_file or ("", None)
    context = {
        **_common(linked, secret),
        "heading": here.section.title,
        "here": here,
        "form": form,
        "rows": [(row, form[row.question.id]) for row in here.rows],
        "attaching": [
            (row, bad_form if row.question.id == bad else FileForm(auto_id=f"file-{row.question.id}-%s"))
            for row in here.rows
            if row.takes_files
        ],
        "bad_file": bad_form,
        "kinds": ", ".join(FILE_TYPES.values()),
        "limit": FILE_LIMIT_BYTES // (1024 * 1024),
    }
    status = 422 if form.errors or bad_form else 200
    return render(request, "questionnaires/section.html", context, status=status)


def _common(linked: Linked, secret: str) -> dict[str, Any]:
    latest = linked.sent.latest
    return {
        "found": linked.sent,
        "secret": secret,
        "organisation": linked.organisation,
        "returned": latest.because if latest and latest.step == "returned" else "",
        "sections": sections_of(linked.sent),
    }


def _told(linked: Linked, sentence: str) -> dict[str, Any]:
    return {
        "found": linked.sent,
        "organisation": linked.organisation,
        "sentence": sentence,
        "heading": linked.sent.supplier,
    }


def _ended(request: HttpRequest, linked: Linked) -> HttpResponse:
    """Nothing can be written any more; what was handed in stays readable for who has the link."""
    found = linked.sent
    sentence = ENDED.get(found.state, _("These questions are not asked any more. Whoever asked can send others."))
    rows = sections_of(found) if found.state in ("handed in", "judged") else ()
    sections = [(one.section, [(row.question, said(row.value), row.files) for row in one.rows]) for one in rows]
    return render(request, "questionnaires/ended.html", {**_told(linked, sentence), "sections": sections})


def _linked(secret: str, now: datetime) -> Linked:
    try:
        return by_link(secret=secret, now=now)
    except (UnknownError, NotFoundError) as error:
        raise Http404(str(error)) from error


urls = [
    path("questionnaire/<str:secret>", questionnaire, name="questionnaire"),
    path("questionnaire/<str:secret>/hand-in", hand_in, name="questionnaire-hand-in"),
    path("questionnaire/<str:secret>/files/<slug:question>", send, name="questionnaire-file"),
    path("questionnaire/<str:secret>/files/<int:number>/back", take_back, name="questionnaire-file-back"),
    path("questionnaire/<str:secret>/<slug:section>", questionnaire, name="questionnaire"),
]
