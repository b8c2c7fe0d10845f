"""How far the classification of each AI system is: one law over the register, and the way into each wizard."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.classification_register import ClassificationPage, Line, Standing, classification_page
from annexa.answers.errors import UnknownError
from annexa.pure.fields import tidy
from annexa.records.systems import gravest
from annexa.web.classification import STAGES
from annexa.web.frame import actor
from annexa.web.narrowing import address, facet

ROWS = 50
LONGEST_QUESTION = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One system as the page shows it. `confirms`: what comes next is only to be confirmed."""

    line: Line
    standing: Standing
    url: str
    stage: str
    question: str
    confirms: bool
    risk: str
    outcome: str


@require_safe
def classifications(request: HttpRequest) -> HttpResponse:
    """Every system in use under one law: its stage, what is open, what comes next."""
    stage, question = request.GET.get("stage", ""), request.GET.get("next", "")
    text = tidy(request.GET.get("q", "")[:200])
    law = request.GET.get("law", "")
    try:
        found = classification_page(
            actor=actor(request), now=timezone.now(), law=law, stage=stage, question=question, text=text
        )
    except UnknownError as error:
        raise Http404(str(error)) from error
    page = Paginator(found.lines, ROWS).get_page(request.GET.get("page"))
    facets = [
        facet(request, _("Stage"), "stage", found.stages, lambda value: str(STAGES.get(value, value))),
        facet(request, _("Next question"), "next", found.questions, lambda value: _put(found, value)),
    ]
    context = {
        "found": found,
        "laws": [(tree.title, f"?{urlencode({'law': tree.id})}", tree == found.law) for tree in found.laws],
        "law": law,
        "text": text,
        "stage": stage,
        "question": question,
        "facets": facets,
        "dropped": [(one.chosen.label, one.chosen.url) for one in facets if one.chosen],
        "page": page,
        "rows": [_row(found, line) for line in page],
        "without": address(request, q="", stage="", next=""),
    }
    return render(request, "classifications/index.html", context)


def _row(found: ClassificationPage, line: Line) -> Row:
    standing = line.standing
    return Row(
        line=line,
        standing=standing,
        url=f"{reverse('classification', args=[line.slug])}?{urlencode({'law': found.law.id})}",
        stage=str(STAGES[standing.stage]),
        question=found.law.question(standing.next).text if standing.next else "",
        confirms=standing.next in standing.confirm,
        risk=gravest(standing.outcome.ahead.classes),
        outcome=standing.outcome.outcome.replace("-", " "),
    )


def _put(found: ClassificationPage, question: str) -> str:
    """A question as the value of a facet; one that the law does not have stays as it was typed."""
    text = next((one.text for one in found.law.questions if one.id == question), question)
    return text if len(text) <= LONGEST_QUESTION else f"{text[: LONGEST_QUESTION - 1].rstrip()}…"


urls = [path("systems/classification", classifications, name="classifications")]
