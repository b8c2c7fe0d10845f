"""The portfolio: every AI system against every adopted framework, gathered by risk, unit, stage, owner or supplier."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.portfolio import GROUPINGS, Cell, PortfolioPage, Row, portfolio_page
from annexa.web.asof import as_of
from annexa.web.frame import actor
from annexa.web.systems import short_title
from annexa.web.templatetags.face import RISKS

LABELS = {
    "risk": later("Risk class"),
    "unit": later("Unit"),
    "stage": later("Stage"),
    "owner": later("Owner"),
    "supplier": later("Supplier"),
}
FILTERS = ("risk", "unit", "stage")
"""Groupings that the register filters by, under the same name."""
SHADES = 4
"""Steps of shade: the larger the gap, the darker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One cell as the page shows it: readiness in percent (None: nothing applies), and how dark the gap is."""

    head: str
    percent: int | None
    met: int
    applicable: int
    shade: int


@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    """Where the gaps of the whole portfolio are; each group leads to its systems."""
    now = timezone.now()
    asof = as_of(request, now)
    grouping = request.GET.get("by", "risk")
    try:
        page = portfolio_page(actor=actor(request), now=now, at=asof.at, grouping=grouping, hindsight=asof.hindsight)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "now": now,
        "asof": asof,
        "page": page,
        "heads": [short_title(one) for one in page.frameworks],
        "groupings": [(key, LABELS[key], key == grouping) for key in GROUPINGS],
        "label": LABELS[grouping],
        "rows": [
            (_name(grouping, row.value), _register(grouping, row), row.systems, _cells(page, row)) for row in page.rows
        ],
        "total": _cells(page, page.total),
        "bars": [(framework, page.counts[framework.id]) for framework in page.frameworks],
    }
    return render(request, "portfolio/index.html", context)


def _cells(page: PortfolioPage, row: Row) -> list[Shown]:
    return [_shown(short_title(framework), cell) for framework, cell in zip(page.frameworks, row.cells, strict=True)]


def _shown(head: str, cell: Cell) -> Shown:
    ready = cell.readiness
    return Shown(
        head=head,
        percent=None if ready is None else int(100 * ready),
        met=cell.met,
        applicable=cell.applicable,
        shade=0 if ready is None else min(SHADES, int((1 - ready) * (SHADES + 1))),
    )


def _name(grouping: str, value: str) -> str:
    if grouping == "risk":
        return RISKS[value if value in RISKS else ""][1]
    return value.capitalize() if grouping == "stage" and value else value or _("Not recorded")


def _register(grouping: str, row: Row) -> str:
    """The register with the systems of a group; "" where its filters cannot say so."""
    if grouping not in FILTERS:
        return ""
    value = row.value or ("unclassified" if grouping == "risk" else "none")
    return f"{reverse('systems')}?{urlencode({grouping: value})}"


urls = [path("portfolio", portfolio, name="portfolio")]
