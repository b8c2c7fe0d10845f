"""The library in force: since when and why, own frameworks and controls, a newer one to take up, which are adopted."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.evidence import clean_name
from annexa.actions.libraries import import_files, upgrade_library, withdraw_files
from annexa.actions.organisation import choose_frameworks
from annexa.adapters.catalogs import CatalogError, LibraryFiles
from annexa.answers.frameworks import list_frameworks
from annexa.answers.libraries import own_files, taken_up
from annexa.answers.store import blobs
from annexa.answers.upgrades import Preview, preview_files, preview_upgrade, read_files
from annexa.library.reader import LibraryError
from annexa.pure.permits import Permit, may
from annexa.vault import VaultError
from annexa.web.forms import fresh, see, takes_form_of, text_field, tried
from annexa.web.frame import actor
from annexa.web.refused import refused
from annexa.web.uploads import Upload, refusal

SHOWN = 200
"""Changes and verdicts that a preview lists; the rest is counted."""
WHAT = "library"


class FileForm(forms.Form):
    """A file with a framework, controls, coverage or a mapping."""

    file = forms.FileField(label=later("File"), error_messages={"required": later("Choose a file.")})


class TakeUpForm(forms.Form):
    """Why another library is taken up."""

    because = text_field(later("Why"), required=False, help_text=later("It stands in the ledger"))


class WithdrawForm(forms.Form):
    """Which own file goes, and why."""

    name = forms.CharField(widget=forms.HiddenInput)
    because = text_field(later("Why it goes"))


@require_http_methods(["GET", "HEAD", "POST"])
def in_force(request: HttpRequest) -> HttpResponse:
    """What is in force and was before; a file uploaded here is only looked at first."""
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if request.method == "POST":
        if (no := _not_permitted(request)) is not None:
            return no
        if sentence := refusal(request):
            form.errors.clear()
            form.add_error("file", sentence)
        elif form.is_valid():
            file = form.cleaned_data["file"]
            kept = blobs().put(file, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
            found = Upload(what=WHAT, sha256=kept.sha256, name=clean_name(file.name or ""))
            return see(reverse("library-import", args=[found.token()]))
    return _in_force(request, form, status=422 if form.errors else 200)


def _in_force(request: HttpRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
    waits: Preview | None = None
    problems: tuple[str, ...] = ()
    try:
        waits = preview_upgrade(actor=actor(request), now=timezone.now())
    except LibraryError as error:
        problems = error.problems
    history = taken_up()
    may_change = isinstance(may(actor(request), "change_library"), Permit)
    context = {
        "now": timezone.now(),
        "history": history,
        "present": history[0] if history else None,
        "own": [(name, fresh(WithdrawForm, f"own{n}", name=name)) for n, name in enumerate(sorted(own_files()))],
        "waits": waits,
        "problems": problems,
        "form": form,
        "may_change": may_change,
    }
    return render(request, "libraries/in_force.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def upgrade(request: HttpRequest) -> HttpResponse:
    """What the library of this version of Annexa would change; posting to it takes it up."""
    if (no := _not_permitted(request)) is not None:
        return no
    try:
        seen = preview_upgrade(actor=actor(request), now=timezone.now())
    except LibraryError as error:
        return _previewed(request, _("A newer library"), None, TakeUpForm(), problems=error.problems, status=422)
    if seen is None:
        messages.info(request, _("The library of this version of Annexa is in force"))
        return see(reverse("library-in-force"))

    def do(given: Mapping[str, Any]) -> str:
        done = upgrade_library(actor=actor(request), now=timezone.now(), because=given["because"])
        return _("Library %s taken up") % done.version[:12]

    return _decided(request, _("A newer library"), seen, do)


@require_http_methods(["GET", "HEAD", "POST"])
def import_(request: HttpRequest, upload: str) -> HttpResponse:
    """What an uploaded file would add and which verdicts would move; posting to it takes it over."""
    if (no := _not_permitted(request)) is not None:
        return no
    found = Upload.of(upload, what=WHAT)
    name, replace = request.GET.get("id", "").strip(), bool(request.GET.get("replace"))
    given = {"typed": name, "replace": replace, "is_import": True}
    try:
        files = _files(found, name)
        seen = preview_files(actor=actor(request), files=files, now=timezone.now(), replace=replace)
    except (CatalogError, LibraryError) as error:
        return _previewed(request, found.name, None, TakeUpForm(), problems=error.problems, status=422, **given)

    def do(said: Mapping[str, Any]) -> str:
        done = import_files(
            actor=actor(request), files=files, now=timezone.now(), because=said["because"], replace=replace
        )
        return _("Taken over: %s") % ", ".join(done.changed)

    return _decided(request, found.name, seen, do, left_out=files.left_out, **given)


def _files(found: Upload, name: str) -> LibraryFiles:
    try:
        with blobs().open_checked(found.sha256) as stream:
            return read_files(name=found.name, data=stream.read(), id=name)
    except VaultError as error:
        raise Http404(str(error)) from error


@takes_form_of("library-in-force")
def withdraw(request: HttpRequest) -> HttpResponse:
    """Takes an own file out of the library in force, with a reason."""
    form = WithdrawForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        withdraw_files(actor=actor(request), names=[given["name"]], now=timezone.now(), because=given["because"])
        return _("%(file)s withdrawn") % {"file": given["name"]}

    if (answer := tried(request, form, do)) is not None:
        return answer
    if form.errors:
        sentences = [sentence for errors in form.errors.values() for sentence in errors]
        return refused(request, status=422, title=_("Nothing was withdrawn"), text=" ".join(map(str, sentences)))
    return see(reverse("library-in-force"))


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Which frameworks the organisation judges itself against, and in which order."""
    now = timezone.now()
    lines = list_frameworks(actor=actor(request), now=now)
    problem = ""
    if request.method == "POST":
        wanted = [one for one in request.POST.getlist("frameworks") if one]
        wanted.sort(key=lambda one: _place(request, one))
        try:
            choose_frameworks(actor=actor(request), frameworks=wanted, now=now, because=request.POST.get("because", ""))
        except NotPermittedError as error:
            return refused(request, status=403, title=_("Not yours to do"), text=str(error))
        except (InvalidError, ConflictError) as error:
            problem = str(error)
        else:
            messages.success(request, _("Frameworks chosen"))
            return see(reverse("frameworks"))
    context = {"now": now, "lines": list(enumerate(lines, start=1)), "problem": problem}
    return render(request, "libraries/choose.html", context, status=422 if problem else 200)


def _place(request: HttpRequest, framework: str) -> int:
    """Where a framework is to stand; what is no number stands last."""
    typed = request.POST.get(f"place-{framework}", "")
    return int(typed) if typed.isdecimal() and len(typed) < 4 else 1000


def _decided(
    request: HttpRequest, heading: str, seen: Preview, do: Callable[[Mapping[str, Any]], str], **more: Any
) -> HttpResponse:
    """Shows a preview; or, when it is posted, does it and goes back to what is in force."""
    if request.method != "POST":
        return _previewed(request, heading, seen, TakeUpForm(), **more)
    form = TakeUpForm(request.POST)
    if (answer := tried(request, form, do)) is not None:
        return answer
    if form.errors:
        return _previewed(request, heading, seen, form, status=422, **more)
    return see(reverse("library-in-force"))


def _previewed(
    request: HttpRequest, heading: str, seen: Preview | None, form: forms.Form, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "heading": heading,
        "seen": seen,
        "nothing": seen is not None and seen.before == seen.after,
        "form": form,
        "changes": seen.changes[:SHOWN] if seen else (),
        "verdicts": seen.verdicts[:SHOWN] if seen else (),
        **more,
    }
    return render(request, "libraries/preview.html", context, status=status)


def _not_permitted(request: HttpRequest) -> HttpResponse | None:
    permit = may(actor(request), "change_library")
    if isinstance(permit, Permit):
        return None
    return refused(request, status=403, title=_("Not yours to do"), text=permit.because)


urls = [
    path("frameworks/library", in_force, name="library-in-force"),
    path("frameworks/library/upgrade", upgrade, name="library-upgrade"),
    path("frameworks/library/import/<str:upload>", import_, name="library-import"),
    path("frameworks/library/withdraw", withdraw, name="library-withdraw"),
    path("frameworks/choose", choose, name="frameworks-choose"),
]
