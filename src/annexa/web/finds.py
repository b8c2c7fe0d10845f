"""Found uses: AI services in exports of proxies and single sign-on, and one verb for each that nobody approved."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.evidence import clean_name
from annexa.actions.finds import judge_find, record_finds
from annexa.adapters.usage_logs import UsageLogError
from annexa.answers.errors import UnknownError
from annexa.answers.finds import Discovery, all_finds, discover, lines_of
from annexa.answers.registers import one_record
from annexa.pure.permits import Refusal, may, may_somewhere
from annexa.pure.registers.found_uses import FOUND_USES
from annexa.web.forms import tried_or_told
from annexa.web.frame import actor, person
from annexa.web.imports import UploadForm
from annexa.web.record_forms import parse_seen
from annexa.web.refused import refused
from annexa.web.systems import refusal_of
from annexa.web.uploads import refusal

VERBS: tuple[tuple[str, Any], ...] = (
    ("brought in", later("Bring in")),
    ("asked", later("Ask what for")),
    ("left", later("Leave")),
    ("blocked", later("Block")),
)
"""The verbs on a find, in the order of its buttons."""
TROUBLES = 20


class JudgeForm(forms.Form):
    """One verb for a find, with its reason."""

    decision = forms.CharField(max_length=60)
    because = forms.CharField(label=later("Reason"), max_length=1000, required=False)
    seen = forms.CharField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def found(request: HttpRequest) -> HttpResponse:
    """What was found; posting an export looks through it and keeps its sums."""
    if isinstance(may_somewhere(actor(request), "read"), Refusal):
        raise Http404(_("There is nothing here for you."))
    if request.method != "POST":
        return _shown(request, UploadForm(), None)
    if sentence := refusal_of(request, "find_uses"):
        return refused(request, status=403, title=_("Found uses"), text=sentence)
    form, discovery = UploadForm(request.POST, request.FILES), None
    if sentence := refusal(request):
        form.errors.clear()
        form.add_error("file", sentence)
    elif form.is_valid():
        file, now = form.cleaned_data["file"], timezone.now()
        try:
            discovery = discover(name=clean_name(file.name or ""), lines=lines_of(file.chunks()), now=now)
            record_finds(actor=actor(request), discovery=discovery, now=now)
        except UsageLogError as error:
            form.add_error("file", str(error))
    return _shown(request, form, discovery)


def judge(request: HttpRequest, find: str) -> HttpResponse:
    """Decides about one find; who comes by the address alone is led to the list."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("found"))
    if sentence := refusal_of(request, "find_uses"):
        return refused(request, status=403, title=_("Found uses"), text=sentence)
    try:
        one_record(actor=actor(request), register=FOUND_USES, slug=find)
    except UnknownError as error:
        raise Http404(str(error)) from error

    def do(given: Mapping[str, Any]) -> str:
        done = judge_find(
            actor=actor(request), person=person(request), slug=find, decision=given["decision"],
            because=given["because"], seen=parse_seen(given["seen"]), now=timezone.now(),
        )  # fmt: skip
        return f"{done.name}: {done.entry.decision}"

    return tried_or_told(request, JudgeForm(request.POST), do, wrong=_("Not decided"), back=reverse("found"))


def _shown(request: HttpRequest, form: forms.Form, discovery: Discovery | None) -> HttpResponse:
    rows = all_finds(actor=actor(request))
    waiting = [row for row in rows if row.entry.approved != "yes" and not row.entry.decision]
    context = {
        "heading": _("Found uses"),
        "now": timezone.now(),
        "form": form,
        "limit": settings.UPLOAD_LIMIT_BYTES // (1024 * 1024),
        "discovery": discovery,
        "troubles": discovery.problems[:TROUBLES] if discovery else (),
        "waiting": waiting,
        "settled": [row for row in rows if row not in waiting],
        "verbs": VERBS,
        "judges": not isinstance(may(actor(request), "find_uses"), Refusal),
    }
    return render(request, "uses/found.html", context, status=422 if form.errors else 200)


urls = [
    path("uses/found", found, name="found"),
    path("uses/found/<slug:find>/judge", judge, name="find-judge"),
]
