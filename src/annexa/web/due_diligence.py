"""Due diligence: which suppliers were asked what, how far they are, what they answered, and the judgement of it."""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.questionnaire_files import CERTIFICATES, take_file_over
from annexa.actions.questionnaires import (
    judge_questionnaire,
    return_questionnaire,
    send_questionnaire,
    withdraw_questionnaire,
)
from annexa.answers.due_diligence import Sent, for_suppliers, one_sent, open_file, sections_of, sent_to
from annexa.answers.errors import UnknownError
from annexa.answers.registers import targets
from annexa.pure.due_diligence import OUTCOMES
from annexa.pure.permits import Permit, may_somewhere
from annexa.pure.questionnaires import SEVERITIES
from annexa.vault.blobs import BlobForgedError, BlobMissingError
from annexa.web.forms import Bound, date_field, fresh, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, person
from annexa.web.questions import said
from annexa.web.refused import refused
from annexa.web.uploads import saved

log = logging.getLogger(__name__)
USUAL = timedelta(days=21)
STATES: Mapping[str, Any] = {
    "open": later("Waits for answers"),
    "returned": later("Returned to the supplier"),
    "handed in": later("To judge"),
    "judged": later("Judged"),
    "withdrawn": later("Withdrawn"),
    "closed": later("Not answered in time"),
}
ORDER = ("handed in", "returned", "open", "closed", "judged", "withdrawn")
"""What waits for us first."""
SEVERITY_WORDS: Mapping[str, Any] = {
    "low": later("Low"), "medium": later("Medium"), "high": later("High"), "critical": later("Critical"),
}  # fmt: skip
LOOK: Mapping[str, str] = {"critical": "fail", "high": "fail", "medium": "soon", "low": "idle"}


class SendForm(forms.Form):
    """Whom to ask what, and until when."""

    supplier = forms.ChoiceField(label=later("Supplier"))
    questionnaire = forms.ChoiceField(label=later("Questionnaire"), widget=forms.RadioSelect)
    to = forms.CharField(
        label=later("Who is to answer"), max_length=254,
        help_text=later("Best an e-mail address. Annexa sends nothing: you get a link to send."),
    )  # fmt: skip
    due_on = date_field(later("Answers due on"), help_text=later("The link still opens for 30 days after it"))

    def __init__(self, *args: Any, suppliers: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        nobody: list[tuple[str, Any]] = [("", later("Choose a supplier"))]
        asked = [
            (one.id, _("%(title)s, %(n)d questions") % {"title": one.title, "n": len(one.questions)})
            for one in for_suppliers()
        ]
        for name, choices in (("supplier", [*nobody, *suppliers]), ("questionnaire", asked)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  as declared above
            field.choices = choices


class JudgeForm(forms.Form):
    """What comes of the answers."""

    outcome = forms.ChoiceField(
        label=later("Judgement"), widget=forms.RadioSelect, choices=[(one, one.capitalize()) for one in OUTCOMES]
    )
    conditions = text_field(
        later("Conditions"), required=False, help_text=later("What the supplier has to mend or keep to, and by when")
    )
    because = text_field(
        later("Reason"), required=False, help_text=later("Needed where you judge otherwise than proposed")
    )


class CertificateForm(forms.Form):
    """Which certificate a file is, and until when it holds."""

    certificate = forms.ChoiceField(
        label=later("Certificate"), choices=[("", later("Choose one")), *((one, one) for one in CERTIFICATES)]
    )
    until = date_field(later("Holds until"), help_text=later("The last day, as the certificate says"))


class ReasonForm(forms.Form):
    """Why."""

    because = text_field(later("What is missing"))


class WithdrawForm(forms.Form):
    """Why the link is closed before its time."""

    because = text_field(later("Reason"), rows=1, required=False)


@require_safe
def due_diligence(request: HttpRequest) -> HttpResponse:
    """What was sent, to everybody or to one supplier; what waits for us first."""
    now, supplier = timezone.now(), request.GET.get("supplier", "")
    found = sorted(sent_to(actor=actor(request), now=now, supplier=supplier), key=lambda one: ORDER.index(one.state))
    context = {
        "heading": _("Due diligence"),
        "now": now,
        "supplier": supplier,
        "rows": [(one, STATES[one.state], _late(one, now)) for one in found],
        "waiting": sum(one.state == "handed in" for one in found),
        "open": sum(one.state in ("open", "returned") for one in found),
        "late": sum(_late(one, now) for one in found),
        "sends": isinstance(may_somewhere(actor(request), "send_questionnaire"), Permit),
    }
    return render(request, "due_diligence/index.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Asks a supplier. The link is in the answer itself, and nowhere else."""
    who, now = actor(request), timezone.now()
    if not isinstance(may_somewhere(who, "send_questionnaire"), Permit):
        return refused(
            request, status=403, title=_("Not yours to do"), text=_("An owner or a compliance lead asks suppliers.")
        )
    suppliers = [(one.slug, one.name) for one in targets(actor=who, noun="supplier")]
    initial = {"supplier": request.GET.get("supplier", ""), "due_on": (now + USUAL).date()}
    form = SendForm(request.POST or None, suppliers=suppliers, initial=initial)
    context: dict[str, Any] = {"heading": _("Ask a supplier"), "form": form, "suppliers": suppliers}
    if request.method == "POST" and form.is_valid():
        try:
            row, secret = send_questionnaire(actor=who, person=person(request), now=now, **form.cleaned_data)
            link = request.build_absolute_uri(reverse("questionnaire", args=[secret]))
            context |= {"made": one_sent(actor=who, sent=row.id, now=now), "link": link}
            return render(request, "due_diligence/sent.html", context, status=201)
        except InvalidError as error:
            for field, sentences in error.problems.items():
                form.add_error(field if field in form.fields else None, list(sentences))
        except NotPermittedError as error:
            return refused(request, status=403, title=_("Not yours to do"), text=str(error))
        except NotFoundError as error:
            raise Http404(str(error)) from error
    return render(request, "due_diligence/new.html", context, status=422 if form.errors else 200)


@require_safe
def one(request: HttpRequest, sent: str) -> HttpResponse:
    """The answers, what worries about them, and what was made of them."""
    return _page(request, sent, bound={}, status=200)


@takes_form_of("due-diligence-one")
def judge(request: HttpRequest, sent: str) -> HttpResponse:
    """Judges what was handed in."""

    def do(given: Mapping[str, Any], now: datetime) -> str:
        judge_questionnaire(actor=actor(request), person=person(request), sent=sent, now=now, **given)
        return _("Judged; it stands in the supplier’s record")

    return _done(request, sent, "judge", JudgeForm(request.POST, auto_id="judge-%s"), do)


@takes_form_of("due-diligence-one")
def give_back(request: HttpRequest, sent: str) -> HttpResponse:
    """Returns answers to the supplier."""

    def do(given: Mapping[str, Any], now: datetime) -> str:
        return_questionnaire(actor=actor(request), person=person(request), sent=sent, now=now, **given)
        return _("Returned; the same link opens again")

    return _done(request, sent, "give_back", ReasonForm(request.POST, auto_id="give_back-%s"), do)


@takes_form_of("due-diligence-one")
def withdraw(request: HttpRequest, sent: str) -> HttpResponse:
    """Closes the link."""

    def do(given: Mapping[str, Any], now: datetime) -> str:
        withdraw_questionnaire(actor=actor(request), person=person(request), sent=sent, now=now, **given)
        return _("The link opens no more")

    return _done(request, sent, "withdraw", WithdrawForm(request.POST, auto_id="withdraw-%s"), do)


@takes_form_of("due-diligence-one", beyond="number")
def take_over(request: HttpRequest, sent: str, number: int) -> HttpResponse:
    """Takes a file over as a certificate of the supplier."""

    def do(given: Mapping[str, Any], now: datetime) -> str:
        take_file_over(actor=actor(request), person=person(request), sent=sent, number=number, now=now, **given)
        return _("Taken over; it stands in the supplier’s record")

    name = f"take_over-{number}"
    return _done(request, sent, name, CertificateForm(request.POST, auto_id=f"{name}-%s"), do)


@require_safe
def file_bytes(request: HttpRequest, sent: str, number: int) -> HttpResponseBase:
    """The bytes of a file as they came, always to save and never to show; withheld once they are not what they were."""
    try:
        found, stream = open_file(actor=actor(request), sent=sent, number=number, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    except (BlobForgedError, BlobMissingError) as error:
        log.error("File %s of questionnaire %s: %s", number, sent, error)
        return refused(request, status=409, title=_("The file is missing or was changed on disk"), text=str(error))
    return saved(stream, found.row.name)


def _done(request: HttpRequest, sent: str, name: str, form: forms.Form, do: Any) -> HttpResponse:
    now = timezone.now()
    answer = tried(request, form, lambda given: do(given, now))
    if answer is not None:
        return answer
    if form.errors:
        return _page(request, sent, bound={name: form}, status=422)
    return see(reverse("due-diligence-one", args=[sent]))


def _page(request: HttpRequest, sent: str, *, bound: Bound, status: int) -> HttpResponse:
    now = timezone.now()
    try:
        found = one_sent(actor=actor(request), sent=sent, now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error
    judges = isinstance(may_somewhere(actor(request), "judge_questionnaire"), Permit)
    takes = judges and found.state in ("handed in", "judged")
    worst = found.score.concerns if found.score else ()
    asked = found.questionnaire.by_id if found.questionnaire else {}
    proposed = {"outcome": found.score.outcome} if found.score else {}
    context = {
        "heading": found.supplier,
        "now": now,
        "found": found,
        "state": STATES[found.state],
        "late": _late(found, now),
        "concerns": [
            (asked[one.question], SEVERITY_WORDS[one.severity], LOOK[one.severity], one.because) for one in worst
        ],
        "counts": [
            (SEVERITY_WORDS[severity], n)
            for severity in reversed(SEVERITIES)
            if (n := sum(one.severity == severity for one in worst))
        ],
        "sections": [
            (
                one.section,
                one.done,
                [
                    (
                        row.question,
                        said(row.value),
                        row.concern and LOOK[row.concern.severity],
                        [
                            (file, _offered(bound, f"take_over-{file.row.number}", CertificateForm, takes))
                            for file in row.files
                        ],
                    )
                    for row in one.rows
                ],
            )
            for one in sections_of(found)
        ],
        "judge_form": _offered(bound, "judge", JudgeForm, judges and found.state == "handed in", **proposed),
        "give_back_form": _offered(bound, "give_back", ReasonForm, judges and found.state == "handed in"),
        "withdraw_form": _offered(
            bound, "withdraw", WithdrawForm, judges and found.state in ("open", "returned", "handed in")
        ),
        "files": sum(not one.back for one in found.files),
        "wrong": next(iter(bound.values()), None),
    }
    return render(request, "due_diligence/one.html", context, status=status)


def _offered(bound: Bound, name: str, kind: type[forms.Form], offered: bool, **initial: Any) -> forms.Form | None:
    return (bound.get(name) or fresh(kind, name, **initial)) if offered else None


def _late(found: Sent, now: datetime) -> bool:
    due: date = found.row.due_on
    return found.state in ("open", "returned", "closed") and due < now.date()


urls = [
    path("due-diligence", due_diligence, name="due-diligence"),
    path("due-diligence/new", send, name="due-diligence-new"),
    path("due-diligence/<str:sent>", one, name="due-diligence-one"),
    path("due-diligence/<str:sent>/files/<int:number>", file_bytes, name="due-diligence-file"),
    path("due-diligence/<str:sent>/files/<int:number>/certificate", take_over, name="due-diligence-take-over"),
    path("due-diligence/<str:sent>/judge", judge, name="due-diligence-judge"),
    path("due-diligence/<str:sent>/return", give_back, name="due-diligence-return"),
    path("due-diligence/<str:sent>/withdraw", withdraw, name="due-diligence-withdraw"),
]
