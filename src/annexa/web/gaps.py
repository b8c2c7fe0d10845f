"""The gap analysis as people know it: state, gap, risk, action, owner, date; narrowed, and handed out as a table."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.answers.gaps import LATER, GapPage, GapRow, gap_page
from annexa.answers.path import PathPage
from annexa.library.risks import risks
from annexa.pure.path import left
from annexa.pure.posture import REQUIREMENT_ORDER, Verdict
from annexa.pure.tables import with_guard
from annexa.web.frame import actor
from annexa.web.lists import KINDS, said
from annexa.web.path import asked, asked_page, offered
from annexa.web.scenarios import rating
from annexa.web.templatetags.face import LOOKS

SIZE = 50
NOBODY = "-"
"""In an address: gaps that nobody answers for."""
LONGEST_CELL = 32_767
"""Characters a spreadsheet cell holds."""
GAP_HEADER = (
    "Framework", "Requirement", "Title", "Verdict", "Binds from", "Missing controls", "Next step", "Owner role",
    "Effort in days", "Due", "Why not", "Gap", "Risk", "Weight", "Action", "Owner", "Task due",
)  # fmt: skip
"""Columns are only ever added at the end."""
WORDS = {LOOKS[v].colour: str(v) for v in (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE)} | {"later": LATER}
"""States as addresses name them."""
_SLUGS = {state: slug for slug, state in WORDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What the address narrows the gaps by; `wrong` says what of it cannot be used."""

    verdict: str
    owner: str
    due: date | None
    everything: bool
    wrong: str


@require_safe
def gap_analysis(request: HttpRequest) -> HttpResponse:
    """The gaps, framework by framework, a page of them."""
    now = timezone.now()
    wanted = asked(request, now.date())
    narrowed = _narrowed(request)
    page = asked_page(request, wanted, now)
    found = gap_page_of(request, narrowed, page, now)
    rows = Paginator(found.rows, SIZE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "found": found,
        "path": page,
        "page": rows,
        "groups": [
            (framework, [(row, _gap(row), _risk(row)) for row in alike])
            for framework, alike in groupby(rows, key=lambda row: row.framework)
        ],
        "offered": offered(page),
        "narrowed": narrowed,
        "nobody": NOBODY,
        "verdicts": [(_SLUGS[state], _word(state), n) for state, n in found.states],
        "query": request.GET.urlencode(),
    }
    return render(request, "path/gaps.html", context)


@require_safe
def gaps_csv(request: HttpRequest) -> HttpResponse:
    """The gaps as narrowed, as a table for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([GAP_HEADER, *_cells(request)])
    return _file(text.getvalue().encode(), "csv")


@require_safe
def gaps_xlsx(request: HttpRequest) -> HttpResponse:
    """The same as a workbook; texts stay texts, whatever they begin with."""
    import openpyxl  # read only for who wants a workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_("Gap analysis"))
    sheet.freeze_panes = "D2"
    for row in (GAP_HEADER, *_cells(request)):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell)[:LONGEST_CELL] for cell in row])
    out = io.BytesIO()
    book.save(out)
    return _file(out.getvalue(), "xlsx")


def _file(data: bytes, kind: str) -> HttpResponse:
    name = f"gap-analysis-{timezone.now().date().isoformat()}.{kind}"
    return HttpResponse(
        data,
        content_type=KINDS["csv"] if kind == "csv" else KINDS["xlsx"],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _narrowed(request: HttpRequest, *, everything: bool = False) -> Narrowed:
    """Reads the address; what cannot be used is left aside, with a sentence."""
    typed, due, wrong = request.GET.get("due", "").strip(), None, ""
    if typed:
        try:
            due = date.fromisoformat(typed)
        except ValueError:
            wrong = _("%(typed)s is not a date; write it as 2027-03-02.") % {"typed": typed}
    verdict = request.GET.get("verdict", "")
    return Narrowed(
        verdict=verdict if verdict in WORDS else "",
        owner=request.GET.get("owner", "").strip(),
        due=due,
        everything=everything or request.GET.get("of") == "all",
        wrong=wrong,
    )


def gap_page_of(request: HttpRequest, narrowed: Narrowed, page: PathPage, now: datetime) -> GapPage:
    """The gaps of a path that an address asks for."""
    return gap_page(
        actor=actor(request),
        page=page,
        now=now,
        state=WORDS.get(narrowed.verdict, ""),
        owner=None if not narrowed.owner else "" if narrowed.owner == NOBODY else narrowed.owner,
        due=narrowed.due,
        only_open=not narrowed.everything,
    )


def _cells(request: HttpRequest) -> Iterable[tuple[str, ...]]:
    """Every row, also where there is no gap: a table is narrowed where it is opened."""
    now = timezone.now()
    page = asked_page(request, asked(request, now.date()), now)
    for row in gap_page_of(request, _narrowed(request, everything=True), page, now).rows:
        gap = row.gap
        cells = (
            gap.framework, gap.requirement, gap.title, str(gap.verdict), gap.binds_from, ", ".join(gap.missing),
            gap.step, gap.owner_role, gap.effort_days, gap.due_on, gap.because, _gap(row), _risk(row), row.weight,
            _action(row), row.owner, row.task.due_on if row.task else None,
        )  # fmt: skip
        yield tuple("" if one is None else with_guard(str(one)) for one in cells)


def _word(state: str) -> str:
    """A state as people read it."""
    return _("Binds later") if state == LATER else LOOKS[state].word


def _gap(row: GapRow) -> str:
    """What is lacking, in words."""
    if row.lacks:
        return _("Lacks %(controls)s") % {"controls": ", ".join(f"{one} ({verdict})" for one, verdict in row.lacks)}
    return row.gap.because or (_("Nothing is lacking: it is ready for its day") if row.gap.later else "")


def _risk(row: GapRow) -> str:
    """Why it matters, in words: whom it binds and since when, and which risks stay as they are."""
    if row.weight is None:
        return ""
    found = [_("Weight %(weight)s") % {"weight": f"{row.weight:.2f}".rstrip("0").rstrip(".")}]
    if row.classes:
        found.append(_("asked of %(classes)s") % {"classes": ", ".join(said(one).lower() for one in row.classes)})
    if row.gravest:
        words = ngettext("%(n)d risk not reduced", "%(n)d risks not reduced", row.scenarios) % {"n": row.scenarios}
        grave = {"title": row.gravest.title, "rating": rating(risks(), row.gravest).lower()}
        found.append(words + _(", above all %(title)s (%(rating)s)") % grave)
    return "; ".join(found)


def _action(row: GapRow) -> str:
    """The next step, in words."""
    if row.step is None:
        return ""
    control = row.step.control
    return f"{control.id} {control.name} {left(row.step.verdict_before)}"


urls = [
    path("path/gaps", gap_analysis, name="gaps"),
    path("path.csv", gaps_csv, name="path-gaps"),
    path("path.xlsx", gaps_xlsx, name="path-gaps-xlsx"),
]
