"""One requirement with everything the library says about it, and where the organisation stands."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.obligations import about
from annexa.answers.requirements import Covering, RequirementPage, requirement_page
from annexa.web.asof import as_of
from annexa.web.frame import actor


@require_safe
def requirement(request: HttpRequest, framework: str, requirement: str) -> HttpResponse:
    """One requirement: what it asks, how it is tested, of whom and from when, what corresponds to it elsewhere."""
    now = timezone.now()
    asof = as_of(request, now)
    try:
        page = requirement_page(
            actor=actor(request), framework=framework, requirement=requirement,
            now=now, at=asof.at, hindsight=asof.hindsight,
        )  # fmt: skip
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "now": now,
        "asof": asof,
        "page": page,
        "elsewhere": [
            (framework, [one for one in rows if one.via is None], [one for one in rows if one.via is not None])
            for framework, rows in page.elsewhere
        ],
        "sets": page.coverage.sufficient if page.coverage else (),
        "groups": _groups(page),
        "roles": [role.replace("_", " ") for role in page.requirement.binds_roles],
        "attributes": [
            (page.framework.attributes[name].title, _value(value))
            for name, value in page.requirement.attributes.items()
        ],
    }
    return render(request, "requirements/requirement.html", context | _told(page))


def _told(page: RequirementPage) -> dict[str, Any]:
    """Its days, clocks, times to keep and penalties; whether the day it applies from is one of several readings."""
    told = about(page.framework, page.requirement)
    questions = [one.event.question for one in told.moments if one.event.question]
    return {"told": told, "disputed": any(page.requirement.applies_from in one.days for one in questions)}


def _groups(page: RequirementPage) -> list[tuple[str, list[Covering]]]:
    """The controls as tables: each sufficient set, then those that only help."""
    if page.coverage is None:
        return []
    sets = page.coverage.sufficient
    several = len(sets) > 1
    found = [
        (
            (_("Set %d") % number if several else _("All of these, effective")),
            [page.controls[control] for control in chosen],
        )
        for number, chosen in enumerate(sets, start=1)
    ]
    helping = [page.controls[control] for control in page.coverage.contributes]
    return [*found, (_("Helps, but does not meet it alone"), helping)] if helping else found


def _value(value: Any) -> str | date:
    """A value as it is shown; a date stays one, written like every other date of the page."""
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, date) else str(value)


urls = [
    path("frameworks/<str:framework>/requirements/<path:requirement>", requirement, name="requirement"),
]
