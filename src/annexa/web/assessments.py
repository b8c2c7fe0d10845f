"""Impact assessments: where every system stands, the form section by section, the decision, versions, print, files."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    return_assessment,
    start_assessment,
    take_over_answers,
    withdraw_assessment,
)
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.answers.assessments import (
    FORMS,
    Asked,
    AssessmentPage,
    Part,
    Standing,
    assessed_systems,
    differences,
    export_assessment,
    find,
    one_assessment,
    standings,
    system_of,
)
from annexa.answers.errors import UnknownError
from annexa.answers.material import references
from annexa.library.questionnaires import questionnaires
from annexa.pure.assessments import Origin
from annexa.pure.instants import months_after
from annexa.pure.permits import Refusal
from annexa.pure.questionnaires import Question, Value
from annexa.records.systems import AiSystem
from annexa.web.forms import date_field, fresh, see, takes_form_of, text_field, tried, tried_or_told
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.questions import QuestionsForm, said, written
from annexa.web.refused import refused

STATES: Mapping[str, tuple[Any, str]] = {
    "not asked": (later("Not asked for"), "idle"),
    "missing": (later("Missing"), "fail"),
    "open": (later("Begun"), "soon"),
    "handed in": (later("Waits for approval"), "soon"),
    "returned": (later("Returned"), "soon"),
    "approved": (later("Approved"), "pass"),
    "outdated": (later("Outdated"), "fail"),
    "expired": (later("Expired"), "fail"),
    "withdrawn": (later("Withdrawn"), "idle"),
}
"""Each state in words, and the outcome whose mark it wears."""
DECISIONS: Mapping[str, Any] = {
    "handed in": later("Handed in"),
    "returned": later("Returned"),
    "approved": later("Approved"),
    "withdrawn": later("Withdrawn"),
}
SHORT: Mapping[str, Any] = {
    "ai-system-impact-assessment": later("AI impact"),
    "fria": later("Fundamental rights"),
    "dpia": later("Data protection"),
}
"""What the forms are called where there is little room."""
MEDIA: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
PER_PAGE = 25


class HandInForm(forms.Form):
    """A word to who decides."""

    because = text_field(later("To who decides"), required=False)


class ApproveForm(forms.Form):
    """The approval of exactly what was handed in."""

    because = text_field(later("What the approval rests on"))
    until = date_field(later("Holds until"))


class ReasonForm(forms.Form):
    """A reason."""

    because = text_field(later("Reason"))


# --- where everything stands


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every AI system with its three assessments; by default only those where something is to be done."""
    now = timezone.now()
    found = assessed_systems(actor=actor(request), now=now)
    every = request.GET.get("show") == "all"
    shown = [row for row in found if every or any(_waits(one) for one in row[1])]
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "heading": _("Impact assessments"),
        "rows": [(system, [(one, *STATES[one.state]) for one in lines]) for system, lines in page.object_list],
        "page": page,
        "every": every,
        "forms": [(questionnaires()[one], SHORT[one]) for one in FORMS],
        "total": len(found),
        "to_do": sum(any(_waits(one) for one in lines) for _system, lines in found),
        "now": now,
    }
    return render(request, "assessments/index.html", context)


def _waits(one: Standing) -> bool:
    return one.to_do or one.draft is not None


@require_safe
def of_system(request: HttpRequest, slug: str) -> HttpResponse:
    """The three assessments of one AI system: what stands, why it no longer does, what to do."""
    now, system = timezone.now(), _known(lambda: system_of(actor(request), slug))
    lines = standings(actor=actor(request), systems=[system], now=now, dated=True)
    context = {
        "system": system,
        "lines": [(one, *STATES[one.state], SHORT[one.form.id]) for one in lines],
        "may_assess": permitted(request, "assess", slug),
        "now": now,
    }
    return render(request, "assessments/system.html", context)


def assessments_of(request: HttpRequest, system: AiSystem, now: datetime) -> list[tuple[Standing, Any, str]]:
    """Where the three stand for one AI system, as its passport shows them."""
    lines = standings(actor=actor(request), systems=[system], now=now)
    return [(one, *STATES[one.state]) for one in lines if one.due or one.current or one.draft]


@takes_form_of("assessments-of")
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """Begins the next version of one of them."""
    made: list[str] = []

    def do(_given: Mapping[str, Any]) -> str:
        found = start_assessment(
            actor=actor(request), person=person(request), form=request.POST.get("form", ""), scope=slug,
            now=timezone.now(),
        )  # fmt: skip
        made.append(reverse("assessment", args=[found.id]))
        return _("It is begun. Save section by section; others may write at the same time.")

    back = reverse("assessments-of", args=[slug])
    answer = tried_or_told(request, forms.Form(request.POST), do, wrong=_("It was not begun"), back=back)
    return see(made[0]) if made else answer


# --- one assessment


@require_safe
def assessment(request: HttpRequest, assessment: str) -> HttpResponse:
    """One section to answer, or, once it is handed in, everything that was said, with the decision."""
    return _page(request, _found(request, assessment))


@takes_form_of("assessment")
def save(request: HttpRequest, assessment: str) -> HttpResponse:
    """Keeps the answers of one section. What others wrote meanwhile stays, and what both wrote is shown."""
    page = _found(request, assessment)
    part = _chosen(page, request.POST.get("section", ""))
    form = QuestionsForm(request.POST, asked=proposed(part), auto_id="q-%s")
    seen = {
        one.question.id: int(sent)
        for one in part.asked
        if (sent := request.POST.get(f"seen-{one.question.id}", "0")).isdecimal()
    }
    conflict = ""
    form.is_valid()
    try:
        made = answer_assessment(
            actor=actor(request), person=person(request), assessment=page.assessment.id,
            given=form.given(request.POST), seen=seen, now=timezone.now(),
        )  # fmt: skip
    except InvalidError as error:
        for field, sentences in error.problems.items():
            for sentence in sentences:
                form.add_error(field if field in form.fields else None, sentence)
    except ConflictError as error:
        conflict = str(error)
    except NotPermittedError as error:
        return refused(request, status=403, title=_("Not yours to do"), text=str(error))
    except NotFoundError as error:
        raise Http404(str(error)) from error
    if form.errors or conflict:
        return _page(request, _found(request, assessment), form=form, conflict=conflict, section=part.section.id)
    messages.success(request, _("Saved") if made else _("Nothing was changed"))
    ahead = _found(request, assessment)
    ids = [one.section.id for one in ahead.parts if one.asked]
    goes_on = "next" in request.POST and part.section.id in ids
    after = ids[ids.index(part.section.id) + 1 :][:1] if goes_on else []
    return see(_address(ahead, (after or [part.section.id])[0]))


@takes_form_of("assessment")
def take_over(request: HttpRequest, assessment: str) -> HttpResponse:
    """Takes over what stands elsewhere, for the questions that were sent."""
    page = _found(request, assessment)

    def do(_given: Mapping[str, Any]) -> str:
        take_over_answers(
            actor=actor(request), person=person(request), assessment=page.assessment.id,
            questions=request.POST.getlist("question"), now=timezone.now(),
        )  # fmt: skip
        return _("Taken over")

    back = _address(page, request.POST.get("section", ""))
    return tried_or_told(request, forms.Form(request.POST), do, wrong=_("Nothing was taken over"), back=back)


@takes_form_of("assessment")
def hand_in(request: HttpRequest, assessment: str) -> HttpResponse:
    """Asks for the decision."""
    page = _found(request, assessment)
    form = HandInForm(request.POST, auto_id="hand-in-%s")

    def do(given: Mapping[str, Any]) -> str:
        hand_in_assessment(
            actor=actor(request), person=person(request), assessment=page.assessment.id, because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("It is handed in; somebody who took no part decides")

    return _done(request, page, form, do, verb="assess", key="hand_in")


@takes_form_of("assessment")
def decide(request: HttpRequest, assessment: str) -> HttpResponse:
    """Approves what was handed in, returns it, or takes it back."""
    page = _found(request, assessment)
    approves = request.POST.get("decision") == "approved"
    key = "approve" if approves else "back"
    form = (ApproveForm if approves else ReasonForm)(request.POST, auto_id=f"{key}-%s")

    def do(given: Mapping[str, Any]) -> str:
        about: dict[str, Any] = {
            "actor": actor(request), "person": person(request), "assessment": page.assessment.id,
        }  # fmt: skip
        about |= {"step": _id(request.POST.get("step", "")), "because": given["because"], "now": timezone.now()}
        if approves:
            approve_assessment(**about, until=given["until"])
            return _("It is approved")
        return_assessment(**about)
        return _("It is open again")

    return _done(request, page, form, do, verb="review_assessment" if approves else "assess", key=key)


@takes_form_of("assessment")
def withdraw(request: HttpRequest, assessment: str) -> HttpResponse:
    """Ends the latest version."""
    page = _found(request, assessment)
    form = ReasonForm(request.POST, auto_id="withdraw-%s")

    def do(given: Mapping[str, Any]) -> str:
        withdraw_assessment(
            actor=actor(request), person=person(request), assessment=page.assessment.id, because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("It is withdrawn")

    return _done(request, page, form, do, verb="assess", key="withdraw")


@require_safe
def changes(request: HttpRequest, assessment: str, other: str) -> HttpResponse:
    """What two versions answer differently."""
    page = _found(request, assessment)
    found = _known(lambda: differences(actor=actor(request), assessment=assessment, other=other))
    before = next(one for one in page.versions if one.id == other)
    context = {
        "page": page,
        "before": before,
        "rows": [(one.question, said(one.before), said(one.after)) for one in found],
    }
    return render(request, "assessments/changes.html", context)


@require_safe
def printed(request: HttpRequest, assessment: str) -> HttpResponse:
    """The whole assessment as a document to print or keep as PDF."""
    page = _found(request, assessment)
    named = [(one.framework, one.requirement, one.point) for one in page.form.basis]
    context = {
        **_shown(page),
        "basis": references(actor=actor(request), now=timezone.now(), named=named),
        "now": timezone.now(),
    }
    return render(request, "assessments/print.html", context)


@require_safe
def export(request: HttpRequest, assessment: str, file_format: Literal["csv", "xlsx", "json"]) -> HttpResponse:
    """The same as a file: JSON with everything, or a table of questions and answers."""
    found = _known(lambda: find(actor=actor(request), assessment=assessment))
    data = export_assessment(actor=actor(request), assessment=assessment, file_format=file_format, now=timezone.now())
    name = f"{found.form}-{found.scope}-v{found.number}.{file_format}"
    return HttpResponse(
        data, content_type=MEDIA[file_format], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# --- parts of the pages


T = TypeVar("T")


def _known(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except UnknownError as error:
        raise Http404(str(error)) from error


def _found(request: HttpRequest, assessment: str) -> AssessmentPage:
    return _known(lambda: one_assessment(actor=actor(request), assessment=assessment, now=timezone.now()))


def _id(sent: str) -> str:
    """The id a form is about; what cannot be one is none."""
    return sent if sent.isalnum() else ""


def _address(page: AssessmentPage, section: str = "") -> str:
    return reverse("assessment", args=[page.assessment.id]) + (f"?section={section}#part" if section else "")


def _chosen(page: AssessmentPage, section: str) -> Part:
    """The section that was asked for, else the first with a question that has to be answered, else the first."""
    asked = [one for one in page.parts if one.asked]
    named = [one for one in asked if one.section.id == section]
    open_ = [one for one in asked if not one.progress.ready]
    return (named or open_ or asked)[0]


def _shown(page: AssessmentPage) -> dict[str, Any]:
    """Everything that was said, section by section, with the steps."""
    return {
        "page": page,
        "state": STATES[page.stage],
        "short": SHORT[page.form.id],
        "parts": [
            (part, [(one, said(one.value), _from(page, one.given.origin if one.given else None)) for one in part.asked])
            for part in page.parts
            if part.asked
        ],
        "steps": [(one, DECISIONS[one.decision]) for one in reversed(page.steps)],
        "handed_in": next((one for one in reversed(page.steps) if one.decision == "handed in"), None),
        "approval": next((one for one in reversed(page.steps) if one.decision == "approved"), None),
        "by_hand": ", ".join(sorted(page.authors.values())),
    }


def _from(page: AssessmentPage, origin: Origin | None) -> str:
    """Where an answer was taken over from, in words."""
    if origin is None:
        return ""
    if not origin.assessment:
        return _("the register of AI systems")
    source = page.sources.get(origin.assessment)
    if source is None:
        return _("another assessment")
    return _("%(form)s, version %(number)d") % {"form": SHORT[source.form], "number": source.number}


def _page(
    request: HttpRequest,
    page: AssessmentPage,
    *,
    form: forms.Form | None = None,
    key: str = "section",
    conflict: str = "",
    section: str = "",
) -> HttpResponse:
    scope, me = page.assessment.scope, person(request)
    writes, decides = permitted(request, "assess", scope), permitted(request, "review_assessment", scope)
    took_part, waits = me.pk in page.authors, page.stage == "handed in"
    part = _chosen(page, section or request.GET.get("section", ""))
    today = timezone.now().date()
    made: dict[str, forms.Form] = {}
    if page.open and writes:
        made["section"] = QuestionsForm(asked=proposed(part), auto_id="q-%s")
        made["hand_in"] = fresh(HandInForm, "hand-in")
    if waits and decides and not took_part:
        made["approve"] = fresh(ApproveForm, "approve", until=months_after(today, page.form.months))
    if waits and (decides or (writes and took_part)):
        made["back"] = fresh(ReasonForm, "back")
    last = page.assessment == page.versions[0]
    if last and page.stage != "withdrawn" and (decides if page.stage == "approved" else writes):
        made["withdraw"] = fresh(ReasonForm, "withdraw")
    if form is not None and key in made:
        made[key] = form
    context = {
        **_shown(page),
        "chosen": part,
        "questions": _questions(page, part, made.get("section"), keep=form is None or key != "section"),
        "index": [(one, one == part) for one in page.parts if one.asked],
        "forms": made,
        "wrong": form if form is not None and form.errors else None,
        "conflict": conflict,
        "own": waits and decides and took_part,
        "may_begin": writes,
        "now": timezone.now(),
    }
    status = 409 if conflict else 422 if context["wrong"] else 200
    return render(request, "assessments/page.html", context, status=status)


def _questions(page: AssessmentPage, part: Part, form: forms.Form | None, *, keep: bool) -> list[dict[str, Any]]:
    """Each question of a section with its field, and what stands elsewhere. After a conflict the newest answer counts
    as seen, since it is shown."""
    return [
        {
            "asked": one,
            "field": form[one.question.id] if form is not None else None,
            "said": said(one.value),
            "number": one.given.number if one.given else 0,
            "other": "" if keep or form is None else _differs(form, one),
            "from": _from(page, one.given.origin if one.given else None),
            "offer_from": _from(page, one.offer.origin) if one.offer else "",
            "moved": said(one.moved.value) if one.moved else "",
            "moved_from": _from(page, one.moved.origin) if one.moved else "",
            "cites": references_of(one.question),
        }
        for one in part.asked
    ]


def _differs(form: forms.Form, one: Asked) -> str:
    """What stands in the record where the form that came back says otherwise."""
    sent = form[one.question.id].value()
    return "" if sent == written(one.question, one.value) else said(one.value)


def references_of(question: Question) -> str:
    """Where the question comes from, by article or clause."""
    return ", ".join(f"{one.requirement}{one.point}" for one in question.answers)


def proposed(part: Part) -> list[tuple[Question, Value | None]]:
    """The questions of a section with the answer, or the one that stands elsewhere."""
    return [
        (one.question, one.value if one.value is not None else one.offer.value if one.offer else None)
        for one in part.asked
    ]


def _done(
    request: HttpRequest,
    page: AssessmentPage,
    form: forms.Form,
    do: Callable[[Mapping[str, Any]], str],
    *,
    verb: str,
    key: str,
) -> HttpResponse:
    """Does it and goes back to the page; or shows the form again with what is wrong."""
    answer = permit(request, verb, page.assessment.scope)
    if isinstance(answer, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=answer.because)
    if (stopped := tried(request, form, do)) is not None:
        return stopped
    if form.errors:
        return _page(request, page, form=form, key=key)
    return see(_address(page))


urls = [
    path("assessments", index, name="assessments"),
    path("systems/<slug:slug>/assessments", of_system, name="assessments-of"),
    path("systems/<slug:slug>/assessments/begin", begin, name="assessment-begin"),
    path("assessments/<str:assessment>", assessment, name="assessment"),
    path("assessments/<str:assessment>/answers", save, name="assessment-save"),
    path("assessments/<str:assessment>/take-over", take_over, name="assessment-take-over"),
    path("assessments/<str:assessment>/hand-in", hand_in, name="assessment-hand-in"),
    path("assessments/<str:assessment>/decision", decide, name="assessment-decide"),
    path("assessments/<str:assessment>/withdrawal", withdraw, name="assessment-withdraw"),
    path("assessments/<str:assessment>/changes/<str:other>", changes, name="assessment-changes"),
    path("assessments/<str:assessment>/print", printed, name="assessment-print"),
    path("assessments/<str:assessment>/export.json", export, {"file_format": "json"}, name="assessment-json"),
    path("assessments/<str:assessment>/export.csv", export, {"file_format": "csv"}, name="assessment-csv"),
    path("assessments/<str:assessment>/export.xlsx", export, {"file_format": "xlsx"}, name="assessment-xlsx"),
]
