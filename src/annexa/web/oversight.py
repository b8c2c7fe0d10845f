"""Human oversight: the queue of AI decisions that wait for a person, one case, and how oversight works in figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.oversight import decide_case, give_back_case, take_case
from annexa.answers.errors import UnknownError
from annexa.answers.oversight import CasePage, one_case, queue
from annexa.answers.oversight_figures import Statistics, statistics
from annexa.answers.stop_switch import stopped_systems
from annexa.pure.oversight import DECISIONS, harmless
from annexa.pure.oversight_figures import Figures
from annexa.web.forms import LONGEST, see, takes_form_of, text_field, tried, tried_or_told
from annexa.web.frame import actor, permitted, person

PARTS: tuple[tuple[str, Any], ...] = (
    ("output", later("What the system decided")),
    ("input", later("What it was given")),
    ("explanation", later("Why, as the system says")),
    ("policy", later("The policy that applies")),
)
VERBS: Mapping[str, Any] = {
    "approved": later("Approve it: what the system decided may be used"),
    "overridden": later("Override it: something else is used"),
    "stopped": later("Stop it: nothing is done with it"),
}
ENDED: Mapping[str, tuple[str, Any]] = {
    "approved": ("pass", later("Approved")),
    "overridden": ("soon", later("Overridden")),
    "stopped": ("fail", later("Stopped")),
}
"""The mark and the words of what came of a case."""
FELL: Mapping[str, Any] = {
    "overridden": later("Nobody decided in time; the owner’s default is used"),
    "stopped": later("Nobody decided in time; nothing is done"),
}


class DecideForm(forms.Form):
    """A decision about a case. Nothing is chosen beforehand, so that agreeing is not the easier way."""

    decision = forms.ChoiceField(
        label=later("Decision"), choices=[(one, VERBS[one]) for one in DECISIONS], widget=forms.RadioSelect,
        error_messages={"required": later("Choose one.")},
    )  # fmt: skip
    instead = text_field(later("What is used instead"), required=False, help_text=later("Only if you override it."))
    because = text_field(later("Why"), help_text=later("To approve takes a reason as much as to override."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week of the chart: its column in per cent of the tallest, and how much of it was overridden or stopped."""

    day: date
    figures: Figures
    x: float
    width: float
    height: float
    against: float

    @property
    def top(self) -> float:
        """Where the column begins, from above."""
        return 100 - self.height

    @property
    def top_against(self) -> float:
        """Where the part begins that was overridden or stopped."""
        return 100 - self.against


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits: for me, for others, in which systems, taken by whom."""
    now, system = timezone.now(), request.GET.get("system", "")
    try:
        found = queue(actor=actor(request), now=now, system=system)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "heading": _("Oversight"),
        "now": now,
        "found": found,
        "system": system,
        "waiting": [(slug, name, found.waiting.get(slug, 0)) for slug, name in found.systems.items()],
        "stopped": [
            (slug, found.systems.get(slug, slug), stop) for slug, stop in stopped_systems(actor=actor(request)).items()
        ],
        "soon": now + timedelta(minutes=15),
    }
    return render(request, "oversight/index.html", context)


@require_safe
def case(request: HttpRequest, case: str) -> HttpResponse:
    """One case, with everything that a person has to see, and the decision beneath it."""
    return _case(request, case, None, 200)


@takes_form_of("oversight-case")
def take(request: HttpRequest, case: str) -> HttpResponse:
    """Takes a case, so that it is kept for who takes it."""

    def do(_given: Mapping[str, Any]) -> str:
        take_case(actor=actor(request), person=person(request), item=case, now=timezone.now())
        return _("It is kept for you for half an hour")

    return _told(request, case, do, back=reverse("oversight-case", args=[case]))


@takes_form_of("oversight-case")
def give_back(request: HttpRequest, case: str) -> HttpResponse:
    """Gives a case back."""

    def do(_given: Mapping[str, Any]) -> str:
        give_back_case(actor=actor(request), person=person(request), item=case, now=timezone.now())
        return _("Somebody else can take it now")

    return _told(request, case, do, back=reverse("oversight"))


@takes_form_of("oversight-case")
def decide(request: HttpRequest, case: str) -> HttpResponse:
    """Decides about a case that one has taken."""
    _found(request, case)
    form = DecideForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        decide_case(
            actor=actor(request), person=person(request), item=case, decision=given["decision"],
            because=given["because"], instead=given["instead"], now=timezone.now(),
        )  # fmt: skip
        return str(ENDED[given["decision"]][1])

    answer = tried(request, form, do, back=reverse("oversight-case", args=[case]))
    if answer is None and form.errors:
        return _case(request, case, form, 422)
    return answer or see(reverse("oversight"))


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Override rates, review times and approvals that came too fast, by system, by reviewer and over twelve weeks."""
    system = request.GET.get("system", "")
    try:
        found = statistics(actor=actor(request), now=timezone.now(), system=system)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "heading": _("Statistics of oversight"),
        "found": found,
        "system": system,
        "weeks": _weeks(found),
        "most": max((one.decisions for _, one in found.weeks), default=0),
        "warnings": [
            *((name, sentence) for _, name, one in found.systems for sentence in one.warnings),
            *((name, sentence) for _, name, one in found.reviewers for sentence in one.warnings),
        ],
    }
    return render(request, "oversight/statistics.html", context)


def _weeks(found: Statistics) -> list[Week]:
    most = max((one.decisions for _, one in found.weeks), default=0) or 1
    step = 100 / len(found.weeks)
    return [
        Week(
            day=day, figures=one, x=round(number * step + step * 0.15, 3), width=round(step * 0.7, 3),
            height=round(100 * one.decisions / most, 2),
            against=round(100 * (one.overridden + one.stopped) / most, 2),
        )
        for number, (day, one) in enumerate(found.weeks)
    ]  # fmt: skip


def _found(request: HttpRequest, case: str) -> CasePage:
    try:
        return one_case(actor=actor(request), item=case, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _told(request: HttpRequest, case: str, do: Callable[[Mapping[str, Any]], str], *, back: str) -> HttpResponse:
    _found(request, case)
    return tried_or_told(request, forms.Form(request.POST), do, wrong=_("It is not as you saw it"), back=back)


def _case(request: HttpRequest, case: str, form: forms.Form | None, status: int) -> HttpResponse:
    page = _found(request, case)
    line, item = page.queued, page.queued.item
    ended = ENDED[page.outcome.decision] if page.outcome else None
    context = {
        "heading": harmless(line.title) or _("A case of %(system)s") % {"system": line.system_name},
        "now": timezone.now(),
        "page": page,
        "line": line,
        "item": item,
        "parts": [(name, title, harmless(getattr(page.content, name))) for name, title in PARTS if page.content],
        "verdicts": [(ENDED[one.decision], one, harmless(one.instead)) for one in page.verdicts],
        "mark": ended[0] if ended else "idle",
        "word": _word(page),
        "output": harmless(page.outcome.output) if page.outcome else "",
        "form": form or DecideForm(),
        "takes": line.mine and not line.taken and not line.said,
        "stops": permitted(request, "pull_stop", item.system),
        "longest": LONGEST,
    }
    return render(request, "oversight/case.html", context, status=status)


def _word(page: CasePage) -> Any:
    """How a case stands, in words."""
    if page.outcome is not None:
        return FELL[page.outcome.decision] if page.outcome.how == "fell" else ENDED[page.outcome.decision][1]
    return {
        "waiting": _("Waits for a decision"),
        "escalated": _("Nobody decided in time; it is escalated"),
    }.get(page.queued.state, _("Its time has passed; it falls to the default"))


urls = [
    path("oversight", index, name="oversight"),
    path("oversight/statistics", figures, name="oversight-statistics"),
    path("oversight/cases/<slug:case>", case, name="oversight-case"),
    path("oversight/cases/<slug:case>/take", take, name="oversight-take"),
    path("oversight/cases/<slug:case>/return", give_back, name="oversight-return"),
    path("oversight/cases/<slug:case>/decide", decide, name="oversight-decide"),
]
